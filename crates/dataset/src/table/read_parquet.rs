//! Columns of a Parquet file.

use std::fs::File;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::classes::Classes;
use super::columns::{Columns, Numbers, position};
use crate::error::DatasetError;

/// Reads the named columns: numbers and booleans as numbers; text, numbers and booleans as labels.
pub fn read(path: &Path, numeric: &[&str], label: Option<&str>) -> Result<Columns, DatasetError> {
    let not_parquet = |source| DatasetError::NotParquet { path: path.to_owned(), source };
    let file =
        File::open(path).map_err(|source| DatasetError::Open { path: path.to_owned(), source })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(not_parquet)?;
    let schema = builder.schema().clone();
    let known: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let column = |name: &str, expected: &'static str, fits: fn(&DataType) -> bool| {
        let index = position(path, name, &known)?;
        let data = schema.field(index).data_type();
        if fits(data) {
            return Ok(index);
        }
        let (path, column, found) = (path.to_owned(), name.to_owned(), data.to_string());
        Err(DatasetError::ColumnType { path, column, found, expected })
    };
    let mut numbers: Vec<Result<(usize, Numbers), DatasetError>> = numeric
        .iter()
        .map(|name| Ok((column(name, "numbers", is_number)?, Numbers::new(path, name))))
        .collect();
    let mut labels =
        label.map(|name| Ok((column(name, "text or numbers", is_label)?, name, Vec::new())));

    let read: Vec<usize> = numbers
        .iter()
        .flatten()
        .map(|(index, _)| *index)
        .chain(labels.iter().flatten().map(|(index, _, _)| *index))
        .collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), read);
    let mut rows = 0;
    for batch in builder.with_projection(mask).build().map_err(not_parquet)? {
        let batch = batch.map_err(|error| not_parquet(error.into()))?;
        for (index, numbers) in numbers.iter_mut().flatten() {
            let cells = cells(&batch, &known[*index], &DataType::Float64).map_err(not_parquet)?;
            let cells = cells.as_primitive::<Float64Type>();
            for (row, cell) in cells.iter().enumerate() {
                let text = || cell.map_or_else(|| "NULL".to_owned(), |value| value.to_string());
                numbers.push(cell, || place(rows + row), text);
            }
        }
        if let Some(Ok((index, _, labels))) = &mut labels {
            let cells = cells(&batch, &known[*index], &DataType::Utf8).map_err(not_parquet)?;
            let cells = cells.as_string::<i32>();
            // An absent label reads as an empty one, which is refused.
            labels.extend(cells.iter().map(|cell| cell.unwrap_or_default().to_owned()));
        }
        rows += batch.num_rows();
    }
    Ok(Columns {
        rows,
        numbers: numbers
            .into_iter()
            .map(|column| column.and_then(|(_, numbers)| numbers.finish()))
            .collect(),
        classes: labels.map(|column| {
            column.and_then(|(_, name, cells)| Classes::of(path, name, &cells, place))
        }),
    })
}

fn place(row: usize) -> String {
    format!("row {}", row + 1)
}

fn cells(
    batch: &RecordBatch,
    name: &str,
    data: &DataType,
) -> Result<arrow::array::ArrayRef, parquet::errors::ParquetError> {
    let index = batch.schema().index_of(name)?;
    Ok(cast(batch.column(index), data)?)
}

fn is_number(data: &DataType) -> bool {
    data.is_numeric() || *data == DataType::Boolean
}

fn is_label(data: &DataType) -> bool {
    match data {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_label(values),
        data => is_number(data),
    }
}
