//! How far a result is from the reference, and how far it may be.

/// How far a result is from the reference, and how far it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// What was measured, as a formula; X is the result, X₆₄ the reference.
    pub measure: &'static str,
    /// The distance; NaN where the result is not finite.
    pub error: f64,
    /// The largest distance of a right result.
    pub tolerance: f64,
}

impl Judgement {
    /// Whether the result is right; NaN never is.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.error.is_finite() && self.error <= self.tolerance
    }

    /// The one of several that comes nearest to its tolerance or exceeds it most; NaN before all.
    #[must_use]
    pub fn worst(several: impl IntoIterator<Item = Self>) -> Option<Self> {
        let share = |judgement: &Self| match judgement.error / judgement.tolerance {
            share if share.is_nan() && judgement.error.is_nan() => f64::INFINITY,
            // 0 of 0: exact, as was asked.
            share if share.is_nan() => 0.0,
            share => share,
        };
        several.into_iter().max_by(|a, b| share(a).total_cmp(&share(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(error: f64, tolerance: f64) -> Judgement {
        Judgement { measure: "|X − X₆₄|", error, tolerance }
    }

    #[test]
    fn nothing_but_a_finite_distance_within_the_tolerance_holds() {
        assert!(judgement(0.0, 0.0).holds() && judgement(1.0, 1.0).holds());
        for error in [1.1, f64::NAN, f64::INFINITY] {
            assert!(!judgement(error, 1.0).holds());
        }
        assert!(!judgement(0.0, f64::NAN).holds());
    }

    #[test]
    fn the_worst_is_measured_by_its_own_tolerance() {
        let worst = |all: &[Judgement]| Judgement::worst(all.iter().copied()).map(|j| j.error);
        assert_eq!(worst(&[judgement(0.5, 1.0), judgement(2.0, 10.0)]), Some(0.5));
        assert_eq!(worst(&[judgement(0.0, 0.0), judgement(2.0, 10.0)]), Some(2.0));
        assert!(worst(&[judgement(f64::NAN, 1.0), judgement(9.0, 1.0)]).is_some_and(f64::is_nan));
        assert_eq!(worst(&[]), None);
    }
}
