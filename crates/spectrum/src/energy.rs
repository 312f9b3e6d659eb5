//! Relative energy of a signal in the leading eigenvectors.

use rayon::prelude::*;

use crate::columns::Columns;
use crate::precision::Real;
use crate::sum;

/// Relative energy of `signal` in the leading vectors, cumulative over k.
///
/// `vectors` holds K orthonormal vectors of R entries in order of falling eigenvalue; `signal` one
/// vector φ_a of R entries for each output that shares the kernel (one, except under `trace`).
/// Entry k−1 of the result is Σ_a Σ_{i≤k} ⟨υᵢ, φ_a⟩² / Σ_a ‖φ_a‖², summed in f64; as far as the
/// vectors are orthonormal it lies in [0, 1]. It is not clamped.
///
/// `None` where the signal is zero: it has no energy to distribute.
///
/// Source: Kopitkov & Indelman 2019, the relative energy `E_t(φ, k)`.
pub fn relative<T: Real>(vectors: &Columns<T>, signal: &[Vec<f64>]) -> Option<Vec<f64>> {
    let norm: f64 = signal.iter().map(|part| sum::norm_squared(part)).sum();
    if norm == 0.0 {
        return None;
    }
    let mut energies: Vec<f64> = (0..vectors.count())
        .into_par_iter()
        .map(|i| {
            let vector = vectors.column(i);
            signal.iter().map(|part| sum::dot(vector, part).powi(2)).sum::<f64>() / norm
        })
        .collect();
    let mut total = 0.0;
    for energy in &mut energies {
        total += *energy;
        *energy = total;
    }
    Some(energies)
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
    fn energies_are_cumulative_shares_of_the_squared_norm() {
        let energies = relative(&identity(3), &[vec![3.0, 0.0, 4.0]]).unwrap();
        for (energy, expected) in energies.iter().zip([9.0 / 25.0, 9.0 / 25.0, 1.0]) {
            assert!((energy - expected).abs() <= 1e-15);
        }
    }

    #[test]
    fn outputs_that_share_a_kernel_are_weighted_by_their_squared_norms() {
        let energies = relative(&identity(2), &[vec![1.0, 0.0], vec![0.0, 3.0]]).unwrap();
        assert!((energies[0] - 0.1).abs() <= 1e-15);
        assert!((energies[1] - 1.0).abs() <= 1e-15);
    }

    #[test]
    fn a_zero_signal_has_no_energy() {
        assert_eq!(relative(&identity(2), &[vec![0.0, 0.0]]), None);
    }
}
