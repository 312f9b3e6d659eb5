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

/// Some columns of one table of an artifact.
pub struct Columns {
    path: PathBuf,
    frame: DataFrame,
}

impl Columns {
    /// Reads the columns `names` of `table` in the artifact at `directory`; a nullable one that the file
    /// lacks is NULL in every row.
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
        match frame(file, table, names) {
            Ok(frame) => Ok(Self { path, frame }),
            Err(source) => Err(ReportError::Polars { path, source }),
        }
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

/// The columns `names` of a file of `table`, which has all that may not be NULL.
fn frame(file: File, table: &'static Table, names: &[&str]) -> Result<DataFrame, PolarsError> {
    let mut reader = ParquetReader::new(file);
    let schema = reader.schema()?;
    let (known, missing): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|&&name| schema.contains(name));
    let mut frame = reader
        .with_columns(Some(known.into_iter().map(str::to_owned).collect()))
        // One column and one group of rows at a time: memory before speed.
        .read_parallel(ParallelStrategy::None)
        .finish()?;
    for column in table.columns.iter().filter(|column| missing.contains(&column.name)) {
        let rows = frame.height();
        frame.with_column(Column::full_null(column.name.into(), rows, &data_type(column.data)))?;
    }
    Ok(frame)
}

fn data_type(data: Data) -> DataType {
    match data {
        Data::Boolean => DataType::Boolean,
        Data::UInt32 => DataType::UInt32,
        Data::UInt64 => DataType::UInt64,
        Data::Int64 => DataType::Int64,
        Data::Float64 => DataType::Float64,
        Data::Text => DataType::String,
        Data::Float32List => DataType::List(Box::new(DataType::Float32)),
        Data::UInt32List => DataType::List(Box::new(DataType::UInt32)),
    }
}

#[cfg(test)]
mod tests {
    use artifact::tables::spectrum::{DYNAMICS, DynamicsRow};
    use artifact::write_rows;
    use polars::prelude::ParquetWriter;

    use super::*;
    use crate::findings::made_up::dynamics;

    #[test]
    fn a_nullable_column_that_a_file_lacks_is_null_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [dynamics(0, 0.1, 1.0), dynamics(10, 0.1, 2.0)];
        write_rows::<DynamicsRow>(folder.path(), &rows).unwrap();
        let path = table_file(folder.path(), &DYNAMICS, None);
        let without = |name: &str| {
            let frame = ParquetReader::new(File::open(&path).unwrap()).finish().unwrap();
            let mut frame = frame.drop(name).unwrap();
            ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame).unwrap();
        };
        let names = ["step", "resolved_count", "learning_rate", "trace"];
        without("resolved_count");
        without("learning_rate");
        let table = Columns::read(folder.path(), &DYNAMICS, &names).unwrap();
        assert_eq!(table.counts("step").unwrap(), [0, 10]);
        assert_eq!(table.indices_or_null("resolved_count").unwrap(), [None, None]);
        assert_eq!(table.measures_or_null("learning_rate").unwrap(), [None, None]);
        without("trace");
        let refused = Columns::read(folder.path(), &DYNAMICS, &names).err().unwrap().to_string();
        assert!(refused.ends_with("it has no column `trace`"), "{refused}");
    }
}
