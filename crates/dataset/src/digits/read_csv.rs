//! Digits as CSV: one picture and its label in a line.

use std::io::BufRead;
use std::mem::size_of;

use super::fault::Fault;
use super::{DigitsSource, LabelColumn};
use crate::cell::{Cell, ClassName, is_index};
use crate::error::DatasetError;
use crate::table::{position, shown};
use crate::text::{Record, Records};

/// Rows from which on a column that counts them is an index: ten pictures may be the ten digits.
const COUNTED_ROWS: usize = 11;
/// Cells from which on a line that counts them names columns: no picture is a ramp.
const COUNTED_CELLS: usize = 4;
/// Names of a column of labels.
const LABELS: [&str; 6] = ["label", "labels", "class", "target", "digit", "y"];
/// Largest pixel of 16 bits: what is above is white only where the user says so.
const LARGEST_PIXEL: f32 = u16::MAX as f32;

/// Pixels of a picture, pixel values (pictures × pixels) and labels.
type Pictures = (usize, Vec<f32>, Vec<u32>);
/// What is wrong, with the JSON Pointer within the source of the parameter that it concerns.
type Wrong = (&'static str, DatasetError);

/// Reads all lines within `memory` bytes; spaces around cells do not count.
///
/// # Errors
/// What is wrong, with the JSON Pointer within the source of the parameter that it concerns.
pub fn read(source: &DigitsSource, content: impl BufRead, memory: u64) -> Result<Pictures, Wrong> {
    let path = &source.path;
    let wrong = |fault| ("/path", DatasetError::digits(path, fault));
    // A delimiter beyond ASCII is refused with the parameters.
    let delimiter = u8::try_from(source.delimiter).unwrap_or(b',');
    let mut records = Records::new(content, delimiter);
    let mut record = Record::default();
    let mut next = |record: &mut Record| {
        records.read(record).map_err(|fault| ("/path", DatasetError::text(path, fault)))
    };
    let mut pictures = Pictures::default();
    if !next(&mut record)? {
        return Ok(pictures);
    }
    if record.len() < 2 {
        return Err(wrong(Fault::NoPixels { line: record.line }));
    }
    let header = header(source, &record);
    let label = label_column(source, &record, header)?;
    if header {
        check_header(source, &record, label)?;
    }
    pictures.0 = record.len() - 1;
    // Columns that may count the lines, and from which number on.
    let mut counting: Vec<(usize, usize)> = Vec::new();
    let mut has_record = !header || next(&mut record)?;
    while has_record {
        let (_, values, labels) = &mut pictures;
        let row = labels.len();
        if row == 0 {
            let starts = record.cells().map(str::parse).enumerate();
            counting =
                starts.filter_map(|(i, start)| Some((i, start.ok().filter(|s| *s < 2)?))).collect();
        }
        counting.retain(|&(column, start)| record.cell(column).parse() == Ok(row + start));
        let needed = ((row + 1) * record.len() * size_of::<f32>()) as u64;
        if needed > memory {
            let path = path.clone();
            return Err(("/path", DatasetError::TooLarge { path, needed, free: memory }));
        }
        add(source, &record, label, values, labels).map_err(wrong)?;
        has_record = next(&mut record)?;
    }
    // As a pixel it does harm where it is the brightest one.
    let is_harmful = |column: usize| column == label || source.white.is_none();
    let index = counting.iter().find(|(column, _)| is_harmful(*column));
    if let Some(&(column, _)) = index.filter(|_| pictures.2.len() >= COUNTED_ROWS) {
        return Err(wrong(Fault::Counting { column: column + 1 }));
    }
    Ok(pictures)
}

/// Whether the first line names columns.
fn header(source: &DigitsSource, first: &Record) -> bool {
    if let Some(header) = source.header {
        return header;
    }
    let is_number = |cell: &str| matches!(Cell::of(cell, '.'), Cell::Number(_));
    let counted =
        |start: usize| first.cells().zip(start..).all(|(cell, number)| cell.parse() == Ok(number));
    if first.len() >= COUNTED_CELLS && (counted(0) || counted(1)) {
        return true;
    }
    match source.label_column {
        LabelColumn::First => !is_number(first.cell(0)),
        LabelColumn::Last => !is_number(first.cell(first.len() - 1)),
        LabelColumn::Named(_) => !first.cells().all(is_number),
    }
}

/// The label's column.
fn label_column(source: &DigitsSource, first: &Record, header: bool) -> Result<usize, Wrong> {
    match &source.label_column {
        LabelColumn::First => Ok(0),
        LabelColumn::Last => Ok(first.len() - 1),
        LabelColumn::Named(name) if header => {
            let known: Vec<String> = first.cells().map(str::to_owned).collect();
            position(&source.path, name, &known).map_err(|error| ("/label_column", error))
        }
        LabelColumn::Named(name) => {
            let fault = Fault::NoHeader { name: name.clone() };
            Err(("/label_column", DatasetError::digits(&source.path, fault)))
        }
    }
}

/// Checks that the columns that the header names are one of labels and pixels else.
fn check_header(source: &DigitsSource, first: &Record, label: usize) -> Result<(), Wrong> {
    let wrong = |at, fault| Err((at, DatasetError::digits(&source.path, fault)));
    let names: Vec<&str> = first.cells().collect();
    let (line, column_of) = (first.line, |index: usize| index + 1);
    if let Some(index) = names.iter().position(|name| is_index(name)) {
        let name = shown(names[index]);
        return wrong("/path", Fault::Index { line, column: column_of(index), name });
    }
    // A name twice: then this is no header but a picture with a wrong label.
    let is_said = source.header == Some(true);
    if !is_said && (1..names.len()).any(|index| names[..index].contains(&names[index])) {
        let value = names[label].to_owned();
        return wrong("/path", Fault::Label { line, value });
    }
    let is_label = |name: &str| LABELS.iter().any(|label| name.eq_ignore_ascii_case(label));
    let is_named = matches!(source.label_column, LabelColumn::Named(_));
    if let Some(index) = names.iter().position(|name| is_label(name))
        && !is_named
        && !is_label(names[label])
    {
        let (name, taken) = (names[index].to_owned(), names[label].to_owned());
        return wrong("/label_column", Fault::LabelElsewhere { name, taken });
    }
    if let Some(index) = odd_one(&names, label) {
        let name = shown(names[index]);
        return wrong("/path", Fault::OddColumn { line, column: column_of(index), name });
    }
    Ok(())
}

/// A column whose name is unlike those of the pixels, which are one word and numbers: `id` beside
/// `pixel0`, `pixel1`, …; none where they are not.
fn odd_one(names: &[&str], label: usize) -> Option<usize> {
    let stem = |name: &str| -> String { name.chars().filter(|c| !c.is_ascii_digit()).collect() };
    let stems: Vec<(usize, String)> = (0..names.len())
        .filter(|&index| index != label)
        .map(|index| (index, stem(names[index])))
        .collect();
    let common = |of: &str| stems.iter().filter(|(_, other)| other == of).count();
    let most = stems.iter().map(|(_, stem)| common(stem)).max()?;
    if most < COUNTED_CELLS || 2 * most <= stems.len() {
        return None;
    }
    stems.iter().find(|(_, stem)| common(stem) < most).map(|(index, _)| *index)
}

/// Adds the picture and the label of a line.
fn add(
    source: &DigitsSource,
    record: &Record,
    label_column: usize,
    values: &mut Vec<f32>,
    labels: &mut Vec<u32>,
) -> Result<(), Fault> {
    let line = record.line;
    for (column, cell) in record.cells().enumerate() {
        let value = || cell.to_owned();
        if column == label_column {
            let label = label(cell).ok_or_else(|| Fault::Label { line, value: value() })?;
            labels.push(label);
            continue;
        }
        let number = match Cell::of(cell, '.') {
            Cell::Number(number) => number as f32,
            _ => f32::NAN,
        };
        if !(number.is_finite() && number >= 0.0) {
            return Err(Fault::Pixel { line, column: column + 1, value: value() });
        }
        if source.white.is_none() && number > LARGEST_PIXEL {
            return Err(Fault::BrightPixel { line, column: column + 1, value: value() });
        }
        values.push(number);
    }
    Ok(())
}

/// A whole number of 0 or more, however it is written.
fn label(cell: &str) -> Option<u32> {
    match ClassName::of(cell, '.')? {
        ClassName::Whole(number) => u32::try_from(number).ok(),
        ClassName::Text(_) => None,
    }
}
