//! The standard error of a number that several members make together.

/// A number and its standard error over members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The number, of all members.
    pub value: f64,
    /// Its standard error; none of fewer than two members.
    pub error: Option<f64>,
}

impl Estimate {
    /// `self` − `other`, of members that have nothing to do with each other; the error is that of those
    /// that have one.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let squares = [self.error, other.error].into_iter().flatten().map(|error| error * error);
        let error = squares.reduce(|a, b| a + b).map(f64::sqrt);
        Self { value: self.value - other.value, error }
    }
}

/// Standard error by the jackknife: √((M − 1)/M Σ (θ₋ₘ − θ̄)²), θ₋ₘ = `without[m]` the number without member m
/// and θ̄ their mean. Of a mean over members it is the standard error of the mean.
///
/// None of fewer than two members, and where one of the numbers is not finite.
///
/// Source: Efron & Tibshirani 1993, equation 11.5.
#[must_use]
pub fn standard_error(without: &[f64]) -> Option<f64> {
    let count = without.len() as f64;
    if without.len() < 2 {
        return None;
    }
    let mean = without.iter().sum::<f64>() / count;
    let squares: f64 = without.iter().map(|value| (value - mean).powi(2)).sum();
    Some(((count - 1.0) / count * squares).sqrt()).filter(|error| error.is_finite())
}

/// The mean of all `values` but one, by the one; nothing of fewer than two.
#[must_use]
pub fn means_without(values: &[f64]) -> Vec<f64> {
    if values.len() < 2 {
        return Vec::new();
    }
    let (sum, others) = (values.iter().sum::<f64>(), (values.len() - 1) as f64);
    values.iter().map(|value| (sum - value) / others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mean_it_is_the_standard_error_of_the_mean() {
        let values = [0.3, 0.9, -1.2, 4.0, 0.25];
        let mean = values.iter().sum::<f64>() / 5.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4.0;
        let found = standard_error(&means_without(&values)).unwrap();
        assert!((found - (variance / 5.0).sqrt()).abs() <= 1e-14);
    }

    #[test]
    fn one_member_and_numbers_that_are_none_have_no_error() {
        assert_eq!(standard_error(&means_without(&[0.3])), None);
        assert_eq!(standard_error(&[]), None);
        assert_eq!(standard_error(&[0.1, f64::NAN]), None);
        assert_eq!(standard_error(&[0.1, f64::INFINITY]), None);
        assert_eq!(standard_error(&[0.5, 0.5]), Some(0.0));
    }

    #[test]
    fn errors_of_a_difference_add_in_squares_as_far_as_they_are_known() {
        let of = |value, error| Estimate { value, error };
        assert_eq!(of(3.0, Some(3.0)).minus(of(1.0, Some(4.0))), of(2.0, Some(5.0)));
        assert_eq!(of(3.0, Some(3.0)).minus(of(1.0, None)), of(2.0, Some(3.0)));
        assert_eq!(of(3.0, None).minus(of(1.0, None)), of(2.0, None));
    }
}
