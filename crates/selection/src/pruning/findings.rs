//! What is found along a sweep of selections.

use artifact::tables::findings::FindingRow;
use statistics::jackknife::{Estimate, means_without, standard_error};
use study::{Decision, Finding, Spread};

use super::evidence::{LEAST, Run};
use crate::axes::RANDOM;

/// Loss of accuracy that counts as none: a point.
const POINT: f64 = 0.01;

/// All findings of `runs`, of samples of which the share `never_forgotten` is never forgotten.
pub fn all(runs: &[Run], never_forgotten: Option<f64>) -> Vec<FindingRow> {
    vec![
        removal_is_free(runs, never_forgotten),
        order_beats_random(runs, never_forgotten),
        most_matter_most(runs),
    ]
}

/// Runs of one group and score.
fn sets(runs: &[Run]) -> Vec<(String, Vec<&Run>)> {
    let mut sets: Vec<(String, Vec<&Run>)> = Vec::new();
    let whole = |run: &&Run| run.skipped.is_none_or(|skipped| skipped <= 0.0);
    let has_scores = runs.iter().any(|run| !run.score.is_empty());
    // Random removal knows no score: it is the control of every one.
    let is_control = |run: &&Run| has_scores && run.score.is_empty() && run.order == RANDOM;
    for run in runs.iter().filter(whole).filter(|run| !is_control(run)) {
        let label = match (run.group.as_str(), run.score.as_str()) {
            ("", score) => score.to_owned(),
            (group, "") => group.to_owned(),
            (group, score) => format!("{group},{score}"),
        };
        match sets.iter_mut().find(|(known, _)| *known == label) {
            Some((_, all)) => all.push(run),
            None => sets.push((label, vec![run])),
        }
    }
    for (_, all) in &mut sets {
        let group = all.first().map(|run| run.group.clone());
        let controls = runs.iter().filter(whole).filter(is_control);
        all.extend(controls.filter(|run| Some(&run.group) == group.as_ref()));
    }
    sets
}

/// Whether two shares are the same.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

/// Runs in `order` with the share `removed`; with nothing removed every order is the same.
fn at<'a>(runs: &[&'a Run], order: &str, removed: f64) -> Vec<&'a Run> {
    let fits = |run: &&&Run| same(run.removed, removed) && (run.order == order || removed <= 0.0);
    runs.iter().filter(fits).copied().collect()
}

/// Mean difference of accuracy from `before` to `after` with its standard error: over pairs that have the same
/// repetition, where there are two or more, else of two means.
fn difference(before: &[&Run], after: &[&Run]) -> Option<Estimate> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let pairs: Vec<f64> = after
        .iter()
        .filter_map(|run| {
            let partner = before.iter().find(|other| other.repetition == run.repetition)?;
            Some(run.accuracy - partner.accuracy)
        })
        .collect();
    if pairs.len() > 1 {
        let error = standard_error(&means_without(&pairs));
        return Some(Estimate { value: mean(&pairs), error });
    }
    let accuracies = |runs: &[&Run]| runs.iter().map(|run| run.accuracy).collect::<Vec<f64>>();
    let (before, after) = (accuracies(before), accuracies(after));
    if before.is_empty() || after.is_empty() {
        return None;
    }
    let of = |values: &[f64]| Estimate {
        value: mean(values),
        error: standard_error(&means_without(values)),
    };
    Some(of(&after).minus(of(&before)))
}

/// The greatest share removed by `order` that is no more than `most`, and above 0.
fn greatest(runs: &[&Run], order: &str, most: f64) -> Option<f64> {
    let shares = runs.iter().filter(|run| run.order == order).map(|run| run.removed);
    shares.filter(|&share| share > 0.0 && share <= most + 1e-6).reduce(f64::max)
}

/// Accuracy of runs, the mean.
fn accuracy(runs: &[&Run]) -> f64 {
    runs.iter().map(|run| run.accuracy).sum::<f64>() / runs.len().max(1) as f64
}

/// The share of samples to look at: what is never forgotten, or half where that is not known.
fn border(never_forgotten: Option<f64>) -> f64 {
    never_forgotten.unwrap_or(0.5)
}

fn decided(finding: Finding, decisions: &[Decision], none: &str) -> FindingRow {
    finding.of_least_favourable(decisions, Spread::Optional, none)
}

const NO_PAIR: &str =
    "No runs with nothing removed stand beside runs with the least forgotten removed.";

fn removal_is_free(runs: &[Run], never_forgotten: Option<f64>) -> FindingRow {
    let most = border(never_forgotten);
    let finding = Finding {
        name: "removal_is_free",
        statement: "Training without the samples that are never forgotten costs nothing.",
        measure: format!(
            "test accuracy with all samples, and with the least removed: the greatest share of the sweep up to {most:.2}, what is never forgotten"
        ),
        rule: format!("no more than {POINT} is lost"),
    };
    let decision = |(label, runs): &(String, Vec<&Run>)| {
        let share = greatest(runs, LEAST, most)?;
        let (all, left) = (at(runs, LEAST, 0.0), at(runs, LEAST, share));
        let gain = difference(&all, &left)?;
        Some(Decision {
            label: label.clone(),
            before: accuracy(&all),
            after: accuracy(&left),
            margin: Estimate { value: gain.value + POINT, error: gain.error },
            members: left.len() as u32,
            also: Some(format!("{share} removed")),
        })
    };
    let decisions: Vec<Decision> = sets(runs).iter().filter_map(decision).collect();
    decided(finding, &decisions, NO_PAIR)
}

