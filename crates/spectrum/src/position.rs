//! Where in the spectrum the residual lies.

use crate::sum;

/// Σ_a m̄_aᵀ G m̄_a / (tr G Σ_a ‖m̄_a‖²): the share of the trace that the residual meets.
///
/// It is Σᵢ λᵢ ⟨υᵢ, m̄⟩² / (Σᵢ λᵢ ‖m̄‖²), the mean eigenvalue under the residual's energy by mode:
/// λ₁/tr G where the residual lies along υ₁, 1/rows where it is spread evenly, 0 where no gradient
/// reaches it. `gram` is row-major, `trace` tr G > 0; `residual` holds one vector over its rows for
/// each output that shares the kernel. `None` for a zero residual.
///
/// Source: arXiv 2605.31244, spectral position.
pub fn spectral<T: Copy + Into<f64> + Sync>(
    gram: &[T],
    trace: f64,
    residual: &[Vec<f64>],
) -> Option<f64> {
    let norm: f64 = residual.iter().map(|part| sum::norm_squared(part)).sum();
    let form: f64 = residual.iter().map(|part| sum::dot(part, &sum::product(gram, part))).sum();
    (norm > 0.0).then(|| form / (trace * norm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eigen::all;
    use crate::eigen::tests::{gramian, matrix};

    #[test]
    fn it_is_the_mean_eigenvalue_under_the_energy_of_the_residual_by_the_trace() {
        let factor: Vec<f64> = (0..15).map(|i| f64::from(i * i % 7) - 3.0).collect();
        let gram = gramian(5, &factor);
        let residual = vec![vec![1.0, -2.0, 0.5, 0.0, 3.0], vec![0.0, 1.0, 1.0, -1.0, 0.25]];
        let mut store: Vec<f64> = Vec::new();
        let pairs = all(matrix(&gram, 5, 5, &mut store)).unwrap();
        let (mut weighted, mut energy) = (0.0, 0.0);
        for (vector, value) in pairs.vectors.iter().zip(&pairs.values) {
            for part in &residual {
                let along: f64 = vector.iter().zip(part).map(|(v, m)| v * m).sum();
                weighted += value * along * along;
                energy += along * along;
            }
        }
        let trace: f64 = pairs.values.iter().sum();
        let position = spectral(&gram, trace, &residual).unwrap();
        assert!((position - weighted / (trace * energy)).abs() <= 1e-13, "{position}");
    }

    #[test]
    fn it_runs_from_the_share_of_the_first_mode_to_zero() {
        let gram = [3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let of = |residual: [f64; 3]| spectral(&gram, 4.0, &[residual.to_vec()]);
        assert_eq!(of([2.0, 0.0, 0.0]), Some(0.75));
        assert_eq!(of([0.0, 0.0, 5.0]), Some(0.0));
        assert!((of([1.0, 1.0, 1.0]).unwrap() - 1.0 / 3.0).abs() <= 1e-15);
        assert_eq!(of([0.0; 3]), None);
    }
}
