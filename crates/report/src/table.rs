//! Columns of a Parquet table of scalars, read by Polars, and the rows that a figure asks for.
//!
//! Tables of vectors are read by `artifact` instead: Polars, which is compiled without optimization
//! here, takes a second for each ten million numbers in lists.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataType, ParallelStrategy, ParquetReader, PolarsError, SerReader};
use serde_json::Value;
use study::{Condition, End};

use crate::error::ReportError;

/// Some columns of one table.
#[derive(Debug, Default)]
pub struct Columns {
    path: PathBuf,
    rows: usize,
    cells: BTreeMap<String, Cells>,
}

/// The cells of one column.
#[derive(Debug)]
enum Cells {
    /// Numbers, NaN for NULL: no table holds a NaN.
    Numbers(Vec<f64>),
    /// Places in a list of words.
    Texts(Vec<Option<usize>>, Vec<String>),
    /// Booleans.
    Flags(Vec<Option<bool>>),
}

/// One cell, with an order: NULL first, then booleans, numbers, texts.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// Whether a figure shows a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It does.
    Yes,
    /// It does not, and a line through its neighbours is interrupted: only a boolean column, as
    /// `resolved`, excludes it.
    Gap,
    /// It does not.
    No,
}

impl Cell {
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Flag(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
        }
    }

    /// The order of cells.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    /// Whether it is this value of JSON.
    #[must_use]
    pub fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Flag(own), Value::Bool(other)) => own == other,
            (Self::Number(own), Value::Number(other)) => other.as_f64() == Some(*own),
            (Self::Text(own), Value::String(other)) => own == other,
            _ => false,
        }
    }

    /// What tells it from every other cell.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Number(number) => format!("n{}", number.to_bits()),
            Self::Text(text) => format!("t{text}"),
            other => format!("o{}", other.shown()),
        }
    }

    /// The cell as a person reads it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => shown(*number),
            Self::Text(text) => text.replace('_', " "),
        }
    }
}

impl Columns {
    /// Reads the columns `names` of the file at `path`; those that it lacks are NULL in every row.
    ///
    /// # Errors
    /// Where the file is missing, damaged, or a column holds neither numbers, texts nor booleans.
    pub fn read(path: &Path, names: &[&str]) -> Result<Self, ReportError> {
        let polars = |source| ReportError::Polars { path: path.to_owned(), source };
        let file = File::open(path).map_err(|source| polars(PolarsError::from(source)))?;
        let mut reader = ParquetReader::new(file);
        let schema = reader.schema().map_err(polars)?;
        let (known, missing): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| schema.contains(name));
        // A table of which no column is known still has rows.
        let columns = if known.is_empty() {
            None
        } else {
            Some(known.iter().map(|&name| name.to_owned()).collect())
        };
        let frame = reader
            .with_columns(columns)
            // One column and one group of rows at a time: memory before speed.
            .read_parallel(ParallelStrategy::None)
            .finish()
            .map_err(polars)?;
        let rows = frame.height();
        let mut cells = BTreeMap::new();
        for name in known {
            let column = frame.column(name).map_err(polars)?;
            cells.insert(name.to_owned(), Cells::of(column, path)?);
        }
        for name in missing {
            cells.insert(name.to_owned(), Cells::Numbers(vec![f64::NAN; rows]));
        }
        Ok(Self { path: path.to_owned(), rows, cells })
    }

    /// Whether the column was read.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.cells.contains_key(name)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, name: &str) -> Result<&Cells, ReportError> {
        self.cells.get(name).ok_or_else(|| ReportError::Cell {
            path: self.path.clone(),
            column: name.to_owned(),
            problem: "nothing: it was not read".to_owned(),
        })
    }

    /// The numbers of a column, NaN for NULL.
    ///
    /// # Errors
    /// Where it holds texts or booleans.
    pub fn numbers(&self, name: &str) -> Result<&[f64], ReportError> {
        match self.column(name)? {
            Cells::Numbers(numbers) => Ok(numbers),
            _ => Err(ReportError::Cell {
                path: self.path.clone(),
                column: name.to_owned(),
                problem: "no numbers, where numbers are needed".to_owned(),
            }),
        }
    }

    /// One cell.
    ///
    /// # Errors
    /// Where the column was not read.
    pub fn cell(&self, name: &str, row: usize) -> Result<Cell, ReportError> {
        Ok(match self.column(name)? {
            Cells::Numbers(numbers) if numbers[row].is_nan() => Cell::Null,
            Cells::Numbers(numbers) => Cell::Number(numbers[row]),
            Cells::Texts(places, words) => {
                places[row].map_or(Cell::Null, |place| Cell::Text(words[place].clone()))
            }
            Cells::Flags(flags) => flags[row].map_or(Cell::Null, Cell::Flag),
        })
    }

    /// Which rows meet all of `conditions`.
    ///
    /// # Errors
    /// Where a column was not read.
    pub fn shown(
        &self,
        conditions: &BTreeMap<String, Condition>,
    ) -> Result<Vec<Shown>, ReportError> {
        let mut shown = vec![Shown::Yes; self.rows];
        for (name, condition) in conditions {
            let cells = self.column(name)?;
            let meets = cells.meeting(condition);
            let otherwise = if matches!(cells, Cells::Flags(_)) { Shown::Gap } else { Shown::No };
            for (shown, meets) in shown.iter_mut().zip(meets) {
                *shown = match (*shown, meets) {
                    (Shown::No, _) | (_, true) => *shown,
                    (_, false) => otherwise,
                };
            }
        }
        Ok(shown)
    }

    /// The values of a column in the rows `of`, each once, in order.
    ///
    /// # Errors
    /// Where the column was not read.
    pub fn distinct(&self, name: &str, of: &[Shown]) -> Result<Vec<Cell>, ReportError> {
        let mut found: Vec<Cell> = Vec::new();
        let mut known: HashSet<String> = HashSet::new();
        let mut last: Option<Cell> = None;
        for (row, _) in of.iter().enumerate().filter(|(_, shown)| **shown == Shown::Yes) {
            let cell = self.cell(name, row)?;
            // Runs of one value are the rule in sorted tables.
            if last.as_ref() == Some(&cell) {
                continue;
            }
            if known.insert(cell.key()) {
                found.push(cell.clone());
            }
            last = Some(cell);
        }
        found.sort_by(Cell::order);
        Ok(found)
    }
}

