//! `explain`: why a stage would run.

use std::process::ExitCode;

use super::plan::PlanArguments;
use super::print;
use crate::error::PipelineError;
use crate::preview::explain;
use crate::project::Project;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
    /// The stage, by its name in the pipeline.
    stage: String,
}

/// Says why the stage would run or not, and what its key is made of.
///
/// # Errors
/// Where the pipeline is wrong or has no such stage.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    let plan = arguments.plan.check(&project)?;
    print(explain(&project, &plan, &arguments.stage)?.trim_end());
    Ok(ExitCode::SUCCESS)
}
