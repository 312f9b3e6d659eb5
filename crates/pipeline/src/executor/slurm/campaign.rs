//! All jobs of a plan: which are made, which wait or run, and which are to be submitted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::discriminant;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use artifact::Manifest;
use stage::StageError;

use super::follow::Ended;
use super::job::Job;
use super::note::Note;
use super::state::{Seen, State};
use super::submitted::{Submitted, SubmittedArray};
use super::tasks;
use super::{Slurm, refused};
use crate::error::PipelineError;
use crate::executor::{Made, Ran, counts, failure};
use crate::failure::Failure;
use crate::interrupt;
use crate::order::Order;
use crate::partial::Settled;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::project::Project;
use crate::references;
use crate::store::{Store, jobs as notes};

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
    earlier: BTreeMap<String, usize>,
}

/// What is known of a job.
#[derive(Clone, Debug)]
pub(super) enum JobState {
    /// It makes a piece of what is made.
    Unneeded,
    /// It is to be submitted.
    Missing,
    /// It waits or runs.
    Placed(Placed),
    /// Its artifact is in the store.
    Made(Box<Made>),
    /// It has failed, or something that it needs has.
    Lost,
}

/// A job that was submitted.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub note: Note,
    /// Number of its array.
    pub number: String,
    /// `None` before SLURM has told of it.
    pub state: Option<State>,
    /// Why it waits, or has ended.
    pub reason: String,
    pub node: String,
    /// In how many looks on end SLURM did not know it.
    pub missed: u32,
}

impl<'a> Campaign<'a> {
    /// The `jobs` of `plan`, with what is made of them and what waits or runs.
    ///
    /// # Errors
    /// Where the file system refuses, or SLURM does not say what it has.
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
        references::note_more(project, plan, &pieces.collect::<Vec<_>>())?;
        let count = jobs.len();
        let mut campaign = Self {
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
        };
        campaign.find_made()?;
        campaign.find_submitted()?;
        Ok(campaign)
    }

    /// Takes what is in the store.
    fn find_made(&mut self) -> Result<(), PipelineError> {
        for job in 0..self.jobs.len() {
            let order = &self.jobs[job].order;
            let found = if order.is_forced { None } else { self.found(job) };
            if let Some(made) = found {
                self.store.clean(&order.key)?;
                self.states[job] = JobState::Made(Box::new(made));
            } else if let Some(error) = order.has_failed(&self.store) {
                let (stage, shown) = (order.stage.clone(), self.jobs[job].shown.clone());
                self.progress.failed_before(&stage, &shown);
                self.fail(job, error)?;
            }
        }
        self.lose();
        for job in 0..self.jobs.len() {
            if matches!(self.states[job], JobState::Made(_)) {
                self.mark_pieces(job, &JobState::Missing, &JobState::Unneeded);
            }
        }
        let made = |job: &JobState| matches!(job, JobState::Made(_));
        let mut is_made = vec![false; self.plan.tasks.len()];
        for (job, state) in self.jobs.iter().zip(&self.states).filter(|(job, _)| !job.is_piece()) {
            is_made[job.task] = made(state);
        }
        let counts = counts(self.plan, |task| is_made[task]);
        let mut begun = BTreeSet::new();
        for (index, task) in self.plan.tasks.iter().enumerate() {
            let (count, done) = counts[task.stage.as_str()];
            if count > 1 && begun.insert(&task.stage) {
                self.progress.variants(&task.stage, count, done);
            }
            if is_made[index] {
                let variant = self.plan.sweep.shown(&task.point);
                self.progress.reused(&task.stage, &variant, count == 1);
            }
        }
        Ok(())
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

    /// Finds jobs that earlier calls have submitted and that wait or run.
    fn find_submitted(&mut self) -> Result<(), PipelineError> {
        let mut found: Vec<(usize, Note)> = Vec::new();
        for (job, state) in self.states.iter().enumerate() {
            if matches!(state, JobState::Missing) {
                let work = self.store.work(&self.jobs[job].order.key);
                found.extend(notes(&work).iter().filter_map(|note| Some((job, Note::at(note)?))));
            }
        }
        let names: BTreeSet<&str> = found.iter().map(|(_, note)| note.name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = names.into_iter().collect();
        let place = |note: &Note| (note.name.clone(), note.index);
        let places = found.iter().map(|(_, note)| place(note)).collect();
        let mut seen = self.slurm.tools.look(&names, &places).map_err(refused)?;
        let started = Instant::now();
        // What is about to end is waited for: nothing must wait for a job that was cancelled.
        while seen.values().any(|seen| seen.state == State::Completing)
            && started.elapsed() < self.slurm.pace.grace
            && !interrupt::is_pending()
        {
            thread::sleep(self.slurm.pace.look.min(Duration::from_secs(1)));
            seen = self.slurm.tools.look(&names, &places).map_err(refused)?;
        }
        for (job, note) in found {
            let mut placed = Placed::new(note, String::new());
            if let Some(seen) = seen.get(&place(&placed.note)) {
                placed.learn(seen.clone());
            }
            match &placed.state {
                // A job whose folder it is not: another call has submitted it twice.
                Some(state) if !state.is_final() && *state != State::Completing => {
                    if !matches!(self.states[job], JobState::Placed(_)) {
                        let word = if *state == State::Running { "run" } else { "wait" };
                        *self.earlier.entry(word.to_owned()).or_default() += 1;
                        self.states[job] = JobState::Placed(placed);
                    }
                }
                _ => self.tell_of_end(job, &placed),
            }
        }
        // What a job joins that waits or runs, it has been told of, and needs no other pieces.
        for job in 0..self.jobs.len() {
            if matches!(self.states[job], JobState::Placed(_)) {
                self.mark_pieces(job, &JobState::Missing, &JobState::Unneeded);
            }
        }
        Ok(())
    }

    /// Takes a job that an earlier call has submitted for what it has become, and forgets it: it tells
    /// why it made nothing.
    fn tell_of_end(&mut self, job: usize, placed: &Placed) {
        let is_known = placed.state.is_some() || placed.note.read_end().is_some();
        let of = &self.jobs[job];
        match self.ended(job, placed, Duration::MAX).filter(|_| is_known) {
            // It was not there yet when that was looked for.
            Some(Ended::Made(made)) => self.states[job] = JobState::Made(made),
            Some(Ended::Failed(error, _)) => {
                let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                let why = format!("{}{hint}", error.message);
                self.progress.again(&of.order.stage, &of.shown, &why);
            }
            Some(Ended::Unbegun | Ended::Joined) | None => {}
        }
        placed.note.remove();
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

impl Placed {
    pub(super) fn new(note: Note, number: String) -> Self {
        let (reason, node) = (String::new(), String::new());
        Self { note, number, state: None, reason, node, missed: 0 }
    }

    /// Takes what SLURM has told. Whether that is news.
    pub(super) fn learn(&mut self, seen: Seen) -> bool {
        let is_news = self.state.as_ref() != Some(&seen.state);
        self.number = seen.number;
        self.state = Some(seen.state);
        (self.reason, self.node, self.missed) = (seen.reason, seen.node, 0);
        is_news
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
