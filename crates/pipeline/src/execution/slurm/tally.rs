//! How far the jobs of a stage are, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::placed::{JobState, Placed};
use super::state::State;

/// Jobs of a stage.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pub stage: &'a str,
    all: usize,
    done: usize,
    failed: usize,
    running: usize,
    /// Those that wait, by the reason that SLURM gives.
    waiting: BTreeMap<&'a str, usize>,
}

impl<'a> Tally<'a> {
    /// None of `stage`.
    pub(super) fn of(stage: &'a str) -> Self {
        Self { stage, ..Self::default() }
    }

    /// Whether none waits or runs.
    pub(super) fn is_over(&self) -> bool {
        self.done + self.failed == self.all
    }

    /// The numbers, for programs.
    pub(super) fn value(&self) -> Value {
        let Self { all, done, failed, running, waiting, .. } = self;
        json!({ "jobs": all, "done": done, "failed": failed, "running": running, "waiting": waiting })
    }

    /// Counts a job in this state.
    pub(super) fn add(&mut self, state: &'a JobState) {
        self.all += 1;
        match state {
            JobState::Placed(Placed { state: Some(state), .. }) if *state != State::Pending => {
                self.running += 1;
            }
            JobState::Placed(placed) if placed.reason.starts_with("Dependency") => {}
            JobState::Placed(placed) => *self.waiting.entry(&placed.reason).or_default() += 1,
            JobState::Missing => {}
            JobState::Made(_) | JobState::Unneeded => self.done += 1,
            JobState::Lost => self.failed += 1,
        }
    }
}

impl fmt::Display for Tally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.stage, self.done, self.all)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.running > 0 {
            write!(f, ", {} run", self.running)?;
        }
        for (reason, count) in &self.waiting {
            match *reason {
                "" => write!(f, ", {count} wait")?,
                reason => write!(f, ", {count} wait ({reason})")?,
            }
        }
        Ok(())
    }
}
