//! States of jobs, as SLURM's programs write them, and what they mean for a task.

use stage::StageError;

use crate::execution::order::Again;
use crate::execution::process::Limit;

/// What to do where a job took longer than it may.
pub(super) const MORE_TIME: &str =
    "raise `time` under `resources:`; what it has saved is gone on from";
/// What to do where a job took more memory than it may.
pub(super) const MORE_MEMORY: &str = "raise `memory` under `resources:`";

/// State of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits in the queue.
    Pending,
    /// It runs, or is about to.
    Running,
    /// Its processes have ended, or are about to: what it was, or that it starts anew, is told soon.
    Completing,
    /// Its script came to its end.
    Completed,
    /// Its script failed, or was killed.
    Failed,
    /// It was ended after its time.
    TimeOut,
    /// It was ended for its memory.
    OutOfMemory,
    /// Somebody has ended it.
    Cancelled,
    /// Its machine failed, or it had to make way for another; the word says which.
    Lost(&'static str),
}

/// One job of an array that SLURM has told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Name of the array.
    pub name: String,
    /// Number of the array.
    pub number: String,
    /// Which of its jobs.
    pub index: u32,
    pub state: State,
    /// The node that it runs on, or ran on; empty where nobody says.
    pub node: String,
    /// Why it waits; empty where nobody says.
    pub reason: String,
}

impl State {
    /// The state that SLURM calls `word`; `CANCELLED by 1000` is one, too.
    pub(super) fn parse(word: &str) -> Self {
        match word.split([' ', '+']).next().unwrap_or_default() {
            "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "SPECIAL_EXIT"
            | "RESV_DEL_HOLD" => Self::Pending,
            "COMPLETING" => Self::Completing,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "TIMEOUT" | "DEADLINE" => Self::TimeOut,
            "OUT_OF_MEMORY" => Self::OutOfMemory,
            "CANCELLED" => Self::Cancelled,
            "NODE_FAIL" => Self::Lost("its node failed"),
            "BOOT_FAIL" | "LAUNCH_FAILED" | "RECONFIG_FAIL" => Self::Lost("its node did not start"),
            "PREEMPTED" => Self::Lost("it was preempted"),
            "REVOKED" => Self::Lost("it was revoked"),
            // RUNNING, CONFIGURING, SUSPENDED, and whatever a later version adds.
            _ => Self::Running,
        }
    }

    /// Whether nothing follows it.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Pending | Self::Running | Self::Completing)
    }

    /// What a job means for its task that ended in this state without a word of its own, and whether
    /// it is worth trying again; `None` where the state does not say it.
    pub(super) fn fault(&self, memory: &str, time: Option<&str>) -> Option<(StageError, Again)> {
        match self {
            Self::Pending | Self::Running | Self::Completing | Self::Completed | Self::Failed => {
                None
            }
            Self::TimeOut => {
                let limit = time.map(|time| format!(" of {time}")).unwrap_or_default();
                let message = format!("the cluster ended it after its time limit{limit} (TIMEOUT)");
                let error = StageError::new(message).hint(MORE_TIME);
                Some((error, Again::WithMore(Limit::Time)))
            }
            Self::OutOfMemory => {
                let message = format!(
                    "the cluster ended it where it needed more than the {memory} it may use (OUT_OF_MEMORY)"
                );
                let error = StageError::new(message).hint(MORE_MEMORY);
                Some((error, Again::WithMore(Limit::Memory)))
            }
            Self::Cancelled => {
                let hint = "call again to go on";
                let message = "its job was cancelled (CANCELLED)";
                Some((StageError::new(message).hint(hint), Again::Never))
            }
            Self::Lost(how) => Some((StageError::new(*how), Again::ByDefault)),
        }
    }
}

impl Seen {
    /// The jobs in a line of squeue, `NAME|NUMBER|INDEX|STATE|NODE|REASON`.
    pub(super) fn of_queue(line: &str) -> Vec<Self> {
        let fields: Vec<&str> = line.trim().splitn(6, '|').collect();
        let [name, number, indices, state, node, reason] = fields[..] else { return Vec::new() };
        let reason = if matches!(reason, "None" | "(null)") { "" } else { reason };
        Self::all(name, (number, indices), state, (node, reason))
    }

    /// The jobs in a line of sacct, `NAME|NUMBER_INDEX|STATE|NODE`.
    pub(super) fn of_accounts(line: &str) -> Vec<Self> {
        let fields: Vec<&str> = line.trim().splitn(4, '|').collect();
        let [name, job, state, node] = fields[..] else { return Vec::new() };
        let Some(job) = job.split_once('_') else { return Vec::new() };
        let node = if node.starts_with("None") { "" } else { node };
        Self::all(name, job, state, (node, ""))
    }

    fn all(
        name: &str,
        (number, indices): (&str, &str),
        state: &str,
        (node, reason): (&str, &str),
    ) -> Vec<Self> {
        let one = |index| Self {
            name: name.to_owned(),
            number: number.to_owned(),
            index,
            state: State::parse(state),
            node: node.to_owned(),
            reason: reason.to_owned(),
        };
        parse_indices(indices).into_iter().map(one).collect()
    }
}

/// `7`, or of jobs that wait together `[4-9,12%2]`.
fn parse_indices(text: &str) -> Vec<u32> {
    let text = text.trim_matches(['[', ']']);
    let text = text.split('%').next().unwrap_or_default();
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let last = last.split(':').next().unwrap_or_default();
        Some(first.parse::<u32>().ok()?..=last.parse().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_stand_alone_or_together() {
        assert_eq!(parse_indices("7"), [7]);
        assert_eq!(parse_indices("[4-6,12%2]"), [4, 5, 6, 12]);
        assert_eq!(parse_indices("N/A"), [0_u32; 0]);
    }

    #[test]
    fn a_line_of_either_program_is_read() {
        let seen = Seen::of_queue("small.train.1f|120|3|PENDING||Resources\n");
        let expected = Seen {
            name: "small.train.1f".to_owned(),
            number: "120".to_owned(),
            index: 3,
            state: State::Pending,
            node: String::new(),
            reason: "Resources".to_owned(),
        };
        assert_eq!(seen, [expected]);
        let seen = Seen::of_accounts("small.train.1f|120_[0-1]|CANCELLED by 1000|node7");
        assert_eq!(seen.iter().map(|seen| seen.index).collect::<Vec<_>>(), [0, 1]);
        assert!(seen.iter().all(|seen| seen.state == State::Cancelled));
        assert_eq!(Seen::of_queue("slurm_load_jobs error"), []);
        // No array: none of ours.
        assert_eq!(Seen::of_accounts("small.train.1f|120|FAILED|node7"), []);
    }

    #[test]
    fn each_state_says_what_happened_and_what_helps() {
        let said = |word: &str| match State::parse(word).fault("2.00 GiB", Some("1 h 00 min")) {
            None => format!("{word}: -"),
            Some((error, again)) => format!("{word}: {again:?}, {error:?}"),
        };
        let words =
            ["COMPLETED", "TIMEOUT", "OUT_OF_MEMORY", "CANCELLED by 0", "NODE_FAIL", "PREEMPTED"];
        let all: Vec<String> = words.into_iter().map(said).collect();
        insta::assert_snapshot!(all.join("\n"));
    }
}
