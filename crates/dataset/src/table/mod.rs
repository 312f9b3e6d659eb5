//! A table file as a dataset: its rows are the samples.

mod classes;
mod columns;
mod read_csv;
mod read_parquet;
mod standardize;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use artifact::tables::Split;
use rand::Rng;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use classes::Classes;
pub use columns::{Place, Places, position, shown};
pub use standardize::Scale;

use columns::{Columns, Numbers, Selected};

use crate::error::DatasetError;
use crate::file::{Format, recognise};
use crate::samples::{LARGEST, Samples, is_moderate};

/// A table file and its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSource {
    /// A CSV file with a header line, plain or compressed by gzip, or a Parquet file; told apart by
    /// their first bytes.
    #[schemars(extend("format" = "file"))]
    pub path: PathBuf,
    /// Columns that make x, in this order. A column of lists (Parquet) gives all its entries; in
    /// `pixel*` the star stands for any letters: every column of such a name that nothing else here
    /// names, in the order of the file.
    #[schemars(length(min = 1))]
    pub inputs: Vec<String>,
    /// Columns that make y, as `inputs`; left out where there is a label.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Column that holds the class of a row, as text or whole numbers; y is then one-hot, classes
    /// in rising order (of numbers, or else of text). Whole numbers are equal by value: `1` is `1.0`.
    #[serde(default)]
    pub label: Option<String>,
    /// Column that says `train`, `test` or `validation` of each row: samples are drawn from the rows
    /// of their split, and those for validation are left out. Where left out, all rows are shuffled
    /// and cut.
    #[serde(default)]
    pub split: Option<String>,
    /// Whether each input column is shifted and scaled to mean 0 and variance 1 (1/N) over the
    /// training rows; the same shift and scale are applied to the test rows. A column of a pattern,
    /// or an entry of lists, that is the same in all training rows becomes 0.
    #[serde(default = "yes")]
    pub standardize_inputs: bool,
    /// The same for the target columns; one-hot targets stay 0 and 1.
    #[serde(default = "yes")]
    pub standardize_targets: bool,
    /// What separates the cells of a CSV file, one ASCII character.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// What stands before the fraction of a number in a CSV file: `.` or `,`.
    #[serde(default = "point")]
    pub decimal: char,
}

fn yes() -> bool {
    true
}

/// The default delimiter of text.
pub fn comma() -> char {
    ','
}

fn point() -> char {
    '.'
}

/// What a table holds for its [`TableSource`].
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Where its rows stand.
    pub places: Places,
    /// Input columns.
    pub inputs: Vec<Column>,
    /// Target columns; empty where there is a label.
    pub targets: Vec<Column>,
    /// Classes of the rows, where there is a label.
    pub classes: Option<Classes>,
    /// Splits of the rows, where a column says them.
    pub splits: Option<Vec<Option<Split>>>,
}

/// A column of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, with its number where it is an entry of lists.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
    /// Whether it is one of many that a pattern or a column of lists stands for.
    pub is_of_many: bool,
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

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.places.rows
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let columns = (self.inputs.len() + self.targets.len()) as u64;
        let of_row = 8 * columns + if self.classes.is_some() { 4 } else { 0 };
        self.rows() as u64 * of_row
    }
}

