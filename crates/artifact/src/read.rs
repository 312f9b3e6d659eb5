//! Tables from Parquet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::ArtifactError;
use crate::table::{Layout, Row, Table};
use crate::write::table_file;

/// Rows that are read at once.
const BATCH_ROWS: usize = 65_536;

/// Reads all rows of a tidy or large table of the artifact at `directory`.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn read_rows<R: Row>(directory: &Path) -> Result<Vec<R>, ArtifactError> {
    rows_of(&table_file(directory, R::TABLE, None))
}

/// Reads the rows of one step of a [`Layout::PerStep`] table.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn read_step<R: Row>(directory: &Path, step: u64) -> Result<Vec<R>, ArtifactError> {
    rows_of(&table_file(directory, R::TABLE, Some(step)))
}

fn rows_of<R: Row>(path: &Path) -> Result<Vec<R>, ArtifactError> {
    let mut rows = Vec::new();
    for batch in read_batches(path, R::TABLE)? {
        let part: Vec<R> = serde_arrow::from_record_batch(&batch).map_err(|error| {
            ArtifactError::Rows { table: R::TABLE.name, message: error.to_string() }
        })?;
        rows.extend(part);
    }
    Ok(rows)
}

/// The steps for which a [`Layout::PerStep`] table has a file, in rising order.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn steps(directory: &Path, table: &Table) -> Result<Vec<u64>, ArtifactError> {
    debug_assert_eq!(table.layout, Layout::PerStep);
    let folder = directory.join(table.name);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(ArtifactError::io("listing", &folder))? {
        let entry = entry.map_err(ArtifactError::io("listing", &folder))?;
        let name = entry.file_name();
        let step: Option<u64> = name
            .to_str()
            .and_then(|name| name.strip_prefix("step-")?.strip_suffix(".parquet")?.parse().ok());
        found.extend(step);
    }
    found.sort_unstable();
    Ok(found)
}

/// Opens one file of `table`, checks version and columns, and reads it.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn read_batches(
    path: &Path,
    table: &'static Table,
) -> Result<Vec<RecordBatch>, ArtifactError> {
    let builder = open(path, table)?;
    let reader = builder
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| ArtifactError::parquet(path, error))?;
    reader
        .map(|batch| {
            let batch = batch.map_err(|error| ArtifactError::Parquet {
                path: path.to_owned(),
                source: error.into(),
            })?;
            // Further nullable columns of a newer minor version are dropped here.
            let known: Vec<usize> = table
                .columns
                .iter()
                .filter_map(|column| batch.schema().index_of(column.name).ok())
                .collect();
            batch.project(&known).map_err(|error| ArtifactError::Parquet {
                path: path.to_owned(),
                source: error.into(),
            })
        })
        .collect()
}

/// Number of rows of one file of `table`, after checking its version and columns.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn check_table_file(path: &Path, table: &'static Table) -> Result<u64, ArtifactError> {
    let builder = open(path, table)?;
    Ok(u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0))
}

fn open(
    path: &Path,
    table: &'static Table,
) -> Result<ParquetRecordBatchReaderBuilder<File>, ArtifactError> {
    let file = File::open(path).map_err(ArtifactError::io("opening", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| ArtifactError::parquet(path, error))?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let version = metadata
        .and_then(|pairs| pairs.iter().find(|pair| pair.key == "artifact.table_version"))
        .and_then(|pair| pair.value.clone());
    // A foreign stage need not know of the key; its columns are checked all the same.
    if let Some(found) = version
        && found != table.version.to_string()
    {
        return Err(ArtifactError::Version {
            path: path.to_owned(),
            table: table.name,
            found,
            expected: table.version,
        });
    }
    for column in table.columns {
        let problem = match builder.schema().field_with_name(column.name) {
            Err(_) => format!("it has no column `{}`", column.name),
            Ok(field) if !same_type(field.data_type(), &column.data.arrow()) => format!(
                "its column `{}` is {}, not {}",
                column.name,
                field.data_type(),
                column.data.arrow()
            ),
            Ok(_) => continue,
        };
        return Err(ArtifactError::Schema { path: path.to_owned(), table: table.name, problem });
    }
    Ok(builder)
}

/// Whether two Arrow types hold the same values: the name of a list's item and whether it may be
/// NULL differ between writers and do not matter, nor does the width of list and text offsets.
fn same_type(found: &DataType, expected: &DataType) -> bool {
    match (found, expected) {
        (
            DataType::List(found) | DataType::LargeList(found) | DataType::FixedSizeList(found, _),
            DataType::List(expected),
        ) => same_type(found.data_type(), expected.data_type()),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, DataType::Utf8) => true,
        (found, expected) => found == expected,
    }
}

/// Every file of `table` in the artifact at `directory`, in order; empty where there is none.
pub(crate) fn files(directory: &Path, table: &Table) -> Vec<PathBuf> {
    match table.layout {
        Layout::Tidy | Layout::Large => {
            let path = table_file(directory, table, None);
            if path.is_file() { vec![path] } else { Vec::new() }
        }
        Layout::PerStep => steps(directory, table)
            .unwrap_or_default()
            .into_iter()
            .map(|step| table_file(directory, table, Some(step)))
            .collect(),
    }
}
