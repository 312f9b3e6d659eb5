//! Where the stages of a plan run.

use std::collections::BTreeMap;

use stage::StageError;

use super::progress::Progress;
use super::submitted::Submitted;
use crate::error::{Failure, PipelineError, log_end};
use crate::planning::Plan;
use crate::project::Project;
use crate::run_folder::ownership::has_results;
use crate::store::{Made, Store};

/// Something that makes the artifacts of a plan: this machine
/// ([`Local`](super::Local)), or a cluster ([`Slurm`](super::Slurm)).
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

/// For each stage how many tasks it has, and how many of them are done.
pub(super) fn counts(
    plan: &Plan,
    is_done: impl Fn(usize) -> bool,
) -> BTreeMap<&str, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        let (count, done) = counts.entry(task.stage.as_str()).or_insert((0, 0));
        *count += 1;
        *done += usize::from(is_done(index));
    }
    counts
}

/// That the task `index` of `plan` has failed.
pub(super) fn failure(project: &Project, plan: &Plan, index: usize, error: StageError) -> Failure {
    let task = &plan.tasks[index];
    let results = project.results(&plan.name);
    let log = results.join(task.log(&plan.sweep));
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
