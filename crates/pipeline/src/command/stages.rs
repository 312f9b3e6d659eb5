//! `stages`: what stages there are.

use std::process::ExitCode;

use super::print;
use crate::error::PipelineError;
use crate::programs;
use crate::project::Project;

/// Arguments of `stages`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this one: a name or a file, as under `uses:`.
    name: Option<String>,
}

/// Lists the stages.
///
/// # Errors
/// Where the name means no stage, or a program cannot be built or asked.
pub(super) fn run(project: &Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    print(programs::stages(project, arguments.name.as_deref())?.trim_end());
    Ok(ExitCode::SUCCESS)
}
