//! The figures of a report, one file for each thing that they show.
//!
//! A figure exists only where the run has what it shows.

mod alignment;
mod effective_rank;
mod eigenvalues;
mod energy;
mod first_order;
mod function;
mod loss;
mod overlap;

use crate::error::ReportError;
use crate::figure::{Content, Figure, Source};
use crate::functions::Functions;
use crate::measures::Measures;

/// All figures of a run in the order of the page.
///
/// Where the run has one kernel for each output, the figures show that of output 0.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn all(
    measures: &Measures,
    functions: Option<&Functions>,
    picture_width: u32,
) -> Result<Vec<Figure>, ReportError> {
    let shown = &measures.of_block(0);
    let mut figures = match functions {
        Some(functions) => function::figures(functions, shown, picture_width)?,
        None => Vec::new(),
    };
    figures.extend(
        [
            loss::figure(shown),
            eigenvalues::over_steps(shown),
            eigenvalues::over_index(shown),
            energy::over_steps(shown),
            energy::over_k(shown),
            first_order::figure(shown),
            alignment::figure(shown),
            effective_rank::figure(shown),
            overlap::figure(shown),
        ]
        .into_iter()
        .flatten(),
    );
    Ok(figures)
}

/// A figure, where there is anything to draw.
fn figure(
    name: &'static str,
    title: impl Into<String>,
    caption: impl Into<String>,
    sources: &[(&'static str, &'static str)],
    content: Option<Content>,
) -> Option<Figure> {
    let sources = sources.iter().map(|&(file, columns)| Source { file, columns }).collect();
    content.map(|content| Figure {
        name,
        title: title.into(),
        caption: caption.into(),
        sources,
        content,
    })
}

/// A step as a coordinate.
fn at(step: u64) -> f64 {
    step as f64
}
