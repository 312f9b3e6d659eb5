//! The vectors whose energy is measured: target, output and residual, as a kernel's rows order them.

use artifact::tables::Signal;
use artifact::tables::kernel::Reduction;

use crate::sum;

/// ε of targets and outputs, which tables hold as f32.
pub const STORED: f64 = f32::EPSILON as f64;

/// The loss of the training run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// ℓ = ½‖f − y‖².
    LeastSquares,
    /// ℓ = −Σ y ln softmax(f).
    CrossEntropy,
}

/// Targets or outputs of the samples of one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PerSample {
    /// o, numbers a sample.
    pub width: usize,
    /// Sample-major.
    pub values: Vec<f32>,
}

impl PerSample {
    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Keeps the first `samples`, where there are more.
    pub fn truncate(&mut self, samples: usize) {
        self.values.truncate(samples.saturating_mul(self.width));
    }
}

/// φ over the rows of the kernel `block`, one vector for each output that shares that kernel.
///
/// | reduction | vectors |
/// |---|---|
/// | `full` | one, sample-major with outputs within samples |
/// | `per-output` | one: the output `block` |
/// | `trace` | o: each output by itself, under the same kernel |
/// | `summed-logit` | one: the sum over outputs |
///
/// The target is y, the output f, the residual m̄ = ∂ℓ/∂f: f − y for least squares,
/// softmax(f) − y for cross-entropy. The shuffled target is y too: its energies are a mean over the
/// orders of its samples. `targets` and `outputs` are of the same samples.
pub fn vectors(
    signal: Signal,
    loss: Loss,
    targets: &PerSample,
    outputs: &PerSample,
    reduction: Reduction,
    block: u32,
) -> Vec<Vec<f64>> {
    let width = targets.width;
    let values = match signal {
        Signal::Target | Signal::ShuffledTarget => {
            targets.values.iter().map(|&y| f64::from(y)).collect()
        }
        Signal::Output => outputs.values.iter().map(|&f| f64::from(f)).collect(),
        Signal::Residual => residual(loss, targets, outputs),
    };
    let one = |output: usize| values.iter().skip(output).step_by(width).copied().collect();
    match reduction {
        Reduction::PerOutput => vec![one(block as usize)],
        Reduction::Trace => (0..width).map(one).collect(),
        Reduction::SummedLogit => vec![values.chunks_exact(width).map(summed).collect()],
        Reduction::Full => vec![values],
    }
}

/// Below which ‖m̄‖ is what rounding leaves of a residual of zero; `outputs` and `targets` are the
/// [`vectors`] of the same rows.
///
/// f − y of least squares has the rounding of both as stored, softmax(f) − y that of the difference
/// in f64: p of a class that is all but certain is not stored.
pub fn residual_rounding(loss: Loss, outputs: &[Vec<f64>], targets: &[Vec<f64>]) -> f64 {
    match loss {
        Loss::LeastSquares => STORED * sum::norm_of(outputs).hypot(sum::norm_of(targets)),
        Loss::CrossEntropy => f64::EPSILON * sum::norm_of(targets),
    }
}

fn residual(loss: Loss, targets: &PerSample, outputs: &PerSample) -> Vec<f64> {
    let samples =
        targets.values.chunks_exact(targets.width).zip(outputs.values.chunks_exact(targets.width));
    samples
        .flat_map(|(y, f)| {
            let f: Vec<f64> = f.iter().map(|&f| f64::from(f)).collect();
            let f = if loss == Loss::CrossEntropy { softmax(&f) } else { f };
            f.into_iter().zip(y).map(|(f, &y)| f - f64::from(y)).collect::<Vec<_>>()
        })
        .collect()
}

fn softmax(f: &[f64]) -> Vec<f64> {
    let largest = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = f.iter().map(|f| (f - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// Σ_a φ_a, exactly 0 where the parts cancel to within the rounding of f32 outputs.
///
/// Softmax residuals always do: Σ_a (softmax_a − y_a) = 0. What rounding leaves of that is noise,
/// and a noise vector would have energies like any other.
fn summed(parts: &[f64]) -> f64 {
    let (sum, size) = parts.iter().fold((0.0, 0.0), |(sum, size), &p| (sum + p, size + p.abs()));
    let noise = parts.len() as f64 * STORED * size;
    if parts.len() > 1 && f64::abs(sum) <= noise { 0.0 } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_sample(values: &[f32]) -> PerSample {
        PerSample { width: 2, values: values.to_vec() }
    }

    fn least_squares(signal: Signal, reduction: Reduction, block: u32) -> Vec<Vec<f64>> {
        let targets = per_sample(&[1.0, 2.0, 3.0, 4.0]);
        let outputs = per_sample(&[1.5, 2.0, 2.0, 0.0]);
        vectors(signal, Loss::LeastSquares, &targets, &outputs, reduction, block)
    }

    #[test]
    fn each_reduction_orders_the_signal_as_its_rows() {
        let of = |reduction, block| least_squares(Signal::Target, reduction, block);
        assert_eq!(of(Reduction::Full, 0), [vec![1.0, 2.0, 3.0, 4.0]]);
        assert_eq!(of(Reduction::PerOutput, 1), [vec![2.0, 4.0]]);
        assert_eq!(of(Reduction::Trace, 0), [vec![1.0, 3.0], vec![2.0, 4.0]]);
        assert_eq!(of(Reduction::SummedLogit, 0), [vec![3.0, 7.0]]);
    }

    #[test]
    fn the_residual_of_least_squares_is_output_minus_target() {
        let residual = least_squares(Signal::Residual, Reduction::Full, 0);
        assert_eq!(residual, [vec![0.5, 0.0, -1.0, -4.0]]);
    }

    #[test]
    fn a_residual_is_rounding_where_outputs_and_targets_are_one_digit_apart() {
        let values = vec![vec![1.0, -2.0, 0.5]];
        let norm = sum::norm_of(&values);
        let of = |loss| residual_rounding(loss, &values, &values);
        assert!(
            (of(Loss::LeastSquares) - f64::from(f32::EPSILON) * norm * 2.0_f64.sqrt()).abs()
                <= 1e-15
        );
        assert!((of(Loss::CrossEntropy) - f64::EPSILON * norm).abs() <= 1e-20);
    }

    #[test]
    fn the_residual_of_cross_entropy_is_softmax_minus_target() {
        let targets = per_sample(&[0.0, 1.0]);
        let of = |outputs: &[f32], reduction| {
            let outputs = per_sample(outputs);
            vectors(Signal::Residual, Loss::CrossEntropy, &targets, &outputs, reduction, 0)
        };
        // Logits that differ by ln 3: probabilities ¾ and ¼; an offset changes nothing.
        for offset in [0.0, 1000.0] {
            let residual = of(&[offset + 3.0_f32.ln(), offset], Reduction::Full);
            assert!((residual[0][0] - 0.75).abs() <= 1e-4, "{residual:?}");
            assert!((residual[0][1] + 0.75).abs() <= 1e-4, "{residual:?}");
        }
        assert_eq!(of(&[0.3, 0.1], Reduction::SummedLogit), [vec![0.0]]);
    }
}
