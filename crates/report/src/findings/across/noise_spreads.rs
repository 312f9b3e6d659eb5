//! Noise lies in no small set of eigenvectors.

use artifact::tables::report::FindingRow;

use super::super::{Finding, ends};
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the energy of the target in the top eigenvectors at the end falls with the axis `noise`.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend { axis: "noise", end: ends::target_energy, direction: Direction::Falls };
    let finding = Finding {
        name: "noise_spreads",
        statement: "The noisier the targets, the less of them the top eigenfunctions hold.",
        measure:
            "E(ȳ, top) at the last checkpoint, at the least and at the most noise, mean over seeds"
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
        let noise = |i: u32| json!(0.1 * f64::from(i));
        let variants: Vec<_> =
            (0..).zip(ends).map(|(i, &end)| at(&[("noise", noise(i))], run(end))).collect();
        measure(&groups(&variants)).verdict
    }

    #[test]
    fn it_holds_when_energy_falls_with_noise() {
        assert_eq!(verdict(&[0.95, 0.9, 0.6]), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_energy_stays_or_rises_anywhere() {
        assert_eq!(verdict(&[0.9, 0.9]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[0.9, 0.95, 0.6]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_level_of_noise() {
        assert_eq!(verdict(&[0.9]), Verdict::NotApplicable);
    }
}
