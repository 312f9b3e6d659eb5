//! `gather`: what the last job of a run on a cluster does.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::PipelineError;
use crate::execution::ended_plan;
use crate::results;

/// Arguments of `gather`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The plan of the run, beside the batch scripts.
    plan: PathBuf,
}

/// Gathers the results of a plan whose jobs have all ended.
///
/// # Errors
/// Where nothing was made, the plan cannot be read, or the file system refuses.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let (project, plan) = ended_plan(&arguments.plan)?;
    if results::gather_what_exists(&project, &plan)?.is_none() {
        return Err(PipelineError::Argument {
            message: format!("nothing of `{}` was made", plan.name),
            help: Some(
                "call the pipeline again: it says what has failed, and submits it".to_owned(),
            ),
        });
    }
    Ok(ExitCode::SUCCESS)
}
