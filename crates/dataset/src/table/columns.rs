//! The columns of a table file, checked one by one.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::classes::Classes;
use super::{read_csv, read_parquet};
use crate::error::DatasetError;

/// First bytes of a Parquet file.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// The columns that were asked for, each with its own verdict.
#[derive(Debug)]
pub struct Columns {
    /// Number of rows.
    pub rows: usize,
    /// Numeric columns in the order in which they were named.
    pub numbers: Vec<Result<Vec<f64>, DatasetError>>,
    /// The label column, where one was named.
    pub classes: Option<Result<Classes, DatasetError>>,
}

/// Reads columns of a CSV or Parquet file, told apart by their first bytes.
///
/// # Errors
/// Where the file cannot be read at all; what is wrong with one column stands in its place.
pub fn read(
    path: &Path,
    delimiter: char,
    numeric: &[&str],
    label: Option<&str>,
) -> Result<Columns, DatasetError> {
    let open = |source| DatasetError::Open { path: path.to_owned(), source };
    let mut magic = Vec::new();
    File::open(path)
        .and_then(|file| file.take(PARQUET_MAGIC.len() as u64).read_to_end(&mut magic))
        .map_err(open)?;
    if magic == PARQUET_MAGIC {
        read_parquet::read(path, numeric, label)
    } else {
        read_csv::read(path, delimiter, numeric, label)
    }
}

/// Where the column `name` stands among `known`.
///
/// # Errors
/// Where there is none, or more than one.
pub fn position(path: &Path, name: &str, known: &[String]) -> Result<usize, DatasetError> {
    let (path, column) = (path.to_owned(), name.to_owned());
    let mut found = (0..known.len()).filter(|&i| known[i] == name);
    match (found.next(), found.count()) {
        (None, _) => Err(DatasetError::MissingColumn { path, column, known: known.to_vec() }),
        (Some(index), 0) => Ok(index),
        (Some(_), more) => Err(DatasetError::AmbiguousColumn { path, column, count: more + 1 }),
    }
}

/// A numeric column while it is read.
pub struct Numbers {
    path: PathBuf,
    column: String,
    values: Vec<f64>,
    first_bad: Option<(String, String)>,
    bad: usize,
}

impl Numbers {
    /// The empty column `column`.
    pub fn new(path: &Path, column: &str) -> Self {
        let (path, column) = (path.to_owned(), column.to_owned());
        Self { path, column, values: Vec::new(), first_bad: None, bad: 0 }
    }

    /// Adds the next cell; `place` and `text` tell of it where it is no finite number.
    pub fn push(
        &mut self,
        number: Option<f64>,
        place: impl FnOnce() -> String,
        text: impl FnOnce() -> String,
    ) {
        let number = number.unwrap_or(f64::NAN);
        self.values.push(number);
        if !number.is_finite() {
            self.bad += 1;
            self.first_bad.get_or_insert_with(|| (place(), text()));
        }
    }

    /// The whole column.
    ///
    /// # Errors
    /// Where a cell is no finite number.
    pub fn finish(self) -> Result<Vec<f64>, DatasetError> {
        let Self { path, column, values, first_bad, bad } = self;
        match first_bad {
            None => Ok(values),
            Some((place, value)) => {
                Err(DatasetError::NotANumber { path, column, place, value, more: bad - 1 })
            }
        }
    }
}