impl TableSource {
    /// Reads the columns that this source names, within `memory` bytes.
    ///
    /// # Errors
    /// All that is wrong with the file, each with the JSON Pointer within the source of the
    /// parameter that it concerns.
    pub fn read(&self, memory: u64) -> Result<Table, Vec<(String, DatasetError)>> {
        let of_file = |error| vec![("/path".to_owned(), error)];
        let opened = recognise(&self.path).map_err(of_file)?;
        let (selection, columns) = match opened.format {
            Format::Parquet => read_parquet::read(self, memory),
            // An IDX file has zero bytes, which no text has.
            Format::Text | Format::Idx => read_csv::read(self, opened.content, memory),
        }
        .map_err(of_file)?;
        let mut errors = selection.errors;
        let Columns { places, numbers, classes, splits } = columns;
        let mut inputs = Vec::new();
        let mut targets = Vec::new();
        for (selected, numbers) in selection.numeric.iter().zip(numbers) {
            let is_input = selected.at.starts_with("/inputs");
            let columns = if is_input { &mut inputs } else { &mut targets };
            match numbers.and_then(|numbers| self.checked(selected, numbers, &places)) {
                Ok(found) => columns.extend(found),
                // One column of a pattern stands for all.
                Err(_) if errors.iter().any(|(at, _)| *at == selected.at) => {}
                Err(error) => errors.push((selected.at.clone(), error)),
            }
        }
        let mut take = |at: &str, error| errors.push((at.to_owned(), error));
        let classes = classes.and_then(|classes| classes.map_err(|e| take("/label", e)).ok());
        let splits = splits.and_then(|splits| splits.map_err(|e| take("/split", e)).ok());
        for (at, columns) in [("/inputs", &inputs), ("/targets", &targets)] {
            if let Some(error) = self.all_constant(columns, &places) {
                take(at, error);
            }
        }
        if !errors.is_empty() {
            errors.sort_by_key(|(at, _)| order(at));
            return Err(errors);
        }
        Ok(Table { places, inputs, targets, classes, splits })
    }

    /// The columns that `numbers` are, after checking that numbers can be computed with.
    fn checked(
        &self,
        selected: &Selected,
        numbers: Vec<Numbers>,
        places: &Places,
    ) -> Result<Vec<Column>, DatasetError> {
        let is_standardized = self.standardizes(&selected.at);
        let is_of_many = selected.by_pattern || numbers.len() > 1;
        let checked = |Numbers { name, values, .. }: Numbers| {
            if is_standardized && !is_of_many {
                self.refuse_constant(&name, &values, "row")?;
            }
            self.refuse_out_of_range(&name, &values, is_standardized, places)?;
            Ok(Column { name, values, is_of_many })
        };
        numbers.into_iter().map(checked).collect()
    }

    /// Whether columns that the parameter at the pointer `at` names are standardized.
    fn standardizes(&self, at: &str) -> bool {
        if at.starts_with("/inputs") { self.standardize_inputs } else { self.standardize_targets }
    }

    /// Checks that the column `name` keeps its values in f32.
    fn refuse_out_of_range(
        &self,
        name: &str,
        values: &[f64],
        is_standardized: bool,
        places: &Places,
    ) -> Result<(), DatasetError> {
        let farthest = |from: f64| {
            let distance = |row: &usize| (values[*row] / 2.0 - from / 2.0).abs();
            // Of equals the first.
            (0..values.len()).rev().max_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
        };
        let (path, column) = (self.path.clone(), name.to_owned());
        if !is_standardized && standardize::largest(values) > LARGEST {
            let row = farthest(0.0);
            let (place, value) = (places.of(row), values[row]);
            return Err(DatasetError::OutOfRange { path, column, place, value, is_standardized });
        }
        if standardize::is_constant(values) {
            return Ok(());
        }
        let scale = is_standardized.then(|| Scale::of(values));
        let scaled = |value: f64| scale.map_or(value, |scale| scale.standardized(value));
        if let Some((distinct, kept)) = standardize::collapse(values, scaled) {
            let row = farthest(standardize::median(values));
            let (place, value) = (places.of(row), values[row]);
            return Err(DatasetError::Collapsed {
                path,
                column,
                distinct,
                kept,
                is_standardized,
                place,
                value,
            });
        }
        Ok(())
    }

    /// Why `columns` say nothing: each is the same in every row.
    fn all_constant(&self, columns: &[Column], places: &Places) -> Option<DatasetError> {
        let is_constant =
            |column: &Column| column.is_of_many && standardize::is_constant(&column.values);
        let first =
            columns.first().filter(|_| places.rows > 1 && columns.iter().all(is_constant))?;
        self.refuse_constant(&first.name, &first.values, "row").err()
    }

    /// Checks that what the table takes is there.
    ///
    /// # Errors
    /// Where it takes more.
    fn check_memory(&self, needed: u64, free: u64) -> Result<(), DatasetError> {
        if needed <= free {
            return Ok(());
        }
        Err(DatasetError::TooLarge { path: self.path.clone(), needed, free })
    }

