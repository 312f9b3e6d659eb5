//! How well a score finds what is marked.

use crate::correlation::{equal, ranks, sorted};

/// The area under the receiver operating characteristic: the probability that a marked thing has a greater score
/// than one that is not, ties counting half.
///
/// None where all are marked or none is, or a score is NaN.
#[must_use]
pub fn auc(scores: &[f64], marked: &[bool]) -> Option<f64> {
    let positives = marked.iter().filter(|&&marked| marked).count();
    let negatives = marked.len() - positives;
    if positives == 0 || negatives == 0 || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let ranks = ranks(scores);
    let sum: f64 = ranks.iter().zip(marked).filter(|(_, marked)| **marked).map(|(r, _)| r).sum();
    let least = (positives * (positives - 1)) as f64 / 2.0;
    Some((sum - least) / (positives as f64 * negatives as f64))
}

/// How many of the `flagged` greatest scores are marked, ties at the border counting in proportion.
///
/// Divided by `flagged` it is the precision, by the number of marked things the recall.
#[must_use]
pub fn found(scores: &[f64], marked: &[bool], flagged: usize) -> f64 {
    let mut order = sorted(scores);
    order.reverse();
    let (mut left, mut found) = (flagged, 0.0);
    for tied in order.chunk_by(|&a, &b| equal(scores[a], scores[b])) {
        let hits = tied.iter().filter(|&&at| marked[at]).count() as f64;
        let taken = left.min(tied.len());
        found += hits * taken as f64 / tied.len() as f64;
        left -= taken;
        if left == 0 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_perfect_score_a_useless_one_and_one_upside_down() {
        let marked = [false, false, true, true];
        assert_eq!(auc(&[0.0, 1.0, 2.0, 3.0], &marked), Some(1.0));
        assert_eq!(auc(&[1.0, 1.0, 1.0, 1.0], &marked), Some(0.5));
        assert_eq!(auc(&[3.0, 2.0, 1.0, 0.0], &marked), Some(0.0));
        assert_eq!(auc(&[3.0, 2.0], &[true, true]), None);
        assert_eq!(auc(&[3.0, f64::NAN], &[true, false]), None);
    }

    #[test]
    fn ties_at_the_border_count_in_proportion() {
        let (scores, marked) = ([5.0, 1.0, 1.0, 1.0, 0.0], [true, true, false, false, true]);
        let found = |flagged| found(&scores, &marked, flagged);
        let expected = [0.0, 1.0, 1.0 + 1.0 / 3.0, 1.0 + 2.0 / 3.0, 2.0, 3.0, 3.0];
        for (flagged, expected) in expected.into_iter().enumerate() {
            assert!((found(flagged) - expected).abs() <= 1e-12, "{flagged}");
        }
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(
            all in prop::collection::vec((-4_i32..4, any::<bool>()), 2..40),
        ) {
            let (scores, marked): (Vec<f64>, Vec<bool>) =
                all.iter().map(|&(score, marked)| (f64::from(score), marked)).unzip();
            let (mut pairs, mut ordered) = (0.0, 0.0);
            for (a, _) in all.iter().filter(|(_, marked)| *marked) {
                for (b, _) in all.iter().filter(|(_, marked)| !marked) {
                    pairs += 1.0;
                    ordered += f64::from(u8::from(a > b)) + 0.5 * f64::from(u8::from(a == b));
                }
            }
            let found = auc(&scores, &marked);
            prop_assert_eq!(found.is_some(), pairs > 0.0);
            prop_assert!(found.is_none_or(|found| (found - ordered / pairs).abs() <= 1e-12));
        }
    }
}
