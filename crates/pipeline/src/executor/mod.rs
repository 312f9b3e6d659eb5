//! Where the stages of a plan run.

mod fates;
mod local;
mod slurm;

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifact::Manifest;
use stage::StageError;

use crate::error::PipelineError;
use crate::failure::{Failure, log_end};
use crate::plan::{Plan, Task};
use crate::progress::Progress;
use crate::project::Project;
use crate::results::has_results;
use crate::store::Store;

pub(crate) use fates::{Fate, fates};
pub use local::Local;
pub use slurm::{Pace, Slurm, Submitted, cancel};
pub(crate) use slurm::{fulfil, gather};

/// Something that makes the artifacts of a plan: this machine ([`Local`]), or a cluster ([`Slurm`]).
pub trait Executor {
    /// Makes the artifacts of all tasks of `plan`, each unless it is there already, or sees to it
    /// that they will be made.
    ///
    /// # Errors
    /// [`PipelineError::Stages`] where stages fail; [`PipelineError::Interrupted`]; others where the
    /// file system refuses.
    fn run(
        &self,
        project: &Project,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Ran, PipelineError>;

    /// What it would give to the stages of `plan`, as text for people.
    ///
    /// # Errors
    /// Everything for which it could not run them.
    fn offer(&self, project: &Project, plan: &Plan) -> Result<String, PipelineError>;
}

/// What has become of a plan.
#[derive(Debug)]
pub enum Ran {
    /// The artifact of each task.
    Made(Vec<Made>),
    /// Some are still to be made, by jobs that need no driver.
    Left(Submitted),
}

/// The artifact of one task.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it lies in the store.
    pub directory: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Whether it was there already.
    pub reused: bool,
}

/// Whether a task's artifact is in the store already, or one that is accepted as it.
#[must_use]
pub fn is_stored(project: &Project, task: &Task) -> bool {
    task.accepts.is_some() || find(&Store::of(project), task).is_some()
}

fn find(store: &Store, task: &Task) -> Option<Manifest> {
    store.find(task.program.description.output, &task.key)
}

/// What is in the store of a task, unless it is to be made again all the same.
fn usable(store: &Store, task: &Task) -> Option<Manifest> {
    if task.is_forced { None } else { find(store, task) }
}

/// For each stage how many tasks it has, and how many of them are done.
fn counts(plan: &Plan, is_done: impl Fn(usize) -> bool) -> BTreeMap<&str, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        let (count, done) = counts.entry(task.stage.as_str()).or_insert((0, 0));
        *count += 1;
        *done += usize::from(is_done(index));
    }
    counts
}

/// That the task `index` of `plan` has failed.
fn failure(project: &Project, plan: &Plan, index: usize, error: StageError) -> Failure {
    let task = &plan.tasks[index];
    let results = project.results(&plan.name);
    let log = results.join(task.log(plan));
    let found = Store::of(project).find_failure(task.program.description.output, &task.key);
    let kept = found.filter(|(_, manifest)| !manifest.tables.is_empty());
    Failure {
        stage: task.stage.clone(),
        variant: plan.sweep.shown(&task.point),
        message: error.message,
        hint: error.hint,
        log_end: log_end(&log),
        log: project.shown(&log),
        kept: kept.map(|(folder, _)| project.shown(&folder)),
        earlier_results: has_results(&results).then(|| project.shown(&results)),
        location: task.location.clone(),
    }
}
