//! Tables to Parquet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::error::ArtifactError;
use crate::table::{Data, Layout, Row, Table};

/// Rows of a group in a tidy table: what DuckDB and Polars scan in one piece.
const TIDY_GROUP_ROWS: usize = 131_072;
/// Bytes of a group in a table of vectors: a reader holds one group at a time.
pub(crate) const VECTOR_GROUP_BYTES: usize = 32 << 20;

/// Where a table lies in an artifact: `DIR/NAME.parquet`, or `DIR/NAME/step-….parquet`.
///
/// # Panics
/// Where `step` is given for a table that is not [`Layout::PerStep`], or missing for one that is:
/// a mistake of the program, not of its input.
#[must_use]
pub fn table_file(directory: &Path, table: &Table, step: Option<u64>) -> PathBuf {
    match (table.layout, step) {
        (Layout::PerStep, Some(step)) => {
            directory.join(table.name).join(format!("step-{step:010}.parquet"))
        }
        (Layout::Tidy | Layout::Large, None) => directory.join(format!("{}.parquet", table.name)),
        _ => panic!("table `{}` asked for with step {step:?}", table.name),
    }
}

/// Writes all `rows` of a tidy or large table into the artifact at `directory`.
///
/// # Errors
/// Where a value is not finite, or the file cannot be written.
pub fn write_rows<R: Row>(directory: &Path, rows: &[R]) -> Result<(), ArtifactError> {
    write_batch(&table_file(directory, R::TABLE, None), R::TABLE, &[batch(rows)?])
}

/// Writes the `rows` of one step of a [`Layout::PerStep`] table.
///
/// # Errors
/// Where a value is not finite, or the file cannot be written.
pub fn write_step<R: Row>(directory: &Path, step: u64, rows: &[R]) -> Result<(), ArtifactError> {
    write_batch(&table_file(directory, R::TABLE, Some(step)), R::TABLE, &[batch(rows)?])
}

/// Turns rows into columns of the table's own schema.
fn batch<R: Row>(rows: &[R]) -> Result<RecordBatch, ArtifactError> {
    let schema = R::TABLE.schema();
    let built = serde_arrow::to_record_batch(schema.fields(), &rows).map_err(|error| {
        ArtifactError::Rows { table: R::TABLE.name, message: error.to_string() }
    })?;
    // Rebuilt on our schema: serde_arrow's own carries none of the table's fields' metadata.
    RecordBatch::try_new(schema, built.columns().to_vec())
        .map_err(|error| ArtifactError::Rows { table: R::TABLE.name, message: error.to_string() })
}

/// Writes `batches` as the file `path` of `table`; the file appears complete or not at all.
///
/// # Errors
/// Where a value is not finite, or the file cannot be written; nothing is left behind then.
pub fn write_batch(
    path: &Path,
    table: &'static Table,
    batches: &[RecordBatch],
) -> Result<(), ArtifactError> {
    for batch in batches {
        check_finite(table, batch)?;
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(ArtifactError::io("creating", parent))?;
    }
    // Not named `.parquet` while incomplete, so that no glob ever picks it up.
    let partial = path.with_extension("partial");
    let written = write_file(&partial, table, batches)
        .and_then(|()| fs::rename(&partial, path).map_err(ArtifactError::io("renaming", path)));
    if written.is_err() {
        // The first error is the one to report; the file may not even exist.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn write_file(
    path: &Path,
    table: &'static Table,
    batches: &[RecordBatch],
) -> Result<(), ArtifactError> {
    let file = File::create(path).map_err(ArtifactError::io("creating", path))?;
    let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties(table)))
        .map_err(|error| ArtifactError::parquet(path, error))?;
    for batch in batches {
        writer.write(batch).map_err(|error| ArtifactError::parquet(path, error))?;
    }
    let file = writer.into_inner().map_err(|error| ArtifactError::parquet(path, error))?;
    file.sync_all().map_err(ArtifactError::io("syncing", path))
}

