//! The stored leading eigenvectors at the checkpoints that are drawn.

use std::path::Path;

use artifact::read_rows_where;
use artifact::tables::Split;
use artifact::tables::spectrum::EigenvectorRow;

use crate::error::ReportError;

/// Leading eigenvectors of the first kernel of one run.
pub struct EigenvectorTable {
    /// By rising step, then index.
    rows: Vec<EigenvectorRow>,
}

/// An index i, counted from 1, and υᵢ with one entry a sample.
pub type Eigenvector = (u32, Vec<f32>);

impl EigenvectorTable {
    /// Reads the first `count` eigenvectors at `steps`.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn read(spectrum: &Path, steps: &[u64], count: u32) -> Result<Self, ReportError> {
        let mut rows: Vec<EigenvectorRow> = read_rows_where(spectrum, |row: &EigenvectorRow| {
            row.output == 0 && row.index <= count && steps.contains(&row.step)
        })?;
        rows.sort_by_key(|row| (row.step, row.index));
        Ok(Self { rows })
    }

    /// Whether eigenvectors are known over test samples.
    #[must_use]
    pub fn has_test(&self) -> bool {
        self.rows.iter().any(|row| row.split == Split::Test)
    }

    /// The eigenvectors at `step` over the `points` samples of `split`, by rising index; of several
    /// outputs the first.
    ///
    /// # Errors
    /// Where a vector does not fit the samples.
    pub fn at(
        &self,
        step: u64,
        split: Split,
        points: usize,
    ) -> Result<Vec<Eigenvector>, ReportError> {
        let start = self.rows.partition_point(|row| row.step < step);
        let end = self.rows.partition_point(|row| row.step <= step);
        self.rows[start..end]
            .iter()
            .filter(|row| row.split == split)
            .map(|row| Ok((row.index, of_first_output(&row.values, points)?)))
            .collect()
    }
}

/// The entries of a vector over kernel rows that belong to the first output.
///
/// Under the reduction `full` the rows are sample-major with the outputs of each sample beside
/// each other; otherwise there is one row a sample.
fn of_first_output(vector: &[f32], points: usize) -> Result<Vec<f32>, ReportError> {
    let outputs = vector.len().checked_div(points).unwrap_or(0);
    if outputs == 0 || outputs * points != vector.len() {
        return Err(ReportError::Mismatch {
            problem: format!(
                "an eigenvector has {} entries, which is no multiple of the {points} samples",
                vector.len()
            ),
        });
    }
    Ok(vector.iter().copied().step_by(outputs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_first_output_are_every_oth_one() {
        assert_eq!(of_first_output(&[1.0, 2.0, 3.0, 4.0], 2).unwrap(), [1.0, 3.0]);
        assert_eq!(of_first_output(&[1.0, 2.0], 2).unwrap(), [1.0, 2.0]);
        assert!(of_first_output(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(of_first_output(&[1.0], 0).is_err());
    }
}
