//! Noise lies in no small set of eigenvectors.

use artifact::tables::findings::FindingRow;

use super::super::{Finding, ends};
use super::quantities::NOISE;
use super::trend::{Direction, Trend};
use crate::variant::Group;

/// Whether the energy of the target in the top eigenvectors at the end falls with the noise on it.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let trend = Trend { quantity: NOISE, end: ends::target_energy, direction: Direction::Falls };
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
    use artifact::tables::findings::Verdict;
    use serde_json::json;

    use super::super::made_up::{at, run};
    use super::*;
    use crate::variant::{Variant, groups};

    /// Noise of 0, 0.1, 0.2, …, with these energies for each of some seeds.
    fn sweep(ends: &[&[f64]]) -> Vec<Variant> {
        let mut variants = Vec::new();
        for (i, seeds) in (0..).zip(ends) {
            for (seed, &end) in (0..).zip(*seeds) {
                let noise = 0.1 * f64::from(i);
                let axes = [("noise", json!(format!("level {i}"))), ("seed", json!(seed))];
                let mut variant = at(&axes, run(end));
                let dataset = json!({ "label_noise": noise, "label_flips": 0.0 });
                variant.about.parameters = vec![("dataset".to_owned(), dataset)];
                variants.push(variant);
            }
        }
        variants
    }

    fn verdict(ends: &[&[f64]]) -> Verdict {
        measure(&groups(&sweep(ends))).verdict
    }

    #[test]
    fn it_holds_when_energy_falls_with_noise() {
        assert_eq!(verdict(&[&[0.95, 0.96], &[0.9, 0.91], &[0.6, 0.59]]), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_energy_stays_or_rises_anywhere() {
        assert_eq!(verdict(&[&[0.9, 0.9], &[0.9, 0.9]]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[&[0.9, 0.91], &[0.95, 0.96], &[0.6, 0.6]]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_decided_with_one_seed_or_within_the_uncertainty() {
        assert_eq!(verdict(&[&[0.95], &[0.6]]), Verdict::NotDecided);
        assert_eq!(verdict(&[&[0.9, 0.95], &[0.93, 0.9]]), Verdict::NotDecided);
    }

    #[test]
    fn it_is_not_applicable_with_one_level_of_noise_or_where_the_level_is_not_known() {
        assert_eq!(verdict(&[&[0.9, 0.9]]), Verdict::NotApplicable);
        let mut unknown = sweep(&[&[0.9], &[0.8]]);
        unknown[1].about.parameters.clear();
        assert_eq!(measure(&groups(&unknown)).verdict, Verdict::NotApplicable);
    }
}
