//! Gradient descent with a kernel that does not change.

use crate::columns::Columns;
use crate::eigen::Eigenpairs;
use crate::precision::Real;
use crate::product;
use crate::rates::{Rates, Stretch};
use crate::sum;

/// Where a descent starts, and what it is measured on.
pub struct Start<'a> {
    /// Step of the start.
    pub step: u64,
    /// m̄ on the training samples, over the kernel's rows.
    pub train: &'a [f64],
    /// m̄ on the test samples; empty without test rows.
    pub test: &'a [f64],
    /// N.
    pub samples: usize,
    /// Number of test samples.
    pub test_samples: usize,
}

/// Losses with the ½ at each of the steps asked for; none where the descent has left all numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// Over the training samples.
    pub train: Vec<Option<f64>>,
    /// Over the test samples; empty without test rows.
    pub test: Vec<Option<f64>>,
}

/// The losses of least-squares descent with the kernel of `pairs` held fixed, at `steps`.
///
/// `pairs` are all eigenpairs of G, `test` its rows for the test samples (row-major), `rates` the δ
/// of the updates; `steps` rise from `start.step` on. With m̄_{t+1} = (I − (δ_t/N) G) m̄_t,
///
/// ⟨υᵢ, m̄_t⟩ = pᵢ(t) ⟨υᵢ, m̄_0⟩, pᵢ(t) = Π_{s<t} (1 − δ_s λᵢ/N),
///
/// and on test samples, with g their rows of the kernel,
///
/// m̄*_t = m̄*_0 − (1/N) Σᵢ qᵢ(t) ⟨υᵢ, m̄_0⟩ g υᵢ, qᵢ(t) = Σ_{s<t} δ_s pᵢ(s).
///
/// Both have a closed form while δ is constant. An eigenvalue below zero, which G = J Jᵀ cannot
/// have, is the rounding of a zero and leaves its mode where it is: over 1e5 steps it would grow.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use faer::MatRef;
/// use spectrum::{Rates, frozen};
///
/// // One mode with λ = 2, one with λ = 0, N = 2, δ = 0.5: the first halves with every step.
/// let pairs = spectrum::all(MatRef::from_column_major_slice(&[2.0, 0.0, 0.0, 0.0], 2, 2))?;
/// let history = BTreeMap::from([(0, 0.5), (1, 0.5), (2, 0.5)]);
/// let rates = Rates::known(None, &history)?.expect("every rate is known");
/// let start =
///     frozen::Start { step: 0, train: &[1.0, 1.0], test: &[], samples: 2, test_samples: 0 };
/// let losses = frozen::losses(&pairs, &[], &start, &rates, &[0, 1, 2]);
/// // L = ‖m̄‖²/(2N).
/// for (loss, left) in losses.train.iter().zip([1.0, 0.25, 0.0625]) {
///     assert!((loss.expect("it does not diverge") - (left + 1.0) / 4.0).abs() < 1e-14);
/// }
/// # Ok::<(), stage::StageError>(())
/// ```
///
/// Source: the linearization of Lee et al. 2019 with another kernel than that at the start; Ortiz-
/// Jiménez et al. 2021 (arXiv 2106.06770) compare kernels this way.
pub fn losses<T: Real>(
    pairs: &Eigenpairs<T>,
    test: &[T],
    start: &Start<'_>,
    rates: &Rates,
    steps: &[u64],
) -> Losses {
    let samples = start.samples as f64;
    let along: Vec<f64> = pairs.vectors.iter().map(|v| sum::dot(v, start.train)).collect();
    let mut modes: Vec<Mode> =
        pairs.values.iter().map(|value| Mode::at_rest(value.max(0.0) / samples)).collect();
    // qᵢ(t) ⟨υᵢ, m̄_0⟩, one column a step.
    let mut moved = Columns::empty(modes.len());
    let mut train = Vec::new();
    let mut now = start.step;
    for &step in steps {
        for stretch in rates.between(now, step) {
            for mode in &mut modes {
                mode.descend(stretch);
            }
        }
        now = step;
        let left: Vec<f64> = modes.iter().zip(&along).map(|(mode, c)| mode.left * c).collect();
        train.push(loss(&left, samples));
        moved.push(modes.iter().zip(&along).map(|(mode, c)| mode.moved * c));
    }
    if start.test.is_empty() {
        return Losses { train, test: Vec::new() };
    }
    let moved = product::of_rows(test, &product::of_columns(&pairs.vectors, &moved));
    let of_step = |moved: &[f64]| {
        let residual: Vec<f64> =
            start.test.iter().zip(moved).map(|(m, moved)| m - moved / samples).collect();
        loss(&residual, start.test_samples as f64)
    };
    Losses { train, test: moved.iter().map(of_step).collect() }
}

