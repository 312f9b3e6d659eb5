//! Means over repetitions, and how far they can be trusted.

use artifact::tables::findings::Verdict;

/// Standard errors that count as the uncertainty of a mean.
const ERRORS: f64 = 2.0;

/// A mean over repetitions with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Mean.
    pub value: f64,
    /// Two standard errors; `None` of a single value, whose spread is not known.
    pub uncertainty: Option<f64>,
    /// n; of a difference of two means that of the smaller sample.
    pub count: usize,
}

impl Mean {
    /// Of `values`; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let (value, variance) = moments(values)?;
        let error = variance.map(|variance| (variance / values.len() as f64).sqrt());
        let uncertainty = error.map(|error| ERRORS * error);
        Some(Self { value, uncertainty, count: values.len() })
    }

    /// Of the difference of two independent samples, `to` minus `from`; `None` where one is empty.
    #[must_use]
    pub fn of_difference(from: &[f64], to: &[f64]) -> Option<Self> {
        let ((first, first_variance), (last, last_variance)) = (moments(from)?, moments(to)?);
        let square = |variance: Option<f64>, sample: &[f64]| Some(variance? / sample.len() as f64);
        let error = square(first_variance, from).zip(square(last_variance, to));
        Some(Self {
            value: last - first,
            uncertainty: error.map(|(first, last)| ERRORS * (first + last).sqrt()),
            count: from.len().min(to.len()),
        })
    }

    /// The same of the negative.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { value: -self.value, ..self }
    }

    /// Whether a rule holds that asks for a mean above 0: only where it lies above by more than its
    /// uncertainty. `at_zero` is the verdict on repetitions that are all exactly 0.
    #[must_use]
    pub fn verdict(self, at_zero: Verdict) -> Verdict {
        match self.uncertainty {
            Some(uncertainty) if uncertainty == 0.0 && self.value == 0.0 => at_zero,
            Some(uncertainty) if self.value > uncertainty => Verdict::Holds,
            Some(uncertainty) if self.value < -uncertainty => Verdict::DoesNotHold,
            _ => Verdict::NotDecided,
        }
    }
}

/// Mean and sample variance, with n − 1; no variance of a single value, and neither of none.
fn moments(values: &[f64]) -> Option<(f64, Option<f64>)> {
    if values.is_empty() {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| squares / (count - 1.0))))
}

/// Mean of lines at the x that all of them have.
#[must_use]
pub fn mean_line(lines: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let Some((first, others)) = lines.split_first() else { return Vec::new() };
    first
        .iter()
        .filter_map(|&(x, y)| {
            let mut sum = y;
            for line in others {
                // Steps and indices are whole numbers, so equal ones are equal.
                sum += line.iter().find(|point| point.0.total_cmp(&x).is_eq())?.1;
            }
            Some((x, sum / lines.len() as f64))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uncertainty_of_a_mean_is_two_standard_errors() {
        // Deviation √2, standard error 1.
        let mean = Mean { value: 2.0, uncertainty: Some(2.0), count: 2 };
        assert_eq!(Mean::of(&[1.0, 3.0]), Some(mean));
        assert_eq!(Mean::of(&[5.0]), Some(Mean { value: 5.0, uncertainty: None, count: 1 }));
        assert_eq!(Mean::of(&[]), None);
    }

    #[test]
    fn errors_of_independent_samples_add_in_squares() {
        let found = Mean::of_difference(&[1.0, 3.0], &[11.0, 13.0, 12.0]).unwrap();
        let expected = 2.0 * (1.0 + 1.0_f64 / 3.0).sqrt();
        assert!((found.value - 10.0).abs() < 1e-12);
        assert!((found.uncertainty.unwrap() - expected).abs() < 1e-12);
        assert_eq!(found.count, 2);
        assert_eq!(Mean::of_difference(&[1.0], &[2.0, 3.0]).unwrap().uncertainty, None);
        assert_eq!(Mean::of_difference(&[], &[2.0]), None);
    }

    #[test]
    fn a_mean_decides_beyond_its_uncertainty_only() {
        let verdict = |value, uncertainty| {
            Mean { value, uncertainty, count: 3 }.verdict(Verdict::DoesNotHold)
        };
        assert_eq!(verdict(0.3, Some(0.2)), Verdict::Holds);
        assert_eq!(verdict(0.3, Some(0.3)), Verdict::NotDecided);
        assert_eq!(verdict(-0.3, Some(0.4)), Verdict::NotDecided);
        assert_eq!(verdict(-0.5, Some(0.4)), Verdict::DoesNotHold);
        assert_eq!(verdict(0.3, None), Verdict::NotDecided);
        assert_eq!(verdict(0.0, Some(0.0)), Verdict::DoesNotHold);
        assert_eq!(verdict(f64::NAN, Some(0.1)), Verdict::NotDecided);
    }

    #[test]
    fn a_mean_line_has_the_points_that_all_have() {
        let lines = [vec![(0.0, 1.0), (1.0, 2.0), (2.0, 9.0)], vec![(0.0, 3.0), (2.0, 1.0)]];
        assert_eq!(mean_line(&lines), [(0.0, 2.0), (2.0, 5.0)]);
        assert!(mean_line(&[]).is_empty());
    }
}
