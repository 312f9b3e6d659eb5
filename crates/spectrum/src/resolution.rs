//! Which eigenvalues stand above the noise.

use crate::error::SpectrumError;

/// How far from zero rounding alone can put an eigenvalue: max(rows · ε · λ₁, ε₃₂ · ‖G‖_F).
///
/// `epsilon` is the larger of the precision in which the gradients were made and that of the
/// decomposition. The second term is Weyl's bound on what storing the Gramian as f32 does; it
/// decides only where both precisions are f64.
pub fn noise_level(rows: usize, epsilon: f64, largest: f64, frobenius: f64) -> f64 {
    (rows as f64 * epsilon * largest).max(f64::from(f32::EPSILON) * frobenius)
}

/// Number of leading eigenvalues above `noise`; `values` fall.
pub fn resolved(values: &[f64], noise: f64) -> usize {
    values.partition_point(|&value| value > noise)
}

/// Refuses eigenvalues that no G = J Jᵀ has: λ₁ that is not positive, or λ_min under −2 noise.
///
/// `smallest` is λ_min where all eigenvalues are known. Twice, because gradients and decomposition
/// each add their own rounding.
///
/// # Errors
/// [`SpectrumError::ZeroKernel`] or [`SpectrumError::NotPositive`].
pub fn check_positive(
    largest: f64,
    smallest: Option<f64>,
    noise: f64,
) -> Result<(), SpectrumError> {
    if largest.is_nan() || largest <= 0.0 {
        return Err(SpectrumError::ZeroKernel { largest });
    }
    let bound = 2.0 * noise;
    match smallest {
        Some(smallest) if smallest.is_nan() || smallest < -bound => {
            Err(SpectrumError::NotPositive { smallest, bound, largest })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolved_eigenvalues_are_those_above_rows_epsilon_and_the_largest() {
        let noise = noise_level(100, 1e-7, 50.0, 51.0);
        assert!((noise - 5e-4).abs() <= 1e-12);
        assert_eq!(resolved(&[50.0, 1e-3, 4e-4, -1e-5], noise), 2);
    }

    #[test]
    fn f32_storage_limits_what_f64_resolves() {
        let noise = noise_level(10, f64::EPSILON, 1.0, 1.0);
        assert!((noise - f64::from(f32::EPSILON)).abs() <= 1e-12);
    }

    #[test]
    fn a_negative_eigenvalue_beyond_rounding_is_refused_and_one_within_is_not() {
        assert!(check_positive(1.0, Some(-1.9e-6), 1e-6).is_ok());
        let refused = check_positive(1.0, Some(-2.1e-6), 1e-6);
        assert!(matches!(refused, Err(SpectrumError::NotPositive { .. })));
        let refused = check_positive(1.0, Some(f64::NAN), 1e-6);
        assert!(matches!(refused, Err(SpectrumError::NotPositive { .. })));
    }

    #[test]
    fn a_zero_kernel_is_refused() {
        for largest in [0.0, -1.0, f64::NAN] {
            let refused = check_positive(largest, None, 0.0);
            assert!(matches!(refused, Err(SpectrumError::ZeroKernel { .. })));
        }
    }
}
