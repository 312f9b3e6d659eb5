//! Ends the jobs of a run.

use std::fs;

use super::state::{Seen, State};
use super::tools::{Tools, missing, refused};
use crate::error::PipelineError;
use crate::project::Project;
use crate::run_folder::references;
use crate::text::suggestion;

/// Ends every job of the run called `run` that waits or runs, and gives their count. What they have
/// saved is kept.
///
/// # Errors
/// Where there is no such run, or SLURM refuses.
pub fn cancel(project: &Project, run: &str) -> Result<usize, PipelineError> {
    let runs = references::runs(project);
    if !runs.iter().any(|found| found.name == run) {
        let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        let message = format!("there is no run `{run}`");
        return Err(PipelineError::Argument { message, help: suggestion(run, names) });
    }
    let scripts = fs::read_dir(project.jobs(run)).into_iter().flatten().flatten();
    let names: Vec<String> = scripts
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".sh")?.to_owned()))
        .collect();
    if names.is_empty() {
        return Ok(0);
    }
    let tools = Tools::find(&project.search).map_err(missing)?;
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let seen = tools.queue(&all).map_err(refused)?;
    let is_alive = |seen: &&Seen| !seen.state.is_final() && seen.state != State::Completing;
    let alive: Vec<_> = seen.iter().filter(is_alive).collect();
    let mut numbers: Vec<&str> = alive.iter().map(|seen| seen.number.as_str()).collect();
    numbers.dedup();
    tools.cancel(&numbers).map_err(refused)?;
    Ok(alive.len())
}
