//! Finding 6: deeper networks align more.

use artifact::tables::findings::FindingRow;

use super::super::{Finding, ends};
use super::quantities::DEPTH;
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the energy of the target in the top eigenvectors at the end rises with the number of
/// hidden layers.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend { quantity: DEPTH, end: ends::target_energy, direction: Direction::Rises };
    let finding = Finding {
        name: "depth_aligns",
        statement: "Deeper networks align more with the target.",
        measure: "E(ȳ, top) at the last checkpoint, with the fewest and with the most hidden layers, mean over seeds".to_owned(),
        rule: trend.rule(),
    };
    trend.decide(finding, groups)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use serde_json::{Value, json};

    use super::super::made_up::{network, run};
    use super::*;
    use crate::variant::{Variant, groups};

    /// A run of a network of these hidden layers that came to `end`; the axis has another name and
    /// label than what it varies.
    fn at(hidden: &[u64], seed: u64, end: f64) -> Variant {
        let label = format!("net {}", hidden.len());
        network(&[("layers", json!(label)), ("seed", json!(seed))], hidden, run(end))
    }

    /// 2, 3 and 4 hidden layers with these seeds each.
    fn sweep<const SEEDS: usize>(ends: [[f64; SEEDS]; 3]) -> Vec<Variant> {
        let mut variants = Vec::new();
        // Not by rising depth: the order of the file decides nothing.
        for (depth, ends) in [4, 2, 3].into_iter().zip([ends[2], ends[0], ends[1]]) {
            for (seed, end) in (0..).zip(ends) {
                variants.push(at(&vec![256; depth], seed, end));
            }
        }
        variants
    }

    fn verdict<const SEEDS: usize>(ends: [[f64; SEEDS]; 3]) -> Verdict {
        measure(&groups(&sweep(ends))).verdict
    }

    #[test]
    fn it_holds_when_energy_rises_by_more_than_two_standard_errors() {
        let variants = sweep([[0.80, 0.82], [0.85, 0.86], [0.90, 0.91]]);
        let row = measure(&groups(&variants));
        assert_eq!((row.verdict, row.n), (Verdict::Holds, Some(2)), "{row:?}");
        assert!((row.before.unwrap() - 0.81).abs() < 1e-12);
        assert!((row.after.unwrap() - 0.905).abs() < 1e-12);
        // Differences of the pairs: 0.10 and 0.09.
        assert!((row.margin.unwrap() - 0.095).abs() < 1e-12);
        assert!((row.uncertainty.unwrap() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn a_spread_that_the_seeds_share_does_not_count() {
        assert_eq!(verdict([[0.70, 0.90], [0.72, 0.921], [0.75, 0.949]]), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_energy_falls() {
        assert_eq!(verdict([[0.9, 0.91], [0.85, 0.86], [0.8, 0.82]]), Verdict::DoesNotHold);
        assert_eq!(verdict([[0.9, 0.9], [0.9, 0.9], [0.9, 0.9]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_does_not_hold_when_the_middle_depth_stands_out() {
        assert_eq!(verdict([[0.80, 0.81], [0.60, 0.61], [0.90, 0.91]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_decided_within_two_standard_errors_or_with_one_seed() {
        let row = measure(&groups(&sweep([[0.80, 0.90], [0.85, 0.88], [0.95, 0.91]])));
        assert_eq!(row.verdict, Verdict::NotDecided, "{row:?}");
        assert!(row.note.unwrap().contains("Not decided with 2 seeds"));
        let row = measure(&groups(&sweep([[0.80], [0.85], [0.90]])));
        assert_eq!((row.verdict, row.uncertainty, row.n), (Verdict::NotDecided, None, Some(1)));
        assert!(row.note.unwrap().contains("Not decided with 1 seed"));
    }

    #[test]
    fn it_does_not_hold_when_one_activation_goes_the_other_way() {
        let of = |act: &str, depth: usize, seed: u64, end| {
            let axes = [("act", json!(act)), ("depth", json!(depth)), ("seed", json!(seed))];
            network(&axes, &vec![8; depth], run(end))
        };
        let mut variants = Vec::new();
        for seed in 0..2 {
            variants.extend([of("relu", 2, seed, 0.8), of("relu", 3, seed, 0.9)]);
            variants.extend([of("tanh", 2, seed, 0.8), of("tanh", 3, seed, 0.7)]);
        }
        let row = measure(&groups(&variants));
        assert_eq!(row.verdict, Verdict::DoesNotHold);
        assert!(row.note.unwrap().contains("act=tanh"));
    }

    #[test]
    fn it_is_not_applicable_where_depth_does_not_vary_alone() {
        let verdict = |variants: &[Variant]| measure(&groups(variants)).verdict;
        // Width varies, or depth with the width.
        let widths = [at(&[8, 8], 0, 0.8), at(&[16, 16], 0, 0.9)];
        assert_eq!(verdict(&widths), Verdict::NotApplicable);
        let both = [at(&[8, 8], 0, 0.8), at(&[16, 16, 16], 0, 0.9)];
        assert_eq!(verdict(&both), Verdict::NotApplicable);
        // An axis that is called depth and sets something else.
        let named = |value: Value, end| network(&[("train.with.steps", value)], &[8], run(end));
        assert_eq!(verdict(&[named(json!(2), 0.8), named(json!(3), 0.9)]), Verdict::NotApplicable);
        let seeds = [at(&[8, 8], 0, 0.8), at(&[8, 8], 1, 0.9)];
        assert_eq!(verdict(&seeds), Verdict::NotApplicable);
        let mut unknown = sweep([[0.8, 0.8], [0.85, 0.85], [0.9, 0.9]]);
        unknown[0].measures.energy.clear();
        assert_eq!(verdict(&unknown), Verdict::NotApplicable);
        let mut unknown = sweep([[0.8, 0.8], [0.85, 0.85], [0.9, 0.9]]);
        for variant in &mut unknown {
            variant.about.outline.network = None;
        }
        assert_eq!(verdict(&unknown), Verdict::NotApplicable);
    }
}
