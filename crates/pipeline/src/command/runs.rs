//! `runs`: the results that there are.

use std::process::ExitCode;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::runs::runs;

/// Arguments of `runs`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    folders: Folders,
}

/// Lists the results.
///
/// # Errors
/// Where the folders are not known.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    print(runs(&arguments.folders.of(project)?).trim_end());
    Ok(ExitCode::SUCCESS)
}
