//! Finding 6: deeper networks align more.

use artifact::tables::report::FindingRow;

use super::super::{Finding, ends};
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the energy of the target in the top eigenvectors at the end rises with the axis `depth`.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend { axis: "depth", end: ends::target_energy, direction: Direction::Rises };
    let finding = Finding {
        name: "depth_aligns",
        statement: "Deeper networks align more with the target.",
        measure: "E(ȳ, top) at the last checkpoint, at the least and at the greatest depth, mean over seeds".to_owned(),
        rule: trend.rule(),
    };
    trend.decide(finding, groups)
}

#[cfg(test)]
mod tests {
    use artifact::tables::report::Verdict;
    use serde_json::json;

    use super::super::made_up::{at, run};
    use super::*;
    use crate::variant::{Variant, groups};

    /// Depths 2, 3, 4 with two seeds each.
    fn sweep(ends: [[f64; 2]; 3]) -> Vec<Variant> {
        let mut variants = Vec::new();
        for (depth, ends) in (2..).zip(ends) {
            for (seed, end) in (0..).zip(ends) {
                variants.push(at(&[("depth", json!(depth)), ("seed", json!(seed))], run(end)));
            }
        }
        variants
    }

    fn verdict(ends: [[f64; 2]; 3]) -> Verdict {
        measure(&groups(&sweep(ends))).verdict
    }

    #[test]
    fn it_holds_when_energy_rises_beyond_the_spread() {
        let variants = sweep([[0.80, 0.82], [0.85, 0.86], [0.90, 0.91]]);
        let row = measure(&groups(&variants));
        assert_eq!(row.verdict, Verdict::Holds, "{row:?}");
        assert!((row.before.unwrap() - 0.81).abs() < 1e-12);
        assert!((row.after.unwrap() - 0.905).abs() < 1e-12);
    }

    #[test]
    fn it_does_not_hold_when_energy_falls_or_rises_within_the_spread() {
        assert_eq!(verdict([[0.9, 0.91], [0.85, 0.86], [0.8, 0.82]]), Verdict::DoesNotHold);
        assert_eq!(verdict([[0.70, 0.90], [0.75, 0.92], [0.80, 0.95]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_does_not_hold_when_the_middle_depth_stands_out() {
        assert_eq!(verdict([[0.80, 0.81], [0.60, 0.61], [0.90, 0.91]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_does_not_hold_when_one_activation_goes_the_other_way() {
        let of = |act: &str, depth: u64, end| {
            at(&[("act", json!(act)), ("depth", json!(depth))], run(end))
        };
        let mut variants = vec![of("relu", 2, 0.8), of("relu", 3, 0.9), of("tanh", 2, 0.8)];
        variants.push(of("tanh", 3, 0.7));
        let row = measure(&groups(&variants));
        assert_eq!(row.verdict, Verdict::DoesNotHold);
        assert!(row.note.unwrap().contains("act=tanh"));
    }

    #[test]
    fn it_is_not_applicable_without_depths_that_are_numbers_or_with_one() {
        let verdict = |variants: &[Variant]| measure(&groups(variants)).verdict;
        let other = [at(&[("width", json!(2))], run(0.8)), at(&[("width", json!(3))], run(0.9))];
        assert_eq!(verdict(&other), Verdict::NotApplicable);
        let words =
            [at(&[("depth", json!("low"))], run(0.8)), at(&[("depth", json!("high"))], run(0.9))];
        assert_eq!(verdict(&words), Verdict::NotApplicable);
        let seeds = [
            at(&[("depth", json!(2)), ("seed", json!(0))], run(0.8)),
            at(&[("depth", json!(2)), ("seed", json!(1))], run(0.9)),
        ];
        assert_eq!(verdict(&seeds), Verdict::NotApplicable);
        let mut unknown = sweep([[0.8, 0.8], [0.85, 0.85], [0.9, 0.9]]);
        unknown[0].measures.energy.clear();
        assert_eq!(verdict(&unknown), Verdict::NotApplicable);
    }
}
