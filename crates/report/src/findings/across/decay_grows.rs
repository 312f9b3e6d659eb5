//! Finding 5, across a sweep: decaying the learning rate lets the eigenvalues grow.

use artifact::tables::findings::{FindingRow, Verdict};

use super::super::{Finding, ends};
use super::decision::Decision;
use super::trend::with_uncertainty;
use crate::axis::Varies;
use crate::measures::Measures;
use crate::number::measured;
use crate::statistics::Mean;
use crate::variant::{Group, joined};

/// Whether λ₁ at the end is larger with a decaying rate than with a constant one, where an axis sets
/// how the rate decays.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let finding = Finding {
        name: "decay_grows",
        statement: "With a decaying learning rate the top eigenvalue grows larger than with a constant one.",
        measure: "λ₁ at the last checkpoint, mean over seeds: with a constant rate (before) and with the decay that decides (after)".to_owned(),
        rule: "with every decay the mean over seeds is larger than with the constant rate, from the same rate on, by more than two standard errors of the difference; runs with the same seed are paired".to_owned(),
    };
    if !groups.iter().any(|group| group.axes.iter().any(|axis| axis.varies == Varies::Decay)) {
        return finding
            .not_applicable("No axis of the sweep sets the decay of the learning rate alone.");
    }
    let mut decisions = Vec::new();
    for constant in groups.iter().filter(|group| !decays(group)) {
        let others = constant.others(Varies::Decay);
        let comparable = |group: &&Group| {
            decays(group) && group.others(Varies::Decay) == others && starts_as(group, constant)
        };
        for decaying in groups.iter().filter(comparable) {
            match compared(constant, decaying) {
                Some(decision) => decisions.push(decision),
                None => {
                    return finding.not_applicable("λ₁ is not known at the end of every variant.");
                }
            }
        }
    }
    Decision::of_all(finding, decisions, || {
        "The sweep has no constant rate beside a decaying one: give the axis a factor of 1 as well."
            .to_owned()
    })
}

fn compared(constant: &Group, decaying: &Group) -> Option<Decision> {
    let margin = constant.difference(decaying, ends::largest_eigenvalue)?;
    let mean = |group: &Group| Some(Mean::of(&group.measured(ends::largest_eigenvalue)?)?.value);
    let (before, after) = (mean(constant)?, mean(decaying)?);
    let note = format!(
        "{}: {}; {}: {}. Difference: {}.",
        joined(&constant.axes, ", "),
        measured(before),
        joined(&decaying.axes, ", "),
        measured(after),
        with_uncertainty(margin)
    );
    let verdict = margin.verdict(Verdict::DoesNotHold);
    Some(Decision { before, after, margin, verdict, note })
}

/// Whether the learning rate falls in every run of a group; the rate of the last row of a history
/// governs no update.
fn decays(group: &Group) -> bool {
    let falls = |run: &Measures| {
        let rates: Vec<f64> = run.learning_rates().map(|(_, rate)| rate).collect();
        rates.first().zip(rates.last()).is_some_and(|(first, last)| last < first)
    };
    group.members.iter().all(|run| falls(&run.measures))
}

/// Whether the runs of two groups begin with the same rate, so that they differ in its decay alone.
fn starts_as(one: &Group, other: &Group) -> bool {
    let first = |group: &Group| {
        let run = group.members.first()?;
        run.measures.history.first().map(|row| row.learning_rate.to_bits())
    };
    first(one) == first(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::made_up::{at, decayed, run};
    use super::*;
    use crate::variant::{Variant, groups};

    /// Decay 0.5 and a constant rate, with these ends for each of some seeds.
    fn sweep(decaying: &[f64], constant: &[f64]) -> Vec<Variant> {
        let of = |factor: f64, seed: usize| [("decay", json!(factor)), ("seed", json!(seed))];
        let mut variants = Vec::new();
        for (seed, (&decaying, &constant)) in decaying.iter().zip(constant).enumerate() {
            variants.push(at(&of(0.5, seed), decayed(decaying)));
            variants.push(at(&of(1.0, seed), run(constant)));
        }
        variants
    }

    fn verdict(variants: &[Variant]) -> Verdict {
        measure(&groups(variants)).verdict
    }

    #[test]
    fn it_holds_when_every_decay_ends_higher() {
        let variants = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        let row = measure(&groups(&variants));
        assert_eq!(
            (row.verdict, row.before, row.after, row.n),
            (Verdict::Holds, Some(4050.0), Some(9250.0), Some(2))
        );
        // Differences 5,000 and 5,400.
        assert_eq!((row.margin, row.uncertainty), (Some(5200.0), Some(400.0)));
    }

    #[test]
    fn it_does_not_hold_when_decay_ends_lower() {
        assert_eq!(verdict(&sweep(&[3000.0, 3100.0], &[4000.0, 4150.0])), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_decided_within_two_standard_errors_or_with_one_seed() {
        assert_eq!(verdict(&sweep(&[3000.0, 6000.0], &[3500.0, 4500.0])), Verdict::NotDecided);
        assert_eq!(verdict(&sweep(&[9000.0], &[4000.0])), Verdict::NotDecided);
    }

    #[test]
    fn it_is_not_applicable_without_a_constant_rate_the_axis_or_the_same_start() {
        let mut variants = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        for variant in &mut variants {
            variant.measures.history = decayed(1.0).history;
        }
        assert_eq!(verdict(&variants), Verdict::NotApplicable);
        let other =
            [at(&[("width", json!(1))], run(1.0)), at(&[("width", json!(2))], decayed(2.0))];
        assert_eq!(verdict(&other), Verdict::NotApplicable);
        let mut unknown = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        unknown[0].measures.dynamics.clear();
        assert_eq!(verdict(&unknown), Verdict::NotApplicable);
        let mut faster = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        for variant in faster.iter_mut().filter(|variant| variant.axes[0].value == json!(1.0)) {
            variant.measures.history.iter_mut().for_each(|row| row.learning_rate = 0.2);
        }
        assert_eq!(verdict(&faster), Verdict::NotApplicable);
    }
}
