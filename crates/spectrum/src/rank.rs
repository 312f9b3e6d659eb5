//! Effective ranks of a kernel.

/// exp H(p) with pᵢ = λᵢ/Σλ: the number of directions that the spectrum is spread over.
///
/// `eigenvalues` are all eigenvalues. H = −Σ pᵢ ln pᵢ runs over the positive ones, to whose sum p
/// is relative: an eigenvalue at or below zero is the rounding noise of a zero, where
/// p ln p → 0.
///
/// Source: Roy & Vetterli 2007, effective rank.
#[must_use]
pub fn entropy(eigenvalues: &[f64]) -> Option<f64> {
    let positive = || eigenvalues.iter().copied().filter(|&value| value > 0.0);
    let sum: f64 = positive().sum();
    let entropy: f64 = positive().map(|value| -(value / sum) * (value / sum).ln()).sum();
    (sum > 0.0).then(|| entropy.exp())
}

/// (Σλ)²/Σλ² = (tr G)²/‖G‖²_F, from 1 for one direction to N for equal eigenvalues.
///
/// Needs no eigenvalue; `frobenius_squared` is ‖G‖²_F > 0.
#[must_use]
pub fn participation(trace: f64, frobenius_squared: f64) -> f64 {
    trace * trace / frobenius_squared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_eigenvalues_have_full_rank() {
        assert!((entropy(&[2.5; 7]).unwrap() - 7.0).abs() <= 1e-12);
        assert!((participation(7.0 * 2.5, 7.0 * 2.5 * 2.5) - 7.0).abs() <= 1e-12);
    }

    #[test]
    fn one_direction_has_rank_one_whatever_noise_lies_around_zero() {
        assert!((entropy(&[3.0, 0.0, -1e-9]).unwrap() - 1.0).abs() <= 1e-12);
        assert!((participation(3.0, 9.0) - 1.0).abs() <= 1e-12);
    }

    #[test]
    fn no_positive_eigenvalue_has_no_rank() {
        assert_eq!(entropy(&[0.0, -1.0]), None);
    }
}
