//! The training runs, by what was removed.

use std::collections::BTreeMap;

use artifact::read_rows;
use artifact::tables::training::HistoryRow;
use stage::{Input, Inputs, StageError};
use statistics::jackknife;

use super::table::PruningRow;
use crate::axes::{RANDOM, repeats, sets};
use crate::select;

/// One training run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What it differs in beside what is below.
    pub group: String,
    /// Score, where an axis sets it.
    pub score: String,
    /// Order, where an axis sets it; of an axis that sets score and order together `random` for its value of that
    /// name, else `least`.
    pub order: String,
    /// Share that was passed over, where an axis sets it.
    pub skipped: Option<f64>,
    /// Share that was removed.
    pub removed: f64,
    /// The values of the axes that set seeds or draws: runs with the same are a pair.
    pub repetition: String,
    /// Training samples that were left.
    pub samples: Option<f64>,
    /// Test accuracy at the last step.
    pub accuracy: f64,
}

/// The order in which what seems to matter least is removed first.
pub const LEAST: &str = "least";

/// All runs that are wired.
///
/// # Errors
/// Where none says what was removed, or has no test accuracy.
pub fn runs(inputs: &Inputs, select: Option<&str>) -> Result<Vec<Run>, StageError> {
    let mut runs = Vec::new();
    for input in inputs.many("training") {
        runs.push(run(input, select)?);
    }
    Ok(runs)
}

fn run(input: &Input, select: Option<&str>) -> Result<Run, StageError> {
    let (mut others, mut repetition) = (Vec::new(), Vec::new());
    let (mut score, mut order) = (String::new(), String::new());
    let (mut removed, mut skipped) = (None, None);
    for axis in input.axes.values() {
        let is = |name: &str| sets(axis, select, name);
        if is("remove") {
            removed = Some(axis.number().ok_or_else(|| {
                StageError::new(format!(
                    "the axis `{}` sets the share that is removed to `{}`, which is no number",
                    axis.name,
                    axis.shown()
                ))
                .hint("let an axis of its own set `remove`, with a number for each value")
            })?);
        } else if is("skip") {
            skipped = axis.number();
        } else if is("score") || is("where") {
            // An axis that sets the order as well goes through ways to choose: random is one of them.
            (score, order) = match axis.shown() {
                way if !is("order") => (way, order),
                way if way == RANDOM => (String::new(), way),
                way => (way, LEAST.to_owned()),
            };
        } else if is("order") {
            order = axis.shown();
        } else if repeats(axis) {
            repetition.push(axis.label());
        } else {
            others.push(axis.label());
        }
    }
    let removed = removed.ok_or_else(|| {
        StageError::new("no axis of the sweep sets the share that is removed")
            .hint("add one, as `removed: { set: select.with.remove, to: [0.0, 0.2, 0.4] }`")
    })?;
    let history: Vec<HistoryRow> = read_rows(input.path())?;
    let accuracy = history.last().and_then(|row| row.test_accuracy).ok_or_else(|| {
        StageError::new(format!("{}: the run has no test accuracy", input.path().display()))
            .hint("give the dataset classes and a test split")
    })?;
    let samples = input.manifest()?.outline.train_samples.map(|samples| samples as f64);
    let (group, repetition) = (others.join(","), repetition.join(","));
    Ok(Run { group, score, order, skipped, removed, repetition, samples, accuracy })
}

/// The share of samples that were never forgotten, the mean over the artifacts at `scores`; none where nothing of
/// the kind is wired.
///
/// # Errors
/// Where a table is damaged.
pub fn never_forgotten(inputs: &Inputs) -> Result<Option<f64>, StageError> {
    let mut shares = Vec::new();
    for input in inputs.many("scores") {
        let samples = input.manifest()?.outline.train_samples;
        let has_table = input.manifest()?.kind.table("sample_scores").is_some();
        let Some(count) = samples.filter(|_| has_table) else { continue };
        let parameters = select::Parameters {
            score: "unforgettable".to_owned(),
            ..select::Parameters::default()
        };
        let found = select::scores(input, &parameters, count as usize)?;
        let known: Vec<f64> = found.into_iter().flatten().collect();
        shares.push(known.iter().sum::<f64>() / known.len().max(1) as f64);
    }
    let count = shares.len() as f64;
    Ok((!shares.is_empty()).then(|| shares.iter().sum::<f64>() / count))
}

