//! Tables to Parquet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
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
const VECTOR_GROUP_BYTES: usize = 32 << 20;

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
    let built = serde_arrow::to_record_batch(schema.fields(), &rows)
        .map_err(|error| ArtifactError::Rows { table: R::TABLE.name, message: error.to_string() })?;
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
fn properties(table: &Table) -> WriterProperties {
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
                builder = builder
                    .set_column_dictionary_enabled(ColumnPath::from(column.name), false);
            }
            Data::Float32List => {
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
            Data::Boolean | Data::UInt32 | Data::UInt64 | Data::Text | Data::UInt32List => {}
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
        let bad = match field.data_type() {
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>();
                (0..values.len()).find(|&i| values.is_valid(i) && !values.value(i).is_finite())
            }
            DataType::List(item) if item.data_type() == &DataType::Float32 => {
                let lists = array.as_list::<i32>();
                (0..lists.len()).find(|&i| {
                    let cell = lists.value(i);
                    let cell = cell.as_primitive::<Float32Type>();
                    !cell.values().iter().fold(true, |finite, v| finite & v.is_finite())
                })
            }
            _ => None,
        };
        if let Some(row) = bad {
            return Err(ArtifactError::NotFinite {
                table: table.name,
                column: field.name().clone(),
                row,
            });
        }
    }
    Ok(())
}
