//! Energy of a signal in each eigenvector, and relative energy in the leading ones.

use rayon::prelude::*;

use crate::columns::Columns;
use crate::precision::Real;
use crate::sum;

/// Share of the energy of `signal` in each vector.
///
/// `vectors` holds K orthonormal vectors of R entries; `signal` one vector φ_a of R entries for each
/// output that shares the kernel (one, except under `trace`). Entry i−1 of the result is
/// Σ_a ⟨υᵢ, φ_a⟩² / Σ_a ‖φ_a‖², summed in f64.
///
/// `None` where the signal is zero: it has no energy to distribute.
pub fn of_modes<T: Real>(vectors: &Columns<T>, signal: &[Vec<f64>]) -> Option<Vec<f64>> {
    let norm: f64 = signal.iter().map(|part| sum::norm_squared(part)).sum();
    let energy = |i: usize| {
        let vector = vectors.column(i);
        signal.iter().map(|part| sum::dot(vector, part).powi(2)).sum::<f64>() / norm
    };
    (norm > 0.0).then(|| (0..vectors.count()).into_par_iter().map(energy).collect())
}

/// Relative energy, cumulative over k: entry k−1 is the sum of the first k of `modes`.
///
/// As far as the vectors are orthonormal it lies in [0, 1]. It is not clamped.
///
/// Source: Kopitkov & Indelman 2019, the relative energy `E_t(φ, k)`.
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
        let modes = of_modes(&identity(3), &[vec![3.0, 0.0, 4.0]]).unwrap();
        for (energy, expected) in modes.iter().zip([9.0 / 25.0, 0.0, 16.0 / 25.0]) {
            assert!((energy - expected).abs() <= 1e-15);
        }
        for (energy, expected) in relative(&modes).iter().zip([9.0 / 25.0, 9.0 / 25.0, 1.0]) {
            assert!((energy - expected).abs() <= 1e-15);
        }
    }

    #[test]
    fn outputs_that_share_a_kernel_are_weighted_by_their_squared_norms() {
        let energies = of_modes(&identity(2), &[vec![1.0, 0.0], vec![0.0, 3.0]]).unwrap();
        assert!((energies[0] - 0.1).abs() <= 1e-15);
        assert!((energies[1] - 0.9).abs() <= 1e-15);
    }

    #[test]
    fn a_zero_signal_has_no_energy() {
        assert_eq!(of_modes(&identity(2), &[vec![0.0, 0.0]]), None);
    }
}
