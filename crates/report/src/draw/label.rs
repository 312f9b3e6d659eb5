//! Labels with the cells of a row in them.

use study::number::{measured, subscript, tick};
use study::placeholders;

use crate::error::ReportError;
use crate::table::{Cell, Columns};

/// `text` with `cell` in place of `{name}`, of `{name:subscript}` as an index and of `{name:percent}` as a share.
pub fn filled(text: &str, name: &str, cell: &Cell) -> String {
    let Cell::Number(number) = *cell else {
        return text.replace(&format!("{{{name}}}"), &cell.shown());
    };
    #[expect(clippy::cast_sign_loss, reason = "an index is not negative")]
    let index = subscript(number as u32);
    text.replace(&format!("{{{name}:subscript}}"), &index)
        .replace(&format!("{{{name}:percent}}"), &format!("{:.1} %", 100.0 * number))
        .replace(&format!("{{{name}}}"), &measured(number))
}

/// The lines of `labels` for a row; those with a cell that is NULL are left out.
///
/// # Errors
/// Where a column was not read.
pub fn of_row(labels: &[String], columns: &Columns, row: usize) -> Result<String, ReportError> {
    let mut lines = Vec::new();
    'lines: for label in labels {
        let mut text = label.clone();
        for (name, how) in placeholders(label) {
            match columns.cell(name, row)? {
                Cell::Null => continue 'lines,
                // What is counted is no measure.
                Cell::Number(number) if number.fract() == 0.0 && how.is_empty() => {
                    text = text.replace(&format!("{{{name}}}"), &tick(number));
                }
                cell => text = filled(&text, name, &cell),
            }
        }
        lines.push(text);
    }
    Ok(lines.join("\n"))
}
