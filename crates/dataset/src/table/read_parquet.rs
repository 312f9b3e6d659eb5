//! Columns of a Parquet file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, OffsetSizeTrait, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;

use super::TableSource;
use super::classes::{Classes, Labels};
use super::columns::{Columns, Numbers, Places, Selection, Splits};
use crate::cell::Cell;
use crate::error::DatasetError;
use crate::file;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 1024;
/// Bytes of a page that a writer aims at, and which the reader holds twice: packed and plain.
const PAGE: u64 = 1 << 20;

/// Reads the columns that `source` asks for, within `memory` bytes: numbers, booleans and lists of
/// them as numbers; text, numbers and booleans as labels.
pub fn read(source: &TableSource, memory: u64) -> Result<(Selection, Columns), DatasetError> {
    // The reader takes much of a damaged footer for true, and panics.
    let read = AssertUnwindSafe(|| read_unguarded(source, memory));
    catch_unwind(read).unwrap_or_else(|_| Err(damaged(source, "it is damaged")))
}

fn damaged(source: &TableSource, message: &str) -> DatasetError {
    DatasetError::NotParquet { path: source.path.clone(), message: message.to_owned() }
}

fn read_unguarded(source: &TableSource, memory: u64) -> Result<(Selection, Columns), DatasetError> {
    let not_parquet = |error: &dyn std::fmt::Display| damaged(source, &error.to_string());
    let path = &source.path;
    let file = file::open(path)?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| not_parquet(&error))?;
    let schema = builder.schema().clone();
    let known: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let selection = Selection::of(source, &known);
    let check = |index: usize, expected: &'static str, fits: fn(&DataType) -> bool| {
        let data = schema.field(index).data_type();
        if fits(data) {
            return Ok(());
        }
        let (path, column, found) = (path.clone(), known[index].clone(), type_name(data));
        Err(DatasetError::ColumnType { path, column, found, expected })
    };
    let mut numbers: Vec<Result<Vectors, DatasetError>> = selection
        .numeric
        .iter()
        .map(|selected| {
            check(selected.column, "numbers or lists of them", |data| is_number(leaf(data)))?;
            Ok(Vectors::new(source, selected.column, &known[selected.column]))
        })
        .collect();
    let mut labels = selection.label.map(|column| {
        check(column, "text or numbers", is_label)?;
        Ok((column, Labels::new(path, &known[column], '.')))
    });
    let mut splits = selection.split.map(|column| {
        check(column, "text", is_text)?;
        Ok((column, Splits::new(path, &known[column])))
    });

    let mut read: Vec<usize> = numbers
        .iter()
        .flatten()
        .map(|vectors| vectors.index)
        .chain(labels.iter().flatten().map(|(column, _)| *column))
        .chain(splits.iter().flatten().map(|(column, _)| *column))
        .collect();
    read.sort_unstable();
    read.dedup();
    // By number, for two columns may bear one name.
    let cells = |batch: &RecordBatch, column: usize| {
        let index = read.binary_search(&column).unwrap_or(0);
        ArrayRef::clone(batch.column(index))
    };
    let mask = ProjectionMask::roots(builder.parquet_schema(), read.iter().copied());
    let leaves = (0..builder.parquet_schema().num_columns()).filter(|&i| mask.leaf_included(i));
    source.check_memory(held(builder.metadata(), &leaves.collect::<Vec<_>>()), memory)?;
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| not_parquet(&error))?;
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|error| not_parquet(&error))?;
        for vectors in &mut numbers {
            let Ok(open) = vectors else { continue };
            match open.add(&cells(&batch, open.index), rows) {
                Ok(()) => {}
                Err(Fault::Data(error)) => *vectors = Err(error),
                Err(Fault::Arrow(error)) => return Err(not_parquet(&error)),
            }
        }
        // An absent text reads as an empty one, which is refused.
        if let Some(Ok((index, labels))) = &mut labels {
            each_text(&cells(&batch, *index), |text| labels.push(text))
                .map_err(|error| not_parquet(&error))?;
        }
        if let Some(Ok((index, splits))) = &mut splits {
            each_text(&cells(&batch, *index), |text| splits.push(text))
                .map_err(|error| not_parquet(&error))?;
        }
        rows += batch.num_rows();
    }
    let places = Places::numbered(rows);
    let finished = |vectors: Vectors| {
        vectors.entries.into_iter().map(|numbers| numbers.finish(&places)).collect()
    };
    let columns = Columns {
        numbers: numbers.into_iter().map(|vectors| vectors.and_then(finished)).collect(),
        classes: labels.map(|column: Result<_, _>| {
            let (_, labels): (usize, Labels) = column?;
            labels.finish(&places) as Result<Classes, _>
        }),
        splits: splits.map(|column: Result<_, _>| {
            let (_, splits): (usize, Splits) = column?;
            splits.finish(&places)
        }),
        places,
    };
    Ok((selection, columns))
}

/// Bytes that the columns `leaves` take: as f64, and the pages of each that are open.
fn held(metadata: &ParquetMetaData, leaves: &[usize]) -> u64 {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let of_leaf = |leaf: &usize| {
        let chunks = || metadata.row_groups().iter().filter_map(|group| group.columns().get(*leaf));
        let values: u64 = chunks().map(|chunk| count(chunk.num_values())).sum();
        let largest = chunks().map(|chunk| count(chunk.uncompressed_size())).max().unwrap_or(0);
        values.saturating_mul(8).saturating_add(2 * largest.min(PAGE))
    };
    leaves.iter().map(of_leaf).fold(0, u64::saturating_add)
}

