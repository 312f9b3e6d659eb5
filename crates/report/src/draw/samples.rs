//! The samples of a dataset, and the network's outputs on them.

use std::ops::Range;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::training::OutputRow;
use artifact::{read_rows, read_rows_where};

use super::images::ImageShape;
use crate::error::ReportError;

/// The samples of a dataset, by split and number.
#[derive(Debug)]
pub struct Samples {
    split: Vec<Split>,
    x: Vec<Vec<f32>>,
    y: Vec<Vec<f32>>,
    labels: Vec<Option<u32>>,
    /// Shape of an input, where the dataset states one.
    shape: Option<Vec<u64>>,
}

impl Samples {
    /// Reads them; `shape` is that of an input, where the dataset states one.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn read(dataset: &Path, shape: Option<Vec<u64>>) -> Result<Self, ReportError> {
        let mut rows: Vec<Sample> = read_rows(dataset)?;
        rows.sort_by_key(|row| (row.split, row.sample));
        let (mut split, mut x, mut y, mut labels) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            split.push(row.split);
            x.push(row.x);
            y.push(row.y);
            labels.push(row.label);
        }
        Ok(Self { split, x, y, labels, shape })
    }

    /// d, 0 without samples.
    #[must_use]
    pub fn input_dim(&self) -> usize {
        self.x.first().map_or(0, Vec::len)
    }

    /// What images the inputs are; `None` where they are none.
    ///
    /// # Errors
    /// Where they do not have the shape that the dataset states.
    pub fn image_shape(&self) -> Result<Option<ImageShape>, ReportError> {
        ImageShape::of(self.shape.as_deref(), self.input_dim())
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

    /// The input of a sample of one split, where there is that sample.
    #[must_use]
    pub fn input(&self, split: Split, sample: usize) -> Option<&[f32]> {
        self.x[self.rows(split)].get(sample).map(Vec::as_slice)
    }

    /// The class of a sample of one split, where samples have classes.
    #[must_use]
    pub fn label(&self, split: Split, sample: usize) -> Option<u32> {
        self.labels[self.rows(split)].get(sample).copied().flatten()
    }

    /// Where a training sample lies, as `(0.25, 0.50)`.
    #[must_use]
    pub fn place(&self, sample: usize) -> String {
        let point = self.x[self.rows(Split::Train)].get(sample);
        let numbers = point.into_iter().flatten().map(|x| format!("{x:.2}").replace('-', "−"));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
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

/// The network's outputs on the samples of one split, at some checkpoints.
pub struct Outputs {
    /// Step, number of the sample and f_θ(x), in rising order.
    rows: Vec<OutputRow>,
}

impl Outputs {
    /// Reads those of `split` at `steps`.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn read(training: &Path, steps: &[u64], split: Split) -> Result<Self, ReportError> {
        let mut rows: Vec<OutputRow> = read_rows_where(training, |row: &OutputRow| {
            row.split == split && steps.contains(&row.step)
        })?;
        rows.sort_by_key(|row| (row.step, row.sample));
        Ok(Self { rows })
    }

    /// f_θ(x) at `step` for the `points` samples, by their number.
    ///
    /// # Errors
    /// Where the table has another number of rows.
    pub fn at(&self, step: u64, points: usize) -> Result<Vec<&[f32]>, ReportError> {
        let start = self.rows.partition_point(|row| row.step < step);
        let end = self.rows.partition_point(|row| row.step <= step);
        let found = &self.rows[start..end];
        if found.len() != points {
            return Err(ReportError::Mismatch {
                problem: format!(
                    "outputs.parquet has {} rows of a split at step {step}, samples.parquet {points}",
                    found.len(),
                ),
            });
        }
        Ok(found.iter().map(|row| row.output.as_slice()).collect())
    }
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
}
