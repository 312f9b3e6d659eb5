//! Where stage programs run.

mod local;

use std::io;
use std::path::Path;
use std::time::Duration;

use artifact::Outline;
use stage::{ProgressEvent, StageError};

pub use local::Local;

/// Something that runs stage programs: this machine ([`Local`]), or a cluster.
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
}

/// One run of a stage program: `PROGRAM run REQUEST`.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder that it runs in.
    pub root: &'a Path,
    /// File with its request.
    pub request: &'a Path,
    /// File for its standard error, which is replaced.
    pub log: &'a Path,
    /// Memory that it may use, in bytes.
    pub memory_bytes: u64,
    /// Time that it may take.
    pub time_limit: Option<Duration>,
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
    /// The driver was interrupted, and ended it.
    Interrupted,
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