    /// The delimiter as a byte; one beyond ASCII is refused with the parameters.
    fn delimiter(&self) -> u8 {
        u8::try_from(self.delimiter).unwrap_or(b',')
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
        let split = self.split.iter().map(|name| ("/split".to_owned(), name));
        for (at, name) in inputs.chain(targets).chain(label).chain(split) {
            if seen.contains(&name) {
                add(at, format!("column `{name}` is named twice"));
            }
            seen.push(name);
        }
        if let Some(message) = wrong_delimiter(self.delimiter) {
            add("/delimiter".to_owned(), message);
        }
        if ![',', '.'].contains(&self.decimal) {
            let message = format!("decimal is `{}`; it is `.` or `,`", self.decimal);
            add("/decimal".to_owned(), message);
        } else if self.decimal == self.delimiter {
            let message = format!(
                "`{}` cannot both separate cells and stand before fractions; delimiter or decimal is another one",
                self.decimal
            );
            add("/decimal".to_owned(), message);
        }
        problems
    }

    /// Draws `train` and `test` rows without replacement and standardizes them.
    ///
    /// Rows are shuffled: training rows are the first `train` rows, test rows the `test` after them, so
    /// that the number of test rows changes no training row. Where the table has splits of its own,
    /// the rows of each are shuffled by themselves.
    ///
    /// # Errors
    /// Where the table has fewer rows, a column to be standardized is constant on the training
    /// rows, or a test row is so far from them that f32 cannot hold it.
    pub fn split(
        &self,
        table: &Table,
        (train, test): (u32, u32),
        random: &mut impl Rng,
    ) -> Result<Splits, DatasetError> {
        self.enough_rows(table, train, test)?;
        let mut shuffled = |split: Option<Split>| {
            let is_of = |row: &usize| match (split, &table.splits) {
                (Some(split), Some(splits)) => splits[*row] == Some(split),
                _ => true,
            };
            let mut order: Vec<usize> = (0..table.rows()).filter(is_of).collect();
            order.shuffle(random);
            order
        };
        let (mut train_rows, mut test_rows);
        if table.splits.is_some() {
            (train_rows, test_rows) = (shuffled(Some(Split::Train)), shuffled(Some(Split::Test)));
        } else {
            train_rows = shuffled(None);
            test_rows = train_rows.split_off(train as usize);
        }
        train_rows.truncate(train as usize);
        test_rows.truncate(test as usize);

        let mut scales = Vec::new();
        let mut picked = |columns: &[Column], is_standardized: bool| {
            let mut train = Picked::new(columns.len());
            let mut test = Picked::new(columns.len());
            let mut is_nothing = is_standardized && !columns.is_empty();
            for (index, column) in columns.iter().enumerate() {
                let scale = if is_standardized {
                    self.scale_of(column, &train_rows)?
                } else {
                    Scaling::None
                };
                train.add(index, column, &train_rows, scale);
                test.add(index, column, &test_rows, scale);
                for (picked, rows) in [(&train, &train_rows), (&test, &test_rows)] {
                    self.refuse_large(picked.column(index), column, rows, &table.places)?;
                }
                if let Scaling::By(scale) = scale {
                    scales.push((column.name.clone(), scale));
                }
                is_nothing &= matches!(scale, Scaling::Zero);
            }
            if is_nothing {
                let (column, values) = (&columns[0].name, picked_of(&columns[0], &train_rows));
                self.refuse_constant(column, &values, "training row")?;
            }
            Ok((train.values, test.values))
        };
        let (train_x, test_x) = picked(&table.inputs, self.standardize_inputs)?;
        let (train_y, test_y) = picked(&table.targets, self.standardize_targets)?;
        let samples = |inputs, targets, rows: &[usize]| Samples {
            input_dim: table.inputs.len(),
            shape: None,
            output_dim: table.classes.as_ref().map_or(table.targets.len(), |c| c.names.len()),
            inputs,
            targets: match &table.classes {
                Some(classes) => rows.iter().flat_map(|&row| classes.one_hot(row)).collect(),
                None => targets,
            },
            labels: table
                .classes
                .as_ref()
                .map(|c| rows.iter().map(|&row| c.of_rows[row]).collect()),
            clean_labels: None,
        };
        Ok(Splits {
            train: samples(train_x, train_y, &train_rows),
            test: samples(test_x, test_y, &test_rows),
            scales,
        })
    }

