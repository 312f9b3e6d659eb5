//! Gramians in and out of Parquet, without a detour through one Rust value a row.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, ListArray, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float32Type, UInt32Type};

use crate::error::ArtifactError;
use crate::read::read_batches;
use crate::tables::Split;
use crate::tables::kernel::GRAM;
use crate::write::{table_file, write_batch};

/// Values that one written batch holds at most: list offsets are 32-bit.
const BATCH_VALUES: usize = 1 << 24;

/// Which sample and output a row of a Gramian belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GramRow {
    /// Split of the row's sample.
    pub split: Split,
    /// The sample within its split.
    pub sample: u32,
    /// The row's output, or the block under `per-output`; 0 otherwise.
    pub output: u32,
}

/// A Gramian as it lies in `gram/step-….parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gram {
    /// What each row belongs to.
    pub rows: Vec<GramRow>,
    /// Columns of every row: training samples, times outputs under `full`.
    pub width: usize,
    /// Entries, row-major: `rows.len() × width`.
    pub values: Vec<f32>,
}

/// Writes the Gramian of one step.
///
/// # Errors
/// Where a value is not finite, or the file cannot be written.
pub fn write_gram(directory: &Path, step: u64, gram: &Gram) -> Result<(), ArtifactError> {
    let mismatch = |message: String| ArtifactError::Rows { table: GRAM.name, message };
    if gram.values.len() != gram.rows.len() * gram.width {
        return Err(mismatch(format!(
            "{} values for {} rows of {}",
            gram.values.len(),
            gram.rows.len(),
            gram.width
        )));
    }
    let rows_a_batch = (BATCH_VALUES / gram.width.max(1)).max(1);
    let mut batches = Vec::new();
    for (part, keys) in gram.rows.chunks(rows_a_batch).enumerate() {
        let start = part * rows_a_batch * gram.width;
        let values = gram.values[start..start + keys.len() * gram.width].to_vec();
        let lists = ListArray::new(
            Arc::new(Field::new("element", DataType::Float32, false)),
            OffsetBuffer::from_lengths(std::iter::repeat_n(gram.width, keys.len())),
            Arc::new(Float32Array::new(ScalarBuffer::from(values), None)),
            None,
        );
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(keys.iter().map(|_| step))),
            Arc::new(StringArray::from_iter_values(keys.iter().map(|key| key.split.name()))),
            Arc::new(UInt32Array::from_iter_values(keys.iter().map(|key| key.sample))),
            Arc::new(UInt32Array::from_iter_values(keys.iter().map(|key| key.output))),
            Arc::new(lists),
        ];
        batches.push(
            RecordBatch::try_new(GRAM.schema(), columns)
                .map_err(|error| mismatch(error.to_string()))?,
        );
    }
    write_batch(&table_file(directory, &GRAM, Some(step)), &GRAM, &batches)
}

/// Reads the Gramian of one step; the training block comes first.
///
/// # Errors
/// Where the file is missing or damaged, or its rows differ in length.
pub fn read_gram(directory: &Path, step: u64) -> Result<Gram, ArtifactError> {
    let path = table_file(directory, &GRAM, Some(step));
    let bad = |problem: String| ArtifactError::Schema { path: path.clone(), table: GRAM.name, problem };
    let mut gram = Gram { rows: Vec::new(), width: 0, values: Vec::new() };
    for batch in read_batches(&path, &GRAM)? {
        let column = |name: &str, data: &DataType| {
            batch
                .column_by_name(name)
                .ok_or_else(|| bad(format!("it has no column `{name}`")))
                .and_then(|array| cast(array, data).map_err(|error| bad(error.to_string())))
        };
        let splits = column("split", &DataType::Utf8)?;
        let samples = column("sample", &DataType::UInt32)?;
        let outputs = column("output", &DataType::UInt32)?;
        let values = column("values", &GRAM.columns[4].data.arrow())?;
        let (splits, values) = (splits.as_string::<i32>(), values.as_list::<i32>());
        let samples = samples.as_primitive::<UInt32Type>();
        let outputs = outputs.as_primitive::<UInt32Type>();
        for i in 0..batch.num_rows() {
            let split = match splits.value(i) {
                "train" => Split::Train,
                "test" => Split::Test,
                other => return Err(bad(format!("split `{other}` is neither train nor test"))),
            };
            gram.rows.push(GramRow { split, sample: samples.value(i), output: outputs.value(i) });
            let width = usize::try_from(values.value_length(i)).unwrap_or(0);
            if gram.width == 0 {
                gram.width = width;
            }
            if width == 0 || width != gram.width {
                return Err(bad(format!("row {i} has {width} values where others have {}", gram.width)));
            }
        }
        // Rows are contiguous in the child array, so one copy serves the whole batch.
        let start = usize::try_from(values.value_offsets()[0]).unwrap_or(0);
        let cells = values.values().as_primitive::<Float32Type>();
        let part = &cells.values()[start..start + batch.num_rows() * gram.width];
        if values.null_count() > 0 || !part.iter().fold(true, |ok, v| ok & v.is_finite()) {
            return Err(bad("a value is NULL, NaN or infinite".to_owned()));
        }
        gram.values.extend_from_slice(part);
    }
    Ok(gram)
}
