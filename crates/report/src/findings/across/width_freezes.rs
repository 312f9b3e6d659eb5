//! From lazy to rich: the wider the network, the less its kernel moves.

use artifact::tables::report::FindingRow;

use super::super::{Finding, ends};
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the distance of the last kernel from the first falls with the axis `width`.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend { axis: "width", end: ends::kernel_distance, direction: Direction::Falls };
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
    use artifact::tables::report::Verdict;
    use serde_json::json;

    use super::super::made_up::{at, run};
    use super::*;
    use crate::variant::groups;

    fn verdict(ends: &[f64]) -> Verdict {
        let variants: Vec<_> =
            (0..).zip(ends).map(|(i, &end)| at(&[("width", json!(64 << i))], run(end))).collect();
        measure(&groups(&variants)).verdict
    }

    #[test]
    fn it_holds_when_the_distance_falls_with_width() {
        assert_eq!(verdict(&[0.3, 0.2, 0.05]), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_the_distance_stays_or_rises_anywhere() {
        assert_eq!(verdict(&[0.3, 0.3]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[0.1, 0.2]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[0.3, 0.1, 0.2]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_width() {
        assert_eq!(verdict(&[0.3]), Verdict::NotApplicable);
    }
}
