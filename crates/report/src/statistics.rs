//! Mean and spread over repetitions.

/// Mean and sample standard deviation of a few values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation with n − 1; 0 of a single value, whose spread is not known.
    pub deviation: f64,
    /// n.
    pub count: usize,
}

impl Spread {
    /// Of `values`; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 };
        Some(Self { mean, deviation, count })
    }

    /// Standard deviation of the difference of a value of `self` and one of `other`.
    #[must_use]
    pub fn with(self, other: Self) -> f64 {
        self.deviation.hypot(other.deviation)
    }
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
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_a_sample() {
        let spread = Spread::of(&[1.0, 3.0]).unwrap();
        assert_eq!((spread.mean, spread.deviation), (2.0, 2.0_f64.sqrt()));
        assert_eq!(Spread::of(&[5.0]).unwrap().deviation, 0.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_mean_line_has_the_points_that_all_have() {
        let lines = [vec![(0.0, 1.0), (1.0, 2.0), (2.0, 9.0)], vec![(0.0, 3.0), (2.0, 1.0)]];
        assert_eq!(mean_line(&lines), [(0.0, 2.0), (2.0, 5.0)]);
        assert!(mean_line(&[]).is_empty());
    }
}
