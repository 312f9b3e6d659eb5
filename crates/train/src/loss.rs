//! The losses: on dfdx's tape for the gradient, and in f64 for the history.

use dfdx::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is minimized, L(θ) = (1/N) Σᵢ ℓ(f(xᵢ), yᵢ).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// ℓ = ½ ‖f − y‖².
    #[default]
    LeastSquares,
    /// ℓ = −Σ_a y_a ln softmax(f)_a.
    CrossEntropy,
}

/// A matrix on dfdx's CPU device whose shape is known when the program runs.
pub(crate) type Matrix<Tape = NoneTape> = Tensor<(usize, usize), f32, Cpu, Tape>;

/// `values`, row-major and as many as `shape` has, as a matrix.
///
/// Its memory is the device's cache's, which takes it back: a vector from elsewhere would only ever be
/// given to the cache, and two of them a step fill any memory in time.
pub(crate) fn matrix(
    device: &Cpu,
    values: &[f32],
    shape: (usize, usize),
) -> Result<Matrix, CpuError> {
    let mut matrix: Matrix = device.try_zeros_like(&shape)?;
    matrix.copy_from(values);
    Ok(matrix)
}

impl Loss {
    /// The loss's name in artifacts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeastSquares => "least_squares",
            Self::CrossEntropy => "cross_entropy",
        }
    }

    /// L on the tape, from outputs and targets, both n × o.
    pub(crate) fn on_tape(
        self,
        outputs: Matrix<OwnedTape<f32, Cpu>>,
        targets: Matrix,
    ) -> Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError> {
        let samples = outputs.shape().0 as f32;
        match self {
            Self::LeastSquares => {
                let squares = outputs.try_sub(targets)?.try_square()?;
                let sum: Tensor<Rank0, _, _, _> = squares.try_sum()?;
                sum.try_mul(0.5 / samples)
            }
            Self::CrossEntropy => {
                let likelihoods = outputs.try_log_softmax::<Axis<1>>()?.try_mul(targets)?;
                let sum: Tensor<Rank0, _, _, _> = likelihoods.try_sum()?;
                sum.try_mul(-1.0 / samples)
            }
        }
    }

    /// L in f64, from outputs and targets, both n × `width`, row-major.
    #[must_use]
    pub fn value(self, outputs: &[f32], targets: &[f32], width: usize) -> f64 {
        let rows = outputs.chunks_exact(width).zip(targets.chunks_exact(width));
        let sum: f64 = match self {
            Self::LeastSquares => outputs
                .iter()
                .zip(targets)
                .map(|(&f, &y)| 0.5 * (f64::from(f) - f64::from(y)).powi(2))
                .sum(),
            Self::CrossEntropy => rows
                .map(|(f, y)| {
                    let largest = f.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    let wide = |f: f32| f64::from(f) - f64::from(largest);
                    let log_sum = f.iter().map(|&f| wide(f).exp()).sum::<f64>().ln();
                    f.iter().zip(y).map(|(&f, &y)| f64::from(y) * (log_sum - wide(f))).sum::<f64>()
                })
                .sum(),
        };
        sum / (outputs.len() / width) as f64
    }

    /// What ∂ℓ/∂f compares with the target y, ∂ℓ/∂f = prediction − y: f, or softmax f; n × `width`.
    ///
    /// For the cross-entropy this wants Σ_a y_a = 1.
    pub(crate) fn predictions(self, outputs: &[f32], width: usize) -> Vec<f32> {
        if self == Self::LeastSquares {
            return outputs.to_vec();
        }
        let mut predictions = Vec::with_capacity(outputs.len());
        for f in outputs.chunks_exact(width) {
            let largest = f.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let power = |f: f32| (f64::from(f) - f64::from(largest)).exp();
            let sum: f64 = f.iter().map(|&f| power(f)).sum();
            predictions.extend(f.iter().map(|&f| (power(f) / sum) as f32));
        }
        predictions
    }

    /// Writes (∂²ℓ/∂f²) `tangent` to `image`, for a row whose prediction is p: the matrix is I, or
    /// diag p − ppᵀ.
    pub(crate) fn curve(self, p: &[f32], tangent: &[f32], image: &mut [f32]) {
        match self {
            Self::LeastSquares => image.copy_from_slice(tangent),
            Self::CrossEntropy => {
                let mean: f32 = p.iter().zip(tangent).map(|(p, t)| p * t).sum();
                for (image, (p, t)) in image.iter_mut().zip(p.iter().zip(tangent)) {
                    *image = p * (t - mean);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tape_and_the_history_agree_and_have_the_gradient_of_the_formula() {
        let device = Cpu::default();
        let (f, y) = ([0.5_f32, -1.0, 2.0, 0.25, 0.0, 1.5], [0.0_f32, 1.0, 0.0, 1.0, 0.0, 0.0]);
        let outputs = matrix(&device, &f, (2, 3)).expect("room");
        let targets = matrix(&device, &y, (2, 3)).expect("room");
        for loss in [Loss::LeastSquares, Loss::CrossEntropy] {
            let value = loss.on_tape(outputs.leaky_trace(), targets.clone()).expect("computes");
            let scalar = f64::from(value.array());
            assert!((scalar - loss.value(&f, &y, 3)).abs() < 1e-6, "{loss:?}");
            let gradient = value.backward().get(&outputs).as_vec();
            for (row, (f, y)) in f.chunks(3).zip(y.chunks(3)).enumerate() {
                let sum: f32 = f.iter().map(|f| f.exp()).sum();
                for a in 0..3 {
                    let predicted = match loss {
                        Loss::LeastSquares => f[a],
                        Loss::CrossEntropy => f[a].exp() / sum,
                    };
                    let expected = (predicted - y[a]) / 2.0;
                    assert!((gradient[row * 3 + a] - expected).abs() < 1e-6, "{loss:?}");
                }
            }
        }
    }
    #[test]
    fn the_curvature_is_the_difference_of_predictions() {
        let (f, t) = ([0.5_f32, -1.0, 2.0], [0.3_f32, 0.7, -1.1]);
        for loss in [Loss::LeastSquares, Loss::CrossEntropy] {
            let moved = |step: f32| -> Vec<f32> {
                loss.predictions(&[0, 1, 2].map(|a| f[a] + step * t[a]), 3)
            };
            let mut image = [0.0; 3];
            loss.curve(&moved(0.0), &t, &mut image);
            let (step, up, down) = (1e-2, moved(1e-2), moved(-1e-2));
            for a in 0..3 {
                let difference = (up[a] - down[a]) / (2.0 * step);
                // The difference errs by step² / 6 times a third derivative below 2, and by ε / step.
                assert!((image[a] - difference).abs() < 1e-4, "{loss:?} {a}: {image:?}");
            }
        }
    }
}
