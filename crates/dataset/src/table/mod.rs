//! A table file as a dataset: its rows are the samples.

mod classes;
mod columns;
mod read_csv;
mod read_parquet;
mod standardize;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use rand::Rng;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use classes::Classes;
pub use columns::position;
pub use read_csv::line;
pub use standardize::Scale;

use crate::error::DatasetError;
use crate::samples::Samples;

/// A table file and its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSource {
    /// A CSV file with a header line, or a Parquet file; told apart by their first bytes.
    pub path: PathBuf,
    /// Columns that make x, in this order.
    #[schemars(length(min = 1))]
    pub inputs: Vec<String>,
    /// Columns that make y, in this order; left out where there is a label.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Column that holds the class of a row, as text or whole numbers; y is then one-hot, classes
    /// in rising order (of numbers, or else of text).
    #[serde(default)]
    pub label: Option<String>,
    /// Whether each input column is shifted and scaled to mean 0 and variance 1 (1/N) over the
    /// training rows; the same shift and scale are applied to the test rows.
    #[serde(default = "yes")]
    pub standardize_inputs: bool,
    /// The same for the target columns; one-hot targets stay 0 and 1.
    #[serde(default = "yes")]
    pub standardize_targets: bool,
    /// What separates the cells of a CSV file, one ASCII character.
    #[serde(default = "comma")]
    pub delimiter: char,
}

fn yes() -> bool {
    true
}

fn comma() -> char {
    ','
}

/// What a table holds for its [`TableSource`].
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// Input columns.
    pub inputs: Vec<Vec<f64>>,
    /// Target columns; empty where there is a label.
    pub targets: Vec<Vec<f64>>,
    /// Classes of the rows, where there is a label.
    pub classes: Option<Classes>,
}

/// The two splits of a table, and how its columns were standardized.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// Training rows.
    pub train: Samples,
    /// Test rows.
    pub test: Samples,
    /// Column and scale of each standardized column.
    pub scales: Vec<(String, Scale)>,
}

