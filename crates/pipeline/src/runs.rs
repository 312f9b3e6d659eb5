//! `runs`: the results that there are, with their state, time and size.

use std::collections::BTreeSet;
use std::time::Duration;

use artifact::Manifest;

use crate::grid::grid;
use crate::project::Project;
use crate::quantity::{bytes, duration};
use crate::references::{self, Run};
use crate::store::{Store, jobs};

/// One line for each folder of results: its state, how many of its artifacts are there, the time that
/// their stages took, and their size.
#[must_use]
pub fn runs(project: &Project) -> String {
    let store = Store::of(project);
    // A name that begins with a dot is that of results which are being written.
    let runs = references::runs(project).into_iter().filter(|run| !run.name.starts_with('.'));
    let mut rows = vec![["run", "state", "artifacts", "time", "size"].map(str::to_owned).to_vec()];
    rows.extend(runs.map(|run| row(&store, &run)));
    if rows.len() == 1 { "there are no runs yet\n".to_owned() } else { grid(&rows, "") }
}

fn row(store: &Store, run: &Run) -> Vec<String> {
    let names = run.unfinished.as_ref().or(run.finished.as_ref());
    let names: BTreeSet<&String> = names.into_iter().flatten().collect();
    let manifests: Vec<Manifest> =
        names.iter().filter_map(|name| Manifest::read(&store.path(name)).ok()).collect();
    let key = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let is_running = || names.iter().any(|name| store.is_being_made(&key(name)));
    // What has become of these jobs, only the cluster knows.
    let has_jobs = || names.iter().any(|name| !jobs(&store.work(&key(name))).is_empty());
    let state = match (&run.unfinished, &run.finished) {
        (Some(_), _) if is_running() => "running",
        (Some(_), _) if has_jobs() => "submitted to a cluster",
        (Some(_), None) => "stopped",
        (Some(_), Some(_)) => "stopped, with results of an earlier run",
        (None, Some(_)) => "finished",
        (None, None) => "unknown",
    };
    let seconds: f64 = manifests.iter().map(|manifest| manifest.wall_time_s).sum();
    let tables = manifests.iter().flat_map(|manifest| &manifest.tables);
    vec![
        run.name.clone(),
        state.to_owned(),
        format!("{} of {}", manifests.len(), names.len()),
        duration(Duration::try_from_secs_f64(seconds).unwrap_or_default()),
        bytes(tables.map(|table| table.size_bytes).sum()),
    ]
}
