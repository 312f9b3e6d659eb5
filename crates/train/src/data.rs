//! The samples as the trainer needs them: flat matrices.

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::{Outline, read_rows};
use network::Shape;
use stage::{Input, StageError};

use crate::loss::Loss;

/// One split of the dataset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// Inputs, n × d.
    pub x: Vec<f32>,
    /// Targets, n × o.
    pub y: Vec<f32>,
    /// Classes, n or none.
    pub labels: Vec<u32>,
    /// n.
    pub rows: usize,
}

/// The whole dataset.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    /// d.
    pub input_dim: usize,
    /// `[h, w, c]` where inputs are images.
    pub input_shape: Option<Vec<u64>>,
    /// o.
    pub output_dim: usize,
    /// Samples to train on.
    pub train: Samples,
    /// Samples only looked at, perhaps none.
    pub test: Samples,
}

impl Data {
    /// The shape of an input.
    pub fn shape(&self) -> Shape {
        Shape::of_inputs(self.input_dim, self.input_shape.as_deref())
    }

    /// What is known of the dataset, as its own outline would say.
    pub fn outline(&self) -> Outline {
        Outline {
            train_samples: Some(self.train.rows as u64),
            test_samples: Some(self.test.rows as u64),
            input_dim: Some(self.input_dim as u64),
            input_shape: self.input_shape.clone(),
            output_dim: Some(self.output_dim as u64),
            labelled: Some(!self.train.labels.is_empty()),
            ..Outline::default()
        }
    }
}

/// Reads a dataset whose inputs have `input_shape`, where they are images.
///
/// # Errors
/// Where there is no training sample, samples differ in their dimensions, or targets of the
/// cross-entropy are no probabilities.
pub(crate) fn read(
    input: &Input,
    input_shape: Option<Vec<u64>>,
    loss: Loss,
) -> Result<Data, StageError> {
    let rows: Vec<Sample> = read_rows(input.path())?;
    let first = rows.first().ok_or_else(|| StageError::new("the dataset has no samples"))?;
    let (input_dim, output_dim) = (first.x.len(), first.y.len());
    let (mut train, mut test) = (Samples::default(), Samples::default());
    for row in rows {
        if row.x.len() != input_dim || row.y.len() != output_dim {
            return Err(StageError::new(format!(
                "sample {} of the {} split has {} inputs and {} targets where others have {input_dim} and {output_dim}",
                row.sample,
                row.split.name(),
                row.x.len(),
                row.y.len()
            )));
        }
        if loss == Loss::CrossEntropy && !is_distribution(&row.y) {
            return Err(StageError::new(format!(
                "the target of sample {} of the {} split is no probability distribution, which the cross-entropy needs",
                row.sample,
                row.split.name()
            ))
            .hint("use a dataset with labels, or `loss: least_squares`"));
        }
        let samples = match row.split {
            Split::Train => &mut train,
            Split::Test => &mut test,
        };
        samples.x.extend(row.x);
        samples.y.extend(row.y);
        samples.labels.extend(row.label);
        samples.rows += 1;
    }
    if train.rows == 0 || input_dim == 0 || output_dim == 0 {
        return Err(StageError::new(format!(
            "the dataset has {} training samples of {input_dim} inputs and {output_dim} targets; each must be at least 1",
            train.rows
        )));
    }
    if let Some(shape) = &input_shape
        && shape.iter().product::<u64>() != input_dim as u64
    {
        return Err(StageError::new(format!(
            "the dataset states images of {shape:?}, but its samples have {input_dim} numbers"
        )));
    }
    Ok(Data { input_dim, input_shape, output_dim, train, test })
}

/// Whether `y` has no negative entry and sums to 1 within single precision.
fn is_distribution(y: &[f32]) -> bool {
    let sum: f64 = y.iter().map(|&p| f64::from(p)).sum();
    y.iter().all(|&p| p >= 0.0) && (sum - 1.0).abs() <= 1e-5
}

#[cfg(test)]
mod tests {
    use artifact::write_rows;

    use super::*;

    #[test]
    fn cross_entropy_takes_probabilities_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let input = Input::at(folder.path().to_owned());
        for (y, good) in
            [(vec![0.25, 0.75], true), (vec![1.0, 1.0], false), (vec![1.5, -0.5], false)]
        {
            let sample = Sample {
                split: Split::Train,
                sample: 0,
                x: vec![1.0],
                y,
                label: None,
                clean_label: None,
                origin: None,
            };
            write_rows(folder.path(), &[sample]).expect("writes");
            assert_eq!(read(&input, None, Loss::CrossEntropy).is_ok(), good);
            assert!(read(&input, None, Loss::LeastSquares).is_ok());
        }
    }
}
