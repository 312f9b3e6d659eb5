//! Several functions as one. Each is f(x) over samples and outputs, samples × outputs, row-major.

/// The sum over members of each value, in f64 and in the order of the members.
///
/// All members have as many values as the first; the result has as many, none of no members.
#[must_use]
pub fn sum(members: &[&[f32]]) -> Vec<f64> {
    let mut sum = vec![0.0; members.first().map_or(0, |first| first.len())];
    for member in members {
        for (sum, &value) in sum.iter_mut().zip(*member) {
            *sum += f64::from(value);
        }
    }
    sum
}

/// The mean over members of each value; none of no members.
#[must_use]
pub fn mean(members: &[&[f32]]) -> Vec<f32> {
    let count = members.len() as f64;
    sum(members).into_iter().map(|sum| (sum / count) as f32).collect()
}

/// The mean over all members but one, `left_out`, of each value, of their `sum` over all `count` ≥ 2 of them.
#[must_use]
pub fn mean_without(sum: &[f64], left_out: &[f32], count: usize) -> Vec<f32> {
    let others = count.saturating_sub(1) as f64;
    sum.iter().zip(left_out).map(|(sum, &own)| ((sum - f64::from(own)) / others) as f32).collect()
}

/// f_t − f_0 of each value: what a network has learned, without the function that it starts from.
///
/// Best is to train the difference itself, f_t − f_0 against y (Chizat et al.). Of a wide network that trains f_t,
/// f_t − f_0 = K_*X K⁻¹(y − f_0(X)) at the end: it lacks f_0(x) and keeps the answer to f_0(X). On training
/// samples it misses y by f_0. It comes closer to the kernel predictor only where the kernel does not
/// interpolate f_0: inputs of many dimensions, or early in training.
///
/// Source: Lee et al. 2020 (arXiv 2007.15801), the section on centring; Chizat, Oyallon & Bach 2019.
#[must_use]
pub fn centred(now: &[f32], start: &[f32]) -> Vec<f32> {
    now.iter().zip(start).map(|(&now, &start)| now - start).collect()
}

/// How far members are from each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Mean over values of the unbiased variance over members; none of fewer than two members, or no values.
    pub variance: Option<f64>,
    /// The same of all members but one, by the one; none each of fewer than three members.
    pub without: Vec<Option<f64>>,
}

/// The spread of `members`.
///
/// With the mean f̄ of M members and dₘ = Σ (fₘ − f̄)² over values, the variance is Σ dₘ / (M − 1) over the
/// number of values; without member m it is (Σ d − dₘ M/(M − 1)) / (M − 2) over it.
#[must_use]
pub fn spread(members: &[&[f32]]) -> Spread {
    let count = members.len() as f64;
    let mean: Vec<f64> = sum(members).into_iter().map(|sum| sum / count).collect();
    let apart = |member: &&[f32]| {
        member.iter().zip(&mean).map(|(&f, mean)| (f64::from(f) - mean).powi(2)).sum::<f64>()
    };
    let apart: Vec<f64> = members.iter().map(apart).collect();
    let (all, values) = (apart.iter().sum::<f64>(), mean.len() as f64);
    let known = |least: usize| members.len() >= least && !mean.is_empty();
    let without = |own: &f64| {
        // Two members left that agree have a variance of 0, which rounding may put below.
        let rest = (all - own * count / (count - 1.0)).max(0.0);
        known(3).then(|| rest / (count - 2.0) / values)
    };
    Spread {
        variance: known(2).then(|| all / (count - 1.0) / values),
        without: apart.iter().map(without).collect(),
    }
}

/// Of each sample the mean over its `outputs` of the unbiased variance over members; none of fewer than two
/// members.
#[must_use]
pub fn variance_by_sample(members: &[&[f32]], outputs: usize) -> Option<Vec<f64>> {
    if members.len() < 2 || outputs == 0 {
        return None;
    }
    let samples = members[0].len() / outputs;
    let of_sample = |sample: usize| {
        let own: Vec<&[f32]> =
            members.iter().map(|member| &member[sample * outputs..][..outputs]).collect();
        spread(&own).variance
    };
    (0..samples).map(of_sample).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Straight from the formula: mean over values of Σ (f − f̄)² / (M − 1).
    fn variance(members: &[&[f32]]) -> f64 {
        let values = members[0].len();
        let of_value = |i: usize| {
            let all: Vec<f64> = members.iter().map(|member| f64::from(member[i])).collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            all.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (all.len() - 1) as f64
        };
        (0..values).map(of_value).sum::<f64>() / values as f64
    }

    fn slices(members: &[Vec<f32>]) -> Vec<&[f32]> {
        members.iter().map(Vec::as_slice).collect()
    }

    fn members() -> impl Strategy<Value = Vec<Vec<f32>>> {
        (1_usize..7, 1_usize..9).prop_flat_map(|(count, values)| {
            let offset = prop_oneof![Just(0.0_f32), Just(1e4)];
            (vec(vec(-2.0_f32..2.0, values), count), offset).prop_map(|(mut all, offset)| {
                all.iter_mut().flatten().for_each(|value| *value += offset);
                all
            })
        })
    }

    proptest! {
        #[test]
        fn means_and_variances_follow_their_formulas_with_and_without_each_member(all in members()) {
            let all = slices(&all);
            let largest = all.iter().flat_map(|f| f.iter()).fold(0.0_f64, |a, &b| a.max(f64::from(b.abs())));
            let (whole, found) = (sum(&all), spread(&all));
            prop_assert_eq!(found.variance.is_some(), all.len() > 1);
            if let Some(found) = found.variance {
                // Squares of differences of numbers up to `largest`, with room for their sums.
                prop_assert!((found - variance(&all)).abs() <= 1e-13 * largest.max(1.0));
            }
            for m in 0..all.len() {
                let others: Vec<&[f32]> =
                    (0..all.len()).filter(|&i| i != m).map(|i| all[i]).collect();
                prop_assert_eq!(found.without[m].is_some(), others.len() > 1);
                if let Some(found) = found.without[m] {
                    prop_assert!((found - variance(&others)).abs() <= 1e-12 * largest.max(1.0));
                }
                if !others.is_empty() {
                    let expected = mean(&others);
                    for (found, expected) in mean_without(&whole, all[m], all.len()).iter().zip(expected) {
                        prop_assert!(f64::from((found - expected).abs()) <= f64::from(f32::EPSILON) * largest);
                    }
                }
            }
        }
    }

    #[test]
    fn centred_is_what_was_learned() {
        assert_eq!(centred(&[1.5, -2.0], &[0.5, 1.0]), [1.0, -3.0]);
    }

    #[test]
    fn the_variance_of_a_sample_is_the_mean_over_its_outputs() {
        let all = [vec![0.0, 0.0, 1.0, 1.0], vec![2.0, 4.0, 1.0, 1.0]];
        let all = slices(&all);
        assert_eq!(variance_by_sample(&all, 2), Some(vec![5.0, 0.0]));
        assert_eq!(spread(&all).variance, Some(2.5));
        assert_eq!(variance_by_sample(&all[..1], 2), None);
    }

    #[test]
    fn nothing_has_no_mean_and_no_variance() {
        assert!(mean(&[]).is_empty());
        assert_eq!(spread(&[]), Spread { variance: None, without: vec![] });
        assert_eq!(spread(&[&[], &[]]), Spread { variance: None, without: vec![None, None] });
        assert_eq!(variance_by_sample(&[&[], &[]], 2), Some(vec![]));
    }
}
