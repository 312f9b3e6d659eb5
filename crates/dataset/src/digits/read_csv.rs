//! Digits as CSV: one picture and its label in a line.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::LabelColumn;
use super::fault::Fault;
use crate::error::DatasetError;
use crate::table::{line, position};

/// Pixels of a picture, pixel values (pictures × pixels) and labels.
type Pictures = (usize, Vec<f32>, Vec<u32>);

/// Reads all lines; spaces around cells do not count.
///
/// # Errors
/// What is wrong, with the JSON Pointer within the source of the parameter that it concerns.
pub fn read(
    path: &Path,
    bytes: &[u8],
    label_column: &LabelColumn,
) -> Result<Pictures, (&'static str, DatasetError)> {
    let wrong = |fault| ("/path", DatasetError::digits(path, fault));
    if let Err(error) = std::str::from_utf8(bytes) {
        let offset = error.valid_up_to();
        return Err(wrong(Fault::NeitherFormat { offset, byte: bytes[offset] }));
    }
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(bytes);
    let mut record = StringRecord::new();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    let mut column = None;
    while reader.read_record(&mut record).map_err(|error| wrong(Fault::Csv(error)))? {
        let line = record.position().map_or(0, |position| line(bytes, position));
        let Some(label) = column else {
            if record.len() < 2 {
                return Err(wrong(Fault::NoPixels { line }));
            }
            let (found, is_header) = label_of(path, &record, label_column)?;
            column = Some(found);
            if !is_header {
                add(&record, found, line, &mut values, &mut labels).map_err(wrong)?;
            }
            continue;
        };
        add(&record, label, line, &mut values, &mut labels).map_err(wrong)?;
    }
    let pixels = if labels.is_empty() { 0 } else { values.len() / labels.len() };
    Ok((pixels, values, labels))
}

/// The label's column, and whether the first line is a header.
fn label_of(
    path: &Path,
    first: &StringRecord,
    label_column: &LabelColumn,
) -> Result<(usize, bool), (&'static str, DatasetError)> {
    let is_number = |cell: &str| cell.parse::<f64>().is_ok();
    let column = match label_column {
        LabelColumn::First => 0,
        LabelColumn::Last => first.len() - 1,
        LabelColumn::Named(name) => {
            if first.iter().all(is_number) {
                let fault = Fault::NoHeader { name: name.clone() };
                return Err(("/label_column", DatasetError::digits(path, fault)));
            }
            let known: Vec<String> = first.iter().map(str::to_owned).collect();
            let column = position(path, name, &known).map_err(|error| ("/label_column", error))?;
            return Ok((column, true));
        }
    };
    Ok((column, !is_number(&first[column])))
}

/// Adds the picture and the label of a line.
fn add(
    record: &StringRecord,
    label_column: usize,
    line: u64,
    values: &mut Vec<f32>,
    labels: &mut Vec<u32>,
) -> Result<(), Fault> {
    for (column, cell) in record.iter().enumerate() {
        if column == label_column {
            let label = whole(cell).ok_or_else(|| Fault::Label { line, value: cell.to_owned() })?;
            labels.push(label);
        } else {
            let pixel = |value: &f32| value.is_finite() && *value >= 0.0;
            let value = cell.parse().ok().filter(pixel).ok_or_else(|| Fault::Pixel {
                line,
                column: column + 1,
                value: cell.to_owned(),
            })?;
            values.push(value);
        }
    }
    Ok(())
}

/// A whole number of 0 or more, also where it is written `7.0`.
fn whole(cell: &str) -> Option<u32> {
    let number: f64 = cell.parse().ok()?;
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(clippy::cast_sign_loss, reason = "the range was checked")]
    fits.then_some(number as u32)
}
