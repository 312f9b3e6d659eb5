//! `gather`: what the last job of a run on a cluster does.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::PipelineError;
use crate::executor::gather;

/// Arguments of `gather`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The plan of the run, beside the batch scripts.
    plan: PathBuf,
}

/// Gathers the results.
///
/// # Errors
/// Where artifacts are missing, or the file system refuses.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    gather(&arguments.plan).map(|()| ExitCode::SUCCESS)
}
