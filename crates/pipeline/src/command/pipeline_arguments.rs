//! Arguments of `pipeline`, and what they mean.

use stage::Limits;

use super::plan::PlanArguments;
use crate::error::PipelineError;
use crate::execution::{Executor, Local, Progress, Slurm};
use crate::planning::{Plan, Selection};
use crate::project::Project;
use crate::system::limits;

/// More memory than any node has.
const LARGEST_NODE: u64 = 1 << 50;

/// Arguments of `pipeline`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Show what would run, with which parameters, without running anything.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Run this stage and everything after it; earlier results must be cached.
    #[arg(long, value_name = "STAGE", conflicts_with = "only")]
    from: Option<String>,
    /// Run this stage and its inputs, and stop there.
    #[arg(long, value_name = "STAGE", conflicts_with = "only")]
    until: Option<String>,
    /// Run this stage only; its inputs must be cached.
    #[arg(long, value_name = "STAGE")]
    only: Option<String>,
    /// Re-run this stage even if its result is cached (repeatable).
    #[arg(long, value_name = "STAGE")]
    force: Vec<String>,
    /// Reuse results from an earlier build of this stage's program, and everything derived from them:
    /// you vouch that the change does not alter them (repeatable).
    #[arg(long, value_name = "STAGE")]
    accept_program: Vec<String>,
    /// Where stages run: `local`, on this machine, or `slurm`, as jobs on its cluster.
    #[arg(long, value_enum, default_value_t = Where::Local)]
    executor: Where,
    /// Wait for the cluster's jobs to finish instead of submitting them and returning.
    #[arg(long)]
    follow: bool,
    /// Stages to run at the same time, within threads and memory [default: 1]; with `--executor slurm`,
    /// jobs of a stage to run at the same time [default: the cluster's limit].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Keep running stages that do not depend on a failed one, and gather what they made (always on
    /// for cluster jobs).
    #[arg(long)]
    keep_going: bool,
    /// Print events as JSON, one object per line.
    #[arg(long, conflicts_with_all = ["quiet", "dry_run"])]
    pub(super) json: bool,
    /// Print errors only.
    #[arg(long)]
    pub(super) quiet: bool,
}

/// What runs the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
enum Where {
    Local,
    Slurm,
}

impl Where {
    /// What the stages may use at most, before anything is known of them.
    fn limits(self, plan: &PlanArguments) -> Limits {
        match self {
            Self::Local => limits(plan.threads.map(usize::from), plan.memory),
            // What a node has, the cluster is asked for.
            Self::Slurm => Limits {
                threads: plan.threads.unwrap_or(1).into(),
                memory_bytes: plan.memory.unwrap_or(LARGEST_NODE),
            },
        }
    }
}

impl Arguments {
    /// What the stages may use at most.
    pub(super) fn limits(&self) -> Limits {
        self.executor.limits(&self.plan)
    }

    /// Which tasks the call is about.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            from: self.from.clone(),
            until: self.until.clone(),
            only: self.only.clone(),
            force: self.force.clone(),
        }
    }

    /// Notes in `plan` what the call is about: stored results that are accepted, and tasks that are
    /// selected.
    ///
    /// # Errors
    /// Where the arguments contradict each other, or name what is not there.
    pub(super) fn narrow(&self, project: &Project, plan: &mut Plan) -> Result<(), PipelineError> {
        if let Some(name) = self.force.iter().find(|name| self.accept_program.contains(name)) {
            return Err(PipelineError::Argument {
                message: format!(
                    "--force {name} and --accept-program {name} contradict each other"
                ),
                help: Some(
                    "one runs the stage again, the other takes what an earlier build made"
                        .to_owned(),
                ),
            });
        }
        plan.accept_programs(project, &self.accept_program)?;
        self.selection().apply(project, plan)
    }

    /// What tells people, or programs, how far the stages of `plan` are.
    pub(super) fn progress(&self, plan: &Plan) -> Progress {
        let stages = plan.tasks.iter().map(|task| task.stage.as_str());
        if self.json { Progress::json() } else { Progress::new(self.quiet) }.aligned(stages)
    }

    /// Whether a stage that fails leaves the others to end, whose results are gathered then.
    pub(super) fn keeps_going(&self) -> bool {
        self.keep_going || self.executor == Where::Slurm
    }

    /// What runs the stages.
    ///
    /// # Errors
    /// Where it is not there.
    pub(super) fn executor(&self, project: &Project) -> Result<Box<dyn Executor>, PipelineError> {
        if self.follow && self.executor == Where::Local {
            return Err(PipelineError::Argument {
                message: "--follow: stages of this machine are always followed".to_owned(),
                help: Some("it goes with `--executor slurm`".to_owned()),
            });
        }
        let jobs = self.jobs.map(usize::from);
        Ok(match self.executor {
            Where::Local => {
                Box::new(Local { jobs: jobs.unwrap_or(1), keep_going: self.keep_going })
            }
            Where::Slurm => {
                let mut slurm = Slurm::find(project)?;
                (slurm.threads, slurm.memory_bytes) = (self.plan.threads, self.plan.memory);
                (slurm.at_a_time, slurm.follow) = (jobs, self.follow);
                Box::new(slurm)
            }
        })
    }
}
