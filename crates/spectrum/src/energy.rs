//! Energy of a signal in each eigenvector, and relative energy in the leading ones.

use rayon::prelude::*;

use crate::columns::Columns;
use crate::precision::Real;
use crate::sum;

/// Share of the energy of `signal` in each of the first `count` vectors.
///
/// `vectors` holds `count` or more orthonormal vectors of R entries; `signal` one vector φ_a of R entries for each
/// output that shares the kernel (one, except under `trace`). Entry i−1 of the result is
/// Σ_a ⟨υᵢ, φ_a⟩² / Σ_a ‖φ_a‖², summed in f64.
///
/// `None` where the signal is zero: it has no energy to distribute.
#[must_use]
pub fn of_modes<T: Real>(
    vectors: &Columns<T>,
    count: usize,
    signal: &[Vec<f64>],
) -> Option<Vec<f64>> {
    let norm: f64 = signal.iter().map(|part| sum::norm_squared(part)).sum();
    let energy = |i: usize| {
        let vector = vectors.column(i);
        signal.iter().map(|part| sum::dot(vector, part).powi(2)).sum::<f64>() / norm
    };
    (norm > 0.0).then(|| (0..count).into_par_iter().map(energy).collect())
}

/// [`of_modes`] of `signal` with its samples in random order, in expectation over all orders.
///
/// A sample has `per_sample` consecutive entries (its outputs, under `full`), which stay together. With
/// vᵢ the entries of υ for sample i, φ = (yᵢ), m and C the mean and the covariance of yᵢ over the N
/// samples, and s = Σᵢ vᵢ,
///
/// E⟨υ, πφ⟩² = (mᵀs)² + (N Σᵢ vᵢᵀ C vᵢ − sᵀ C s) / (N − 1),
///
/// since a random order gives E yᵢyᵢᵀ = mmᵀ + C, and E yᵢyⱼᵀ = mmᵀ − C/(N − 1) for i ≠ j. A single
/// sample has one order.
#[must_use]
pub fn of_modes_shuffled<T: Real>(
    vectors: &Columns<T>,
    count: usize,
    signal: &[Vec<f64>],
    per_sample: usize,
) -> Option<Vec<f64>> {
    let norm: f64 = signal.iter().map(|part| sum::norm_squared(part)).sum();
    let parts: Vec<Moments> = signal.iter().map(|part| Moments::of(part, per_sample)).collect();
    let energy = |i: usize| {
        let vector = vectors.column(i);
        parts.iter().map(|part| part.expected_square(vector)).sum::<f64>() / norm
    };
    (norm > 0.0).then(|| (0..count).into_par_iter().map(energy).collect())
}

/// Mean and covariance over samples of the entries of a sample.
struct Moments {
    samples: f64,
    mean: Vec<f64>,
    /// Row-major.
    covariance: Vec<f64>,
}

impl Moments {
    fn of(signal: &[f64], per_sample: usize) -> Self {
        let samples = (signal.len() / per_sample) as f64;
        let mut mean = vec![0.0; per_sample];
        for sample in signal.chunks_exact(per_sample) {
            mean.iter_mut().zip(sample).for_each(|(mean, entry)| *mean += entry / samples);
        }
        let mut covariance = vec![0.0; per_sample * per_sample];
        for sample in signal.chunks_exact(per_sample) {
            for (row, (a, mean_a)) in sample.iter().zip(&mean).enumerate() {
                let row = &mut covariance[row * per_sample..(row + 1) * per_sample];
                for (entry, (b, mean_b)) in row.iter_mut().zip(sample.iter().zip(&mean)) {
                    *entry += (a - mean_a) * (b - mean_b) / samples;
                }
            }
        }
        Self { samples, mean, covariance }
    }

    /// E⟨υ, πφ⟩².
    fn expected_square<T: Real>(&self, vector: &[T]) -> f64 {
        let width = self.mean.len();
        let mut total = vec![0.0; width];
        let mut within = 0.0;
        let mut wide = vec![0.0; width];
        for sample in vector.chunks_exact(width) {
            wide.iter_mut().zip(sample).for_each(|(wide, &entry)| *wide = entry.into());
            total.iter_mut().zip(&wide).for_each(|(total, entry)| *total += entry);
            within += self.variance_along(&wide);
        }
        let along_mean = sum::dot(&self.mean, &total).powi(2);
        if self.samples < 2.0 {
            return along_mean;
        }
        let spread = self.samples * within - self.variance_along(&total);
        along_mean + spread / (self.samples - 1.0)
    }

    /// xᵀ C x.
    fn variance_along(&self, x: &[f64]) -> f64 {
        let rows = self.covariance.chunks_exact(x.len()).zip(x);
        rows.map(|(row, &entry)| entry * sum::dot(row, x)).sum()
    }
}

