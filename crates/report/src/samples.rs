//! The samples of a dataset, and the network's outputs on them.

use std::ops::Range;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::SAMPLES;
use artifact::tables::training::OUTPUTS;

use crate::columns::Columns;
use crate::error::ReportError;

/// The samples of a dataset, by split and number.
pub struct Samples {
    split: Vec<Split>,
    x: Vec<Vec<f32>>,
    y: Vec<Vec<f32>>,
}

impl Samples {
    /// Reads them.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn read(dataset: &Path) -> Result<Self, ReportError> {
        let table = Columns::read(dataset, &SAMPLES, &["split", "sample", "x", "y"])?;
        let splits: Vec<Split> = table.names("split")?;
        let numbers = table.indices("sample")?;
        let (mut x, mut y) = (table.vectors("x")?, table.vectors("y")?);
        let mut order: Vec<usize> = (0..table.rows()).collect();
        order.sort_by_key(|&row| (splits[row], numbers[row]));
        Ok(Self {
            x: order.iter().map(|&row| std::mem::take(&mut x[row])).collect(),
            y: order.iter().map(|&row| std::mem::take(&mut y[row])).collect(),
            split: order.into_iter().map(|row| splits[row]).collect(),
        })
    }

    /// d, 0 without samples.
    #[must_use]
    pub fn input_dim(&self) -> usize {
        self.x.first().map_or(0, Vec::len)
    }

    fn rows(&self, split: Split) -> Range<usize> {
        self.split.partition_point(|&s| s < split)..self.split.partition_point(|&s| s <= split)
    }

    /// Inputs and targets of one split.
    #[must_use]
    pub fn of(&self, split: Split) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        let rows = self.rows(split);
        (self.x[rows.clone()].to_vec(), self.y[rows].to_vec())
    }

    /// Whether the test points show more of a function than the training points: they are a
    /// grid, or there are more of them.
    #[must_use]
    pub fn test_is_finer(&self) -> bool {
        let (train, test) = (self.rows(Split::Train), self.rows(Split::Test));
        test.len() > train.len() || is_grid(&self.x[test])
    }
}

/// Whether `points` are a full grid of at least two values along each axis.
fn is_grid(points: &[Vec<f32>]) -> bool {
    let dimensions = points.first().map_or(0, Vec::len);
    let along = |axis: usize| {
        let mut values: Vec<f32> = points.iter().map(|point| point[axis]).collect();
        values.sort_by(f32::total_cmp);
        values.dedup();
        values.len()
    };
    // Points of a random sample have about as many values along each axis as there are points.
    dimensions == 2
        && along(0) > 1
        && along(1) > 1
        && along(0).checked_mul(along(1)) == Some(points.len())
}

/// Where in the table of outputs each step and split stands.
pub struct OutputIndex {
    step: Vec<u64>,
    split: Vec<Split>,
    sample: Vec<u32>,
}

impl OutputIndex {
    /// Reads the keys of the table, without the outputs.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn read(training: &Path) -> Result<Self, ReportError> {
        let keys = Columns::read(training, &OUTPUTS, &["step", "split", "sample"])?;
        Ok(Self {
            step: keys.counts("step")?,
            split: keys.names("split")?,
            sample: keys.indices("sample")?,
        })
    }

    /// f_θ(x) at `step` for the `points` samples of `split`, by their number.
    ///
    /// # Errors
    /// Where the table cannot be read or has another number of rows.
    pub fn outputs(
        &self,
        training: &Path,
        step: u64,
        split: Split,
        points: usize,
    ) -> Result<Vec<Vec<f32>>, ReportError> {
        let wanted =
            (0..self.step.len()).filter(|&row| self.step[row] == step && self.split[row] == split);
        let mut found = Vec::new();
        for run in runs(wanted) {
            let values = Columns::read_rows(training, &OUTPUTS, &["output"], run.clone())?
                .vectors("output")?;
            found.extend(run.map(|row| self.sample[row]).zip(values));
        }
        found.sort_by_key(|(sample, _)| *sample);
        if found.len() != points {
            return Err(ReportError::Mismatch {
                problem: format!(
                    "outputs.parquet has {} rows for the {} split at step {step}, samples.parquet {points}",
                    found.len(),
                    split.name(),
                ),
            });
        }
        Ok(found.into_iter().map(|(_, values)| values).collect())
    }
}

/// Rising row numbers as ranges without gaps: each is one read.
pub fn runs(rows: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some(run) if run.end == row => run.end += 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_told_from_scattered_points() {
        let grid: Vec<Vec<f32>> =
            (0..12_u8).map(|i| vec![f32::from(i % 4), f32::from(i / 4)]).collect();
        assert!(is_grid(&grid));
        assert!(!is_grid(&grid[..11]));
        assert!(!is_grid(&[]));
        assert!(!is_grid(&[vec![0.0, 0.0]]));
    }

    #[test]
    fn row_numbers_are_gathered_into_runs() {
        assert_eq!(runs([3, 4, 5, 9, 11, 12].into_iter()), [3..6, 9..10, 11..13]);
    }
}
