//! `runs`: the results that there are, with their state, date, scores, time and size.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use artifact::Manifest;
use serde_json::{Value, json};

use crate::project::Project;
use crate::results::{SCORES, Scorecard, date};
use crate::run_folder::references::{self, Run};
use crate::store::{Store, jobs};
use crate::text::grid;
use crate::text::quantity::{bytes, duration};

/// By what runs are ordered: the latest, the best, the longest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SortBy {
    /// When the results were written, or the run began.
    #[default]
    Date,
    /// The name of the run.
    Name,
    /// The smallest loss on the training split at the end of a training.
    TrainLoss,
    /// The same on the test split.
    TestLoss,
    /// The largest accuracy on the training split at the end of a training.
    TrainAccuracy,
    /// The same on the test split.
    TestAccuracy,
    /// The time that the stages took.
    Time,
    /// The size of the tables.
    Size,
}

/// One folder of results.
struct Listed {
    name: String,
    state: String,
    began: Option<SystemTime>,
    scorecard: Scorecard,
    artifacts: (usize, usize),
    seconds: f64,
    size: u64,
}

/// One line for each folder of results: its state, when it was written, the losses and accuracies at
/// the end of its trainings, how many of its artifacts are there, the time that their stages took, and
/// their size.
#[must_use]
pub fn runs(project: &Project, sort_by: SortBy) -> String {
    let all = listed(project, sort_by);
    if all.is_empty() {
        return "there are no runs yet\n".to_owned();
    }
    let mut rows = vec![["run", "state", "date (UTC)"].map(str::to_owned).to_vec()];
    // A column that no run has is left out.
    let scores: Vec<usize> = (0..SCORES.len())
        .filter(|&score| all.iter().any(|run| !run.scorecard.scores[score].is_empty()))
        .collect();
    rows[0].extend(scores.iter().map(|&score| SCORES[score].replace('_', " ")));
    rows[0].extend(["artifacts", "time", "size"].map(str::to_owned));
    for run in &all {
        let mut row = vec![run.name.clone(), run.state.clone()];
        row.push(run.began.map_or(String::new(), date));
        row.extend(scores.iter().map(|&score| run.scorecard.shown(score)));
        row.push(format!("{} of {}", run.artifacts.0, run.artifacts.1));
        row.push(duration(Duration::try_from_secs_f64(run.seconds).unwrap_or_default()));
        row.push(bytes(run.size));
        rows.push(row);
    }
    grid(&rows, "")
}

/// The same as JSON: an array with an object for each run.
#[must_use]
pub fn runs_as_json(project: &Project, sort_by: SortBy) -> Value {
    let object = |run: Listed| {
        let mut value = json!({
            "run": run.name,
            "state": run.state,
            "date": run.began.map(date),
            "artifacts": run.artifacts.0,
            "wanted": run.artifacts.1,
            "wall_time_s": run.seconds,
            "size_bytes": run.size,
        });
        for (score, values) in SCORES.iter().zip(&run.scorecard.scores) {
            value[*score] = json!(values);
        }
        value
    };
    listed(project, sort_by).into_iter().map(object).collect()
}

fn listed(project: &Project, sort_by: SortBy) -> Vec<Listed> {
    let store = Store::of(project);
    // A name that begins with a dot is that of results which are being written.
    let runs = references::runs(project).into_iter().filter(|run| !run.name.starts_with('.'));
    let mut all: Vec<Listed> = runs.map(|run| look_at(project, &store, run)).collect();
    // What lacks a number stands last.
    let score = |score: usize, sign: f64| {
        move |run: &Listed| run.scorecard.best(score).map_or(f64::INFINITY, |value| sign * value)
    };
    let by = |key: &dyn Fn(&Listed) -> f64, all: &mut Vec<Listed>| {
        all.sort_by(|one, other| key(one).total_cmp(&key(other)));
    };
    match sort_by {
        // As they come.
        SortBy::Name => {}
        SortBy::Date => all.sort_by(|one, other| match other.began.cmp(&one.began) {
            Ordering::Equal => one.name.cmp(&other.name),
            unequal => unequal,
        }),
        SortBy::TrainLoss => by(&score(0, 1.0), &mut all),
        SortBy::TestLoss => by(&score(1, 1.0), &mut all),
        SortBy::TrainAccuracy => by(&score(2, -1.0), &mut all),
        SortBy::TestAccuracy => by(&score(3, -1.0), &mut all),
        SortBy::Time => by(&|run: &Listed| -run.seconds, &mut all),
        SortBy::Size => all.sort_by_key(|run| std::cmp::Reverse(run.size)),
    }
    all
}

fn look_at(project: &Project, store: &Store, run: Run) -> Listed {
    let names = run.unfinished.as_ref().or(run.finished.as_ref());
    let names: BTreeSet<&String> = names.into_iter().flatten().collect();
    let manifests: Vec<Manifest> =
        names.iter().filter_map(|name| Manifest::read(&store.path(name)).ok()).collect();
    let key = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let is_running = || names.iter().any(|name| store.is_being_made(&key(name)));
    // What has become of these jobs, only the cluster knows.
    let has_jobs = || names.iter().any(|name| !jobs(&store.work(&key(name))).is_empty());
    // Jobs of a cluster leave word of their failure in the store.
    let has_failed = || run.has_failed || names.iter().any(|name| store.has_failure(name));
    let folder = project.results(&run.name);
    let scorecard = Scorecard::of(&folder);
    let finished = match scorecard.failed {
        Some((all, failed)) if failed > 0 => format!("finished, {failed} of {all} failed"),
        _ => "finished".to_owned(),
    };
    let state = match (&run.unfinished, &run.finished) {
        (Some(_), _) if is_running() => "running".to_owned(),
        (Some(_), _) if has_jobs() => "submitted to a cluster".to_owned(),
        (Some(_), earlier) => {
            let ended = if has_failed() { "failed" } else { "stopped" };
            let earlier = earlier.as_ref().map_or("", |_| ", with results of an earlier run");
            format!("{ended}{earlier}")
        }
        (None, Some(_)) => finished,
        (None, None) => "unknown".to_owned(),
    };
    let noted = run.unfinished.is_some().then(|| references::unfinished(&folder));
    let noted = noted.and_then(|path| fs::metadata(path).and_then(|found| found.modified()).ok());
    Listed {
        began: noted.or(scorecard.written),
        state,
        artifacts: (manifests.len(), names.len()),
        seconds: manifests.iter().map(|manifest| manifest.wall_time_s).sum(),
        size: manifests.iter().flat_map(|of| &of.tables).map(|table| table.size_bytes).sum(),
        scorecard,
        name: run.name,
    }
}
