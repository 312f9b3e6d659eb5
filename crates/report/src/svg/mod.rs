//! Figures as SVG files: plots by plotters, pictures as rows of images, maps as tiles.

mod map;
mod pictures;
mod plot;

use std::fmt::Write;

use crate::drawing::{Content, Drawing};
use crate::error::ReportError;

const FONT: &str = "sans-serif";

/// The figure as an SVG document on white. What follows the slider on the page is left out.
///
/// # Errors
/// Where plotters fails.
pub fn document(figure: &Drawing) -> Result<String, ReportError> {
    match &figure.content {
        Content::Plot(plot) => plot::drawn(&figure.title, plot)
            .map_err(|message| ReportError::Svg { name: figure.name.clone(), message }),
        Content::Pictures(pictures) => Ok(pictures::drawn(&figure.title, &pictures.rows)),
        Content::Maps(maps) => Ok(map::drawn(&figure.title, maps)),
    }
}

/// Adds a text whose baseline starts at (x, y).
fn text(body: &mut String, x: u32, y: u32, size: u32, words: &str) {
    let words = escaped(words);
    let _ = writeln!(
        body,
        r#"<text x="{x}" y="{y}" font-family="{FONT}" font-size="{size}">{words}</text>"#
    );
}

/// `words` as they may stand in a document.
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
