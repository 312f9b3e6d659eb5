//! The training samples, and what an answer to one of them is worth.

use std::path::Path;

use artifact::read_rows_where;
use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use stage::StageError;

use crate::counting::Look;

/// The training samples of a dataset with classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// d.
    pub input_dim: usize,
    /// x, N × d.
    pub inputs: Vec<f32>,
    /// o.
    pub outputs: usize,
    /// y, N × o.
    pub targets: Vec<f32>,
    /// Classes.
    pub labels: Vec<u32>,
    /// Classes before some were flipped, where that was asked for.
    pub clean_labels: Option<Vec<u32>>,
    /// Numbers in the dataset that the samples were chosen from, where they were.
    pub origins: Option<Vec<u32>>,
}

impl Samples {
    /// Reads the dataset in `directory`.
    ///
    /// # Errors
    /// Where the table is damaged, or a training sample has no class.
    pub fn read(directory: &Path) -> Result<Self, StageError> {
        let rows = read_rows_where(directory, |row: &Sample| row.split == Split::Train)?;
        let (input_dim, outputs) = rows.first().map_or((0, 0), |row| (row.x.len(), row.y.len()));
        let mut samples = Self { input_dim, outputs, ..Self::default() };
        let (mut clean, mut origins) = (Vec::new(), Vec::new());
        for (number, row) in (0_u32..).zip(rows) {
            if row.sample != number || row.x.len() != input_dim || row.y.len() != outputs {
                return Err(StageError::new(format!(
                    "training sample {} of the dataset has {} inputs and {} targets, where sample {number} with {input_dim} and {outputs} should stand",
                    row.sample,
                    row.x.len(),
                    row.y.len()
                )));
            }
            let label = row.label.filter(|&label| (label as usize) < outputs).ok_or_else(|| {
                StageError::new(format!(
                    "training sample {number} has no class among the {outputs} outputs; only a class can be forgotten"
                ))
                .hint("take a dataset with classes and a target for each")
            })?;
            samples.labels.push(label);
            samples.inputs.extend(row.x);
            samples.targets.extend(row.y);
            clean.extend(row.clean_label);
            origins.extend(row.origin);
        }
        let count = samples.labels.len();
        samples.clean_labels = Some(clean).filter(|clean| clean.len() == count && count > 0);
        samples.origins = Some(origins).filter(|origins| origins.len() == count && count > 0);
        Ok(samples)
    }

    /// N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Input of a sample.
    #[must_use]
    pub fn input(&self, sample: usize) -> &[f32] {
        &self.inputs[sample * self.input_dim..(sample + 1) * self.input_dim]
    }

    /// Target of a sample.
    #[must_use]
    pub fn target(&self, sample: usize) -> &[f32] {
        &self.targets[sample * self.outputs..(sample + 1) * self.outputs]
    }

    /// Which samples have another class than they had, where that is known of all.
    #[must_use]
    pub fn flipped(&self) -> Option<Vec<bool>> {
        let clean = self.clean_labels.as_ref()?;
        Some(self.labels.iter().zip(clean).map(|(label, clean)| label != clean).collect())
    }
}

/// Output of the class `label` less the largest other output; 0 where there is no other.
#[must_use]
pub fn margin<T: Copy + Into<f64>>(output: &[T], label: usize) -> f64 {
    let others = output.iter().enumerate().filter(|(class, _)| *class != label);
    let largest = others.map(|(_, &value)| value.into()).reduce(f64::max);
    largest.map_or(0.0, |largest| output[label].into() - largest)
}

/// What is minimized, as the outline of a training run names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// ½ ‖f − y‖².
    LeastSquares,
    /// −Σ y ln softmax f.
    CrossEntropy,
}

impl Loss {
    /// The loss called `name`.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub fn named(name: Option<&str>) -> Result<Self, StageError> {
        match name {
            Some("least_squares") => Ok(Self::LeastSquares),
            Some("cross_entropy") => Ok(Self::CrossEntropy),
            other => Err(StageError::new(format!(
                "the training run minimizes {}; errors are known of `least_squares` and `cross_entropy`",
                other.map_or_else(|| "nothing that it names".to_owned(), |it| format!("`{it}`"))
            ))),
        }
    }

    /// ∂ℓ/∂f at the output `f`, f − y or softmax f − y, and ℓ.
    #[must_use]
    pub fn slope(self, f: &[f32], y: &[f32]) -> (Vec<f64>, f64) {
        let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
        let (f, y) = (wide(f), wide(y));
        if self == Self::LeastSquares {
            let slope: Vec<f64> = f.iter().zip(&y).map(|(f, y)| f - y).collect();
            let loss = 0.5 * slope.iter().map(|m| m * m).sum::<f64>();
            return (slope, loss);
        }
        let largest = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = f.iter().map(|f| (f - largest).exp()).sum();
        let log = sum.ln();
        let slope = f.iter().zip(&y).map(|(f, y)| (f - largest).exp() / sum - y).collect();
        let loss = f.iter().zip(&y).map(|(f, y)| y * (log - (f - largest))).sum();
        (slope, loss)
    }

    /// What the output `f` is worth for a sample of class `label` and target `y`. Of equal largest outputs the
    /// first counts.
    #[must_use]
    pub fn look(self, f: &[f32], y: &[f32], label: u32) -> Look {
        let largest = (1..f.len()).fold(0, |best, a| if f[a] > f[best] { a } else { best });
        Look {
            correct: largest == label as usize,
            margin: margin(f, label as usize),
            loss: self.slope(f, y).1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_right_at_the_first_of_equal_outputs() {
        let look = |f: &[f32], label| Loss::CrossEntropy.look(f, &[0.0, 1.0, 0.0], label);
        assert!(look(&[1.0, 1.0, 0.0], 0).correct && !look(&[1.0, 1.0, 0.0], 1).correct);
        assert!((look(&[0.5, 2.0, 1.5], 1).margin - 0.5).abs() <= 0.0);
        assert!((look(&[0.5, 2.0, 1.5], 0).margin + 1.5).abs() <= 0.0);
    }

    #[test]
    fn slopes_are_the_derivatives_of_losses() {
        let (f, y) = ([0.3_f32, -1.0, 0.5], [0.0_f32, 1.0, 0.0]);
        for loss in [Loss::LeastSquares, Loss::CrossEntropy] {
            let (slope, _) = loss.slope(&f, &y);
            for a in 0..3 {
                let step = 1.0 / 1024.0;
                let at = |sign: f32| {
                    let mut moved = f;
                    moved[a] += sign * step;
                    loss.slope(&moved, &y).1
                };
                let difference = (at(1.0) - at(-1.0)) / f64::from(2.0 * step);
                assert!((difference - slope[a]).abs() <= 1e-6, "{loss:?}");
            }
        }
    }

    #[test]
    fn large_outputs_do_not_overflow() {
        let (slope, loss) = Loss::CrossEntropy.slope(&[1e4, -1e4], &[0.0, 1.0]);
        assert!((slope[0] - 1.0).abs() <= 1e-12 && (loss - 2e4).abs() <= 1e-6);
    }
}
