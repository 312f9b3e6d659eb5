//! Which cluster, and how it is asked.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::tools::{Tools, missing};
use crate::error::PipelineError;
use crate::project::Project;

/// How often a cluster that is followed is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// First pause between two looks at the queue.
    pub look: Duration,
    /// Longest such pause.
    pub longest_look: Duration,
    /// First pause between two looks at what jobs say of their progress.
    pub read: Duration,
    /// Longest such pause.
    pub longest_read: Duration,
    /// How long files are waited for that a job has written which is over: network file systems
    /// show them late.
    pub grace: Duration,
}

/// The SLURM cluster that this machine submits to.
#[derive(Clone, Debug)]
pub struct Slurm {
    /// Threads of a stage whose `resources:` do not say how many it needs.
    pub threads: Option<u16>,
    /// Memory of such a stage, in bytes.
    pub memory_bytes: Option<u64>,
    /// Jobs of an array that run at a time, at most.
    pub at_a_time: Option<usize>,
    /// Whether to wait until everything is made.
    pub follow: bool,
    /// How often it is looked at.
    pub pace: Pace,
    /// The program `ntk-lab`, or another with its command `run-task`, as the nodes find it.
    pub program: PathBuf,
    pub(super) tools: Tools,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            look: seconds(3),
            longest_look: seconds(90),
            read: seconds(2),
            longest_read: seconds(15),
            grace: seconds(60),
        }
    }
}

impl Slurm {
    /// The cluster whose programs lie on the PATH of `project`; jobs run the program that calls this.
    ///
    /// # Errors
    /// Where there is no SLURM.
    pub fn find(project: &Project) -> Result<Self, PipelineError> {
        let program =
            env::current_exe().map_err(PipelineError::io("finding", Path::new("this program")))?;
        Ok(Self {
            threads: None,
            memory_bytes: None,
            at_a_time: None,
            follow: false,
            pace: Pace::default(),
            program,
            tools: Tools::find(&project.search).map_err(missing)?,
        })
    }
}
