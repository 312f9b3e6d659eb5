//! Where stage programs run.

mod local;
mod slurm;

use std::io;
use std::path::Path;
use std::time::Duration;

use artifact::Outline;
use stage::{Limits, ProgressEvent, StageError};

use crate::plan::Task;

pub use local::Local;
pub use slurm::{Pace, Slurm, cancel};
pub(crate) use slurm::{SCRIPTS, WORK_PREFIX};

/// Something that runs stage programs: this machine ([`Local`]), or a cluster ([`Slurm`]).
pub trait Executor: Sync {
    /// Runs `job` to its end, and tells `listen` of its progress; several are run at a time, each
    /// from a thread of its own.
    ///
    /// # Errors
    /// What the stage said, or how it ended without saying that it is done.
    fn execute(
        &self,
        job: &Job<'_>,
        listen: &mut dyn FnMut(&ProgressEvent),
    ) -> Result<Executed, Fault>;

    /// What the stage of `task` may use, where it runs elsewhere than on this machine, whose threads
    /// and memory tasks share.
    fn limits(&self, _task: &Task) -> Option<Limits> {
        None
    }

    /// Time that the stage of `task` may take.
    fn time_limit(&self, task: &Task) -> Option<Duration> {
        task.time_limit
    }

    /// Whether it can follow a job that an earlier driver has left ([`Fault::Left`]).
    fn attaches(&self) -> bool {
        false
    }
}

/// One run of a stage program: `PROGRAM run REQUEST`.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Name of the stage in the pipeline.
    pub stage: &'a str,
    /// The program.
    pub program: &'a Path,
    /// The folder that it runs in.
    pub root: &'a Path,
    /// File with its request.
    pub request: &'a Path,
    /// The folder of the work, for what an executor notes beside the output.
    pub work: &'a Path,
    /// What an earlier driver has noted there of a job that it has left, to be followed now.
    pub attached: Option<&'a Path>,
    /// File for its standard error, which is replaced.
    pub log: &'a Path,
    /// Threads and memory that it may use.
    pub limits: Limits,
    /// Time that it may take.
    pub time_limit: Option<Duration>,
    /// Where on a cluster, if the pipeline says so.
    pub partition: Option<&'a str>,
}

/// A run that ended well.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What the stage says of its output.
    pub outline: Outline,
    /// How long it ran.
    pub wall_time: Duration,
    /// Largest resident memory of its process, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// How a run ended that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The stage failed: it would do so again.
    Failed(StageError),
    /// It was ended from outside: what it has written so far is worth going on from.
    Cut(StageError),
    /// What it ran on was lost: it is worth trying again.
    Lost(StageError),
    /// Somebody has asked for its end: it is not to be tried again.
    Cancelled(StageError),
    /// The driver was interrupted, and ended it.
    Interrupted,
    /// The driver was interrupted, and it goes on.
    Left,
}

impl From<StageError> for Fault {
    fn from(error: StageError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}
