//! What is measured of codes without a classifier.

use artifact::tables::Split;
use statistics::Bits;

use super::table::Metric;

/// A number that is measured of a split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The split.
    pub split: Split,
    /// What is measured.
    pub metric: Metric,
    /// The number.
    pub value: Option<f64>,
}

/// The redundancy ratio (n − distinct)/n of n codes; None of no codes.
///
/// Source: He et al. 2021, the redundancy ratio.
#[must_use]
pub fn redundancy(codes: &Bits) -> Option<f64> {
    let n = codes.rows();
    (n > 0).then(|| (n - codes.distinct()) as f64 / n as f64)
}

/// Bits that are 0 for all codes, and bits that are the same for all.
#[must_use]
pub fn unused_units(codes: &Bits) -> [usize; 2] {
    let n = codes.rows() as u64;
    let ones = codes.ones(0..codes.rows());
    let dead = ones.iter().filter(|&&ones| ones == 0).count();
    [dead, dead + ones.iter().filter(|&&ones| ones == n && n > 0).count()]
}

/// The mean share of bits in which two codes differ, over all pairs of one class and over all pairs of two classes;
/// None where there is no such pair.
///
/// A bit that is 1 in a of n codes differs in a (n − a) pairs: no pair is looked at.
#[must_use]
pub fn class_distances(codes: &Bits, labels: &[u32]) -> [Option<f64>; 2] {
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (row, &label) in labels.iter().enumerate() {
        let class = label as usize;
        members.resize_with(members.len().max(class + 1), Vec::new);
        members[class].push(row);
    }
    let differing = |rows: &[usize]| -> u64 {
        let n = rows.len() as u64;
        codes.ones(rows.iter().copied()).into_iter().map(|ones| ones * (n - ones)).sum()
    };
    let pairs = |n: u64| n * n.saturating_sub(1) / 2;
    let all_rows: Vec<usize> = (0..codes.rows()).collect();
    let all = (differing(&all_rows), pairs(codes.rows() as u64));
    let within = members.iter().fold((0, 0), |(bits, count), rows| {
        (bits + differing(rows), count + pairs(rows.len() as u64))
    });
    let between = (all.0 - within.0, all.1 - within.1);
    let share = |(bits, count): (u64, u64)| {
        let compared = count as f64 * codes.bits() as f64;
        (compared > 0.0).then(|| bits as f64 / compared)
    };
    [share(within), share(between)]
}

/// All of it, of the codes of `split` and their classes, where they have some.
#[must_use]
pub fn scores(split: Split, codes: &Bits, labels: Option<&[u32]>) -> Vec<Score> {
    if codes.rows() == 0 {
        return Vec::new();
    }
    let score = |metric, value| Score { split, metric, value };
    let [dead, constant] = unused_units(codes);
    let mut scores = vec![
        score(Metric::Redundancy, redundancy(codes)),
        score(Metric::Distinct, Some(codes.distinct() as f64)),
        score(Metric::DeadUnits, Some(dead as f64)),
        score(Metric::ConstantUnits, Some(constant as f64)),
    ];
    if let Some(labels) = labels {
        let [within, between] = class_distances(codes, labels);
        scores.push(score(Metric::HammingWithin, within));
        scores.push(score(Metric::HammingBetween, between));
    }
    scores
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(rows: &[&[u8]]) -> Bits {
        let mut codes = Bits::zeros(rows.len(), rows.first().map_or(0, |row| row.len()));
        for (number, row) in rows.iter().enumerate() {
            let values: Vec<f32> = row.iter().map(|&bit| f32::from(bit)).collect();
            codes.set_positive(number, 0, &values);
        }
        codes
    }

    #[test]
    fn equal_codes_are_redundant_and_idle_units_are_counted() {
        let codes = codes(&[&[0, 1, 1], &[0, 1, 0], &[0, 1, 1], &[0, 1, 1]]);
        assert_eq!(redundancy(&codes), Some(0.5));
        assert_eq!(unused_units(&codes), [1, 2]);
        assert_eq!(redundancy(&Bits::zeros(0, 3)), None);
        assert!(scores(Split::Test, &Bits::zeros(0, 3), Some(&[])).is_empty());
    }

    proptest! {
        #[test]
        fn distances_are_the_means_over_all_pairs(
            rows in prop::collection::vec(prop::collection::vec(0_u8..2, 5), 0..14),
            labels in prop::collection::vec(0_u32..4, 14),
        ) {
            let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            let (codes, labels) = (codes(&rows), &labels[..rows.len()]);
            let mut sums = [(0.0, 0.0); 2];
            for i in 0..rows.len() {
                for j in 0..i {
                    let differ = rows[i].iter().zip(rows[j]).filter(|(a, b)| a != b).count();
                    let sum = &mut sums[usize::from(labels[i] != labels[j])];
                    *sum = (sum.0 + differ as f64 / 5.0, sum.1 + 1.0);
                }
            }
            let found = class_distances(&codes, labels);
            for (found, (sum, count)) in found.into_iter().zip(sums) {
                prop_assert_eq!(found.is_some(), count > 0.0);
                prop_assert!((found.unwrap_or(0.0) - sum / f64::max(count, 1.0)).abs() <= 1e-12);
            }
        }
    }
}
