//! What a campaign finds: artifacts in the store, and jobs that earlier calls have submitted.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::campaign::Campaign;
use super::ended::Ended;
use super::note::Note;
use super::placed::{JobState, Placed};
use super::state::State;
use super::tools::refused;
use crate::error::PipelineError;
use crate::execution::executor::counts;
use crate::store::jobs as notes;
use crate::system::interrupt;

impl Campaign<'_> {
    /// Finds what is made of the jobs, and which of them wait or run.
    ///
    /// # Errors
    /// Where the file system refuses, or SLURM does not say what it has.
    pub(super) fn find(&mut self) -> Result<(), PipelineError> {
        self.find_made()?;
        self.find_submitted()
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
}
