//! The columns of a table file: which of them are asked for, and what is gathered of them.

use std::path::{Path, PathBuf};

use artifact::tables::Split;

use super::TableSource;
use super::classes::Classes;
use crate::cell::{self, Cell};
use crate::error::DatasetError;

/// Stands for any letters in the name of a column.
const WILDCARD: char = '*';

/// What a file holds of the columns that were asked for, each with its own verdict.
#[derive(Debug)]
pub struct Columns {
    /// Where rows stand in the file.
    pub places: Places,
    /// For each selected column its numbers; several columns where its cells are lists.
    pub numbers: Vec<Result<Vec<Numbers>, DatasetError>>,
    /// The label column, where one was named.
    pub classes: Option<Result<Classes, DatasetError>>,
    /// The split of each row, where a column of them was named.
    pub splits: Option<Result<Vec<Option<Split>>, DatasetError>>,
}

/// Where a row stands in its file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The line of a text on which it begins.
    Line(u64),
    /// Its number in a file without lines.
    Row(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Row(row) => write!(formatter, "row {row}"),
        }
    }
}

/// Where the rows of a file stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Number of rows.
    pub rows: usize,
    /// Rows of a text that do not stand on the line after the row before, with their lines; none of
    /// another file.
    jumps: Vec<(usize, u64)>,
}

impl Places {
    /// So many numbered rows.
    pub fn numbered(rows: usize) -> Self {
        Self { rows, jumps: Vec::new() }
    }

    /// Adds a row that begins on `line`.
    pub fn add_line(&mut self, line: u64) {
        if self.line(self.rows) != Some(line) {
            self.jumps.push((self.rows, line));
        }
        self.rows += 1;
    }

    /// Where the row `row` stands.
    pub fn of(&self, row: usize) -> Place {
        self.line(row).map_or(Place::Row(row as u64 + 1), Place::Line)
    }

    fn line(&self, row: usize) -> Option<u64> {
        let after = self.jumps.partition_point(|(first, _)| *first <= row);
        let (first, line) = self.jumps.get(after.checked_sub(1)?)?;
        Some(line + (row - first) as u64)
    }
}

/// A column of the file that a source asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// JSON Pointer within the source of what asks for it.
    pub at: String,
    /// Its number in the file, from 0.
    pub column: usize,
    /// Whether a pattern asks for it rather than its name.
    pub by_pattern: bool,
}

/// What a source asks for of the columns of a file.
#[derive(Debug)]
pub struct Selection {
    /// Numeric columns: those of the inputs, then those of the targets.
    pub numeric: Vec<Selected>,
    /// The label column.
    pub label: Option<usize>,
    /// The column of splits.
    pub split: Option<usize>,
    /// What is asked for and not there, each with its pointer.
    pub errors: Vec<(String, DatasetError)>,
}

impl Selection {
    /// What `source` asks for of the columns `known`. A pattern takes, in the order of the file, the
    /// columns that nothing names and no earlier pattern takes.
    pub fn of(source: &TableSource, known: &[String]) -> Self {
        let path = &source.path;
        let mut errors = Vec::new();
        let mut single = |name: &Option<String>, at: &str| {
            let found = position(path, name.as_ref()?, known);
            found.map_err(|error| errors.push((at.to_owned(), error))).ok()
        };
        let label = single(&source.label, "/label");
        let split = single(&source.split, "/split");
        let lists = [("/inputs", &source.inputs), ("/targets", &source.targets)];
        let entries: Vec<(String, &String)> = lists
            .into_iter()
            .flat_map(|(at, list)| {
                list.iter().enumerate().map(move |(i, name)| (format!("{at}/{i}"), name))
            })
            .collect();
        let is_pattern = |name: &String| name.contains(WILDCARD) && !known.contains(name);
        let mut taken: Vec<bool> =
            known.iter().map(|column| entries.iter().any(|(_, name)| *name == column)).collect();
        for column in label.iter().chain(&split) {
            taken[*column] = true;
        }
        let mut numeric = Vec::new();
        for (at, name) in entries {
            if is_pattern(name) {
                match matching(path, name, known, &mut taken) {
                    Ok(columns) => numeric.extend(columns.into_iter().map(|column| Selected {
                        at: at.clone(),
                        column,
                        by_pattern: true,
                    })),
                    Err(error) => errors.push((at, error)),
                }
                continue;
            }
            match position(path, name, known) {
                Ok(column) => numeric.push(Selected { at, column, by_pattern: false }),
                Err(error) => errors.push((at, error)),
            }
        }
        Self { numeric, label, split, errors }
    }
}

/// Columns of the pattern `pattern` that are not `taken`, which takes them.
fn matching(
    path: &Path,
    pattern: &str,
    known: &[String],
    taken: &mut [bool],
) -> Result<Vec<usize>, DatasetError> {
    let found: Vec<usize> =
        (0..known.len()).filter(|&i| !taken[i] && matches(pattern, &known[i])).collect();
    if let Some(&index) = found.iter().find(|&&i| cell::is_index(&known[i])) {
        return Err(DatasetError::Index {
            path: path.to_owned(),
            pattern: pattern.to_owned(),
            column: known[index].clone(),
            number: index + 1,
        });
    }
    if found.is_empty() {
        let (path, pattern) = (path.to_owned(), pattern.to_owned());
        return Err(DatasetError::NoMatch { path, pattern, known: known.to_vec() });
    }
    for &column in &found {
        taken[column] = true;
    }
    Ok(found)
}