impl Cells {
    fn of(column: &Column, path: &Path) -> Result<Self, ReportError> {
        let polars = |source| ReportError::Polars { path: path.to_owned(), source };
        Ok(match column.dtype() {
            DataType::Boolean => Self::Flags(column.bool().map_err(polars)?.iter().collect()),
            DataType::String => {
                let (mut places, mut words) = (Vec::new(), Vec::<String>::new());
                let mut last: Option<usize> = None;
                for cell in column.str().map_err(polars)?.iter() {
                    let place = cell.map(|text| match last {
                        Some(place) if words[place] == text => place,
                        _ => words.iter().position(|word| word == text).unwrap_or_else(|| {
                            words.push(text.to_owned());
                            words.len() - 1
                        }),
                    });
                    places.push(place);
                    last = place.or(last);
                }
                Self::Texts(places, words)
            }
            DataType::UInt32 => Self::Numbers(numbers(
                column.u32().map_err(polars)?.iter().map(|cell| cell.map(f64::from)),
            )),
            DataType::UInt64 => Self::Numbers(numbers(
                column.u64().map_err(polars)?.iter().map(|cell| cell.map(|cell| cell as f64)),
            )),
            DataType::Int64 => Self::Numbers(numbers(
                column.i64().map_err(polars)?.iter().map(|cell| cell.map(|cell| cell as f64)),
            )),
            DataType::Float64 => Self::Numbers(numbers(column.f64().map_err(polars)?.iter())),
            other => {
                return Err(ReportError::Cell {
                    path: path.to_owned(),
                    column: column.name().to_string(),
                    problem: format!("{other}, where numbers, texts or booleans are needed"),
                });
            }
        })
    }

    /// For each row whether it meets `condition`.
    fn meeting(&self, condition: &Condition) -> Vec<bool> {
        let numbers = |test: &dyn Fn(f64) -> bool| match self {
            Self::Numbers(all) => all.iter().map(|&number| test(number)).collect(),
            Self::Texts(all, _) => vec![false; all.len()],
            Self::Flags(all) => vec![false; all.len()],
        };
        match condition {
            Condition::End(end) => {
                if let Self::Texts(places, words) = self {
                    // The words `first` and `last` may be texts of a table as well.
                    let word = match end {
                        End::First => "first",
                        End::Last => "last",
                    };
                    return places
                        .iter()
                        .map(|place| place.is_some_and(|place| words[place] == word))
                        .collect();
                }
                let all: &[f64] = if let Self::Numbers(all) = self { all } else { &[] };
                let known = all.iter().copied().filter(|number| !number.is_nan());
                let wanted = match end {
                    End::First => known.fold(f64::INFINITY, f64::min),
                    End::Last => known.fold(f64::NEG_INFINITY, f64::max),
                };
                numbers(&|number| number.total_cmp(&wanted).is_eq())
            }
            Condition::Is(value) => self.equal_to(std::slice::from_ref(value)),
            Condition::OneOf(values) => self.equal_to(values),
            Condition::Range(range) => {
                let excluded = self.equal_to(&range.not);
                let within: Vec<bool> = if range.at_least.is_none() && range.at_most.is_none() {
                    vec![true; excluded.len()]
                } else {
                    numbers(&|number| {
                        range.at_least.is_none_or(|least| number >= least)
                            && range.at_most.is_none_or(|most| number <= most)
                            && !number.is_nan()
                    })
                };
                within
                    .into_iter()
                    .zip(excluded)
                    .map(|(within, excluded)| within && !excluded)
                    .collect()
            }
        }
    }

