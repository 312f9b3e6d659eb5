//! Ends the jobs of a run.

use std::collections::BTreeSet;
use std::fs;

use super::queue::Place;
use super::tools::Tools;
use super::{WORK_PREFIX, missing};
use crate::error::PipelineError;
use crate::nearest::suggestion;
use crate::project::Project;
use crate::references;
use crate::store::{Store, remove};

/// Ends every job of the run called `run` that waits or runs, and gives their count. What they have
/// saved is kept.
///
/// # Errors
/// Where there is no such run, or SLURM refuses.
pub fn cancel(project: &Project, run: &str) -> Result<usize, PipelineError> {
    let refused = |message: String| PipelineError::Argument { message, help: None };
    let runs = references::runs(project);
    let Some(found) = runs.iter().find(|found| found.name == run) else {
        let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        let message = format!("there is no run `{run}`");
        return Err(PipelineError::Argument { message, help: suggestion(run, names) });
    };
    let store = Store::of(project);
    let works = found.unfinished.iter().flatten().filter_map(|artifact| {
        let key = artifact.rsplit('/').next()?;
        Some((key, store.work(key)))
    });
    let mut names = BTreeSet::new();
    let mut folders = Vec::new();
    for (key, work) in works {
        for entry in fs::read_dir(work).into_iter().flatten().flatten() {
            let is_job = entry.file_name().to_string_lossy().starts_with(WORK_PREFIX);
            if let Some(place) = Place::at(&entry.path()).filter(|_| is_job) {
                names.insert(place.name);
                folders.push((key.to_owned(), entry.path()));
            }
        }
    }
    if names.is_empty() {
        return Ok(0);
    }
    let tools = Tools::find(&project.search).map_err(missing)?;
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let seen = tools.queue(&all).map_err(refused)?;
    for name in &names {
        tools.cancel(name).map_err(refused)?;
    }
    for (key, folder) in folders {
        // A driver that follows a job sees for itself what has become of it.
        if !store.is_being_made(&key) {
            remove(&folder)?;
        }
    }
    Ok(seen.iter().filter(|seen| !seen.state.is_final()).count())
}
