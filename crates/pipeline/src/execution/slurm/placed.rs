//! What is known of each job: whether it is made, lost, to be submitted, or waits or runs.

use super::note::Note;
use super::state::{Seen, State};
use crate::store::Made;

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