fn order_beats_random(runs: &[Run], never_forgotten: Option<f64>) -> FindingRow {
    let most = border(never_forgotten);
    let finding = Finding {
        name: "order_beats_random",
        statement: "Removing the least forgotten samples is better than removing random ones.",
        measure: format!(
            "test accuracy with random samples removed and with the least, the greatest share of the sweep up to {most:.2}"
        ),
        rule: "that of the least is greater by more than two standard errors".to_owned(),
    };
    let decision = |(label, runs): &(String, Vec<&Run>)| {
        let share = greatest(runs, LEAST, most)?;
        let (random, least) = (at(runs, RANDOM, share), at(runs, LEAST, share));
        let margin = difference(&random, &least)?;
        Some(Decision {
            label: label.clone(),
            before: accuracy(&random),
            after: accuracy(&least),
            margin,
            members: least.len() as u32,
            also: Some(format!("{share} removed")),
        })
    };
    let decisions: Vec<Decision> = sets(runs).iter().filter_map(decision).collect();
    finding.of_least_favourable(
        &decisions,
        Spread::Needed,
        "No runs with random samples removed stand beside them.",
    )
}

fn most_matter_most(runs: &[Run]) -> FindingRow {
    let finding = Finding {
        name: "most_forgotten_matter",
        statement: "Training without the most forgotten samples costs most.",
        measure: "test accuracy with all samples, and with the most forgotten removed, the least share of the sweep".to_owned(),
        rule: format!("more than {POINT} is lost; with wrong labels the most forgotten are the wrong ones, and something is gained"),
    };
    let decision = |(label, runs): &(String, Vec<&Run>)| {
        let shares = runs.iter().filter(|run| run.order == "most").map(|run| run.removed);
        let share = shares.filter(|&share| share > 0.0).reduce(f64::min)?;
        let (all, left) = (at(runs, "most", 0.0), at(runs, "most", share));
        let gain = difference(&all, &left)?;
        Some(Decision {
            label: label.clone(),
            before: accuracy(&all),
            after: accuracy(&left),
            margin: Estimate { value: -gain.value - POINT, error: gain.error },
            members: left.len() as u32,
            also: Some(format!("{share} removed")),
        })
    };
    let decisions: Vec<Decision> = sets(runs).iter().filter_map(decision).collect();
    decided(
        finding,
        &decisions,
        "No runs with the most forgotten removed stand beside runs with all samples.",
    )
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{self, DoesNotHold, Holds, NotApplicable};

    use super::*;

    /// Three runs each with all samples, and with 0.2 and 0.6 removed in three orders.
    fn runs(least: [f64; 2], random: [f64; 2], most: [f64; 2]) -> Vec<Run> {
        let mut runs = Vec::new();
        for again in 0..3_u8 {
            let spread = f64::from(again) * 1e-3;
            let mut add = |order: &str, removed: f64, accuracy: f64| {
                runs.push(Run {
                    group: String::new(),
                    score: String::new(),
                    order: order.to_owned(),
                    skipped: None,
                    removed,
                    repetition: format!("again={again}"),
                    samples: None,
                    accuracy: accuracy + spread,
                });
            };
            for (order, [few, many]) in [("least", least), ("random", random), ("most", most)] {
                add(order, 0.0, 0.9);
                add(order, 0.2, few);
                add(order, 0.6, many);
            }
        }
        runs
    }

    fn verdicts(runs: &[Run], never_forgotten: Option<f64>) -> Vec<Verdict> {
        all(runs, never_forgotten).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_where_they_should() {
        let runs = runs([0.9, 0.895], [0.88, 0.85], [0.85, 0.7]);
        assert_eq!(verdicts(&runs, Some(0.65)), [Holds; 3]);
    }

    #[test]
    fn findings_fail_where_they_should() {
        // With wrong labels the most forgotten are better away.
        let runs = runs([0.88, 0.8], [0.89, 0.85], [0.92, 0.91]);
        assert_eq!(verdicts(&runs, Some(0.65)), [DoesNotHold; 3]);
        assert_eq!(verdicts(&runs, Some(0.1)), [NotApplicable, NotApplicable, DoesNotHold]);
        assert_eq!(verdicts(&[], None), [NotApplicable; 3]);
    }

    #[test]
    fn random_removal_is_the_control_of_every_score() {
        let mut all = runs([0.9, 0.895], [0.88, 0.85], [0.85, 0.7]);
        all.retain(|run| run.order != "most");
        for run in all.iter_mut().filter(|run| run.order == "least") {
            run.score = "el2n".to_owned();
        }
        assert_eq!(verdicts(&all, Some(0.65))[..2], [Holds, Holds]);
    }

    #[test]
    fn the_share_looked_at_is_what_is_never_forgotten() {
        let runs = runs([0.9, 0.7], [0.88, 0.85], [0.85, 0.7]);
        assert_eq!(verdicts(&runs, Some(0.3))[0], Holds);
        assert_eq!(verdicts(&runs, Some(0.7))[0], DoesNotHold);
    }
}
