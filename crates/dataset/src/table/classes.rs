//! The classes that a label column names.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::DatasetError;

/// The classes that a label column names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Class of each row, an index into `names`.
    pub of_rows: Vec<u32>,
    /// Names in rising order: of their values where all are numbers, else of their text.
    pub names: Vec<String>,
}

impl Classes {
    /// The classes in the cells of a label column; `place` names a row in a message.
    ///
    /// # Errors
    /// Where a cell is empty or a number that is not whole, or there are fewer than two classes.
    pub fn of(
        path: &Path,
        column: &str,
        cells: &[String],
        place: impl Fn(usize) -> String,
    ) -> Result<Self, DatasetError> {
        let whole = |cell: &str| cell.parse().is_ok_and(|number: f64| number.fract() == 0.0);
        let number = |cell: &str| cell.parse::<f64>().is_ok();
        let bad = |cell: &String| cell.is_empty() || (number(cell) && !whole(cell));
        if let Some(row) = cells.iter().position(bad) {
            let value = &cells[row];
            return Err(DatasetError::NotAClass {
                path: path.to_owned(),
                column: column.to_owned(),
                place: place(row),
                value: if value.is_empty() { "nothing".to_owned() } else { format!("`{value}`") },
            });
        }
        let mut names = cells.to_vec();
        names.sort_unstable();
        names.dedup();
        if names.iter().all(|name| whole(name)) {
            // Stable, so that numbers written in two ways keep an order.
            names.sort_by(|a, b| value(a).total_cmp(&value(b)));
        }
        if names.len() < 2 {
            let (path, column) = (path.to_owned(), column.to_owned());
            return Err(DatasetError::TooFewClasses { path, column, count: names.len() });
        }
        let numbers: BTreeMap<&String, u32> = names.iter().zip(0..).collect();
        let of_rows = cells.iter().map(|cell| numbers[cell]).collect();
        Ok(Self { of_rows, names })
    }

    /// The target of a row: 1 at its class, 0 elsewhere.
    pub fn one_hot(&self, row: usize) -> impl Iterator<Item = f64> {
        let class = self.of_rows[row] as usize;
        (0..self.names.len()).map(move |other| if other == class { 1.0 } else { 0.0 })
    }
}

fn value(name: &str) -> f64 {
    name.parse().unwrap_or(0.0)
}
