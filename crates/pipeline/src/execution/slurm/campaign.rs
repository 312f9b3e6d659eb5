//! All jobs of a plan: which are made, which wait or run, and which are to be submitted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::discriminant;
use std::path::{Path, PathBuf};
use std::time::Instant;

use artifact::Manifest;
use stage::StageError;

use super::job::Job;
use super::note::Note;
use super::placed::{JobState, Placed};
use super::settings::Slurm;
use super::tasks;
use crate::error::{Failure, PipelineError};
use crate::execution::executor::failure;
use crate::execution::order::Order;
use crate::execution::partial::Settled;
use crate::execution::progress::Progress;
use crate::execution::submitted::SubmittedArray;
use crate::planning::Plan;
use crate::project::Project;
use crate::run_folder::references;
use crate::store::{Made, Store};

/// The jobs of a plan and what is known of each.
pub(super) struct Campaign<'a> {
    pub slurm: &'a Slurm,
    pub project: &'a Project,
    pub plan: &'a Plan,
    pub progress: &'a Progress,
    pub store: Store,
    pub jobs: Vec<Job>,
    /// Of each job.
    pub states: Vec<JobState>,
    /// How often each was submitted anew.
    pub retries: Vec<u32>,
    /// Nodes on which a job was lost, and is not to run again.
    pub lost_on: Vec<BTreeSet<String>>,
    pub failures: Vec<Failure>,
    pub largest_array: usize,
    /// Jobs of each array that this driver has submitted, by its number.
    pub sizes: BTreeMap<String, usize>,
    pub arrays: Vec<SubmittedArray>,
    /// Why the cluster takes no further jobs, since when.
    pub full: Option<(String, Instant)>,
    /// Jobs that earlier calls have submitted, by whether they run or wait.
    pub earlier: BTreeMap<String, usize>,
}

impl<'a> Campaign<'a> {
    /// The `jobs` of `plan`, before anything is known of them; what they are for is kept from now on.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn new(
        slurm: &'a Slurm,
        project: &'a Project,
        plan: &'a Plan,
        progress: &'a Progress,
        jobs: Vec<Job>,
    ) -> Result<Self, PipelineError> {
        let pieces = jobs.iter().filter(|job| job.is_piece());
        let pieces = pieces.map(|job| format!("{}/{}", job.order.kind, job.order.key));
        // Before anything is looked for: what is found must not be thrown away meanwhile.
        references::note_more(project, &plan.name, plan.artifacts().chain(pieces))?;
        let count = jobs.len();
        Ok(Self {
            slurm,
            project,
            plan,
            progress,
            store: Store::of(project),
            jobs,
            states: vec![JobState::Missing; count],
            retries: vec![0; count],
            lost_on: vec![BTreeSet::new(); count],
            failures: Vec::new(),
            largest_array: slurm.tools.largest_array(),
            sizes: BTreeMap::new(),
            arrays: Vec::new(),
            full: None,
            earlier: BTreeMap::new(),
        })
    }

    /// Makes of every piece that `job` joins and that is in the state `from` one in the state `to`.
    pub(super) fn mark_pieces(&mut self, job: usize, from: &JobState, to: &JobState) {
        for &need in &self.jobs[job].needs {
            let is_meant = discriminant(&self.states[need]) == discriminant(from);
            if is_meant && self.jobs[need].is_piece() {
                self.states[need] = to.clone();
            }
        }
    }

    /// What the store has of a job.
    pub(super) fn found(&self, job: usize) -> Option<Made> {
        let of = &self.jobs[job];
        let find = |order: &Order| {
            let manifest: Manifest = self.store.find(order.kind, &order.key)?;
            let directory = self.store.directory(order.kind, &order.key);
            Some(Made { directory, manifest, reused: true })
        };
        let partial = || match of.order.settled(&self.store) {
            Settled::Partial(order) if of.takes_what_exists() => find(&order),
            _ => None,
        };
        find(&of.order).or_else(partial)
    }

    /// Takes every job for lost that needs one that is.
    pub(super) fn lose(&mut self) {
        for job in 0..self.jobs.len() {
            let is_lost = |need: usize| matches!(self.states[need], JobState::Lost);
            if matches!(self.states[job], JobState::Missing) && self.jobs[job].is_hopeless(is_lost)
            {
                self.states[job] = JobState::Lost;
            }
        }
    }

    /// Notes that a job has failed, for those that go without what it would have made as well.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn fail(&mut self, job: usize, error: StageError) -> Result<(), PipelineError> {
        self.states[job] = JobState::Lost;
        self.jobs[job].order.give_up(&self.store, &error)?;
        let mut failure = failure(self.project, self.plan, self.jobs[job].task, error);
        failure.variant.clone_from(&self.jobs[job].shown);
        self.failures.push(failure);
        Ok(())
    }

    /// The folder of the batch scripts.
    pub(super) fn scripts(&self) -> PathBuf {
        self.project.jobs(&self.plan.name)
    }

    /// The list of orders that a job is of; another run may have submitted it.
    pub(super) fn list(&self, note: &Note) -> PathBuf {
        // RUN.STAGE.LETTERS, and of these a run alone may have dots.
        let run = note.name.rsplitn(3, '.').last().unwrap_or(&self.plan.name);
        self.project.jobs(run).join(format!("{}.tasks", note.name))
    }

    /// The jobs that wait or run.
    pub(super) fn placed(&self) -> impl Iterator<Item = (usize, &Placed)> {
        self.states.iter().enumerate().filter_map(|(job, state)| match state {
            JobState::Placed(placed) => Some((job, placed)),
            _ => None,
        })
    }

    /// Whether anything has failed.
    ///
    /// # Errors
    /// [`PipelineError::Stages`], where something has.
    pub(super) fn check_failures(&self) -> Result<(), PipelineError> {
        if self.failures.is_empty() {
            return Ok(());
        }
        let lost = self.states.iter().filter(|state| matches!(state, JobState::Lost)).count();
        let failures = self.failures.clone();
        Err(PipelineError::Stages { left_out: lost.saturating_sub(failures.len()), failures })
    }
}

/// The last lines that SLURM itself has said of a job, for its log.
pub(super) fn add_to_log(list: &Path, index: u32, log: &Path) {
    use std::io::Write;

    let said = fs::read(tasks::said(list, index)).unwrap_or_default();
    let file = fs::File::options().create(true).append(true).open(log);
    // Where this fails, what SLURM said stays where it is.
    if !said.is_empty() && file.and_then(|mut file| file.write_all(&said)).is_ok() {
        let _ = fs::remove_file(tasks::said(list, index));
    }
}
