//! Columns of a CSV file.

use std::io::BufRead;
use std::mem::size_of;

use super::TableSource;
use super::classes::Labels;
use super::columns::{Columns, Numbers, Places, Selection, Splits, shown};
use crate::cell::Cell;
use crate::error::DatasetError;
use crate::text::{Record, Records};

/// Rows between two looks at the memory that is taken.
const LOOK_EVERY: usize = 4096;

/// Reads the columns that `source` asks for, within `memory` bytes.
pub fn read(
    source: &TableSource,
    content: impl BufRead,
    memory: u64,
) -> Result<(Selection, Columns), DatasetError> {
    let path = &source.path;
    let not_text = |fault| DatasetError::text(path, fault);
    let mut records = Records::new(content, source.delimiter());
    let mut record = Record::default();
    if !records.read(&mut record).map_err(not_text)? {
        return Err(DatasetError::EmptyTable { path: path.clone() });
    }
    let known: Vec<String> = record.cells().map(str::to_owned).collect();
    let selection = Selection::of(source, &known);
    let mut numbers: Vec<(usize, Numbers)> = selection
        .numeric
        .iter()
        .map(|selected| (selected.column, Numbers::new(path, known[selected.column].clone())))
        .collect();
    let of = |column: usize| (column, known[column].as_str());
    let mut labels = selection
        .label
        .map(of)
        .map(|(column, name)| (column, Labels::new(path, name, source.decimal)));
    let mut splits =
        selection.split.map(of).map(|(column, name)| (column, Splits::new(path, name)));

    let mut places = Places::default();
    let row_bytes = size_of::<f64>() * numbers.len() + size_of::<u64>();
    while records.read(&mut record).map_err(not_text)? {
        if places.rows % LOOK_EVERY == 0 {
            let needed = (places.rows * row_bytes) as u64;
            source.check_memory(needed, memory)?;
        }
        places.add_line(record.line);
        for (column, numbers) in &mut numbers {
            let text = record.cell(*column);
            numbers.push(Cell::of(text, source.decimal), || shown(text));
        }
        if let Some((column, labels)) = &mut labels {
            labels.push(record.cell(*column));
        }
        if let Some((column, splits)) = &mut splits {
            splits.push(record.cell(*column));
        }
    }
    let columns = Columns {
        numbers: numbers
            .into_iter()
            .map(|(_, numbers)| numbers.finish(&places).map(|numbers| vec![numbers]))
            .collect(),
        classes: labels.map(|(_, labels)| labels.finish(&places)),
        splits: splits.map(|(_, splits)| splits.finish(&places)),
        places,
    };
    Ok((selection, columns))
}
