//! Leaving jobs to themselves: no driver waits for them.

use super::campaign::Campaign;
use super::placed::JobState;
use crate::error::PipelineError;
use crate::execution::executor::Ran;
use crate::execution::submitted::Submitted;
use crate::store::Made;

impl Campaign<'_> {
    /// Leaves the jobs to themselves.
    ///
    /// # Errors
    /// Where some could not be submitted, or the file system refuses.
    pub(super) fn leave(mut self) -> Result<Ran, PipelineError> {
        let ungathered = if self.placed().next().is_some() && self.full.is_none() {
            self.submit_results()?
        } else {
            None
        };
        if !self.failures.is_empty() {
            self.progress.left(self.placed().count());
        }
        self.check_failures()?;
        let left = self.states.iter().filter(|state| matches!(state, JobState::Missing)).count();
        let tasks = || self.jobs.iter().zip(&self.states).filter(|(job, _)| !job.is_piece());
        let made: Vec<Made> = tasks()
            .filter_map(|(_, state)| match state {
                JobState::Made(made) => Some((**made).clone()),
                _ => None,
            })
            .collect();
        if made.len() == self.plan.tasks.len() {
            return Ok(Ran::Made(made));
        }
        self.progress.left(self.placed().count());
        Ok(Ran::Left(Submitted {
            run: self.plan.name.clone(),
            artifacts: (self.plan.tasks.len(), made.len()),
            is_forced: self.plan.tasks.iter().any(|task| task.is_forced),
            scripts: self.project.shown(&self.scripts()),
            arrays: self.arrays,
            earlier: self.earlier,
            refused: self.full.map(|(why, _)| (left, why)),
            ungathered,
        }))
    }
}
