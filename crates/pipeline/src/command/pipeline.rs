//! `pipeline`: checks a pipeline and runs it.

use std::process::ExitCode;

use super::plan::PlanArguments;
use super::print;
use crate::dry_run::dry_run;
use crate::error::PipelineError;
use crate::machine::end_on_interrupt;
use crate::progress::Progress;
use crate::project::Project;
use crate::summary::summary;
use crate::{results, run as runner};

/// Arguments of `pipeline`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
    /// Print what would run and with which parameters, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Say nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Checks the pipeline, runs it, and says where its results lie.
///
/// # Errors
/// Where the pipeline is wrong, a stage fails, or the file system refuses.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    end_on_interrupt();
    let plan = arguments.plan.check(&project)?;
    if arguments.dry_run {
        print(dry_run(&project, &plan).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let stages = plan.tasks.iter().map(|task| task.stage.as_str());
    let progress = Progress::new(arguments.quiet).aligned(stages);
    let made = runner::run(&project, &plan, &progress)?;
    let results = results::gather(&project, &plan, &made)?;
    if !arguments.quiet {
        print(format!("\n{}", summary(&project, &plan, &results)?.trim_end()));
    }
    Ok(ExitCode::SUCCESS)
}
