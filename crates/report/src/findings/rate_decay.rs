//! Whether a measure rises or falls where the learning rate decays: runs with a decaying rate against
//! those that keep the rate with which both start.

use artifact::tables::findings::{FindingRow, Verdict};
use study::number::measured;
use study::{Direction, Trend};

use super::decision::{Decision, Row};
use super::quantities::Quantity;
use super::trend::{end, with_uncertainty};
use crate::axis::{Axis, Varies};
use crate::statistics::Mean;
use crate::variant::{Group, joined};

/// Decides `trend` for an axis that sets how the rate decays.
pub(super) fn measure(trend: &Trend, groups: &[Group]) -> FindingRow {
    let way = match trend.direction {
        Direction::Rises => "larger",
        Direction::Falls => "smaller",
    };
    let finding = Row::of(
        trend,
        format!(
            "with every decay the mean over seeds is {way} than with the constant rate, from the same rate on, by more than two standard errors of the difference; runs with the same seed are paired"
        ),
    );
    let decay = |axis: &Axis| axis.varies == Varies::Decay;
    if !groups.iter().any(|group| group.axes.iter().any(decay)) {
        return finding.not_applicable(Quantity::of(&trend.over).no_axis);
    }
    let mut decisions = Vec::new();
    for constant in groups.iter().filter(|group| !decays(group)) {
        let others = constant.others(&decay);
        let comparable = |group: &&Group| {
            decays(group) && group.others(&decay) == others && starts_as(group, constant)
        };
        for decaying in groups.iter().filter(comparable) {
            match compared(trend, constant, decaying) {
                Some(decision) => decisions.push(decision),
                None => {
                    return finding.not_applicable("The measure is not known for every variant.");
                }
            }
        }
    }
    Decision::of_all(finding, decisions, || {
        "The sweep has no constant rate beside a decaying one: give the axis a factor of 1 as well."
            .to_owned()
    })
}

fn compared(trend: &Trend, constant: &Group, decaying: &Group) -> Option<Decision> {
    let difference = constant.difference(decaying, |run| end(trend, run))?;
    let margin = match trend.direction {
        Direction::Rises => difference,
        Direction::Falls => difference.negated(),
    };
    let mean = |group: &Group| Some(Mean::of(&group.measured(|run| end(trend, run))?)?.value);
    let (before, after) = (mean(constant)?, mean(decaying)?);
    let note = format!(
        "{}: {}; {}: {}. Difference: {}.",
        joined(&constant.axes, ", "),
        measured(before),
        joined(&decaying.axes, ", "),
        measured(after),
        with_uncertainty(difference)
    );
    let verdict = margin.verdict(Verdict::DoesNotHold);
    Some(Decision { before, after, margin, verdict, note })
}

/// Whether the learning rate falls in every run of a group.
fn decays(group: &Group) -> bool {
    group.members.iter().all(|run| {
        run.rates.first().zip(run.rates.last()).is_some_and(|(first, last)| last < first)
    })
}

/// Whether the runs of two groups begin with the same rate, so that they differ in its decay alone.
fn starts_as(one: &Group, other: &Group) -> bool {
    let first = |group: &Group| group.members.first()?.rates.first().map(|rate| rate.to_bits());
    first(one) == first(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use study::Varied;

    use super::super::made_up::{at, decayed, trend};
    use super::*;
    use crate::variant::{Variant, groups};

    /// Decay 0.5 and a constant rate, with these ends for each of some seeds.
    fn sweep(decaying: &[f64], constant: &[f64]) -> Vec<Variant> {
        let of = |factor: f64, seed: usize| [("decay", json!(factor)), ("seed", json!(seed))];
        let mut variants = Vec::new();
        for (seed, (&decaying, &constant)) in decaying.iter().zip(constant).enumerate() {
            variants.push(decayed(&of(0.5, seed), decaying));
            variants.push(at(&of(1.0, seed), constant));
        }
        variants
    }

    fn grows() -> Trend {
        trend(Varied::RateDecay, Direction::Rises)
    }

    fn verdict(variants: &[Variant]) -> Verdict {
        measure(&grows(), &groups(variants)).verdict
    }

    #[test]
    fn it_holds_when_every_decay_ends_higher() {
        let variants = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        let row = measure(&grows(), &groups(&variants));
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
            variant.rates = vec![0.1, 0.05];
        }
        assert_eq!(verdict(&variants), Verdict::NotApplicable);
        let other = [at(&[("width", json!(1))], 1.0), decayed(&[("width", json!(2))], 2.0)];
        assert_eq!(verdict(&other), Verdict::NotApplicable);
        let mut unknown = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        unknown[0].findings.clear();
        assert_eq!(verdict(&unknown), Verdict::NotApplicable);
        let mut faster = sweep(&[9000.0, 9500.0], &[4000.0, 4100.0]);
        for variant in faster.iter_mut().filter(|variant| variant.axes[0].value == json!(1.0)) {
            variant.rates = vec![0.2, 0.2];
        }
        assert_eq!(verdict(&faster), Verdict::NotApplicable);
    }
}
