//! A Gramian from Parquet: what its rows are first, then the rows that are wanted.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, UInt32Type};
use parquet::basic::Type;
use parquet::file::metadata::ParquetMetaData;

use super::{GramRow, GramValue, Precision, VALUES, plain};
use crate::error::ArtifactError;
use crate::guard::guarded;
use crate::read::{BATCH_ROWS, batches, open};
use crate::tables::Split;
use crate::tables::kernel::GRAM;
use crate::write::{VECTOR_GROUP_BYTES, table_file};

/// The Gramian of one step, of which rows are read when they are wanted.
#[derive(Debug)]
pub struct GramReader {
    path: PathBuf,
    metadata: Arc<ParquetMetaData>,
    rows: Vec<GramRow>,
    width: usize,
}

impl GramReader {
    /// Opens the Gramian of `step` in the artifact at `directory`, and reads what its rows are.
    ///
    /// # Errors
    /// Where the file is missing or damaged, or its rows differ in length.
    pub fn open(directory: &Path, step: u64) -> Result<Self, ArtifactError> {
        let path = table_file(directory, &GRAM, Some(step));
        guarded(&path, || Self::open_file(path.clone()))
    }

    pub(crate) fn open_file(path: PathBuf) -> Result<Self, ArtifactError> {
        let metadata = Arc::clone(open(&path, &GRAM)?.metadata());
        let mut reader = Self { path, metadata, rows: Vec::new(), width: 0 };
        for batch in batches(&reader.path, &GRAM, &GRAM.columns[..VALUES], BATCH_ROWS)? {
            let keys = reader.keys(&batch?)?;
            reader.rows.extend(keys);
        }
        let entries: Option<i128> = reader.values_column().and_then(|column| {
            let groups = reader.metadata.row_groups().iter();
            groups.map(|group| Some(i128::from(group.columns().get(column)?.num_values()))).sum()
        });
        let entries = entries.and_then(|entries| usize::try_from(entries).ok()).unwrap_or(0);
        reader.width = entries / reader.rows.len().max(1);
        if reader.width * reader.rows.len() != entries {
            let rows = reader.rows.len();
            return Err(
                reader.bad(format!("{entries} values are not the same number in {rows} rows"))
            );
        }
        Ok(reader)
    }

    /// What each row belongs to.
    #[must_use]
    pub fn rows(&self) -> &[GramRow] {
        &self.rows
    }

    /// Columns of every row: training samples, times outputs under `full`.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The precision in which the entries are stored.
    #[must_use]
    pub fn precision(&self) -> Precision {
        let leaves = self.metadata.file_metadata().schema_descr().columns();
        match self.values_column().map(|column| leaves[column].physical_type()) {
            Some(Type::DOUBLE) => Precision::F64,
            _ => Precision::F32,
        }
    }

    /// The entries of the rows `ranges`, which rise and do not overlap: whole rows of
    /// [`Self::width`], one after the other. In memory once where they are stored in `T`; rounded to it
    /// where they are not.
    ///
    /// # Errors
    /// Where the file is damaged, a row has another length, or a value is NULL, NaN or infinite.
    ///
    /// # Panics
    /// Where there are no such rows.
    pub fn values<T: GramValue>(&self, ranges: &[Range<usize>]) -> Result<Vec<T>, ArtifactError> {
        let mut end = 0;
        for rows in ranges {
            assert!(end <= rows.start && rows.start <= rows.end, "ranges rise");
            end = rows.end;
        }
        assert!(end <= self.rows.len(), "{} rows, not {end}", self.rows.len());
        guarded(&self.path, || self.values_of(ranges))
    }

    fn values_of<T: GramValue>(&self, ranges: &[Range<usize>]) -> Result<Vec<T>, ArtifactError> {
        match self.precision() {
            stored if stored == T::PRECISION => self.stored_values(ranges),
            Precision::F32 => Ok(rounded(&self.stored_values::<f32>(ranges)?)),
            Precision::F64 => Ok(rounded(&self.stored_values::<f64>(ranges)?)),
        }
    }

    /// The same in the precision in which they are stored.
    fn stored_values<T: GramValue>(
        &self,
        ranges: &[Range<usize>],
    ) -> Result<Vec<T>, ArtifactError> {
        if let Some(column) = self.values_column()
            && let Some(values) =
                plain::values(&self.path, &self.metadata, column, self.width, ranges)
        {
            return Ok(values);
        }
        self.values_by_arrow(ranges)
    }

