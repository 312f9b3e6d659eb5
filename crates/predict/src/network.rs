//! The training run: what its network says at each checkpoint.

use std::collections::BTreeMap;

use artifact::tables::training::OutputRow;
use artifact::{Outline, RateFrom, read_rows};
use faer::Mat;
use stage::{Input, StageError};

use crate::sources::{BySplit, leading, matrix};

/// The training run.
pub struct Network {
    /// f by checkpoint.
    pub outputs: BTreeMap<u64, BySplit>,
    /// The last checkpoint.
    pub last: u64,
    /// δ of every update, where the run is plain gradient descent on least squares over the very samples
    /// that are used.
    pub rates: Option<Vec<RateFrom>>,
}

impl Network {
    /// Reads the outputs at every checkpoint, those of the first `used` training samples.
    ///
    /// # Errors
    /// Where the table is damaged or not of the samples of `targets`.
    pub fn read(
        input: &Input,
        outline: Outline,
        targets: &BySplit,
        used: usize,
    ) -> Result<Self, StageError> {
        let mut of_steps: BTreeMap<u64, [Vec<OutputRow>; 2]> = BTreeMap::new();
        for row in read_rows::<OutputRow>(input.path())? {
            of_steps.entry(row.step).or_default()[row.split as usize].push(row);
        }
        let outputs = of_steps
            .into_iter()
            .map(|(step, [train, test])| {
                let values = |rows: &[OutputRow], expected: &Mat<f64>| {
                    let what = format!("the training's outputs at step {step}");
                    let rows = rows.iter().map(|row| (row.sample, row.output.as_slice()));
                    let found = matrix(rows, &what)?;
                    if expected.nrows() > 0 && shape(&found) != shape(expected) {
                        return Err(StageError::new(format!(
                            "{what} are {} × {}, where the dataset has targets of {} × {}",
                            found.nrows(),
                            found.ncols(),
                            expected.nrows(),
                            expected.ncols()
                        ))
                        .hint("wire the dataset that the training was made with"));
                    }
                    Ok(if expected.nrows() > 0 { found } else { expected.clone() })
                };
                let train = leading(&values(&train, &targets.train)?, used);
                Ok((step, BySplit { train, test: values(&test, &targets.test)? }))
            })
            .collect::<Result<BTreeMap<_, _>, StageError>>()?;
        let Some(&last) = outputs.keys().next_back() else {
            return Err(StageError::new("the training has no outputs"));
        };
        let is_linear = outline.optimizer.as_deref() == Some("gradient_descent")
            && outline.loss.as_deref() == Some("least_squares")
            && used == targets.train.nrows();
        let rates = outline.learning_rates.filter(|rates| {
            let is_first = rates.first().is_some_and(|rate| rate.step == 0);
            is_linear && is_first && rates.is_sorted_by(|a, b| a.step < b.step)
        });
        Ok(Self { outputs, last, rates })
    }
}

fn shape(of: &Mat<f64>) -> (usize, usize) {
    (of.nrows(), of.ncols())
}
