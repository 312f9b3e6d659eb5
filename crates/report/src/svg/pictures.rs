//! Rows of pictures as SVG.

use std::fmt::Write;

use super::text;
use crate::drawing::PictureRow;
use crate::page::data_uri;

/// Rows of pictures, each embedded as PNG, with its label below.
pub(super) fn drawn(title: &str, rows: &[PictureRow]) -> String {
    const SIDE: u32 = 256;
    const GAP: u32 = 24;
    const LINE: u32 = 30;
    let columns = rows.iter().map(|row| row.pictures.len()).max().unwrap_or(0) as u32;
    let mut body = String::new();
    let mut top = 60;
    for row in rows {
        if !row.title.is_empty() {
            text(&mut body, GAP, top + 20, 20, &row.title);
            top += LINE;
        }
        let (mut tallest, mut lines) = (0, 0);
        for (position, picture) in row.pictures.iter().enumerate() {
            let left = GAP + position as u32 * (SIDE + GAP);
            let height = SIDE * picture.size.1 / picture.size.0.max(1);
            let source = data_uri(&picture.png);
            // Writing to a String cannot fail.
            let _ = writeln!(
                body,
                r#"<image x="{left}" y="{top}" width="{SIDE}" height="{height}" href="{source}"/>"#
            );
            for (line, words) in (0..).zip(picture.label.lines()) {
                text(&mut body, left, top + height + 22 + 22 * line, 17, words);
                lines = lines.max(line + 1);
            }
            tallest = tallest.max(height);
        }
        top += tallest + 22 * lines + GAP;
    }
    let width = GAP + columns * (SIDE + GAP);
    let mut head = String::new();
    text(&mut head, GAP, 36, 24, title);
    format!(
        r#"<svg width="{width}" height="{top}" viewBox="0 0 {width} {top}" xmlns="http://www.w3.org/2000/svg">
<rect width="{width}" height="{top}" fill="white"/>
{head}{body}</svg>
"#
    )
}