/// Writer settings: ZSTD for tidy tables; vectors plain, since the mantissas of measured f32
/// do not compress; no dictionaries for floats.
pub(crate) fn properties(table: &Table) -> WriterProperties {
    let units: Vec<String> = table
        .columns
        .iter()
        .filter(|column| !column.unit.is_empty())
        .map(|column| format!("{}={}", column.name, column.unit))
        .collect();
    let metadata = vec![
        KeyValue::new("artifact.table".to_owned(), table.name.to_owned()),
        KeyValue::new("artifact.table_version".to_owned(), table.version.to_string()),
        KeyValue::new("artifact.units".to_owned(), units.join(",")),
    ];
    let mut builder = WriterProperties::builder().set_key_value_metadata(Some(metadata));
    builder = match table.layout {
        Layout::Tidy => builder.set_max_row_group_row_count(Some(TIDY_GROUP_ROWS)),
        Layout::Large | Layout::PerStep => {
            builder.set_max_row_group_bytes(Some(VECTOR_GROUP_BYTES))
        }
    };
    let zstd = ZstdLevel::try_new(3).map_or(Compression::UNCOMPRESSED, Compression::ZSTD);
    builder = builder.set_compression(zstd);
    for column in table.columns {
        match column.data {
            Data::Float64 => {
                builder =
                    builder.set_column_dictionary_enabled(ColumnPath::from(column.name), false);
            }
            Data::Float32List | Data::FloatList => {
                let leaf = ColumnPath::from(vec![
                    column.name.to_owned(),
                    "list".to_owned(),
                    "element".to_owned(),
                ]);
                builder = builder.set_column_dictionary_enabled(leaf.clone(), false);
                if table.layout != Layout::Tidy {
                    builder = builder
                        .set_column_compression(leaf.clone(), Compression::UNCOMPRESSED)
                        .set_column_statistics_enabled(
                            leaf,
                            parquet::file::properties::EnabledStatistics::None,
                        );
                }
            }
            Data::Boolean
            | Data::UInt32
            | Data::UInt64
            | Data::Int64
            | Data::Text
            | Data::UInt32List => {}
        }
    }
    if table.starts_with_step() {
        let by_step = SortingColumn { column_idx: 0, descending: false, nulls_first: false };
        builder = builder.set_sorting_columns(Some(vec![by_step]));
    }
    builder.build()
}

/// Refuses NaN and infinity: a measure that does not exist is NULL.
fn check_finite(table: &'static Table, batch: &RecordBatch) -> Result<(), ArtifactError> {
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Some(row) = not_finite(array) {
            let column = field.name().clone();
            return Err(ArtifactError::NotFinite { table: table.name, column, row });
        }
    }
    Ok(())
}

/// The first row of `array` that holds NaN or infinity; NULL is neither.
pub(crate) fn not_finite(array: &ArrayRef) -> Option<usize> {
    (0..array.len()).find(|&row| !finite(array, row))
}