/// (1/2N) ‖m̄‖², where it is a number.
fn loss(residual: &[f64], samples: f64) -> Option<f64> {
    Some(sum::norm_squared(residual) / (2.0 * samples)).filter(|loss| loss.is_finite())
}

/// How far one mode has come.
struct Mode {
    /// λ/N ≥ 0.
    curvature: f64,
    /// p: what is left of the residual along it.
    left: f64,
    /// q: Σ δ p over the updates so far.
    moved: f64,
}

impl Mode {
    const fn at_rest(curvature: f64) -> Self {
        Self { curvature, left: 1.0, moved: 0.0 }
    }

    fn descend(&mut self, stretch: Stretch) {
        let (rate, updates) = (stretch.learning_rate, stretch.updates as f64);
        let x = rate * self.curvature;
        // aⁿ and (1 − aⁿ)/(1 − a), a = 1 − x; near a = 1 by way of ln a, lest 1 − aⁿ cancel.
        let (power, sum) = if x == 0.0 {
            (1.0, updates)
        } else if x < 1.0 {
            let exponent = updates * (-x).ln_1p();
            (exponent.exp(), -exponent.exp_m1() / x)
        } else {
            let sign = if stretch.updates.is_multiple_of(2) { 1.0 } else { -1.0 };
            let power = sign * (x - 1.0).powf(updates);
            (power, (1.0 - power) / x)
        };
        self.moved += rate * self.left * sum;
        self.left *= power;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use artifact::RateFrom;

    use super::*;
    use crate::eigen::all;
    use crate::eigen::tests::{gramian, matrix};

    fn rates(pieces: &[(u64, f64)]) -> Rates {
        let pieces: Vec<RateFrom> =
            pieces.iter().map(|&(step, learning_rate)| RateFrom { step, learning_rate }).collect();
        Rates::known(Some(&pieces), &BTreeMap::new()).unwrap().unwrap()
    }

    /// Row i of made-up features; the kernel is their inner product, so it has rank 3.
    fn feature(i: usize, j: usize) -> f64 {
        ((i * 7 + j * 5 + i * j * 3) % 11) as f64 / 4.0 - 1.25
    }

    const TRAIN: usize = 6;
    const TEST: usize = 4;
    const RANK: usize = 3;

    /// Gradient descent on the weights of f(x) = θ·φ(x), step by step: losses before each update.
    fn linear_model(rate: impl Fn(u64) -> f64, steps: u64) -> Vec<[f64; 2]> {
        let mut weights = [0.5, -1.0, 0.25];
        let residual = |weights: &[f64; RANK], i: usize| -> f64 {
            (0..RANK).map(|j| weights[j] * feature(i, j)).sum::<f64>() - target(i)
        };
        let mut losses = Vec::new();
        for step in 0..=steps {
            let squares = |from: usize, to: usize| {
                (from..to).map(|i| residual(&weights, i).powi(2)).sum::<f64>()
                    / (2.0 * (to - from) as f64)
            };
            losses.push([squares(0, TRAIN), squares(TRAIN, TRAIN + TEST)]);
            let before = weights;
            for (j, weight) in weights.iter_mut().enumerate() {
                let gradient: f64 =
                    (0..TRAIN).map(|i| residual(&before, i) * feature(i, j)).sum::<f64>();
                *weight -= rate(step) / TRAIN as f64 * gradient;
            }
        }
        losses
    }

    fn target(i: usize) -> f64 {
        (i as f64 * 1.3).sin()
    }

    fn frozen(rates: &Rates, steps: &[u64], scale: f64) -> Losses {
        let factor: Vec<f64> =
            (0..TRAIN * RANK).map(|at| scale * feature(at / RANK, at % RANK)).collect();
        let gram = gramian(TRAIN, &factor);
        let mut store: Vec<f64> = Vec::new();
        let pairs = all(matrix(&gram, TRAIN, TRAIN, &mut store)).unwrap();
        let kernel = |i: usize, j: usize| {
            (0..RANK).map(|k| scale * scale * feature(i, k) * feature(j, k)).sum::<f64>()
        };
        let test: Vec<f64> =
            (TRAIN..TRAIN + TEST).flat_map(|i| (0..TRAIN).map(move |j| kernel(i, j))).collect();
        let weights = [0.5, -1.0, 0.25];
        let residual: Vec<f64> = (0..TRAIN + TEST)
            .map(|i| (0..RANK).map(|j| weights[j] * feature(i, j)).sum::<f64>() - target(i))
            .collect();
        let (train, of_test) = residual.split_at(TRAIN);
        let start = Start { step: 0, train, test: of_test, samples: TRAIN, test_samples: TEST };
        losses(&pairs, &test, &start, rates, steps)
    }

    fn assert_close(found: &[Option<f64>], expected: impl Iterator<Item = f64>, at: &str) {
        let expected: Vec<f64> = expected.collect();
        assert_eq!(found.len(), expected.len(), "{at}");
        for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
            let found = found.unwrap();
            // The kernel is stored as f32; a loss is right to that.
            let close = (found - expected).abs() <= 1e-5 * expected.abs();
            assert!(close, "{at} {step}: {found} {expected}");
        }
    }

