//! The training samples that lines and planes go through.

use std::path::Path;

use artifact::read_rows_where;
use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use stage::StageError;

/// The training samples of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// x, d numbers each.
    pub inputs: Vec<Vec<f64>>,
    /// Classes, where there are any.
    pub labels: Option<Vec<u32>>,
    /// The first number of each target.
    pub targets: Vec<f64>,
}

impl Samples {
    /// Reads the dataset in `directory`, of inputs of `d` numbers.
    ///
    /// # Errors
    /// Where the table is damaged, or has fewer than two training samples.
    pub fn read(directory: &Path, d: usize) -> Result<Self, StageError> {
        let rows = read_rows_where(directory, |row: &Sample| row.split == Split::Train)?;
        if let Some(row) = rows.iter().find(|row| row.x.len() != d) {
            return Err(StageError::new(format!(
                "training sample {} has {} inputs where the network takes {d}",
                row.sample,
                row.x.len()
            ))
            .hint("wire the dataset on which the network was trained"));
        }
        if rows.len() < 2 {
            return Err(StageError::new(format!(
                "the dataset has {} training samples; a line needs two",
                rows.len()
            )));
        }
        let labels: Vec<u32> = rows.iter().filter_map(|row| row.label).collect();
        let labels = Some(labels).filter(|labels| labels.len() == rows.len());
        let targets = rows.iter().map(|row| row.y.first().copied().map_or(0.0, f64::from));
        let targets = targets.collect();
        let wide = |x: Vec<f32>| x.into_iter().map(f64::from).collect();
        Ok(Self { targets, labels, inputs: rows.into_iter().map(|row| wide(row.x)).collect() })
    }

    /// Whether two samples are of one class; `None` without classes.
    #[must_use]
    pub fn same_class(&self, a: usize, b: usize) -> Option<bool> {
        self.labels.as_ref().map(|labels| labels[a] == labels[b])
    }
}

/// ‖a − b‖.
#[must_use]
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}
