//! A Gramian to Parquet, rows as they come.
//!
//! Arrow's writer spells out two levels for every entry and copies the entries several times.
//! Here pages of `values` are written at once: their levels from the width, their bytes straight from
//! the matrix, and the same pages however many rows come at once. The file is the one that Arrow's
//! writer would make of the same rows, but for the sizes of its pages and for page indexes, which help
//! nobody who reads whole rows.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::SchemaDescPtr;
use rayon::prelude::*;

use super::{GramRow, GramValue, VALUES, mismatch, page};
use crate::error::ArtifactError;
use crate::tables::kernel::GRAM;
use crate::write::{VECTOR_GROUP_BYTES, properties, table_file};

/// Bytes of the values of a page, where a row is not longer.
const PAGE_BYTES: usize = 1 << 20;
/// Four bytes with which a Parquet file begins.
const MAGIC: &[u8] = b"PAR1";

/// Writes the Gramian of one step row by row; the file appears complete or not at all.
pub struct GramWriter<T = f32> {
    step: u64,
    rows: Vec<GramRow>,
    width: usize,
    /// Rows whose values have come.
    come: usize,
    /// Values of the last ones of them, which do not fill a page yet.
    waiting: Vec<T>,
    /// Rows of a group.
    pub(super) group_rows: usize,
    path: PathBuf,
    partial: Partial,
    file: TrackedWrite<Arc<File>>,
    schema: SchemaDescPtr,
    properties: WriterPropertiesPtr,
    groups: Vec<RowGroupMetaData>,
    group: Option<Group>,
    /// What stands before the values of a page of so many rows.
    before_values: (usize, Vec<u8>),
}

/// The unfinished file, which does not outlive its writer.
#[derive(Debug)]
struct Partial {
    path: PathBuf,
    file: Arc<File>,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Where it has got its name there is none.
        let _ = fs::remove_file(&self.path);
    }
}

/// A group of rows of which the keys are written.
#[derive(Debug)]
struct Group {
    /// Where it begins in the file.
    offset: u64,
    /// Where its values begin.
    values_offset: u64,
    /// Rows when it is complete.
    rows: usize,
    /// Rows whose values are still to come.
    missing: usize,
    columns: Vec<ColumnChunkMetaData>,
}

/// The columns of a file whose entries are `T`.
fn schema<T: GramValue>() -> Schema {
    let mut fields: Vec<FieldRef> = GRAM.schema().fields().iter().cloned().collect();
    let element = Field::new("element", T::ARROW, false);
    let values = &GRAM.columns[VALUES];
    let list = DataType::List(Arc::new(element));
    fields[VALUES] = Arc::new(Field::new(values.name, list, values.nullable));
    Schema::new(fields)
}

