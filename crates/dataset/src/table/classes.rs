//! The classes that a label column names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::columns::{Places, shown};
use crate::cell::{Cell, ClassName};
use crate::error::DatasetError;

/// The classes that a label column names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Class of each row, an index into `names`.
    pub of_rows: Vec<u32>,
    /// Names in rising order: of their values where all are whole numbers, else of their text.
    pub names: Vec<String>,
}

impl Classes {
    /// The target of a row: 1 at its class, 0 elsewhere.
    pub fn one_hot(&self, row: usize) -> impl Iterator<Item = f64> {
        let class = self.of_rows[row] as usize;
        (0..self.names.len()).map(move |other| if other == class { 1.0 } else { 0.0 })
    }
}

/// A label column while it is read.
pub struct Labels {
    path: PathBuf,
    column: String,
    decimal: char,
    /// Class of each row, an index into `names`.
    of_rows: Vec<u32>,
    /// Classes in the order in which they came.
    names: Vec<ClassName>,
    /// The class of each text that came, and of each name.
    of_text: HashMap<String, u32>,
    of_name: HashMap<ClassName, u32>,
    first_bad: Option<(usize, String)>,
}

impl Labels {
    /// The empty column `column`, in whose numbers `decimal` stands before the fraction.
    pub fn new(path: &Path, column: &str, decimal: char) -> Self {
        Self {
            path: path.to_owned(),
            column: column.to_owned(),
            decimal,
            of_rows: Vec::new(),
            names: Vec::new(),
            of_text: HashMap::new(),
            of_name: HashMap::new(),
            first_bad: None,
        }
    }

    /// Adds the next cell.
    pub fn push(&mut self, text: &str) {
        let text = text.trim();
        let class = match self.of_text.get(text) {
            Some(&class) => class,
            None => self.class_of(text),
        };
        self.of_rows.push(class);
    }

    /// The class of a text that has not come before.
    fn class_of(&mut self, text: &str) -> u32 {
        let Some(name) = ClassName::of(text, self.decimal) else {
            let row = self.of_rows.len();
            self.first_bad.get_or_insert_with(|| (row, text.to_owned()));
            return 0;
        };
        // Samples of more classes than a u32 counts are beyond any memory.
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let class = *self.of_name.entry(name.clone()).or_insert(next);
        if class == next {
            self.names.push(name);
        }
        self.of_text.insert(text.to_owned(), class);
        class
    }

    /// The classes; `places` says where the rows stand.
    ///
    /// # Errors
    /// Where a cell is missing or a number that is not whole, or there are fewer than two classes.
    pub fn finish(self, places: &Places) -> Result<Classes, DatasetError> {
        let Self { path, column, decimal, mut of_rows, names, first_bad, .. } = self;
        if let Some((row, value)) = first_bad {
            let is_missing = Cell::of(&value, decimal) == Cell::Missing;
            let (place, value) = (places.of(row), shown(&value));
            return Err(DatasetError::NotAClass { path, column, place, value, is_missing });
        }
        if names.len() < 2 {
            return Err(DatasetError::TooFewClasses { path, column, count: names.len() });
        }
        let wholes: Option<Vec<i128>> = names
            .iter()
            .map(|name| if let ClassName::Whole(number) = name { Some(*number) } else { None })
            .collect();
        let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut order: Vec<usize> = (0..names.len()).collect();
        match wholes {
            Some(wholes) => order.sort_by_key(|&class| wholes[class]),
            None => order.sort_by_key(|&class| &texts[class]),
        }
        let mut rank = vec![0; order.len()];
        for (new, &old) in (0..).zip(&order) {
            rank[old] = new;
        }
        for class in &mut of_rows {
            *class = rank[*class as usize];
        }
        Ok(Classes { of_rows, names: order.into_iter().map(|old| texts[old].clone()).collect() })
    }
}