    #[test]
    fn with_the_kernel_of_a_linear_model_it_is_its_gradient_descent() {
        // λ₁/N is about 3.6: from slow to a mode that changes its sign at every step.
        for (early, late) in [(0.01, 0.002), (0.2, 0.4), (0.5, 0.1)] {
            let pieces = rates(&[(0, early), (7, late)]);
            let steps: Vec<u64> = (0..=40).collect();
            let real = linear_model(|step| if step < 7 { early } else { late }, 40);
            let found = frozen(&pieces, &steps, 1.0);
            assert_close(&found.train, real.iter().map(|losses| losses[0]), "train");
            assert_close(&found.test, real.iter().map(|losses| losses[1]), "test");
            // The same with few steps asked for.
            let sparse = frozen(&pieces, &[0, 5, 23, 40], 1.0);
            let of = |at: usize| [0, 5, 23, 40].map(|step| real[step][at]).into_iter();
            assert_close(&sparse.train, of(0), "sparse");
            assert_close(&sparse.test, of(1), "sparse test");
        }
    }

    #[test]
    fn another_kernel_descends_at_another_speed() {
        let steps: Vec<u64> = (0..=40).collect();
        let (slow, fast) = (rates(&[(0, 0.01)]), rates(&[(0, 0.04)]));
        // Twice the features: four times the kernel, as four times the rate would do.
        let (scaled, plain) = (frozen(&slow, &steps, 2.0), frozen(&fast, &steps, 1.0));
        assert_close(&scaled.train, plain.train.iter().flatten().copied(), "train");
        assert_close(&scaled.test, plain.test.iter().flatten().copied(), "test");
        assert!(scaled.train[40] < frozen(&slow, &steps, 1.0).train[40]);
    }

    #[test]
    fn a_descent_beyond_all_numbers_has_no_loss() {
        let found = frozen(&rates(&[(0, 10.0)]), &[0, 10, 100_000], 1.0);
        assert!(found.train[1] > found.train[0] && found.test[1] > found.test[0]);
        assert_eq!((found.train[2], found.test[2]), (None, None));
    }

    #[test]
    fn a_mode_without_curvature_stays_and_its_kernel_row_moves_on() {
        let mut mode = Mode::at_rest(0.0);
        mode.descend(Stretch { updates: 5, learning_rate: 0.5 });
        assert_eq!((mode.left, mode.moved), (1.0, 2.5));
        // The limit of ever smaller curvature, to 5 δ λ/N.
        let mut small = Mode::at_rest(1e-14);
        small.descend(Stretch { updates: 5, learning_rate: 0.5 });
        assert!((small.moved - 2.5).abs() <= 1e-12 && (small.left - 1.0).abs() <= 1e-12);
    }
}
