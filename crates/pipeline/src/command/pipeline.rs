//! `pipeline`: checks a pipeline and runs it.

use std::process::ExitCode;

use super::plan::PlanArguments;
use super::print;
use crate::dry_run::dry_run;
use crate::error::PipelineError;
use crate::interrupt::end_on_interrupt;
use crate::progress::Progress;
use crate::project::Project;
use crate::results;
use crate::run::{self as runner, Options};
use crate::selection::Selection;
use crate::summary::summary;

/// Arguments of `pipeline`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
    /// Print what would run and with which parameters, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Run this stage and what follows from it; what comes before must be there.
    #[arg(long, value_name = "STAGE", conflicts_with = "only")]
    from: Option<String>,
    /// Run this stage and what it needs, and nothing further.
    #[arg(long, value_name = "STAGE", conflicts_with = "only")]
    until: Option<String>,
    /// Run this stage alone; what it needs must be there.
    #[arg(long, value_name = "STAGE")]
    only: Option<String>,
    /// Run this stage although its artifact is there; may be given several times.
    #[arg(long, value_name = "STAGE")]
    force: Vec<String>,
    /// Stages that run side by side, within threads and memory.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Go on with what does not need a stage that failed.
    #[arg(long)]
    keep_going: bool,
    /// Print one JSON object a line for everything that happens.
    #[arg(long, conflicts_with_all = ["quiet", "dry_run"])]
    json: bool,
    /// Say nothing but errors.
    #[arg(long)]
    quiet: bool,
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

/// Checks the pipeline, runs it, and says where its results lie.
///
/// # Errors
/// Where the pipeline is wrong, a stage fails, or the file system refuses.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    end_on_interrupt();
    let mut plan = arguments.plan.check(&project)?;
    let selection = arguments.selection();
    selection.apply(&project, &mut plan)?;
    for difference in plan.lock.differences(&plan) {
        eprintln!("warning: {difference}");
    }
    if arguments.dry_run {
        print(dry_run(&project, &plan).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    // The results are of all that is there then, not of this call alone.
    let plan = if selection.is_all() { plan } else { plan.reachable(&project) };
    let stages = plan.tasks.iter().map(|task| task.stage.as_str());
    let progress = if arguments.json { Progress::json() } else { Progress::new(arguments.quiet) }
        .aligned(stages);
    let (jobs, keep_going) = (arguments.jobs.into(), arguments.keep_going);
    let options = Options { jobs, keep_going, ..Options::default() };
    let made = runner::run(&project, &plan, &options, &progress)?;
    let results = results::gather(&project, &plan, &made)?;
    if !arguments.quiet && !arguments.json {
        print(format!("\n{}", summary(&project, &plan, &results)?.trim_end()));
    }
    Ok(ExitCode::SUCCESS)
}