    /// Reads every entry once, about `bytes` of them at a time, and keeps none.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub(crate) fn check_values(&self, bytes: usize) -> Result<(), ArtifactError> {
        match self.precision() {
            Precision::F32 => self.check_stored::<f32>(bytes),
            Precision::F64 => self.check_stored::<f64>(bytes),
        }
    }

    fn check_stored<T: GramValue>(&self, bytes: usize) -> Result<(), ArtifactError> {
        let rows = self.rows.len();
        let at_once = (bytes / size_of::<T>() / self.width.max(1)).max(1);
        let strip = |first| first..rows.min(first + at_once);
        let is_plain = self.values_column().is_some_and(|column| {
            let values = |strip| {
                plain::values::<T>(&self.path, &self.metadata, column, self.width, &[strip])
            };
            (0..rows).step_by(at_once).map(strip).all(|strip| values(strip).is_some())
        });
        if !is_plain {
            let mut first = 0;
            for batch in batches(&self.path, &GRAM, &GRAM.columns[VALUES..=VALUES], at_once)? {
                let batch = batch?;
                self.entries::<T>(&batch, first)?;
                first += batch.num_rows();
            }
        }
        Ok(())
    }

    /// The same by Arrow, which reads whatever another program may have written.
    pub(super) fn values_by_arrow<T: GramValue>(
        &self,
        ranges: &[Range<usize>],
    ) -> Result<Vec<T>, ArtifactError> {
        let wanted: usize = ranges.iter().map(ExactSizeIterator::len).sum();
        let mut values = Vec::new();
        values.try_reserve_exact(wanted.saturating_mul(self.width)).map_err(|_| {
            self.bad(format!("{wanted} rows of {} do not fit into memory", self.width))
        })?;
        let batch_rows = VECTOR_GROUP_BYTES / size_of::<T>() / self.width.max(1);
        let columns = &GRAM.columns[VALUES..=VALUES];
        let mut first = 0;
        for batch in batches(&self.path, &GRAM, columns, batch_rows.max(1))? {
            let batch = batch?;
            let part = self.entries(&batch, first)?;
            let end = first + batch.num_rows();
            for rows in ranges {
                let (from, to) = (rows.start.max(first), rows.end.min(end));
                if from < to {
                    let cells = (from - first) * self.width..(to - first) * self.width;
                    values.extend_from_slice(&part[cells]);
                }
            }
            first = end;
        }
        Ok(values)
    }

    /// Which leaf of the file's schema holds the entries.
    fn values_column(&self) -> Option<usize> {
        let name = GRAM.columns[VALUES].name;
        let leaves = self.metadata.file_metadata().schema_descr().columns();
        leaves.iter().position(|leaf| leaf.path().parts().first().is_some_and(|part| part == name))
    }

    fn bad(&self, problem: String) -> ArtifactError {
        ArtifactError::Schema { path: self.path.clone(), table: GRAM.name, problem }
    }

    /// A column of `batch`, in the type of our own tables.
    fn column(
        &self,
        batch: &RecordBatch,
        name: &str,
        data: &DataType,
    ) -> Result<Arc<dyn Array>, ArtifactError> {
        let found = batch
            .column_by_name(name)
            .ok_or_else(|| self.bad(format!("it has no column `{name}`")))?;
        cast(found, data).map_err(|error| self.bad(error.to_string()))
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Vec<GramRow>, ArtifactError> {
        let splits = self.column(batch, "split", &DataType::Utf8)?;
        let samples = self.column(batch, "sample", &DataType::UInt32)?;
        let outputs = self.column(batch, "output", &DataType::UInt32)?;
        let samples = samples.as_primitive::<UInt32Type>().values();
        let outputs = outputs.as_primitive::<UInt32Type>().values();
        let key = |((split, &sample), &output): ((Option<&str>, &u32), &u32)| {
            let split = match split {
                Some("train") => Split::Train,
                Some("test") => Split::Test,
                other => {
                    let other = other.unwrap_or_default();
                    return Err(self.bad(format!("split `{other}` is neither train nor test")));
                }
            };
            Ok(GramRow { split, sample, output })
        };
        splits.as_string::<i32>().iter().zip(samples).zip(outputs).map(key).collect()
    }

    /// The entries of the rows of `batch`, the first of which is row `first`.
    fn entries<T: GramValue>(
        &self,
        batch: &RecordBatch,
        first: usize,
    ) -> Result<Vec<T>, ArtifactError> {
        let column = &GRAM.columns[VALUES];
        let element = Field::new("element", T::ARROW, false);
        let lists = self.column(batch, column.name, &DataType::List(Arc::new(element)))?;
        let lists = lists.as_list::<i32>();
        for i in 0..batch.num_rows() {
            let width = usize::try_from(lists.value_length(i)).unwrap_or(0);
            if width == 0 || width != self.width {
                return Err(self.bad(format!(
                    "row {} has {width} values where others have {}",
                    first + i,
                    self.width
                )));
            }
        }
        // Rows are contiguous in the child array.
        let start = usize::try_from(lists.value_offsets()[0]).unwrap_or(0);
        let cells = lists.values().as_primitive::<T::Primitive>();
        let part = &cells.values()[start..start + batch.num_rows() * self.width];
        if lists.null_count() > 0 || !part.iter().fold(true, |finite, v| finite & v.finite()) {
            return Err(self.bad("a value is NULL, NaN or infinite".to_owned()));
        }
        Ok(part.to_vec())
    }
}

fn rounded<S: GramValue, T: GramValue>(values: &[S]) -> Vec<T> {
    values.iter().map(|&value| T::nearest(value.into())).collect()
}
