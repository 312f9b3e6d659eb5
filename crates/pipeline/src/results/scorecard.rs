//! What the results of a run have come to: when they were written, and the losses and accuracies
//! that its trainings ended with.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use chrono::{DateTime, Utc};

use crate::run_folder::{RUNS_TABLE, count_of_failed, rows_at};
use crate::text::quantity::significant;

/// Table with the course of each training.
const HISTORY: &str = "history.parquet";

/// The numbers that are shown of a training's end, by their column.
pub(crate) const SCORES: [&str; 4] = ["train_loss", "test_loss", "train_accuracy", "test_accuracy"];

/// What the results in a folder have come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scorecard {
    /// When they were written.
    pub written: Option<SystemTime>,
    /// How many variants there are, of stages where there is no sweep, and how many of them failed.
    pub failed: Option<(usize, usize)>,
    /// Of each of [`SCORES`] the values at the last step of every training; without those that are
    /// NULL.
    pub scores: [Vec<f64>; 4],
}

impl Scorecard {
    /// That of the results in `folder`; what they do not tell is left out.
    pub(crate) fn of(folder: &Path) -> Self {
        let written = fs::metadata(folder.join(RUNS_TABLE)).and_then(|found| found.modified()).ok();
        let scores =
            rows_at(&folder.join(HISTORY)).map_or_else(Default::default, |rows| last(&rows));
        Self { written, failed: count_of_failed(folder), scores }
    }

    /// The best of a score over all trainings: the smallest loss, the largest accuracy.
    pub(crate) fn best(&self, score: usize) -> Option<f64> {
        let finite = self.scores[score].iter().copied().filter(|value| value.is_finite());
        if SCORES[score].ends_with("accuracy") {
            finite.max_by(f64::total_cmp)
        } else {
            finite.min_by(f64::total_cmp)
        }
    }

    /// A score in words: its value, or the range over several trainings.
    pub(crate) fn shown(&self, score: usize) -> String {
        let values = &self.scores[score];
        let least = values.iter().copied().min_by(f64::total_cmp);
        let most = values.iter().copied().max_by(f64::total_cmp);
        match least.zip(most) {
            None => String::new(),
            Some((least, most)) if least.to_bits() == most.to_bits() => significant(least),
            Some((least, most)) => format!("{} … {}", significant(least), significant(most)),
        }
    }

    /// When they were written, in UTC, to the minute.
    pub(crate) fn date(&self) -> String {
        self.written.map_or(String::new(), date)
    }
}

/// A time in UTC, to the minute.
pub(crate) fn date(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).format("%Y-%m-%d %H:%M").to_string()
}

/// The scores in the last row of each training. The rows of a training stand together, its steps
/// ascending: where a step is not larger than the one before, another training begins.
fn last(batches: &[RecordBatch]) -> [Vec<f64>; 4] {
    let mut ends: [Vec<f64>; 4] = Default::default();
    let mut current: [Option<f64>; 4] = [None; 4];
    let mut end = |row: &[Option<f64>; 4]| {
        for (values, value) in ends.iter_mut().zip(row) {
            values.extend(value);
        }
    };
    let mut before = None;
    for batch in batches {
        let column = |name: &str, to: &DataType| -> Option<ArrayRef> {
            cast(batch.column_by_name(name)?, to).ok()
        };
        let Some(steps) = column("step", &DataType::UInt64) else { continue };
        let scores = SCORES.map(|name| column(name, &DataType::Float64));
        for (row, step) in steps.as_primitive::<UInt64Type>().iter().enumerate() {
            if before.is_some() && step <= before {
                end(&current);
            }
            before = step;
            current = std::array::from_fn(|score| {
                let values = scores[score].as_ref()?.as_primitive::<Float64Type>();
                values.is_valid(row).then(|| values.value(row))
            });
        }
    }
    end(&current);
    ends
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, UInt64Array};

    use super::*;

    #[test]
    fn the_last_row_of_each_training_counts() {
        let steps = UInt64Array::from(vec![0, 10, 20, 0, 10, 0]);
        let loss = Float64Array::from(vec![1.0, 0.5, 0.25, 1.0, 0.75, 2.0]);
        let test = Float64Array::from(vec![None, None, None, None, Some(0.5), None]);
        let rows = RecordBatch::try_from_iter([
            ("step", Arc::new(steps) as ArrayRef),
            ("train_loss", Arc::new(loss)),
            ("test_loss", Arc::new(test)),
        ]);
        let rows = rows.expect("a batch");
        // A training may go on in the next batch.
        let scores = last(&[rows.slice(0, 2), rows.slice(2, 4)]);
        assert_eq!(scores, [vec![0.25, 0.75, 2.0], vec![0.5], vec![], vec![]]);
        let scorecard = Scorecard { scores, ..Scorecard::default() };
        assert_eq!(scorecard.best(0), Some(0.25));
        assert_eq!(scorecard.shown(0), "0.250 … 2.00");
        assert_eq!(scorecard.shown(1), "0.500");
        assert_eq!(scorecard.shown(2), "");
    }

    #[test]
    fn dates_are_in_utc() {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_mins(29_453_761);
        assert_eq!(date(time), "2026-01-01 00:01");
    }
}
