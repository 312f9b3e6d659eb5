//! What a phase chart comes to.

use artifact::tables::findings::FindingRow;
use statistics::jackknife::{Estimate, means_without, standard_error};
use study::{Decision, Finding, Spread};

use super::chart::{Place, ends};
use crate::encoding::{Regime, RegimeRow, Regimes};

/// All findings of `places`.
pub fn all(places: &[Place], regimes: Regimes) -> Vec<FindingRow> {
    vec![training_widens_the_regime(places, regimes), width_leads_to_it(places)]
}

/// Places by what they differ in beside the axes.
fn by_group(places: &[Place]) -> Vec<(&str, Vec<&Place>)> {
    let mut groups: Vec<(&str, Vec<&Place>)> = Vec::new();
    for place in places {
        match groups.iter_mut().find(|(group, _)| *group == place.group) {
            Some((_, all)) => all.push(place),
            None => groups.push((&place.group, vec![place])),
        }
    }
    groups
}

/// Share of the places that are sufficiently expressive at the first and the last step of the networks that are `run`;
/// none where a place lacks one.
fn sufficient(places: &[&Place], run: &str, regimes: Regimes) -> Option<[f64; 2]> {
    let mut counts = [0.0; 2];
    for place in places {
        let (_, own) = place.runs.iter().find(|(name, _)| name == run)?;
        for (count, regime) in counts.iter_mut().zip(ends(own, regimes)?) {
            *count += f64::from(u8::from(regime == Regime::Sufficient));
        }
    }
    (!places.is_empty()).then(|| counts.map(|count| count / places.len() as f64))
}

fn training_widens_the_regime(places: &[Place], regimes: Regimes) -> FindingRow {
    let finding = Finding {
        name: "training_widens_sufficient_regime",
        statement: "Training makes codes sufficiently expressive where random ones are not.",
        measure:
            "share of the chart that is sufficiently expressive, at the first and at the last step, each run by itself, mean over runs"
                .to_owned(),
        rule: "it grows by more than two standard errors over runs".to_owned(),
    };
    let decision = |(group, places): &(&str, Vec<&Place>)| {
        let runs = places.first()?.runs.iter();
        let shares: Vec<[f64; 2]> =
            runs.filter_map(|(run, _)| sufficient(places, run, regimes)).collect();
        let mean = |of: &dyn Fn(&[f64; 2]) -> f64| {
            (!shares.is_empty()).then(|| shares.iter().map(of).sum::<f64>() / shares.len() as f64)
        };
        let gains: Vec<f64> = shares.iter().map(|[before, after]| after - before).collect();
        Some(Decision {
            label: (*group).to_owned(),
            before: mean(&|share| share[0])?,
            after: mean(&|share| share[1])?,
            margin: Estimate {
                value: mean(&|share| share[1] - share[0])?,
                error: standard_error(&means_without(&gains)),
            },
            members: shares.len() as u32,
            also: None,
        })
    };
    let decisions: Vec<Decision> = by_group(places).iter().filter_map(decision).collect();
    finding.of_least_favourable(
        &decisions,
        Spread::Needed,
        "No run is at every place of the chart.",
    )
}

fn width_leads_to_it(places: &[Place]) -> FindingRow {
    let finding = Finding {
        name: "redundancy_falls_across",
        statement: "Along the first axis of the chart codes become less redundant, at every value of the second.",
        measure: "redundancy of the training samples at the last step, at the least and at the greatest value"
            .to_owned(),
        rule: "it falls by more than two standard errors of the difference".to_owned(),
    };
    let last = |place: &Place| -> Option<(f64, Option<f64>, usize)> {
        let last = |(_, run): &(String, Vec<RegimeRow>)| Some(run.last()?.redundancy_train);
        let values: Vec<f64> = place.runs.iter().map(last).collect::<Option<_>>()?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Some((mean, standard_error(&means_without(&values)), values.len()))
    };
    let mut decisions = Vec::new();
    for (group, places) in by_group(places) {
        let mut ups: Vec<Option<f64>> = places.iter().map(|place| place.up).collect();
        ups.sort_by(|a, b| a.unwrap_or(0.0).total_cmp(&b.unwrap_or(0.0)));
        ups.dedup();
        for up in ups {
            let line = || places.iter().filter(|place| place.up == up);
            let least = line().min_by(|a, b| a.across.total_cmp(&b.across));
            let most = line().max_by(|a, b| a.across.total_cmp(&b.across));
            let Some((least, most)) = least.zip(most).filter(|(a, b)| a.across < b.across) else {
                continue;
            };
            let Some((before, after)) = last(least).zip(last(most)) else { continue };
            let of = |it: (f64, Option<f64>, usize)| Estimate { value: it.0, error: it.1 };
            let up = up.map(|up| up.to_string());
            let label = [Some(group.to_owned()).filter(|it| !it.is_empty()), up];
            decisions.push(Decision {
                label: label.into_iter().flatten().collect::<Vec<_>>().join(", "),
                before: before.0,
                after: after.0,
                margin: of(before).minus(of(after)),
                members: before.2.min(after.2) as u32,
                also: None,
            });
        }
    }
    finding.of_least_favourable(&decisions, Spread::Needed, "The first axis has one value.")
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{
        self, DoesNotHold, Holds, NotApplicable, NotDecided,
    };

    use super::*;

    /// Networks of three seeds whose redundancy goes from one number to another.
    fn place(across: f64, redundancies: [f64; 2]) -> Place {
        let row = |step, redundancy: f64, run: u8| RegimeRow {
            step,
            redundancy_train: (redundancy + 1e-3 * f64::from(run)).min(1.0),
            knn: 0.9,
            network_accuracy: 0.9,
            regime: 0,
            regime_name: String::new(),
        };
        let run = |run: u8| {
            let rows = vec![row(0, redundancies[0], run), row(9, redundancies[1], run)];
            (format!("run={run}"), rows)
        };
        Place { group: String::new(), across, up: Some(64.0), runs: (0..3).map(run).collect() }
    }

    fn verdicts(places: &[Place]) -> Vec<Verdict> {
        all(places, Regimes::default()).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_and_fail() {
        assert_eq!(verdicts(&[place(8.0, [0.9, 0.8]), place(64.0, [0.2, 0.0])]), [Holds, Holds]);
        // Random codes are expressive, trained ones are not; narrow networks are better.
        assert_eq!(
            verdicts(&[place(8.0, [0.0, 0.1]), place(64.0, [0.0, 0.7])]),
            [DoesNotHold, DoesNotHold]
        );
        // Nothing changes.
        let still = [place(8.0, [0.3, 0.3]), place(64.0, [0.3, 0.3])];
        assert_eq!(verdicts(&still), [NotDecided, NotDecided]);
        assert_eq!(verdicts(&[place(8.0, [0.9, 0.0])])[1], NotApplicable);
        assert_eq!(verdicts(&[]), [NotApplicable; 2]);
    }
}
