//! How a job has ended: by what it left in the store, what it said, and what SLURM says of it.

use std::fs;
use std::time::Duration;

use stage::StageError;

use super::campaign::Campaign;
use super::job::Job;
use super::placed::{JobState, Placed};
use super::state::State;
use super::tasks;
use crate::execution::order::Again;
use crate::execution::partial::Settled;
use crate::execution::process::Limit;
use crate::store::Made;
use crate::text::quantity::{bytes, duration};

/// Why SLURM ends a job whose dependency has failed.
const NEVER: &str = "DependencyNeverSatisfied";

/// How a job has ended.
pub(super) enum Ended {
    Made(Box<Made>),
    Failed(StageError, Again),
    /// Something that it needs was not made: it was never begun.
    Unbegun,
    /// It was a piece of what is made by now, and has gone.
    Joined,
}

impl Campaign<'_> {
    /// How a job has ended that is over for so long; `None` where its files may still appear.
    pub(super) fn ended(&self, job: usize, placed: &Placed, span: Duration) -> Option<Ended> {
        let of = &self.jobs[job];
        let fault = placed.state.as_ref().and_then(|state| {
            let time = of.time.map(duration);
            state.fault(&bytes(of.order.limits.memory_bytes), time.as_deref())
        });
        let is_done = matches!(placed.state, Some(State::Completed) | None);
        if (!of.order.is_forced || is_done)
            && placed.note.read_end().is_none()
            && let Some(made) = self.found(job)
        {
            return Some(Ended::Made(Box::new(Made { reused: false, ..made })));
        }
        if of.is_piece() && is_done && self.is_joined(of) {
            return Some(Ended::Joined);
        }
        let is_unmade =
            |need: usize| matches!(self.states[need], JobState::Lost | JobState::Missing);
        let is_hopeless = of.is_hopeless(is_unmade);
        if placed.state == Some(State::Cancelled)
            && (placed.reason == NEVER || (placed.reason.is_empty() && is_hopeless))
        {
            return Some(Ended::Unbegun);
        }
        // It went without what was tried again and is there by now.
        let has_more = || !matches!(of.order.settled(&self.store), Settled::Missing(_));
        if of.takes_what_exists()
            && placed.state == Some(State::Completed)
            && placed.note.read_end().is_none()
            && has_more()
        {
            return Some(Ended::Unbegun);
        }
        if let Some(end) = placed.note.read_end() {
            // Where an input was not made, that is what has failed.
            if is_hopeless {
                return Some(Ended::Unbegun);
            }
            return Some(match fault {
                // The cluster has ended the stage alone, which could only say that much.
                Some((fault, again @ Again::WithMore(Limit::Memory))) => {
                    let message = format!("{}: {}", fault.message, end.error.message);
                    Ended::Failed(StageError { message, ..fault }, again)
                }
                _ => Ended::Failed(end.error, Again::Never),
            });
        }
        if let Some((error, again)) = fault {
            return Some(Ended::Failed(error, again));
        }
        if let Some(line) = self.words_on_memory(placed) {
            let fault = State::OutOfMemory.fault(&bytes(of.order.limits.memory_bytes), None);
            return fault.map(|(error, again)| {
                let message = format!("{}: {line}", error.message);
                Ended::Failed(StageError { message, ..error }, again)
            });
        }
        if span < self.slurm.pace.grace {
            return None;
        }
        let (message, again) = match placed.state {
            Some(State::Completed) => ("its job ended without making its artifact", Again::Never),
            Some(_) => ("its job failed without a word of its own", Again::WhereAsked),
            None => ("the cluster does not know its job any more", Again::ByDefault),
        };
        Some(Ended::Failed(StageError::new(message), again))
    }

    /// Whether the store has what a piece is of.
    fn is_joined(&self, piece: &Job) -> bool {
        let whole = |job: &usize| {
            let of = &self.jobs[*job];
            of.task == piece.task && !of.is_piece()
        };
        let whole = (0..self.jobs.len()).find(whole);
        whole.is_some_and(|whole| self.found(whole).is_some())
    }

    /// The line in which SLURM says of a job that it took too much memory: not every cluster has the
    /// state for it.
    fn words_on_memory(&self, placed: &Placed) -> Option<String> {
        let said = tasks::said(&self.list(&placed.note), placed.note.index);
        let said = fs::read_to_string(said).ok()?;
        let is_meant = |line: &&str| {
            ["memory limit", "oom-kill", "oom_kill"].iter().any(|of| line.contains(of))
        };
        said.lines().rev().find(is_meant).map(str::to_owned)
    }
}