/// Relative energy, cumulative over k: entry k−1 is the sum of the first k of `modes`.
///
/// As far as the vectors are orthonormal it lies in [0, 1]. It is not clamped.
///
/// Source: Kopitkov & Indelman 2019, the relative energy `E_t(φ, k)`.
#[must_use]
pub fn relative(modes: &[f64]) -> Vec<f64> {
    let mut total = 0.0;
    modes
        .iter()
        .map(|energy| {
            total += energy;
            total
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(rows: usize) -> Columns<f64> {
        let mut vectors = Columns::empty(rows);
        for i in 0..rows {
            vectors.push((0..rows).map(|j| f64::from(u8::from(i == j))));
        }
        vectors
    }

    #[test]
    fn energies_are_shares_of_the_squared_norm_and_relative_ones_cumulative() {
        let modes = of_modes(&identity(3), 3, &[vec![3.0, 0.0, 4.0]]).unwrap();
        for (energy, expected) in modes.iter().zip([9.0 / 25.0, 0.0, 16.0 / 25.0]) {
            assert!((energy - expected).abs() <= 1e-15);
        }
        for (energy, expected) in relative(&modes).iter().zip([9.0 / 25.0, 9.0 / 25.0, 1.0]) {
            assert!((energy - expected).abs() <= 1e-15);
        }
    }

    #[test]
    fn only_the_first_vectors_are_asked_for_their_energy() {
        let signal = [vec![3.0, 0.0, 4.0]];
        let all = of_modes(&identity(3), 3, &signal).unwrap();
        assert_eq!(of_modes(&identity(3), 2, &signal).unwrap(), all[..2]);
        assert_eq!(of_modes_shuffled(&identity(3), 2, &signal, 1).unwrap().len(), 2);
    }

    #[test]
    fn outputs_that_share_a_kernel_are_weighted_by_their_squared_norms() {
        let energies = of_modes(&identity(2), 2, &[vec![1.0, 0.0], vec![0.0, 3.0]]).unwrap();
        assert!((energies[0] - 0.1).abs() <= 1e-15);
        assert!((energies[1] - 0.9).abs() <= 1e-15);
    }

    /// Every order of `0..count`.
    fn orders(count: usize) -> Vec<Vec<usize>> {
        if count == 0 {
            return vec![Vec::new()];
        }
        let shorter = orders(count - 1);
        let insert = |order: &Vec<usize>, at: usize| {
            let mut longer = order.clone();
            longer.insert(at, count - 1);
            longer
        };
        shorter.iter().flat_map(|order| (0..count).map(move |at| insert(order, at))).collect()
    }

    #[test]
    fn the_shuffled_energy_is_the_mean_over_every_order_of_the_samples() {
        for (samples, per_sample, parts) in
            [(1, 1, 1), (1, 2, 1), (2, 1, 1), (5, 1, 1), (5, 1, 3), (5, 2, 1), (4, 3, 2)]
        {
            let rows = samples * per_sample;
            let number = |i: usize| ((i * 37 + i * i * 11) % 23) as f64 / 7.0 - 1.0;
            let mut vectors = Columns::empty(rows);
            for k in 0..3 {
                vectors.push((0..rows).map(|i| number(i + 5 * k)));
            }
            let signal: Vec<Vec<f64>> =
                (0..parts).map(|part| (0..rows).map(|i| number(i + 40 + part)).collect()).collect();
            let all = orders(samples);
            let mut expected = vec![0.0; 3];
            for order in &all {
                let shuffled: Vec<Vec<f64>> = signal
                    .iter()
                    .map(|part| {
                        let sample = |&i: &usize| &part[i * per_sample..(i + 1) * per_sample];
                        order.iter().flat_map(sample).copied().collect()
                    })
                    .collect();
                let energies = of_modes(&vectors, 3, &shuffled).unwrap();
                let mean = expected.iter_mut().zip(energies);
                mean.for_each(|(mean, energy)| *mean += energy / all.len() as f64);
            }
            let found = of_modes_shuffled(&vectors, 3, &signal, per_sample).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 1e-12 * (1.0 + expected), "{found} {expected}");
            }
        }
    }

    #[test]
    fn shuffled_energies_over_a_whole_basis_are_one() {
        let signal = [(0..12).map(|i| f64::from(i * i % 7)).collect::<Vec<f64>>()];
        for per_sample in [1, 2, 3] {
            let energies = of_modes_shuffled(&identity(12), 12, &signal, per_sample).unwrap();
            assert!((energies.iter().sum::<f64>() - 1.0).abs() <= 1e-12);
        }
    }

    #[test]
    fn a_zero_signal_has_no_energy() {
        assert_eq!(of_modes(&identity(2), 2, &[vec![0.0, 0.0]]), None);
        assert_eq!(of_modes_shuffled(&identity(2), 2, &[vec![0.0, 0.0]], 1), None);
    }
}
