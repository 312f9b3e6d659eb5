//! The samples of both splits.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::{Outline, read_rows};
use stage::StageError;

/// Samples of one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// x, n × d.
    pub inputs: Vec<f32>,
    /// Their classes, where all have one.
    pub labels: Option<Vec<u32>>,
    /// n.
    pub count: usize,
}

/// A dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// d.
    pub input_dim: usize,
    /// Samples to train on.
    pub train: Samples,
    /// Samples to test with.
    pub test: Samples,
}

impl Dataset {
    /// Reads the dataset in `directory`, on which the run of the outline `training` was trained.
    ///
    /// # Errors
    /// Where the table is damaged, or samples have not as many inputs as the network.
    pub fn read(directory: &Path, training: &Outline) -> Result<Self, StageError> {
        let rows: Vec<Sample> = read_rows(directory)?;
        let input_dim = rows.first().map_or(0, |row| row.x.len());
        let input_dim = training.input_dim.map_or(input_dim, |d| d as usize);
        let mut dataset = Self { input_dim, ..Self::default() };
        let is_labelled = rows.iter().all(|row| row.label.is_some());
        for row in rows {
            let split = match row.split {
                Split::Train => &mut dataset.train,
                Split::Test => &mut dataset.test,
            };
            if row.sample as usize != split.count || row.x.len() != dataset.input_dim {
                return Err(StageError::new(format!(
                    "sample {} of the split {} has {} inputs, where sample {} with {} should stand",
                    row.sample,
                    row.split.name(),
                    row.x.len(),
                    split.count,
                    dataset.input_dim
                )));
            }
            split.inputs.extend(row.x);
            split.count += 1;
            if let Some(label) = row.label.filter(|_| is_labelled) {
                split.labels.get_or_insert_default().push(label);
            }
        }
        // A split without samples has classes where the other one has.
        if is_labelled {
            dataset.train.labels.get_or_insert_default();
            dataset.test.labels.get_or_insert_default();
        }
        Ok(dataset)
    }

    /// One more than the greatest class; none where there are no classes.
    pub fn classes(&self) -> Option<usize> {
        let labels = self.train.labels.iter().chain(&self.test.labels).flatten();
        labels.max().map(|&greatest| greatest as usize + 1)
    }
}
