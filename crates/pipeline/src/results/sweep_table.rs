//! One table of all variants: the axes of the sweep as its leading columns.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use artifact::{ArtifactError, Data, Table, read_batches};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnPath;
use serde_json::Value;

use crate::error::PipelineError;
use crate::reading::sweep::{Point, Sweep};
use crate::store::link;

/// Rows of a group: what DuckDB and Polars scan in one piece.
const GROUP_ROWS: usize = 131_072;

/// Raised when the same parts give another file.
const FORMAT: u32 = 1;
/// Metadata that says what a gathered file was made of.
const CONTENT: &str = "artifact.content";

/// The table of one variant.
pub(super) struct Part<'p> {
    /// Where in the sweep.
    pub point: &'p Point,
    /// Its file.
    pub path: PathBuf,
    /// Hash of the file.
    pub hash: &'p str,
}

/// Writes the rows of all `parts` to `path`, in the order of the parts and with the labels of
/// each on `axes` before its own columns. One part is held in memory at a time. Where the file
/// `earlier` was made of the same, it is taken.
///
/// # Errors
/// Where a part cannot be read or the file not be written.
pub(super) fn write(
    path: &Path,
    table: &'static Table,
    sweep: &Sweep,
    axes: &BTreeSet<usize>,
    parts: &[Part],
    earlier: &Path,
) -> Result<(), PipelineError> {
    let content = content(table, sweep, axes, parts);
    if content_of(earlier).as_ref() == Some(&content) {
        return link(earlier, path);
    }
    let schema = schema(table, sweep, axes);
    let mut writer = Writer::create(path, &schema, properties(table, sweep, axes, content))?;
    for Part { point, path: part, .. } in parts {
        for batch in read_batches(part, table)? {
            let labels = axes.iter().map(|&axis| {
                let label = point.label(axis).unwrap_or_default();
                Ok(sweep.axes[axis].labels.column((0..batch.num_rows()).map(|_| label)))
            });
            // Another program's text and lists may be of other Arrow types than ours.
            let own = table.columns.iter().map(|column| {
                let found = batch.column_by_name(column.name).ok_or_else(|| {
                    ArrowError::SchemaError(format!("no column `{}`", column.name))
                })?;
                cast(found, &column.data.arrow())
            });
            let columns: Result<Vec<ArrayRef>, ArrowError> = labels.chain(own).collect();
            let batch = columns.and_then(|columns| RecordBatch::try_new(schema.clone(), columns));
            writer.write(&batch.map_err(|error| unreadable(part, error.into()))?)?;
        }
    }
    writer.close()
}

/// Hash of all that decides what the file holds.
fn content(table: &Table, sweep: &Sweep, axes: &BTreeSet<usize>, parts: &[Part]) -> String {
    let mut text = format!("{FORMAT} {} {}", table.name, table.version);
    for &axis in axes {
        let axis = &sweep.axes[axis];
        text = format!("{text} {}:{}", axis.name, axis.labels.data_type());
    }
    for part in parts {
        let labels: Vec<Value> = sweep.values(part.point).map(|(_, value)| value).collect();
        text = format!("{text}\n{} {}", part.hash, Value::from(labels));
    }
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// What the file at `path` says that it was made of, where it says so.
fn content_of(path: &Path) -> Option<String> {
    let reader = SerializedFileReader::new(File::open(path).ok()?).ok()?;
    let pairs = reader.metadata().file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == CONTENT)?.value.clone()
}

fn schema(table: &Table, sweep: &Sweep, axes: &BTreeSet<usize>) -> SchemaRef {
    let labels = axes.iter().map(|&axis| {
        let axis = &sweep.axes[axis];
        Arc::new(Field::new(&axis.name, axis.labels.data_type(), false))
    });
    let own = table.columns.iter().map(artifact::Column::field);
    Arc::new(Schema::new(labels.chain(own).collect::<Vec<_>>()))
}

fn properties(
    table: &Table,
    sweep: &Sweep,
    axes: &BTreeSet<usize>,
    content: String,
) -> WriterProperties {
    let names: Vec<&str> = axes.iter().map(|&axis| sweep.axes[axis].name.as_str()).collect();
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let mut builder = common().set_key_value_metadata(Some(vec![
        pair("artifact.table", table.name.to_owned()),
        pair("artifact.table_version", table.version.to_string()),
        pair("artifact.axes", names.join(",")),
        pair(CONTENT, content),
    ]));
    // Measured numbers hardly repeat; an axis does nothing else.
    for column in table.columns.iter().filter(|column| column.data == Data::Float64) {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(column.name), false);
    }
    builder.build()
}

/// What all tables of a sweep are written with.
pub(super) fn common() -> WriterPropertiesBuilder {
    let zstd = ZstdLevel::try_new(3).map_or(Compression::UNCOMPRESSED, Compression::ZSTD);
    WriterProperties::builder().set_compression(zstd).set_max_row_group_row_count(Some(GROUP_ROWS))
}

/// A Parquet file in the making.
pub(super) struct Writer {
    path: PathBuf,
    writer: ArrowWriter<File>,
}

impl Writer {
    /// Creates the file `path` and the folder that it lies in.
    pub(super) fn create(
        path: &Path,
        schema: &SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, PipelineError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(PipelineError::io("creating", parent))?;
        }
        let file = File::create(path).map_err(PipelineError::io("creating", path))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), writer })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), PipelineError> {
        self.writer.write(batch).map_err(|error| unwritable(&self.path, &error))
    }

    pub(super) fn close(self) -> Result<(), PipelineError> {
        self.writer.close().map(drop).map_err(|error| unwritable(&self.path, &error))
    }
}

fn unreadable(path: &Path, source: ParquetError) -> PipelineError {
    ArtifactError::Parquet { path: path.to_owned(), source }.into()
}

/// The error of a write; a full disk is told as such.
fn unwritable(path: &Path, error: &ParquetError) -> PipelineError {
    if let ParquetError::External(inner) = error
        && let Some(io) = inner.downcast_ref::<std::io::Error>()
    {
        let source = std::io::Error::new(io.kind(), io.to_string());
        return PipelineError::io("writing", path)(source);
    }
    let source = std::io::Error::other(error.to_string());
    PipelineError::io("writing", path)(source)
}
