//! Correlations of two measures of the same things.

/// Ranks from 0 in rising order; equal values share the mean of their ranks.
///
/// NaN stands after every number.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let order = sorted(values);
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| equal(values[a], values[b])) {
        let mean = first as f64 + (tied.len() - 1) as f64 / 2.0;
        for &at in tied {
            ranks[at] = mean;
        }
        first += tied.len();
    }
    ranks
}

/// Places of `values` in rising order, of equal ones the first first.
pub(crate) fn sorted(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // As numbers, so that −0 equals 0.
    order.sort_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)));
    order
}

/// Whether two values tie.
pub(crate) fn equal(a: f64, b: f64) -> bool {
    (a + 0.0).total_cmp(&(b + 0.0)).is_eq()
}

/// Pearson's correlation of `a` and `b`, which are as long; none where one of them is constant or not finite.
#[must_use]
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let count = a.len().min(b.len()) as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        both += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    let is_constant = |values: &[f64]| values.windows(2).all(|pair| equal(pair[0], pair[1]));
    let found = both / (of_a.sqrt() * of_b.sqrt());
    let is_defined = !is_constant(a) && !is_constant(b) && found.is_finite();
    is_defined.then(|| found.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation of `a` and `b`, which are as long: Pearson's of their mid-ranks.
///
/// None where one of them is constant, or has a value that is NaN.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let has_nan = a.iter().chain(b).any(|value| value.is_nan());
    if has_nan { None } else { pearson(&ranks(a), &ranks(b)) }
}

/// Spearman's rank correlation over the places at which both are known.
#[must_use]
pub fn spearman_of_known(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    let known = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
    let (a, b): (Vec<f64>, Vec<f64>) = known.unzip();
    spearman(&a, &b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -0.0, 0.0]), [3.5, 2.0, 3.5, 0.5, 0.5]);
        assert!(ranks(&[]).is_empty());
    }

    /// `scipy.stats.spearmanr` and `pearsonr` 1.12 of the same numbers.
    #[test]
    fn correlations_are_those_of_scipy() {
        let a = [1.0, 2.0, 2.0, 5.0, 0.0, 7.5];
        let b = [0.3, 0.1, 0.4, 0.4, -1.0, 0.35];
        assert!((spearman(&a, &b).unwrap() - SPEARMAN).abs() <= 1e-14);
        assert!((pearson(&a, &b).unwrap() - PEARSON).abs() <= 1e-14);
    }

    const SPEARMAN: f64 = 0.661_764_705_882_352_9;
    const PEARSON: f64 = 0.564_913_279_875_308_7;

    #[test]
    fn what_is_constant_or_unknown_correlates_with_nothing() {
        assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(pearson(&[0.1, 0.1, 0.1], &[1.0, 2.0, 4.0]), None);
        assert_eq!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[], &[]), None);
        let known =
            spearman_of_known(&[Some(1.0), None, Some(2.0)], &[Some(5.0), Some(9.0), Some(4.0)]);
        assert!((known.unwrap() + 1.0).abs() <= 1e-15);
    }

    proptest! {
        #[test]
        fn ranks_do_not_change_under_rising_maps(
            pairs in prop::collection::vec((-5_i32..5, -5_i32..5), 2..40),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).unzip();
            let cubed: Vec<f64> = a.iter().map(|a| a.powi(3) + 1.0).collect();
            prop_assert_eq!(ranks(&a), ranks(&cubed));
            let found = spearman(&a, &b);
            prop_assert_eq!(found, spearman(&cubed, &b));
            let turned: Vec<f64> = b.iter().map(|b| -b).collect();
            match (found, spearman(&a, &turned)) {
                (Some(one), Some(other)) => prop_assert!((one + other).abs() <= 1e-12),
                (one, other) => prop_assert!(one.is_none() && other.is_none()),
            }
        }
    }
}