    /// How a column is standardized over the training rows.
    fn scale_of(&self, column: &Column, train_rows: &[usize]) -> Result<Scaling, DatasetError> {
        let training = picked_of(column, train_rows);
        if column.is_of_many && standardize::is_constant(&training) {
            return Ok(Scaling::Zero);
        }
        self.refuse_constant(&column.name, &training, "training row")?;
        Ok(Scaling::By(Scale::of(&training)))
    }

    /// Checks that networks can be trained on the standardized `values` of the given rows.
    fn refuse_large(
        &self,
        values: impl Iterator<Item = f64>,
        column: &Column,
        rows: &[usize],
        places: &Places,
    ) -> Result<(), DatasetError> {
        let large = values.zip(rows).find(|(value, _)| !is_moderate(*value));
        let Some((value, row)) = large else { return Ok(()) };
        Err(DatasetError::OutOfRange {
            path: self.path.clone(),
            column: column.name.clone(),
            place: places.of(*row),
            value,
            is_standardized: true,
        })
    }

    /// Checks that the table has the rows that are asked for.
    ///
    /// # Errors
    /// Where it has not.
    pub fn enough_rows(&self, table: &Table, train: u32, test: u32) -> Result<(), DatasetError> {
        let path = self.path.clone();
        if let Some(splits) = &table.splits {
            for (split, name, wanted) in
                [(Split::Train, "train", train), (Split::Test, "test", test)]
            {
                let rows = splits.iter().filter(|of| **of == Some(split)).count() as u64;
                let wanted = u64::from(wanted);
                if wanted > rows {
                    return Err(DatasetError::TooFewOfSplit { path, split: name, rows, wanted });
                }
            }
            return Ok(());
        }
        let (rows, train, test) = (table.rows() as u64, u64::from(train), u64::from(test));
        if train + test > rows {
            return Err(DatasetError::TooFewRows { path, rows, train, test });
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
            Some(&value) if standardize::is_constant(values) => {
                let (path, column) = (self.path.clone(), column.to_owned());
                Err(DatasetError::Constant { path, column, value, rows })
            }
            _ => Ok(()),
        }
    }
}

/// Where the parameter at the pointer `at` stands among those of a [`TableSource`].
fn order(at: &str) -> (usize, usize) {
    let mut parts = at.split('/').skip(1);
    let list = parts.next().unwrap_or_default();
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    (["inputs", "targets", "label", "split"].iter().position(|of| *of == list).unwrap_or(0), number)
}

/// What is wrong with what separates the cells of a text.
pub fn wrong_delimiter(delimiter: char) -> Option<String> {
    if !delimiter.is_ascii() {
        return Some(format!("the delimiter `{delimiter}` is no ASCII character"));
    }
    let is_of_cells = delimiter.is_ascii_alphanumeric() || "\"\r\n\0.+-".contains(delimiter);
    is_of_cells
        .then(|| format!("the delimiter `{}` may stand in cells", delimiter.escape_default()))
}

/// What becomes of the values of a column.
#[derive(Clone, Copy)]
enum Scaling {
    /// They stay as they are.
    None,
    /// They are standardized.
    By(Scale),
    /// They say nothing of the training rows, and become 0.
    Zero,
}

/// The values of a column in the given rows.
fn picked_of(column: &Column, rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&row| column.values[row]).collect()
}

/// Columns of picked rows.
struct Picked {
    width: usize,
    /// Row-major.
    values: Vec<f64>,
}

impl Picked {
    fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    /// Fills in the column `index`.
    fn add(&mut self, index: usize, column: &Column, rows: &[usize], scaling: Scaling) {
        self.values.resize(rows.len() * self.width, 0.0);
        for (place, &row) in self.values.iter_mut().skip(index).step_by(self.width).zip(rows) {
            let value = column.values[row];
            *place = match scaling {
                Scaling::None => value,
                Scaling::By(scale) => scale.standardized(value),
                Scaling::Zero => 0.0,
            };
        }
    }

    /// The column `index`.
    fn column(&self, index: usize) -> impl Iterator<Item = f64> {
        self.values.iter().skip(index).step_by(self.width).copied()
    }
}