/// What stops the reading of a column: its data, or the reader.
enum Fault {
    Data(DatasetError),
    Arrow(ArrowError),
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

/// A numeric column while it is read: one column of numbers for each entry of its lists.
struct Vectors<'a> {
    source: &'a TableSource,
    index: usize,
    name: String,
    /// Lengths of the lists, outermost first; empty where cells are numbers.
    shape: Vec<usize>,
    entries: Vec<Numbers>,
}

impl<'a> Vectors<'a> {
    fn new(source: &'a TableSource, index: usize, name: &str) -> Self {
        let name = name.to_owned();
        Self { source, index, name, shape: Vec::new(), entries: Vec::new() }
    }

    /// Adds the rows of a batch; `before` came before them.
    fn add(&mut self, array: &ArrayRef, before: usize) -> Result<(), Fault> {
        if array.is_empty() {
            return Ok(());
        }
        let mut shape = Vec::new();
        let leaves = self.leaves(array, before, &mut shape)?;
        if self.entries.is_empty() {
            let width: usize = shape.iter().product();
            let path = &self.source.path;
            let name = |entry: usize| {
                if shape.is_empty() { self.name.clone() } else { format!("{}[{entry}]", self.name) }
            };
            self.entries = (0..width).map(|entry| Numbers::new(path, name(entry))).collect();
            self.shape = shape;
        }
        let leaves = cast(&leaves, &DataType::Float64)?;
        let mut values = leaves.as_primitive::<Float64Type>().iter();
        for _ in 0..array.len() {
            for (numbers, value) in self.entries.iter_mut().zip(values.by_ref()) {
                let shown = || value.map_or_else(|| "NULL".to_owned(), |value| value.to_string());
                numbers.push(value.map_or(Cell::Missing, Cell::Number), shown);
            }
        }
        Ok(())
    }

    /// The numbers in the lists of `array`, whose lengths go to `shape`.
    fn leaves(
        &self,
        array: &ArrayRef,
        before: usize,
        shape: &mut Vec<usize>,
    ) -> Result<ArrayRef, Fault> {
        let (lengths, items): (Vec<usize>, ArrayRef) = match array.data_type() {
            DataType::List(_) => list::<i32>(array),
            DataType::LargeList(_) => list::<i64>(array),
            DataType::FixedSizeList(_, _) => {
                let fixed: &FixedSizeListArray = array.as_fixed_size_list();
                let length = usize::try_from(fixed.value_length()).unwrap_or(0);
                (vec![length; fixed.len()], fixed.values().clone())
            }
            _ => return Ok(ArrayRef::clone(array)),
        };
        let depth = shape.len();
        // Lists of this level in a row of the table.
        let in_row: usize = shape.iter().product();
        let expected = *self.shape.get(depth).unwrap_or(&lengths[0]);
        let wrong = (0..lengths.len()).find(|&i| array.is_null(i) || lengths[i] != expected);
        if let Some(index) = wrong {
            let row = before + index / in_row.max(1);
            let found = if array.is_null(index) {
                "NULL".to_owned()
            } else {
                format!("a list of {}", lengths[index])
            };
            return Err(self.lengths(row, found, expected));
        }
        if expected == 0 {
            return Err(self.lengths(before, "an empty list".to_owned(), expected));
        }
        shape.push(expected);
        self.leaves(&items, before, shape)
    }

    fn lengths(&self, row: usize, found: String, expected: usize) -> Fault {
        let (path, column) = (self.source.path.clone(), self.name.clone());
        let place = Places::numbered(0).of(row);
        Fault::Data(DatasetError::Lengths { path, column, place, found, expected })
    }
}

/// Length of each list, and the items of all.
fn list<O: OffsetSizeTrait>(array: &ArrayRef) -> (Vec<usize>, ArrayRef) {
    let list = array.as_list::<O>();
    let offsets = list.offsets();
    let lengths = offsets.windows(2).map(|pair| (pair[1] - pair[0]).as_usize()).collect();
    let (start, end) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    (lengths, list.values().slice(start, end - start))
}

/// Calls `take` with each cell of a column as text.
fn each_text(cells: &ArrayRef, mut take: impl FnMut(&str)) -> Result<(), ArrowError> {
    let cells = cast(cells, &DataType::Utf8)?;
    for cell in cells.as_string::<i32>() {
        take(cell.unwrap_or_default());
    }
    Ok(())
}

/// The type of the numbers in lists.
fn leaf(data: &DataType) -> &DataType {
    match data {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            leaf(item.data_type())
        }
        data => data,
    }
}

fn is_number(data: &DataType) -> bool {
    match data {
        DataType::Dictionary(_, values) => is_number(values),
        data => data.is_numeric() || *data == DataType::Boolean,
    }
}

fn is_text(data: &DataType) -> bool {
    match data {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_label(data: &DataType) -> bool {
    is_text(data) || is_number(data)
}

/// The name of a type for a message.
fn type_name(data: &DataType) -> String {
    match data {
        data if is_text(data) => "text".to_owned(),
        DataType::Date32 | DataType::Date64 => "dates".to_owned(),
        DataType::Timestamp(_, _) => "points in time".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "times of day".to_owned(),
        DataType::Duration(_) | DataType::Interval(_) => "durations".to_owned(),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytes".to_owned(),
        DataType::Struct(_) => "structs".to_owned(),
        DataType::Map(_, _) => "maps".to_owned(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => {
            format!("lists of {}", type_name(leaf(data)))
        }
        data if is_number(data) => "numbers".to_owned(),
        other => other.to_string(),
    }
}