/// What runs have in common that repeat each other.
type Key = (String, String, String, Option<u64>, u64);

/// A share as a key: to a millionth, which rounding does not change.
fn key(share: f64) -> u64 {
    (share * 1e6).round() as u64
}

/// The rows of the table, by group, score, order and share.
pub fn rows(runs: &[Run]) -> Vec<PruningRow> {
    let mut groups: BTreeMap<Key, Vec<&Run>> = BTreeMap::new();
    for run in runs {
        let own = (
            run.group.clone(),
            run.score.clone(),
            run.order.clone(),
            run.skipped.map(key),
            key(run.removed),
        );
        groups.entry(own).or_default().push(run);
    }
    let row = |(_, members): (Key, Vec<&Run>)| {
        let first = members.first()?;
        let count = members.len() as f64;
        let accuracies: Vec<f64> = members.iter().map(|run| run.accuracy).collect();
        let samples: Option<Vec<f64>> = members.iter().map(|run| run.samples).collect();
        Some(PruningRow {
            group: first.group.clone(),
            selected_by: first.score.clone(),
            removed_first: first.order.clone(),
            share_skipped: first.skipped,
            share_removed: first.removed,
            runs: members.len() as u32,
            samples_left: samples.map(|samples| samples.iter().sum::<f64>() / count),
            accuracy: accuracies.iter().sum::<f64>() / count,
            accuracy_error: jackknife::standard_error(&jackknife::means_without(&accuracies)),
        })
    };
    groups.into_iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A run whose axes set these paths to these values, with a history that ends at `accuracy`.
    fn input(axes: &Value, accuracy: f64) -> (tempfile::TempDir, Input) {
        let directory = tempfile::tempdir().unwrap();
        let row = HistoryRow {
            step: 0,
            learning_rate: 0.1,
            train_loss: 1.0,
            test_loss: None,
            train_accuracy: None,
            test_accuracy: Some(accuracy),
            gradient_norm: None,
            update_norm: None,
            sharpness: None,
        };
        artifact::write_rows(directory.path(), &[row]).unwrap();
        artifact::Manifest::bare(artifact::Kind::TRAINING).write(directory.path()).unwrap();
        let request = json!({
            "directory": directory.path(), "axes": axes,
            "sets": { "gone": ["select.with.remove"], "way": ["select.with.order"], "again": ["retrain.seed"],
                      "net": ["retrain.with.network.hidden"] },
        });
        (directory, serde_json::from_value(request).unwrap())
    }

    #[test]
    fn axes_are_told_by_what_they_set() {
        let axes = json!({ "gone": 0.25, "way": "most", "again": 3, "net": "wide" });
        let (_directory, input) = input(&axes, 0.75);
        let found = run(&input, None).unwrap();
        let expected = Run {
            group: "net=wide".to_owned(),
            score: String::new(),
            order: "most".to_owned(),
            skipped: None,
            removed: 0.25,
            repetition: "again=3".to_owned(),
            samples: None,
            accuracy: 0.75,
        };
        assert_eq!(found, expected);
        assert!(run(&input, Some("other")).is_err());
    }

    #[test]
    fn an_axis_of_scores_and_orders_has_random_as_its_control() {
        let at = |way: &str| {
            let (_directory, mut input) = input(&json!({ "gone": 0.2, "way": way }), 0.5);
            for axis in input.axes.values_mut().filter(|axis| axis.name == "way") {
                axis.sets = vec!["select.with.score".to_owned(), "select.with.order".to_owned()];
            }
            let found = run(&input, None).unwrap();
            (found.score, found.order)
        };
        assert_eq!(at("el2n"), ("el2n".to_owned(), "least".to_owned()));
        assert_eq!(at("random"), (String::new(), "random".to_owned()));
    }

    #[test]
    fn runs_that_repeat_each_other_are_one_row() {
        let at = |again: u64, accuracy: f64| {
            input(&json!({ "gone": 0.2, "way": "least", "again": again }), accuracy)
        };
        let all = [at(0, 0.5), at(1, 0.7)];
        let runs: Vec<Run> = all.iter().map(|(_, input)| run(input, None).unwrap()).collect();
        let rows = rows(&runs);
        assert_eq!(rows.len(), 1);
        assert!((rows[0].accuracy - 0.6).abs() <= 1e-12);
        assert!((rows[0].accuracy_error.unwrap() - 0.1).abs() <= 1e-12);
    }
}
