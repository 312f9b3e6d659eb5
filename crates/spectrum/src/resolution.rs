//! Which eigenvalues stand above the noise.

use artifact::Precision;

use crate::error::SpectrumError;

/// How far from zero rounding alone can put an eigenvalue: max(rows · ε · λ₁, ε' · ‖G‖_F).
///
/// `made` is the precision of the gradients, `stored` that of the table, `decomposed` that of the
/// decomposition. ε is the coarser one of making and decomposing; ε' that of storing and decomposing,
/// since the Gramian is rounded to the latter when it is read: Weyl's bound on what that does.
pub fn noise_level(
    rows: usize,
    (made, stored, decomposed): (Precision, Precision, Precision),
    largest: f64,
    frobenius: f64,
) -> f64 {
    let coarser = |one: Precision, other: Precision| one.epsilon().max(other.epsilon());
    let made = rows as f64 * coarser(made, decomposed) * largest;
    made.max(coarser(stored, decomposed) * frobenius)
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

    const ALL_F32: (Precision, Precision, Precision) =
        (Precision::F32, Precision::F32, Precision::F32);
    const ALL_F64: (Precision, Precision, Precision) =
        (Precision::F64, Precision::F64, Precision::F64);

    #[test]
    fn resolved_eigenvalues_are_those_above_rows_epsilon_and_the_largest() {
        let noise = noise_level(100, ALL_F32, 50.0, 51.0);
        assert!((noise - 5000.0 * f64::from(f32::EPSILON)).abs() <= 1e-12);
        assert_eq!(resolved(&[50.0, 1e-3, 4e-4, -1e-5], noise), 2);
        let noise = noise_level(100, ALL_F64, 50.0, 51.0);
        assert_eq!(resolved(&[50.0, 1e-3, 4e-4, -1e-5], noise), 3);
    }

    #[test]
    fn the_coarsest_of_making_storing_and_decomposing_limits_what_is_resolved() {
        use Precision::{F32, F64};
        let single = f64::from(f32::EPSILON);
        let noise = |all| noise_level(10, all, 1.0, 1.0);
        assert!((noise((F64, F32, F64)) - single).abs() <= 1e-12);
        assert!((noise((F64, F64, F32)) - 10.0 * single).abs() <= 1e-12);
        assert!((noise((F32, F64, F64)) - 10.0 * single).abs() <= 1e-12);
        assert!((noise(ALL_F64) - 10.0 * f64::EPSILON).abs() <= 1e-24);
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