impl<T: GramValue> GramWriter<T> {
    /// Begins the file of `step` in the artifact at `directory`: `rows` say what each row belongs
    /// to, `width` how many values each has.
    ///
    /// # Errors
    /// Where the file cannot be written, or rows have no values.
    pub fn create(
        directory: &Path,
        step: u64,
        rows: Vec<GramRow>,
        width: usize,
    ) -> Result<Self, ArtifactError> {
        if width == 0 && !rows.is_empty() {
            return Err(mismatch(format!("0 values for {} rows", rows.len())));
        }
        let path = table_file(directory, &GRAM, Some(step));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(ArtifactError::io("creating", parent))?;
        }
        let partial = path.with_extension("partial");
        let file = File::create(&partial).map_err(ArtifactError::io("creating", &partial))?;
        let partial = Partial { path: partial, file: Arc::new(file) };
        let mut properties = properties(&GRAM);
        let schema = schema::<T>();
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let schema = ArrowSchemaConverter::new()
            .convert(&schema)
            .map_err(|error| ArtifactError::parquet(&path, error))?;
        let mut file = TrackedWrite::new(Arc::clone(&partial.file));
        file.write_all(MAGIC).map_err(ArtifactError::io("writing", &path))?;
        Ok(Self {
            group_rows: (VECTOR_GROUP_BYTES / size_of::<T>() / width.max(1)).max(1),
            schema: Arc::new(schema),
            properties: Arc::new(properties),
            groups: Vec::new(),
            group: None,
            before_values: (0, Vec::new()),
            come: 0,
            waiting: Vec::new(),
            step,
            rows,
            width,
            path,
            partial,
            file,
        })
    }

    /// Writes the `values` of the next rows, whole rows of `width`.
    ///
    /// # Errors
    /// Where they do not fill the rows that are left, one is not finite, or the disk is full.
    pub fn append(&mut self, mut values: &[T]) -> Result<(), ArtifactError> {
        let rows = values.len() / self.width.max(1);
        if values.len() != rows * self.width || rows > self.rows.len() - self.come {
            return Err(mismatch(format!(
                "{} values for {} rows of {}",
                values.len(),
                self.rows.len() - self.come,
                self.width
            )));
        }
        self.check_finite(values)?;
        while !values.is_empty() {
            let mut group = match self.group.take() {
                Some(group) => group,
                None => self.begin_group().map_err(|error| self.failed(error))?,
            };
            let (part, rest) = values.split_at(values.len().min(group.missing * self.width));
            group.missing -= part.len() / self.width;
            self.come += part.len() / self.width;
            self.write_pages(part, group.missing == 0)
                .map_err(ArtifactError::io("writing", &self.path))?;
            if group.missing > 0 {
                self.group = Some(group);
            } else {
                self.end_group(group).map_err(|error| self.failed(error))?;
            }
            values = rest;
        }
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// Where rows are missing, or the file cannot be written.
    pub fn finish(self) -> Result<(), ArtifactError> {
        if self.come != self.rows.len() {
            return Err(mismatch(format!(
                "{} of {} rows were written",
                self.come,
                self.rows.len()
            )));
        }
        let Self { path, partial, file, schema, properties, groups, rows, .. } = self;
        let about = FileMetaData::new(
            properties.writer_version().as_num(),
            rows.len().cast_signed() as i64,
            Some(properties.created_by().to_owned()),
            properties.key_value_metadata().cloned(),
            schema,
            None,
        );
        ParquetMetaDataWriter::new_with_tracked(file, &ParquetMetaData::new(about, groups))
            .finish()
            .map_err(|error| ArtifactError::parquet(&path, error))?;
        // Not synced: whoever makes the artifact final does that for all of its files, and a Gramian
        // takes as long to reach the disk as to be computed.
        fs::rename(&partial.path, &path).map_err(ArtifactError::io("renaming", &path))
    }

    fn failed(&self, error: ParquetError) -> ArtifactError {
        ArtifactError::parquet(&self.path, error)
    }

    /// Writes the keys of the next rows.
    fn begin_group(&mut self) -> Result<Group, ParquetError> {
        let end = self.rows.len().min(self.come + self.group_rows);
        let keys = &self.rows[self.come..end];
        let offset = self.file.bytes_written() as u64;
        let mut columns = Vec::with_capacity(GRAM.columns.len());
        for (index, column) in GRAM.columns.iter().enumerate().filter(|(i, _)| *i != VALUES) {
            let mut writer = get_column_writer(
                self.schema.column(index),
                Arc::clone(&self.properties),
                Box::new(SerializedPageWriter::new(&mut self.file)),
            );
            let number = |of: fn(&GramRow) -> u32| -> Vec<i32> {
                keys.iter().map(|key| of(key).cast_signed()).collect()
            };
            match (&mut writer, column.name) {
                (ColumnWriter::Int64ColumnWriter(writer), "step") => {
                    writer.write_batch(&vec![self.step.cast_signed(); keys.len()], None, None)
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), "split") => {
                    let splits: Vec<ByteArray> =
                        keys.iter().map(|key| ByteArray::from(key.split.name())).collect();
                    writer.write_batch(&splits, None, None)
                }
                (ColumnWriter::Int32ColumnWriter(writer), "sample") => {
                    writer.write_batch(&number(|key| key.sample), None, None)
                }
                (ColumnWriter::Int32ColumnWriter(writer), "output") => {
                    writer.write_batch(&number(|key| key.output), None, None)
                }
                (_, name) => Err(ParquetError::General(format!("no values for column `{name}`"))),
            }?;
            columns.push(writer.close()?.metadata);
        }
        Ok(Group {
            offset,
            values_offset: self.file.bytes_written() as u64,
            rows: keys.len(),
            missing: keys.len(),
            columns,
        })
    }

    /// Writes the values of whole rows of one group; those that do not fill a page wait for the next
    /// ones, unless the group ends with them.
    fn write_pages(&mut self, mut values: &[T], ends: bool) -> io::Result<()> {
        let full = (PAGE_BYTES / size_of::<T>() / self.width).max(1) * self.width;
        if !self.waiting.is_empty() {
            let (part, rest) = values.split_at(values.len().min(full - self.waiting.len()));
            self.waiting.extend_from_slice(part);
            values = rest;
            if self.waiting.len() < full && !ends {
                return Ok(());
            }
            let page = std::mem::take(&mut self.waiting);
            self.write_page(&page)?;
        }
        for page in values.chunks(full) {
            if page.len() == full || ends {
                self.write_page(page)?;
            } else {
                self.waiting.extend_from_slice(page);
            }
        }
        Ok(())
    }

    fn write_page(&mut self, page: &[T]) -> io::Result<()> {
        let rows = page.len() / self.width;
        if self.before_values.0 != rows {
            self.before_values = (rows, page::before_values::<T>(rows, self.width)?);
        }
        self.file.write_all(&self.before_values.1)?;
        self.file.write_all(&page::bytes_of(page))
    }

    /// Checks the values of the next rows.
    fn check_finite(&self, values: &[T]) -> Result<(), ArtifactError> {
        let finite = |part: &[T]| part.iter().fold(true, |finite, v| finite & v.finite());
        if values.par_chunks(PAGE_BYTES / size_of::<T>()).all(finite) {
            return Ok(());
        }
        let entry = values.iter().position(|value| !value.finite()).unwrap_or(0);
        Err(ArtifactError::NotFinite {
            table: GRAM.name,
            column: GRAM.columns[VALUES].name.to_owned(),
            row: self.come + entry / self.width,
        })
    }

    fn end_group(&mut self, group: Group) -> Result<(), ParquetError> {
        let Group { offset, values_offset, rows, mut columns, .. } = group;
        let size = (self.file.bytes_written() as u64 - values_offset).cast_signed();
        let values = ColumnChunkMetaData::builder(self.schema.column(VALUES))
            .set_compression(Compression::UNCOMPRESSED)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE])
            .set_total_compressed_size(size)
            .set_total_uncompressed_size(size)
            .set_num_values((rows * self.width).cast_signed() as i64)
            .set_data_page_offset(values_offset.cast_signed())
            .build()?;
        columns.push(values);
        let group = RowGroupMetaData::builder(Arc::clone(&self.schema))
            .set_total_byte_size(columns.iter().map(ColumnChunkMetaData::uncompressed_size).sum())
            .set_column_metadata(columns)
            .set_num_rows(rows.cast_signed() as i64)
            .set_sorting_columns(self.properties.sorting_columns().cloned())
            .set_ordinal((self.groups.len() as u32).cast_signed())
            .set_file_offset(offset.cast_signed())
            .build()?;
        self.groups.push(group);
        Ok(())
    }
}
