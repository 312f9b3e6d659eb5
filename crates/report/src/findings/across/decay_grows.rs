//! Finding 5, across a sweep: decaying the learning rate lets the eigenvalues grow.

use artifact::tables::report::FindingRow;

use super::super::{Finding, ends};
use crate::measures::Measures;
use crate::number::measured;
use crate::statistics::Spread;
use crate::variant::{Group, joined};

const AXIS: &str = "decay";

/// Whether λ₁ at the end is larger with a decaying rate than with a constant one, along the axis
/// `decay`.
pub(super) fn measure(groups: &[Group]) -> FindingRow {
    let finding = Finding {
        name: "decay_grows",
        statement: "With a decaying learning rate the top eigenvalue grows larger than with a constant one.",
        measure: "λ₁ at the last checkpoint, mean over seeds: with a constant rate (before) and with the decay for which it is lowest (after)".to_owned(),
        rule: "with every decay the mean over seeds is larger than with the constant rate by more than the standard deviation of the difference".to_owned(),
    };
    if !groups.iter().any(|group| group.axes.iter().any(|axis| axis.name == AXIS)) {
        return finding.not_applicable(format!("The sweep has no axis {AXIS}."));
    }
    let mut pairs = Vec::new();
    for constant in groups.iter().filter(|group| !decays(group)) {
        let others = constant.without(AXIS);
        for decaying in groups.iter().filter(|group| decays(group) && group.without(AXIS) == others)
        {
            match (end(constant), end(decaying)) {
                (Some(before), Some(after)) => pairs.push((constant, decaying, before, after)),
                _ => return finding.not_applicable("λ₁ is not known at the end of every variant."),
            }
        }
    }
    let excess = |before: &Spread, after: &Spread| after.mean - before.mean - before.with(*after);
    let weakest = pairs.iter().min_by(|a, b| excess(&a.2, &a.3).total_cmp(&excess(&b.2, &b.3)));
    let Some((constant, decaying, before, after)) = weakest else {
        return finding.not_applicable(
            "The sweep has no constant rate beside a decaying one: give the axis a factor of 1 as well.",
        );
    };
    let spread = |spread: &Spread| {
        let known = spread.count > 1;
        if known { format!(" ± {}", measured(spread.deviation)) } else { String::new() }
    };
    let seeds = if before.count.min(after.count) < 2 {
        " One seed only, so the spread is not known."
    } else {
        ""
    };
    let note = format!(
        "{}: {}{}; {}: {}{}.{seeds}",
        joined(&constant.axes, ", "),
        measured(before.mean),
        spread(before),
        joined(&decaying.axes, ", "),
        measured(after.mean),
        spread(after),
    );
    finding.decided(before.mean, after.mean, excess(before, after) > 0.0, note)
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

fn end(group: &Group) -> Option<Spread> {
    let ends: Option<Vec<f64>> =
        group.members.iter().map(|run| ends::largest_eigenvalue(&run.measures)).collect();
    Spread::of(&ends?)
}

#[cfg(test)]
mod tests {
    use artifact::tables::report::Verdict;
    use serde_json::json;

    use super::super::made_up::{at, decayed, run};
    use super::*;
    use crate::variant::{Variant, groups};

    /// Decay 0.5 and a constant rate, two seeds each.
    fn sweep(decaying: [f64; 2], constant: [f64; 2]) -> Vec<Variant> {
        let of = |factor: f64, seed: usize| [("decay", json!(factor)), ("seed", json!(seed))];
        let mut variants = Vec::new();
        for seed in 0..2 {
            variants.push(at(&of(0.5, seed), decayed(decaying[seed])));
            variants.push(at(&of(1.0, seed), run(constant[seed])));
        }
        variants
    }

    fn verdict(variants: &[Variant]) -> Verdict {
        measure(&groups(variants)).verdict
    }

    #[test]
    fn it_holds_when_every_decay_ends_higher() {
        let variants = sweep([9000.0, 9500.0], [4000.0, 4100.0]);
        let row = measure(&groups(&variants));
        assert_eq!(
            (row.verdict, row.before, row.after),
            (Verdict::Holds, Some(4050.0), Some(9250.0))
        );
    }

    #[test]
    fn it_does_not_hold_when_decay_ends_lower_or_within_the_spread() {
        assert_eq!(verdict(&sweep([3000.0, 3100.0], [4000.0, 4100.0])), Verdict::DoesNotHold);
        assert_eq!(verdict(&sweep([3000.0, 6000.0], [3500.0, 4500.0])), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_without_a_constant_rate_or_without_the_axis() {
        let mut variants = sweep([9000.0, 9500.0], [4000.0, 4100.0]);
        for variant in &mut variants {
            variant.measures.history = decayed(1.0).history;
        }
        assert_eq!(verdict(&variants), Verdict::NotApplicable);
        let other =
            [at(&[("width", json!(1))], run(1.0)), at(&[("width", json!(2))], decayed(2.0))];
        assert_eq!(verdict(&other), Verdict::NotApplicable);
        let mut unknown = sweep([9000.0, 9500.0], [4000.0, 4100.0]);
        unknown[0].measures.dynamics.clear();
        assert_eq!(verdict(&unknown), Verdict::NotApplicable);
    }
}
