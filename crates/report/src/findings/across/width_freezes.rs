//! From lazy to rich: the wider the network, the less its kernel moves.

use artifact::tables::findings::FindingRow;

use super::super::{Finding, ends};
use super::quantities::WIDTH;
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the distance of the last kernel from the first falls with the width of the hidden layers.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend { quantity: WIDTH, end: ends::kernel_distance, direction: Direction::Falls };
    let finding = Finding {
        name: "width_freezes",
        statement: "The kernel of a wider network changes less, toward the constant kernel of infinite width.",
        measure: "kernel distance S(0, T) at the least and at the greatest width, mean over seeds"
            .to_owned(),
        rule: trend.rule(),
    };
    trend.decide(finding, groups)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use serde_json::json;

    use super::super::made_up::{network, run};
    use super::*;
    use crate::variant::{Variant, groups};

    /// Widths 64, 128, … with these distances for each of some seeds.
    fn sweep(ends: &[&[f64]]) -> Vec<Variant> {
        let mut variants = Vec::new();
        for (i, seeds) in (0..).zip(ends) {
            for (seed, &end) in (0..).zip(*seeds) {
                let axes = [("layers", json!(format!("w{i}"))), ("seed", json!(seed))];
                variants.push(network(&axes, &[64 << i; 2], run(end)));
            }
        }
        variants
    }

    fn verdict(ends: &[&[f64]]) -> Verdict {
        measure(&groups(&sweep(ends))).verdict
    }

    #[test]
    fn it_holds_when_the_distance_falls_with_width() {
        let row = measure(&groups(&sweep(&[&[0.3, 0.31], &[0.2, 0.22], &[0.05, 0.06]])));
        assert_eq!(row.verdict, Verdict::Holds);
        // The margin is positive where the rule is met, though the distance falls.
        assert!((row.margin.unwrap() - 0.25).abs() < 1e-12);
    }

    #[test]
    fn it_does_not_hold_when_the_distance_stays_or_rises_anywhere() {
        assert_eq!(verdict(&[&[0.3, 0.3], &[0.3, 0.3]]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[&[0.1, 0.11], &[0.2, 0.22]]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[&[0.3, 0.31], &[0.1, 0.11], &[0.2, 0.21]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_decided_with_one_seed_or_within_the_uncertainty() {
        assert_eq!(verdict(&[&[0.3], &[0.2]]), Verdict::NotDecided);
        assert_eq!(verdict(&[&[0.3, 0.2], &[0.15, 0.25]]), Verdict::NotDecided);
    }

    #[test]
    fn it_is_not_applicable_with_one_width_or_layers_of_different_widths() {
        assert_eq!(verdict(&[&[0.3, 0.2]]), Verdict::NotApplicable);
        let uneven = |label: &str, hidden: &[u64], end| {
            network(&[("layers", json!(label))], hidden, run(end))
        };
        let variants = [uneven("a", &[8, 4], 0.3), uneven("b", &[16, 8], 0.2)];
        assert_eq!(measure(&groups(&variants)).verdict, Verdict::NotApplicable);
    }
}
