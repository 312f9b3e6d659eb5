//! Columns of a CSV file.

use std::fs;
use std::path::Path;

use csv::{Position, ReaderBuilder, StringRecord, Trim};

use super::classes::Classes;
use super::columns::{Columns, Numbers, position};
use crate::error::DatasetError;

/// Reads the named columns; spaces around cells do not count.
pub fn read(
    path: &Path,
    delimiter: char,
    numeric: &[&str],
    label: Option<&str>,
) -> Result<Columns, DatasetError> {
    let not_csv = |source| DatasetError::NotCsv { path: path.to_owned(), source };
    // A delimiter beyond ASCII is refused with the parameters.
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let bytes =
        fs::read(path).map_err(|source| DatasetError::Open { path: path.to_owned(), source })?;
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(bytes.as_slice());
    let known: Vec<String> = reader.headers().map_err(not_csv)?.iter().map(str::to_owned).collect();
    let mut numbers: Vec<Result<(usize, Numbers), DatasetError>> = numeric
        .iter()
        .map(|name| Ok((position(path, name, &known)?, Numbers::new(path, name))))
        .collect();
    let mut labels = label.map(|name| Ok((position(path, name, &known)?, name, Vec::new())));

    let mut lines = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(not_csv)? {
        let line = record.position().map_or(0, |position| line(&bytes, position));
        lines.push(line);
        for (column, numbers) in numbers.iter_mut().flatten() {
            let cell = &record[*column];
            numbers.push(cell.parse().ok(), || format!("line {line}"), || quoted(cell));
        }
        if let Some(Ok((column, _, cells))) = &mut labels {
            cells.push(record[*column].to_owned());
        }
    }
    let place = |row: usize| format!("line {}", lines[row]);
    Ok(Columns {
        rows: lines.len(),
        numbers: numbers
            .into_iter()
            .map(|column| column.and_then(|(_, numbers)| numbers.finish()))
            .collect(),
        classes: labels.map(|column| {
            column.and_then(|(_, name, cells)| Classes::of(path, name, &cells, place))
        }),
    })
}

/// The line of a record: its position counts from the end of the record before it, ahead of any
/// blank lines between them.
pub fn line(bytes: &[u8], position: &Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(bytes.len()).min(bytes.len());
    let blank = bytes[start..].iter().take_while(|&&byte| byte == b'\n' || byte == b'\r');
    position.line() + blank.filter(|&&byte| byte == b'\n').count() as u64
}

/// A cell as it is shown in a message.
fn quoted(cell: &str) -> String {
    if cell.is_empty() { "nothing".to_owned() } else { format!("`{cell}`") }
}
