//! Mean 0 and variance 1 over the training rows.

/// Rows by which [`collapse`] judges a column.
const JUDGED_ROWS: usize = 4096;

/// How a column is shifted and scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Mean over the training rows.
    pub mean: f64,
    /// Standard deviation over the training rows, √((1/N) Σ (v − mean)²).
    pub deviation: f64,
    /// What values are divided by before they are computed with: 1, or the largest of them where
    /// their squares leave the range of f64.
    unit: f64,
}

impl Scale {
    /// The scale of values that are not all the same.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let scale = Self::in_units(values, 1.0);
        if scale.deviation.is_normal() {
            return scale;
        }
        // Squares of 1e200 are infinite, those of 1e-200 are 0.
        Self::in_units(values, largest(values))
    }

    fn in_units(values: &[f64], unit: f64) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().map(|value| value / unit).sum::<f64>() / count;
        let distance = |value: &f64| value / unit - mean;
        let squares: f64 = values.iter().map(|value| distance(value) * distance(value)).sum();
        Self { mean: mean * unit, deviation: (squares / count).sqrt() * unit, unit }
    }

    /// (value − mean) / deviation.
    #[must_use]
    pub fn standardized(self, value: f64) -> f64 {
        let Self { mean, deviation, unit } = self;
        (value / unit - mean / unit) / (deviation / unit)
    }
}

/// The largest number by size.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

/// The value in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Whether values differ by no more than their rounding: such differences are not standardized.
pub fn is_constant(values: &[f64]) -> bool {
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| (least.min(*v), most.max(*v)));
    values.is_empty() || most - least <= 8.0 * f64::EPSILON * largest(values)
}

/// How many values a column has and how many of them are left in f32, where these are half or less:
/// beside an outlier of 1e200, or around an offset of 1e9, the values of a column become one.
///
/// `scaled` is what becomes of a value.
pub fn collapse(values: &[f64], scaled: impl Fn(f64) -> f64) -> Option<(usize, usize)> {
    let count = |values: Vec<f64>| {
        let plain: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
        let rounded: Vec<f64> =
            values.iter().map(|value| f64::from(scaled(*value) as f32)).collect();
        (distinct(plain), distinct(rounded))
    };
    let is_collapse = |(before, after): (usize, usize)| before > 1 && 2 * after <= before;
    let every = values.len().div_ceil(JUDGED_ROWS).max(1);
    let judged = count(values.iter().step_by(every).copied().collect());
    is_collapse(judged).then(|| count(values.to_vec())).filter(|counts| is_collapse(*counts))
}

#[expect(clippy::float_cmp, reason = "values that differ in a bit are different ones")]
fn distinct(mut values: Vec<f64>) -> usize {
    values.sort_unstable_by(f64::total_cmp);
    values.dedup_by(|a, b| a == b);
    values.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_size_are_standardized_without_overflow() {
        for unit in [1e-308, 1e-200, 1.0, 1e150, 1e200, 1.5e307] {
            let values = [unit, 3.0 * unit, 5.0 * unit, -unit];
            let scale = Scale::of(&values);
            let found: Vec<f64> = values.iter().map(|value| scale.standardized(*value)).collect();
            // Mean 2 and deviation √5 of 1, 3, 5, −1.
            let expected = [-1.0, 1.0, 3.0, -3.0].map(|distance: f64| distance / 5.0_f64.sqrt());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 8.0 * f64::EPSILON, "{unit:e}: {found}");
            }
        }
    }

    #[test]
    fn an_outlier_that_swallows_the_column_is_seen() {
        let mut values: Vec<f64> = (1..=40).map(f64::from).collect();
        let standardized = |values: &[f64]| {
            let scale = Scale::of(values);
            collapse(values, |value| scale.standardized(value))
        };
        assert_eq!(standardized(&values), None);
        values.push(1e200);
        assert_eq!(standardized(&values), Some((41, 2)));
        // Seconds since 1970 in f32, in steps of 128.
        let times: Vec<f64> = (0..100).map(|second| 1.7e9 + f64::from(second)).collect();
        assert_eq!(collapse(&times, |value| value), Some((100, 2)));
        assert_eq!(standardized(&times), None);
        assert_eq!(collapse(&[0.0, -0.0, 0.0], |value| value), None);
    }

    #[test]
    fn what_differs_by_rounding_is_constant() {
        assert!(is_constant(&[0.1 + 0.2, 0.3]));
        assert!(is_constant(&[0.0, -0.0]));
        assert!(!is_constant(&[1.0, 1.0 + 1e-12]));
        assert!(!is_constant(&[-1.5e308, 1.5e308]));
    }
}
