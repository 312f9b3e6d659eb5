//! The stored leading eigenvectors, one checkpoint at a time.

use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::spectrum::EIGENVECTORS;

use crate::columns::Columns;
use crate::error::ReportError;
use crate::samples::runs;

/// The table of eigenvectors of one run.
pub struct EigenvectorTable {
    spectrum: PathBuf,
    step: Vec<u64>,
    output: Vec<u32>,
    index: Vec<u32>,
    split: Vec<Split>,
}

/// An index i, counted from 1, and υᵢ with one entry a sample.
pub type Eigenvector = (u32, Vec<f32>);

impl EigenvectorTable {
    /// Reads the keys of the table, without the vectors.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn read(spectrum: &Path) -> Result<Self, ReportError> {
        let keys = Columns::read(spectrum, &EIGENVECTORS, &["step", "output", "index", "split"])?;
        Ok(Self {
            spectrum: spectrum.to_owned(),
            step: keys.counts("step")?,
            output: keys.indices("output")?,
            index: keys.indices("index")?,
            split: keys.names("split")?,
        })
    }

    /// Whether eigenvectors are known over test samples.
    #[must_use]
    pub fn has_test(&self) -> bool {
        self.split.contains(&Split::Test)
    }

    /// The first `count` eigenvectors of the first kernel at `step` over the `points` samples of
    /// `split`, by rising index; of several outputs the first. Only their rows are read.
    ///
    /// # Errors
    /// Where the table cannot be read or a vector does not fit the samples.
    pub fn at(
        &self,
        step: u64,
        split: Split,
        count: u32,
        points: usize,
    ) -> Result<Vec<Eigenvector>, ReportError> {
        let wanted = (0..self.step.len()).filter(|&row| {
            self.step[row] == step
                && self.split[row] == split
                && self.output[row] == 0
                && self.index[row] <= count
        });
        let mut found = Vec::new();
        for run in runs(wanted) {
            let vectors =
                Columns::read_rows(&self.spectrum, &EIGENVECTORS, &["values"], run.clone())?
                    .vectors("values")?;
            for (row, vector) in run.zip(vectors) {
                found.push((self.index[row], of_first_output(vector, points)?));
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(found)
    }
}

/// The entries of a vector over kernel rows that belong to the first output.
///
/// Under the reduction `full` the rows are sample-major with the outputs of each sample beside
/// each other; otherwise there is one row a sample.
fn of_first_output(vector: Vec<f32>, points: usize) -> Result<Vec<f32>, ReportError> {
    let outputs = vector.len().checked_div(points).unwrap_or(0);
    if outputs == 0 || outputs * points != vector.len() {
        return Err(ReportError::Mismatch {
            problem: format!(
                "an eigenvector has {} entries, which is no multiple of the {points} samples",
                vector.len()
            ),
        });
    }
    Ok(vector.into_iter().step_by(outputs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_first_output_are_every_oth_one() {
        assert_eq!(of_first_output(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap(), [1.0, 3.0]);
        assert_eq!(of_first_output(vec![1.0, 2.0], 2).unwrap(), [1.0, 2.0]);
        assert!(of_first_output(vec![1.0, 2.0, 3.0], 2).is_err());
        assert!(of_first_output(vec![1.0], 0).is_err());
    }
}