    fn equal_to(&self, values: &[Value]) -> Vec<bool> {
        let any = |cell: &Cell| values.iter().any(|value| cell.is(value));
        match self {
            Self::Numbers(all) => {
                let is_null = any(&Cell::Null);
                let wanted: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
                all.iter()
                    .map(|number| {
                        if number.is_nan() {
                            is_null
                        } else {
                            wanted.iter().any(|wanted| wanted.total_cmp(number).is_eq())
                        }
                    })
                    .collect()
            }
            Self::Texts(places, words) => {
                let fits: Vec<bool> =
                    words.iter().map(|word| any(&Cell::Text(word.clone()))).collect();
                let null = any(&Cell::Null);
                places.iter().map(|place| place.map_or(null, |place| fits[place])).collect()
            }
            Self::Flags(flags) => {
                flags.iter().map(|flag| any(&flag.map_or(Cell::Null, Cell::Flag))).collect()
            }
        }
    }
}

/// A number of a table: a whole one with every digit.
#[must_use]
pub fn shown(number: f64) -> String {
    if number.fract() == 0.0 && (0.0..1e15).contains(&number) {
        #[expect(clippy::cast_sign_loss, reason = "it is not negative")]
        return study::number::grouped(number as u64);
    }
    study::number::tick(number)
}

fn numbers(cells: impl Iterator<Item = Option<f64>>) -> Vec<f64> {
    // A program of its own may have written an infinity; it is no number to draw either.
    cells.map(|cell| cell.filter(|number| number.is_finite()).unwrap_or(f64::NAN)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meeting(cells: &Cells, condition: &str) -> Vec<bool> {
        cells.meeting(&serde_json::from_str(condition).unwrap())
    }

    #[test]
    fn conditions_are_met_by_numbers_texts_and_nulls() {
        let numbers = Cells::Numbers(vec![0.0, 10.0, f64::NAN, 20.0]);
        for (condition, expected) in [
            ("10", [false, true, false, false]),
            ("[0, 20]", [true, false, false, true]),
            ("null", [false, false, true, false]),
            ("\"last\"", [false, false, false, true]),
            ("\"first\"", [true, false, false, false]),
            (r#"{"at_most": 10}"#, [true, true, false, false]),
            (r#"{"not": [10]}"#, [true, false, true, true]),
            ("\"odd\"", [false; 4]),
        ] {
            assert_eq!(meeting(&numbers, condition), expected, "{condition}");
        }
        let words = vec!["train".to_owned(), "last".to_owned()];
        let texts = Cells::Texts(vec![Some(0), None, Some(1)], words);
        assert_eq!(meeting(&texts, "\"train\""), [true, false, false]);
        assert_eq!(meeting(&texts, "\"last\""), [false, false, true]);
        assert_eq!(meeting(&texts, r#"{"not": ["train"]}"#), [false, true, true]);
        assert!(Cell::Number(3.0).is(&json!(3)));
    }

    #[test]
    fn a_row_that_only_a_flag_excludes_leaves_a_gap() {
        let columns = Columns {
            path: PathBuf::new(),
            rows: 3,
            cells: BTreeMap::from([
                ("resolved".to_owned(), Cells::Flags(vec![Some(true), Some(false), Some(false)])),
                ("k".to_owned(), Cells::Numbers(vec![1.0, 1.0, 2.0])),
            ]),
        };
        let conditions = serde_json::from_value(json!({ "resolved": true, "k": 1 })).unwrap();
        assert_eq!(columns.shown(&conditions).unwrap(), [Shown::Yes, Shown::Gap, Shown::No]);
        assert_eq!(columns.distinct("k", &[Shown::Yes; 3]).unwrap().len(), 2);
    }
}
