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
    if gram.values.len() != gram.rows.len() * gram.width {
        return Err(mismatch(format!(
            "{} values for {} rows of {}",
            gram.values.len(),
            gram.rows.len(),
            gram.width
        )));
    }
    let batches = batches(step, gram, BATCH_VALUES)?;
    write_batch(&table_file(directory, &GRAM, Some(step)), &GRAM, &batches)
}

/// The Gramian as batches of whole rows, `batch_values` entries or one row at most.
fn batches(step: u64, gram: &Gram, batch_values: usize) -> Result<Vec<RecordBatch>, ArtifactError> {
    let rows_a_batch = (batch_values / gram.width.max(1)).max(1);
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
    Ok(batches)
}

fn mismatch(message: String) -> ArtifactError {
    ArtifactError::Rows { table: GRAM.name, message }
}

/// Reads the Gramian of one step; the training block comes first.
///
/// # Errors
/// Where the file is missing or damaged, or its rows differ in length.
pub fn read_gram(directory: &Path, step: u64) -> Result<Gram, ArtifactError> {
    let path = table_file(directory, &GRAM, Some(step));
    let bad =
        |problem: String| ArtifactError::Schema { path: path.clone(), table: GRAM.name, problem };
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
                return Err(bad(format!(
                    "row {i} has {width} values where others have {}",
                    gram.width
                )));
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

#[cfg(test)]
mod tests {
    use std::fs;

    use arrow::array::{FixedSizeListArray, LargeListArray, LargeStringArray};
    use proptest::prelude::*;

    use super::*;

    fn gram(train: u32, test: u32, outputs: u32) -> Gram {
        let row = |split, sample, output| GramRow { split, sample, output };
        let of = |split, samples: u32| {
            (0..samples).flat_map(move |s| (0..outputs).map(move |o| row(split, s, o)))
        };
        let rows: Vec<GramRow> = of(Split::Train, train).chain(of(Split::Test, test)).collect();
        let width = (train * outputs) as usize;
        let values = (0..rows.len() * width).map(|i| (i as f32).sin()).collect();
        Gram { rows, width, values }
    }

    fn written(gram: &Gram, batch_values: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &GRAM, Some(7));
        write_batch(&path, &GRAM, &batches(7, gram, batch_values).unwrap()).unwrap();
        folder
    }

    /// Writes columns as another program would: other list types, no version.
    fn foreign(columns: Vec<(&str, ArrayRef)>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &GRAM, Some(7));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::read::tests::write_foreign(&path, columns, None);
        folder
    }

    fn keys(rows: u32) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("step", Arc::new(UInt64Array::from(vec![7; rows as usize]))),
            ("split", Arc::new(LargeStringArray::from(vec!["train"; rows as usize]))),
            ("sample", Arc::new(UInt32Array::from_iter_values(0..rows))),
            ("output", Arc::new(UInt32Array::from(vec![0; rows as usize]))),
        ]
    }

    fn with_values(values: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
        let mut columns = keys(2);
        columns.push(("values", values));
        columns
    }

    #[test]
    fn a_gramian_of_more_rows_than_are_read_at_once_comes_back() {
        let rows = (0..70_000).map(|sample| GramRow { split: Split::Test, sample, output: 0 });
        let values = (0..140_000).map(|i| i as f32).collect();
        let gram = Gram { rows: rows.collect(), width: 2, values };
        let folder = tempfile::tempdir().unwrap();
        write_gram(folder.path(), 7, &gram).unwrap();
        assert_eq!(read_gram(folder.path(), 7).unwrap(), gram);
    }

    #[test]
    fn a_gramian_larger_than_a_batch_is_cut_between_rows() {
        let gram = gram(5, 2, 1);
        let sizes = |limit| -> Vec<usize> {
            batches(0, &gram, limit).unwrap().iter().map(RecordBatch::num_rows).collect()
        };
        assert_eq!(sizes(14), [2, 2, 2, 1]);
        // A row is never cut, however long.
        assert_eq!(sizes(3), [1; 7]);
        assert_eq!(read_gram(written(&gram, 14).path(), 7).unwrap(), gram);
    }

    #[test]
    fn a_value_that_is_not_finite_is_refused() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut gram = gram(3, 0, 1);
            gram.values[5] = bad;
            let folder = tempfile::tempdir().unwrap();
            let error = write_gram(folder.path(), 0, &gram).unwrap_err();
            assert_eq!(
                error.to_string(),
                "row 1 of column `values` of table `gram` is not a finite number"
            );
        }
    }

    #[test]
    fn a_gramian_whose_values_do_not_fill_its_rows_is_refused() {
        let mut gram = gram(3, 0, 1);
        gram.values.pop();
        let error = write_gram(tempfile::tempdir().unwrap().path(), 0, &gram).unwrap_err();
        assert!(error.to_string().contains("8 values for 3 rows of 3"), "{error}");
    }

    #[test]
    fn a_truncated_gramian_is_an_error_that_names_the_file() {
        let folder = written(&gram(20, 5, 1), BATCH_VALUES);
        let path = table_file(folder.path(), &GRAM, Some(7));
        let bytes = fs::read(&path).unwrap();
        for length in [0, 3, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            let error = read_gram(folder.path(), 7).unwrap_err();
            assert!(matches!(error, ArtifactError::Parquet { .. }), "{length}: {error}");
            assert!(error.to_string().contains("step-0000000007.parquet"), "{error}");
        }
    }

    #[test]
    fn lists_of_other_programs_are_read() {
        let expected = [1.0, 2.0, 3.0, 4.0];
        let rows = [[1.0, 2.0], [3.0, 4.0]].map(|row| Some(row.map(Some)));
        let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 2);
        let large = LargeListArray::from_iter_primitive::<Float32Type, _, _>(rows);
        let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(rows);
        let columns: [ArrayRef; 3] = [Arc::new(fixed), Arc::new(large), Arc::new(lists)];
        for values in columns {
            let gram = read_gram(foreign(with_values(values)).path(), 7).unwrap();
            assert_eq!((gram.width, gram.values.as_slice()), (2, expected.as_slice()));
            assert_eq!(gram.rows[1], GramRow { split: Split::Train, sample: 1, output: 0 });
        }
    }

    #[test]
    fn a_foreign_gramian_with_holes_is_refused() {
        let refused = |rows: [Option<Vec<Option<f32>>>; 2]| {
            let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(rows);
            read_gram(foreign(with_values(Arc::new(lists))).path(), 7).is_err()
        };
        assert!(!refused([Some(vec![Some(1.0)]), Some(vec![Some(2.0)])]));
        assert!(refused([Some(vec![Some(1.0)]), Some(vec![None])]), "a value is NULL");
        assert!(refused([Some(vec![Some(1.0)]), None]), "a row is NULL");
        assert!(refused([Some(vec![Some(1.0)]), Some(vec![Some(f32::NAN)])]), "a value is NaN");
        assert!(refused([Some(vec![Some(1.0)]), Some(vec![])]), "a row is empty");
        assert!(refused([Some(vec![Some(1.0)]), Some(vec![Some(1.0); 2])]), "a row is longer");
    }

    #[test]
    fn an_unknown_split_is_refused() {
        let lists = ListArray::from_iter_primitive::<Float32Type, _, _>([Some([Some(1.0)]); 2]);
        let mut columns = with_values(Arc::new(lists));
        columns[1].1 = Arc::new(StringArray::from(vec!["train", "validation"]));
        let error = read_gram(foreign(columns).path(), 7).unwrap_err().to_string();
        assert!(error.contains("`validation` is neither train nor test"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_gramian_comes_back_as_it_was(
            train in 1_u32..8, test in 0_u32..5, outputs in 1_u32..4, limit in 1_usize..40,
        ) {
            let gram = gram(train, test, outputs);
            prop_assert_eq!(read_gram(written(&gram, limit).path(), 7).unwrap(), gram);
        }
    }
}
