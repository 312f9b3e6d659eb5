//! Stage programs as jobs of a SLURM cluster, on a file system that its nodes share with this machine.
//!
//! Everything is submitted at once: each stage of a sweep is an array of jobs, whose dependencies are
//! the wiring of the pipeline, and no driver has to wait for them. A job makes one artifact
//! ([`fulfil`]): it looks in the store first, and leaves its artifact there. So a job may be submitted
//! twice, and a driver that follows jobs can end and come back at any time.

mod arrays;
mod campaign;
mod cancel;
mod element;
mod ended;
mod find;
mod follow;
mod job;
mod leave;
mod note;
mod partition;
mod placed;
mod results;
mod script;
mod shared;
mod state;
mod submit;
mod tally;
mod tasks;
mod tools;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::campaign::Campaign;
use self::job::{Job, Maker};
use self::tools::Tools;
use super::executor::{Executor, Ran};
use crate::error::PipelineError;
use crate::execution::progress::Progress;
use crate::planning::Plan;
use crate::project::Project;
use crate::system::interrupt;
use crate::text::{Diagnostics, grid};

pub use cancel::cancel;
pub(crate) use element::fulfil;
pub(crate) use results::ended_plan;

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
    tools: Tools,
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

impl Executor for Slurm {
    /// Submits what is neither made nor submitted yet, and follows it where that is asked for.
    fn run(
        &self,
        project: &Project,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Ran, PipelineError> {
        let _running = interrupt::Running::begin();
        let jobs = self.jobs(project, plan)?;
        let mut campaign = Campaign::new(self, project, plan, progress, jobs)?;
        campaign.find()?;
        campaign.submit()?;
        if self.follow {
            return campaign.follow().map(Ran::Made);
        }
        campaign.leave()
    }

    fn offer(&self, project: &Project, plan: &Plan) -> Result<String, PipelineError> {
        let mut counts: Vec<(Vec<String>, usize)> = Vec::new();
        for job in self.jobs(project, plan)? {
            let row = job.asked(&plan.cluster);
            match counts.iter_mut().find(|(found, _)| *found == row) {
                Some((_, count)) => *count += 1,
                None => counts.push((row, 1)),
            }
        }
        let head = ["stage", "cpus", "memory", "time", "partition", "artifacts"];
        let rows = counts.into_iter().map(|(row, count)| [row, vec![count.to_string()]].concat());
        let head = std::iter::once(head.map(str::to_owned).to_vec());
        let rows: Vec<Vec<String>> = head.chain(rows).collect();
        Ok(format!("jobs of the cluster:\n{}", grid(&rows, "  ")))
    }
}

impl Slurm {
    /// The jobs of `plan`.
    ///
    /// # Errors
    /// Everything that the cluster could not do.
    fn jobs(&self, project: &Project, plan: &Plan) -> Result<Vec<Job>, PipelineError> {
        let partitions = self.tools.partitions().map_err(refused)?;
        let jobs = Maker::new(self, project, plan, &partitions).jobs();
        let jobs = jobs.map_err(|problems| PipelineError::Invalid(Diagnostics::new(problems)))?;
        for path in [&project.data, &project.store(), &project.root, &self.program] {
            refuse_odd_path(path)?;
        }
        if !plan.cluster.is_shared {
            shared::check(project, &self.program, &self.tools)?;
        }
        Ok(jobs)
    }
}

/// What one of SLURM's programs has said.
fn refused(message: String) -> PipelineError {
    PipelineError::Cluster(message)
}

/// That there is no SLURM here.
fn missing(program: &str) -> PipelineError {
    PipelineError::Argument {
        message: format!("there is no program `{program}` on PATH, and so no SLURM to submit to"),
        help: Some(
            "call this on a machine that submits to the cluster; without `--executor slurm` stages run here"
                .to_owned(),
        ),
    }
}

/// Refuses a path that cannot stand in a batch script as it is.
fn refuse_odd_path(path: &Path) -> Result<(), PipelineError> {
    let shown = path.display().to_string();
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "%#;\\\"'".contains(c);
    if !shown.chars().any(is_odd) {
        return Ok(());
    }
    Err(PipelineError::Argument {
        message: format!("`{shown}` cannot stand in a batch script"),
        help: Some("take a path without spaces, quotes, `%`, `#`, `;` and `\\`".to_owned()),
    })
}