/// Whether `name` has the pattern, in which a star stands for any letters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(WILDCARD);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Where the column `name` stands among `known`.
///
/// # Errors
/// Where there is none, or more than one.
pub fn position(path: &Path, name: &str, known: &[String]) -> Result<usize, DatasetError> {
    let (path, column) = (path.to_owned(), name.to_owned());
    let mut found = (0..known.len()).filter(|&i| known[i] == name);
    match (found.next(), found.count()) {
        (None, _) => {
            let delimiter = match known {
                [only] => [';', '\t', '|', ','].into_iter().find(|&other| only.contains(other)),
                _ => None,
            };
            Err(DatasetError::MissingColumn { path, column, known: known.to_vec(), delimiter })
        }
        (Some(index), 0) => Ok(index),
        (Some(_), more) => Err(DatasetError::AmbiguousColumn { path, column, count: more + 1 }),
    }
}

/// A numeric column while it is read.
#[derive(Debug)]
pub struct Numbers {
    /// Its name.
    pub name: String,
    /// Its values, NaN where there is no finite number.
    pub values: Vec<f64>,
    path: PathBuf,
    first_bad: Option<(usize, String)>,
    bad: usize,
    booleans: usize,
    first_mixed: Option<(usize, String, bool)>,
}

impl Numbers {
    /// The empty column `name` of the file at `path`.
    pub fn new(path: &Path, name: String) -> Self {
        Self {
            name,
            values: Vec::new(),
            path: path.to_owned(),
            first_bad: None,
            bad: 0,
            booleans: 0,
            first_mixed: None,
        }
    }

    /// Adds what the next cell says; `shown` is the cell for a message.
    pub fn push(&mut self, cell: Cell, shown: impl FnOnce() -> String) {
        let row = self.values.len();
        let value = match cell {
            Cell::Number(number) if number.is_finite() => number,
            Cell::Boolean(value) => f64::from(u8::from(value)),
            Cell::Number(_) | Cell::Missing | Cell::Text(_) => {
                self.values.push(f64::NAN);
                self.bad += 1;
                self.first_bad.get_or_insert_with(|| (row, shown()));
                return;
            }
        };
        self.values.push(value);
        let is_boolean = matches!(cell, Cell::Boolean(_));
        let others = if is_boolean { row - self.bad - self.booleans } else { self.booleans };
        if others > 0 {
            self.first_mixed.get_or_insert_with(|| (row, shown(), is_boolean));
        }
        self.booleans += usize::from(is_boolean);
    }

    /// The whole column; `places` says where its rows stand.
    ///
    /// # Errors
    /// Where a cell is no finite number, or truth values stand among numbers.
    pub fn finish(self, places: &Places) -> Result<Self, DatasetError> {
        let (path, column) = (self.path.clone(), self.name.clone());
        if let Some((row, value)) = self.first_bad {
            let (place, more) = (places.of(row), self.bad - 1);
            return Err(DatasetError::NotANumber { path, column, place, value, more });
        }
        if let Some((row, value, is_boolean)) = self.first_mixed {
            let place = places.of(row);
            return Err(DatasetError::Mixed { path, column, place, value, is_boolean });
        }
        Ok(self)
    }
}

/// The column of splits while it is read.
pub struct Splits {
    path: PathBuf,
    column: String,
    of_rows: Vec<Option<Split>>,
    first_bad: Option<(usize, String)>,
}

impl Splits {
    /// The empty column `column`.
    pub fn new(path: &Path, column: &str) -> Self {
        let (path, column) = (path.to_owned(), column.to_owned());
        Self { path, column, of_rows: Vec::new(), first_bad: None }
    }

    /// Adds the next cell.
    pub fn push(&mut self, text: &str) {
        let split = match text.trim() {
            "train" => Some(Split::Train),
            "test" => Some(Split::Test),
            "validation" => None,
            _ => {
                let row = self.of_rows.len();
                self.first_bad.get_or_insert_with(|| (row, shown(text)));
                None
            }
        };
        self.of_rows.push(split);
    }

    /// The split of each row; none of what is neither to train nor to test on.
    ///
    /// # Errors
    /// Where a cell says something else.
    pub fn finish(self, places: &Places) -> Result<Vec<Option<Split>>, DatasetError> {
        let Self { path, column, of_rows, first_bad } = self;
        match first_bad {
            None => Ok(of_rows),
            Some((row, value)) => {
                Err(DatasetError::NotASplit { path, column, place: places.of(row), value })
            }
        }
    }
}

/// A cell as it is shown in a message.
pub fn shown(cell: &str) -> String {
    if cell.is_empty() { "nothing".to_owned() } else { format!("`{cell}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, name, is_match) in [
            ("*", "a", true),
            ("*", "", true),
            ("pixel*", "pixel10", true),
            ("pixel*", "a pixel", false),
            ("*_x", "left_x", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }

    #[test]
    fn rows_are_placed_over_blank_lines() {
        let mut places = Places::default();
        for line in [2, 3, 6, 7] {
            places.add_line(line);
        }
        let of: Vec<Place> = (0..4).map(|row| places.of(row)).collect();
        assert_eq!(of, [2, 3, 6, 7].map(Place::Line));
        assert_eq!(Places::numbered(3).of(2), Place::Row(3));
    }
}
