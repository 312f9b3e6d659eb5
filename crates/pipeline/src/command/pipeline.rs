//! `pipeline`: checks a pipeline and runs it.

use std::process::ExitCode;

use stage::Limits;

use super::plan::PlanArguments;
use super::print;
use crate::error::PipelineError;
use crate::execution::{Executor, Local, Progress, Ran, Slurm};
use crate::planning::Selection;
use crate::preview::dry_run;
use crate::project::Project;
use crate::results;
use crate::results::summary;
use crate::system::interrupt::end_on_interrupt;
use crate::system::limits;

/// More memory than any node has.
const LARGEST_NODE: u64 = 1 << 50;

/// Arguments of `pipeline`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
    /// Show what would run, with which parameters, without running anything.
    #[arg(long)]
    dry_run: bool,
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
    /// Take stored results that another build of this stage's program has made as those of the present
    /// build, and what was made from them: you vouch that the change alters no result (repeatable).
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
    json: bool,
    /// Print errors only.
    #[arg(long)]
    quiet: bool,
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
    fn selection(&self) -> Selection {
        Selection {
            from: self.from.clone(),
            until: self.until.clone(),
            only: self.only.clone(),
            force: self.force.clone(),
        }
    }
}

impl Arguments {
    /// Whether a stage that fails leaves the others to end, whose results are gathered then.
    fn keeps_going(&self) -> bool {
        self.keep_going || self.executor == Where::Slurm
    }

    /// What runs the stages.
    ///
    /// # Errors
    /// Where it is not there.
    fn executor(&self, project: &Project) -> Result<Box<dyn Executor>, PipelineError> {
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

/// Checks the pipeline, runs it, and says where its results lie.
///
/// # Errors
/// Where the pipeline is wrong, a stage fails, or the file system refuses.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    end_on_interrupt();
    let limits = arguments.executor.limits(&arguments.plan);
    let mut plan = arguments.plan.check_within(&project, limits)?;
    if let Some(name) = arguments.force.iter().find(|name| arguments.accept_program.contains(name))
    {
        return Err(PipelineError::Argument {
            message: format!("--force {name} and --accept-program {name} contradict each other"),
            help: Some(
                "one runs the stage again, the other takes what an earlier build made".to_owned(),
            ),
        });
    }
    plan.accept_programs(&project, &arguments.accept_program)?;
    let selection = arguments.selection();
    selection.apply(&project, &mut plan)?;
    for difference in plan.lock.differences(&plan.tasks) {
        eprintln!("warning: {difference}");
    }
    if arguments.dry_run {
        let offer = arguments.executor(&project)?.offer(&project, &plan)?;
        print(dry_run(&project, &plan, &offer).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    // The results are of all that is there then, not of this call alone.
    let plan = if selection.is_all() { plan } else { plan.reachable(&project) };
    let stages = plan.tasks.iter().map(|task| task.stage.as_str());
    let progress = if arguments.json { Progress::json() } else { Progress::new(arguments.quiet) }
        .aligned(stages);
    for (stage, count) in plan.take_accepted(&project)? {
        progress.accepted(stage, count);
    }
    let is_silent = arguments.quiet || arguments.json;
    let (results, failures) = match arguments.executor(&project)?.run(&project, &plan, &progress) {
        Ok(Ran::Made(made)) => (results::gather(&project, &plan, &made)?, None),
        Ok(Ran::Left(submitted)) => {
            if !is_silent {
                print(format!("\n{submitted}"));
            }
            return Ok(ExitCode::SUCCESS);
        }
        Err(PipelineError::Stages { mut failures, left_out }) if arguments.keeps_going() => {
            let gathered = results::gather_what_exists(&project, &plan)?;
            let Some(results) = gathered else {
                return Err(PipelineError::Stages { failures, left_out });
            };
            for failure in &mut failures {
                failure.earlier_results = None;
            }
            (results, Some(PipelineError::Stages { failures, left_out }))
        }
        Err(error) => return Err(error),
    };
    if !is_silent {
        print(format!("\n{}", summary(&project, &plan, &results)?.trim_end()));
    }
    failures.map_or(Ok(ExitCode::SUCCESS), Err)
}
