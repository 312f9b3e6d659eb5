//! The spectrum of a kernel over many dimensions is flat.

use artifact::tables::report::FindingRow;

use super::super::{Finding, ends};
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the energy of the target in the top eigenvectors at the start falls with the axis
/// `dimension`.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend =
        Trend { axis: "dimension", end: ends::target_energy_at_start, direction: Direction::Falls };
    let finding = Finding {
        name: "dimension_spreads",
        statement: "The more dimensions the inputs have, the less of the target the top eigenfunctions hold at the start.",
        measure: "E(ȳ, top) at the first checkpoint, at the least and at the most dimensions, mean over seeds".to_owned(),
        rule: trend.rule(),
    };
    trend.decide(finding, groups)
}

#[cfg(test)]
mod tests {
    use artifact::tables::Signal;
    use artifact::tables::report::Verdict;
    use serde_json::json;

    use super::super::super::made_up::energy;
    use super::super::made_up::{at, run};
    use super::*;
    use crate::measures::Measures;
    use crate::variant::groups;

    /// Runs that begin with these energies, and all come to the same.
    fn verdict(starts: &[f64]) -> Verdict {
        let of = |start: f64| {
            let mut energies = run(0.9).energy;
            energies.push(energy(0, Signal::Target, start));
            Measures { energy: energies, ..run(0.9) }
        };
        let variants: Vec<_> = (0..)
            .zip(starts)
            .map(|(i, &start)| at(&[("dimension", json!(2 << i))], of(start)))
            .collect();
        measure(&groups(&variants)).verdict
    }

    #[test]
    fn it_holds_when_energy_at_the_start_falls() {
        assert_eq!(verdict(&[0.9, 0.7, 0.4]), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_it_stays_or_rises_anywhere() {
        assert_eq!(verdict(&[0.9, 0.9]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[0.9, 0.4, 0.7]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_dimension() {
        assert_eq!(verdict(&[0.9]), Verdict::NotApplicable);
    }
}