/// Whether the cell of a row is free of NaN and infinity; NULL is.
fn finite(array: &ArrayRef, row: usize) -> bool {
    let vector = |cell: &ArrayRef| {
        if let Some(values) = cell.as_primitive_opt::<Float32Type>() {
            values.values().iter().fold(true, |finite, v| finite & v.is_finite())
        } else if let Some(values) = cell.as_primitive_opt::<Float64Type>() {
            values.values().iter().fold(true, |finite, v| finite & v.is_finite())
        } else {
            true
        }
    };
    array.is_null(row)
        || match array.data_type() {
            DataType::Float64 => array.as_primitive::<Float64Type>().value(row).is_finite(),
            DataType::List(_) => vector(&array.as_list::<i32>().value(row)),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::read::{read_rows, read_step, steps};
    use crate::tables::Split;
    use crate::tables::dataset::{SAMPLES, Sample};
    use crate::tables::kernel::GRAM;
    use crate::tables::training::{CHECKPOINTS, CheckpointRow, HISTORY, HistoryRow};

    fn history(step: u64, test_loss: Option<f64>) -> HistoryRow {
        HistoryRow {
            step,
            learning_rate: 0.25,
            train_loss: 0.5,
            test_loss,
            train_accuracy: None,
            test_accuracy: None,
            gradient_norm: Some(1.0),
            update_norm: None,
            sharpness: None,
        }
    }

    fn checkpoint(step: u64) -> CheckpointRow {
        let parameter = "layers.0.bias".to_owned();
        CheckpointRow { step, parameter, shape: vec![2], values: vec![step as f32, -1.0] }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_table_is_one_file_and_a_table_a_step_one_file_a_step() {
        let at = |table, step| table_file(Path::new("a"), table, step);
        assert_eq!(at(&SAMPLES, None), Path::new("a/samples.parquet"));
        assert_eq!(at(&GRAM, Some(0)), Path::new("a/gram/step-0000000000.parquet"));
        assert_eq!(at(&GRAM, Some(5000)), Path::new("a/gram/step-0000005000.parquet"));
        // Names sort as their steps do.
        assert!(at(&GRAM, Some(999)) < at(&GRAM, Some(5000)));
    }

    #[test]
    #[should_panic(expected = "table `gram` asked for with step None")]
    fn a_table_a_step_has_no_file_without_a_step() {
        let _ = table_file(Path::new("a"), &GRAM, None);
    }

    #[test]
    fn each_step_is_written_and_read_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        for step in [10, 0] {
            write_step(folder.path(), step, &[checkpoint(step)]).unwrap();
        }
        assert_eq!(steps(folder.path(), &CHECKPOINTS).unwrap(), [0, 10]);
        let rows: Vec<CheckpointRow> = read_step(folder.path(), 10).unwrap();
        assert_eq!(rows, [checkpoint(10)]);
    }

    #[test]
    fn nan_and_infinity_are_refused_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let rows = [history(0, Some(1.0)), history(1, Some(bad))];
            assert_eq!(
                write_rows(folder.path(), &rows).unwrap_err().to_string(),
                "row 1 of column `test_loss` of table `history` is not a finite number"
            );
        }
        let sample = Sample {
            split: Split::Train,
            sample: 0,
            x: vec![0.0, f32::NAN],
            y: vec![0.0],
            label: None,
            clean_label: None,
            origin: None,
        };
        assert_eq!(
            write_rows(folder.path(), &[sample]).unwrap_err().to_string(),
            "row 0 of column `x` of table `samples` is not a finite number"
        );
        assert_eq!(names(folder.path()), [] as [&str; 0]);
    }

    #[test]
    fn a_refused_write_keeps_the_file_that_was_there() {
        let folder = tempfile::tempdir().unwrap();
        write_rows(folder.path(), &[history(0, None)]).unwrap();
        assert!(write_rows(folder.path(), &[history(0, Some(f64::NAN))]).is_err());
        assert_eq!(read_rows::<HistoryRow>(folder.path()).unwrap(), [history(0, None)]);
        assert_eq!(names(folder.path()), ["history.parquet"]);
    }

    #[test]
    fn a_folder_that_cannot_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("checkpoints"), "a file in the way").unwrap();
        let error = write_step(folder.path(), 0, &[checkpoint(0)]).unwrap_err();
        assert!(matches!(error, ArtifactError::Io { action: "creating", .. }), "{error}");
        assert!(error.to_string().contains("checkpoints"), "{error}");
    }

    #[test]
    fn a_file_says_which_table_and_version_it_holds_and_how_it_is_sorted() {
        let folder = tempfile::tempdir().unwrap();
        write_rows(folder.path(), &[history(0, None), history(1, None)]).unwrap();
        let file = File::open(table_file(folder.path(), &HISTORY, None)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let metadata = reader.metadata();
        let pairs = metadata.file_metadata().key_value_metadata().unwrap();
        let value = |key: &str| {
            pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref())
        };
        assert_eq!(value("artifact.table"), Some("history"));
        assert_eq!(value("artifact.table_version"), Some("1"));
        let sorting = metadata.row_group(0).sorting_columns().unwrap();
        assert_eq!((sorting[0].column_idx, sorting[0].descending), (0, false));
    }

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let bytes = || {
            let folder = tempfile::tempdir().unwrap();
            write_rows(folder.path(), &[history(0, None), history(1, Some(0.1))]).unwrap();
            fs::read(table_file(folder.path(), &HISTORY, None)).unwrap()
        };
        assert!(bytes() == bytes());
    }
}
