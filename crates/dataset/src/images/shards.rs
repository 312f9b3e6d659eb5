//! Parquet as Hugging Face has it: a struct of encoded images and a column of labels.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::ImagesSource;
use super::content::{Content, Part};
use super::decode::Gathered;
use crate::error::DatasetError;
use crate::file;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 256;

/// Reads the shards of one split.
pub(super) fn read(
    source: &ImagesSource,
    part: &Part,
    memory: u64,
) -> Result<Content, DatasetError> {
    let (mut gathered, mut labels) = (Gathered::default(), Vec::new());
    for path in &part.paths {
        // The reader takes much of a damaged footer for true, and panics.
        let shard =
            AssertUnwindSafe(|| read_shard(source, path, memory, &mut gathered, &mut labels));
        let read = catch_unwind(shard).unwrap_or_else(|_| Err("it is damaged".to_owned()));
        read.map_err(|message| DatasetError::image(path, message))?;
    }
    let path = part.paths.first().cloned().unwrap_or_default();
    let (shape, values, files) = (gathered.shape(), gathered.values, part.paths.clone());
    Content { path, shape, values, labels, names: Vec::new(), files }.checked()
}

fn read_shard(
    source: &ImagesSource,
    path: &Path,
    memory: u64,
    gathered: &mut Gathered,
    labels: &mut Vec<u32>,
) -> Result<(), String> {
    let shown = |error: &dyn std::fmt::Display| error.to_string();
    let file = file::open(path).map_err(|error| shown(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| shown(&error))?;
    let schema = builder.schema().clone();
    let images = schema.fields().iter().position(|field| is_images(field.data_type()));
    let images = images.ok_or_else(|| {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("none of its columns ({}) is a struct with the bytes of images", names.join(", "))
    })?;
    let wanted = source.label.as_deref();
    let names: Vec<&str> =
        wanted.map_or_else(|| vec!["label", "labels", "fine_label"], |name| vec![name]);
    let column = names.iter().find_map(|name| schema.index_of(name).ok());
    let column = column.ok_or_else(|| {
        format!("it has no column `{}`; name that of its labels in `label`", names[0])
    })?;
    let rows = builder.with_batch_size(BATCH_ROWS).build().map_err(|error| shown(&error))?;
    let mut first = 0;
    for batch in rows {
        let batch = batch.map_err(|error| shown(&error))?;
        labels.extend(labels_of(&batch, column, first)?);
        let encoded = bytes_of(batch.column(images)).ok_or("its images have no bytes")?;
        for row in 0..batch.num_rows() {
            let place = format!("row {}", first + row);
            if encoded.is_null(row) {
                return Err(format!("{place} has no image"));
            }
            let place = format!("{place} of {}", super::content::file_name(path));
            gathered.add(encoded.as_binary::<i32>().value(row), &place)?;
            if gathered.values.len() as u64 > memory {
                return Err(format!("its images take more than the {memory} bytes that are free"));
            }
        }
        first += batch.num_rows();
    }
    Ok(())
}

fn is_binary(data: &DataType) -> bool {
    matches!(data, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

fn is_images(data: &DataType) -> bool {
    match data {
        DataType::Struct(fields) => {
            fields.iter().any(|field| field.name() == "bytes" && is_binary(field.data_type()))
        }
        _ => false,
    }
}

/// The encoded images of a struct column.
fn bytes_of(column: &ArrayRef) -> Option<ArrayRef> {
    cast(column.as_struct().column_by_name("bytes")?, &DataType::Binary).ok()
}

/// The labels of a batch whose first row has the number `first`.
fn labels_of(batch: &RecordBatch, column: usize, first: usize) -> Result<Vec<u32>, String> {
    let array = batch.column(column);
    if !array.data_type().is_integer() {
        return Err(format!(
            "its column `{}` is {}; labels are whole numbers",
            batch.schema().field(column).name(),
            array.data_type()
        ));
    }
    let wide = cast(array, &DataType::Int64).map_err(|error| error.to_string())?;
    let wide = wide.as_primitive::<Int64Type>();
    let label = |row: usize| {
        if wide.is_null(row) {
            return Err(format!("row {} has no label", first + row));
        }
        let label = wide.value(row);
        u32::try_from(label).map_err(|_| {
            format!("the label of row {} is {label}; labels are 0 or above", first + row)
        })
    };
    (0..batch.num_rows()).map(label).collect()
}