impl TableSource {
    /// Reads the columns that this source names.
    ///
    /// # Errors
    /// All that is wrong with the file, each with the JSON Pointer within the source of the
    /// parameter that it concerns.
    pub fn read(&self) -> Result<Table, Vec<(String, DatasetError)>> {
        let numeric: Vec<&str> =
            self.inputs.iter().chain(&self.targets).map(String::as_str).collect();
        let columns = columns::read(&self.path, self.delimiter, &numeric, self.label.as_deref())
            .map_err(|error| vec![("/path".to_owned(), error)])?;
        let mut errors = Vec::new();
        let mut numbers = Vec::new();
        for (index, (name, column)) in numeric.iter().zip(columns.numbers).enumerate() {
            let (at, standardize) = match index.checked_sub(self.inputs.len()) {
                None => (format!("/inputs/{index}"), self.standardize_inputs),
                Some(target) => (format!("/targets/{target}"), self.standardize_targets),
            };
            let checked = column.and_then(|values| {
                if standardize {
                    self.refuse_constant(name, &values, "row")?;
                }
                Ok(values)
            });
            match checked {
                Ok(values) => numbers.push(values),
                Err(error) => errors.push((at, error)),
            }
        }
        let classes = match columns.classes.transpose() {
            Ok(classes) => classes,
            Err(error) => {
                errors.push(("/label".to_owned(), error));
                None
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let targets = numbers.split_off(self.inputs.len());
        Ok(Table { rows: columns.rows, inputs: numbers, targets, classes })
    }

    /// What is wrong beside the file, as (JSON Pointer within the source, message) pairs.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut add = |at: String, message: String| problems.push((at, message));
        if self.inputs.is_empty() {
            add("/inputs".to_owned(), "no input column is named; x needs at least one".to_owned());
        }
        match (&self.label, self.targets.is_empty()) {
            (None, true) => {
                let message = "neither targets nor a label are named; y needs one of them";
                add("/targets".to_owned(), message.to_owned());
            }
            (Some(label), false) => {
                let message = format!(
                    "the label `{label}` makes y already; leave out either label or targets"
                );
                add("/label".to_owned(), message);
            }
            _ => {}
        }
        let mut seen: Vec<&String> = Vec::new();
        let inputs = self.inputs.iter().enumerate().map(|(i, name)| (format!("/inputs/{i}"), name));
        let targets =
            self.targets.iter().enumerate().map(|(i, name)| (format!("/targets/{i}"), name));
        let label = self.label.iter().map(|name| ("/label".to_owned(), name));
        for (at, name) in inputs.chain(targets).chain(label) {
            if seen.contains(&name) {
                add(at, format!("column `{name}` is named twice"));
            }
            seen.push(name);
        }
        if !self.delimiter.is_ascii() {
            let message = format!("the delimiter `{}` is no ASCII character", self.delimiter);
            add("/delimiter".to_owned(), message);
        }
        problems
    }

    /// Draws `train` and `test` rows without replacement and standardizes them.
    ///
    /// The whole table is shuffled: training rows are its first `train` rows, test rows the
    /// `test` after them, so that the number of test rows changes no training row.
    ///
    /// # Errors
    /// Where the table has fewer rows, or a column to be standardized is constant on the training
    /// rows.
    pub fn split(
        &self,
        table: &Table,
        (train, test): (u32, u32),
        random: &mut impl Rng,
    ) -> Result<Splits, DatasetError> {
        self.enough_rows(table.rows, train, test)?;
        let mut order: Vec<usize> = (0..table.rows).collect();
        order.shuffle(random);
        let (train_rows, rest) = order.split_at(train as usize);
        let test_rows = &rest[..test as usize];

        let mut scales = Vec::new();
        let mut scale = |names: &[String], columns: &[Vec<f64>], standardize: bool| {
            let mut scaled = columns.to_vec();
            for (name, column) in names.iter().zip(&mut scaled).filter(|_| standardize) {
                let training: Vec<f64> = train_rows.iter().map(|&row| column[row]).collect();
                self.refuse_constant(name, &training, "training row")?;
                let scale = Scale::of(&training);
                for value in column.iter_mut() {
                    *value = scale.standardized(*value);
                }
                scales.push((name.clone(), scale));
            }
            Ok(scaled)
        };
        let inputs = scale(&self.inputs, &table.inputs, self.standardize_inputs)?;
        let targets = scale(&self.targets, &table.targets, self.standardize_targets)?;
        let pick = |rows: &[usize]| Samples {
            input_dim: inputs.len(),
            output_dim: table.classes.as_ref().map_or(targets.len(), |c| c.names.len()),
            inputs: rows_of(&inputs, rows),
            targets: match &table.classes {
                Some(classes) => rows.iter().flat_map(|&row| classes.one_hot(row)).collect(),
                None => rows_of(&targets, rows),
            },
            labels: table
                .classes
                .as_ref()
                .map(|c| rows.iter().map(|&row| c.of_rows[row]).collect()),
        };
        Ok(Splits { train: pick(train_rows), test: pick(test_rows), scales })
    }

    /// Checks that the table has the rows that are asked for.
    ///
    /// # Errors
    /// Where it has not.
    pub fn enough_rows(&self, rows: usize, train: u32, test: u32) -> Result<(), DatasetError> {
        let (rows, train, test) = (rows as u64, u64::from(train), u64::from(test));
        if train + test > rows {
            return Err(DatasetError::TooFewRows { path: self.path.clone(), rows, train, test });
        }
        Ok(())
    }

    fn refuse_constant(
        &self,
        column: &str,
        values: &[f64],
        rows: &'static str,
    ) -> Result<(), DatasetError> {
        match values.first() {
            Some(&value) if values.iter().all(|other| other.total_cmp(&value).is_eq()) => {
                let (path, column) = (self.path.clone(), column.to_owned());
                Err(DatasetError::Constant { path, column, value, rows })
            }
            _ => Ok(()),
        }
    }
}

/// The given rows of columns, row-major.
fn rows_of(columns: &[Vec<f64>], rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|&row| columns.iter().map(move |column| column[row])).collect()
}
