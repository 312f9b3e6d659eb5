//! The spectrum of a kernel over many dimensions is flat.

use artifact::tables::findings::FindingRow;

use super::super::{Finding, ends};
use super::quantities::INPUT_DIMENSION;
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the energy of the target in the top eigenvectors at the start falls with the number of
/// inputs.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend {
        quantity: INPUT_DIMENSION,
        end: ends::target_energy_at_start,
        direction: Direction::Falls,
    };
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
    use artifact::tables::findings::Verdict;
    use serde_json::json;

    use super::super::super::made_up::energy;
    use super::super::made_up::{at, run};
    use super::*;
    use crate::measures::Measures;
    use crate::variant::groups;

    /// Runs that begin with these energies, and all come to the same; one seed or several for each
    /// number of inputs.
    fn verdict(starts: &[&[f64]]) -> Verdict {
        let of = |start: f64| {
            let mut energies = run(0.9).energy;
            energies.push(energy(0, Signal::Target, start));
            Measures { energy: energies, ..run(0.9) }
        };
        let mut variants = Vec::new();
        for (i, seeds) in (0..).zip(starts) {
            for (seed, &start) in (0..).zip(*seeds) {
                let axes = [("dimension", json!("many")), ("seed", json!(seed))];
                let mut variant = at(&axes, of(start));
                variant.axes[0].value = json!(format!("d{i}"));
                variant.about.outline.input_dim = Some(2 << i);
                variants.push(variant);
            }
        }
        measure(&groups(&variants)).verdict
    }

    #[test]
    fn it_holds_when_energy_at_the_start_falls() {
        assert_eq!(verdict(&[&[0.9, 0.91], &[0.7, 0.72], &[0.4, 0.41]]), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_it_stays_or_rises_anywhere() {
        assert_eq!(verdict(&[&[0.9, 0.9], &[0.9, 0.9]]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[&[0.9, 0.91], &[0.4, 0.42], &[0.7, 0.71]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_decided_with_one_seed_or_within_the_uncertainty() {
        assert_eq!(verdict(&[&[0.9], &[0.7]]), Verdict::NotDecided);
        assert_eq!(verdict(&[&[0.9, 0.8], &[0.7, 0.85]]), Verdict::NotDecided);
    }

    #[test]
    fn it_is_not_applicable_with_one_dimension() {
        assert_eq!(verdict(&[&[0.9, 0.8]]), Verdict::NotApplicable);
    }
}
