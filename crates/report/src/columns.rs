//! Columns of a Parquet table of scalars, read by Polars.
//!
//! Tables of vectors are read by `artifact` instead: Polars, which is compiled without optimization
//! here, takes a second for each ten million numbers in lists.

use std::fs::File;
use std::path::{Path, PathBuf};

use artifact::{Data, Table, check_table_file, table_file};
use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, ParallelStrategy, ParquetReader, PolarsError,
    SerReader,
};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ParseError, StrDeserializer};

use crate::error::ReportError;

/// The type in which Polars reads a column of scalars.
fn polars_type(data: Data) -> DataType {
    match data {
        Data::Boolean => DataType::Boolean,
        Data::UInt32 => DataType::UInt32,
        Data::UInt64 => DataType::UInt64,
        Data::Int64 => DataType::Int64,
        Data::Float64 => DataType::Float64,
        Data::Text => DataType::String,
        Data::Float32List | Data::FloatList | Data::UInt32List => DataType::Null,
    }
}

/// Some columns of one table of an artifact.
pub struct Columns {
    path: PathBuf,
    frame: DataFrame,
}

impl Columns {
    /// Reads the columns `names` of `table` in the artifact at `directory`.
    ///
    /// # Errors
    /// Where the file is missing, damaged, or no such table.
    pub fn read(
        directory: &Path,
        table: &'static Table,
        names: &[&str],
    ) -> Result<Self, ReportError> {
        let path = table_file(directory, table, None);
        check_table_file(&path, table)?;
        let file = File::open(&path).map_err(|source| ReportError::Polars {
            path: path.clone(),
            source: PolarsError::from(source),
        })?;
        let frame = Self::frame(ParquetReader::new(file), table, names);
        match frame {
            Ok(frame) => Ok(Self { path, frame }),
            Err(source) => Err(ReportError::Polars { path, source }),
        }
    }

    /// The columns `names`; those that the file lacks, which may be NULL then, are NULL in every row.
    fn frame(
        mut reader: ParquetReader<File>,
        table: &'static Table,
        names: &[&str],
    ) -> Result<DataFrame, PolarsError> {
        let schema = reader.schema()?;
        let (known, missing): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| schema.contains(name));
        let mut frame = reader
            .with_columns(Some(known.into_iter().map(str::to_owned).collect()))
            // One column and one group of rows at a time: memory before speed.
            .read_parallel(ParallelStrategy::None)
            .finish()?;
        for name in missing {
            let column = table.columns.iter().find(|column| column.name == name);
            let rows = frame.height();
            let data = column.map_or(DataType::Null, |column| polars_type(column.data));
            frame.with_column(Column::full_null(name.into(), rows, &data))?;
        }
        Ok(frame)
    }

    /// Keeps the rows at which `mask`, of one entry a row, is true.
    ///
    /// # Errors
    /// Where the mask has another length.
    pub fn keep(self, mask: impl Iterator<Item = bool>) -> Result<Self, ReportError> {
        let mask: BooleanChunked = mask.map(Some).collect();
        let frame = self.frame.filter(&mask).map_err(|source| self.polars(source))?;
        Ok(Self { path: self.path, frame })
    }

    /// The cells of a column of 64-bit counts.
    ///
    /// # Errors
    /// Where a cell is NULL or the column is of another type.
    pub fn counts(&self, name: &'static str) -> Result<Vec<u64>, ReportError> {
        let cells = self.column(name)?.u64().map_err(|source| self.polars(source))?;
        self.present(name, cells.iter().collect())
    }

    /// The cells of a column of 32-bit indices.
    ///
    /// # Errors
    /// Where a cell is NULL or the column is of another type.
    pub fn indices(&self, name: &'static str) -> Result<Vec<u32>, ReportError> {
        self.present(name, self.indices_or_null(name)?)
    }

    /// The cells of a column of 32-bit indices that may be NULL.
    ///
    /// # Errors
    /// Where the column is of another type.
    pub fn indices_or_null(&self, name: &'static str) -> Result<Vec<Option<u32>>, ReportError> {
        let cells = self.column(name)?.u32().map_err(|source| self.polars(source))?;
        Ok(cells.iter().collect())
    }

    /// The cells of a column of 64-bit counts that may be NULL.
    ///
    /// # Errors
    /// Where the column is of another type.
    pub fn counts_or_null(&self, name: &'static str) -> Result<Vec<Option<u64>>, ReportError> {
        let cells = self.column(name)?.u64().map_err(|source| self.polars(source))?;
        Ok(cells.iter().collect())
    }

    /// The cells of a column of measures.
    ///
    /// # Errors
    /// Where a cell is NULL, NaN or infinite, or the column is of another type.
    pub fn measures(&self, name: &'static str) -> Result<Vec<f64>, ReportError> {
        self.present(name, self.measures_or_null(name)?)
    }

    /// The cells of a column of measures that may be NULL.
    ///
    /// # Errors
    /// Where a cell is NaN or infinite, or the column is of another type.
    pub fn measures_or_null(&self, name: &'static str) -> Result<Vec<Option<f64>>, ReportError> {
        let cells = self.column(name)?.f64().map_err(|source| self.polars(source))?;
        let cells: Vec<Option<f64>> = cells.iter().collect();
        match cells.iter().flatten().find(|value| !value.is_finite()) {
            Some(value) => {
                Err(self.cell(name, format!("{value}, where only NULL stands for none")))
            }
            None => Ok(cells),
        }
    }

    /// The cells of a Boolean column.
    ///
    /// # Errors
    /// Where a cell is NULL or the column is of another type.
    pub fn flags(&self, name: &'static str) -> Result<Vec<bool>, ReportError> {
        let cells = self.column(name)?.bool().map_err(|source| self.polars(source))?;
        self.present(name, cells.iter().collect())
    }

    /// The cells of a text column as values of the enum that names them.
    ///
    /// # Errors
    /// Where a cell is NULL or names no value, or the column is of another type.
    pub fn names<T: DeserializeOwned + Copy>(
        &self,
        name: &'static str,
    ) -> Result<Vec<T>, ReportError> {
        let cells = self.column(name)?.str().map_err(|source| self.polars(source))?;
        let mut values = Vec::with_capacity(cells.len());
        // Runs of one name are the rule in sorted tables; each is parsed once.
        let mut last: Option<(&str, T)> = None;
        for cell in cells.iter() {
            let text = cell.ok_or_else(|| self.cell(name, "NULL".to_owned()))?;
            let value = match last {
                Some((seen, value)) if seen == text => value,
                _ => T::deserialize(StrDeserializer::<ParseError>::new(text))
                    .map_err(|error| self.cell(name, error.to_string()))?,
            };
            last = Some((text, value));
            values.push(value);
        }
        Ok(values)
    }

    fn column(&self, name: &str) -> Result<&Column, ReportError> {
        self.frame.column(name).map_err(|source| self.polars(source))
    }

    fn present<T>(&self, name: &'static str, cells: Vec<Option<T>>) -> Result<Vec<T>, ReportError> {
        cells
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(|| self.cell(name, "NULL, which it must not".to_owned()))
    }

    fn polars(&self, source: PolarsError) -> ReportError {
        ReportError::Polars { path: self.path.clone(), source }
    }

    fn cell(&self, column: &'static str, problem: String) -> ReportError {
        ReportError::Cell { path: self.path.clone(), column, problem }
    }
}
