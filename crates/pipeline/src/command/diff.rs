//! `diff`: what two runs differ in.

use std::process::ExitCode;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::results::compare;

/// Arguments of `diff`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A run: its folder in `data/runs`, or a path.
    one: String,
    /// Another run.
    other: String,
    #[command(flatten)]
    folders: Folders,
}

/// Says what the runs differ in, in parameters and in findings.
///
/// # Errors
/// Where one of them is no run, or its tables cannot be read.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.folders.of(project)?;
    print(compare(&project, &arguments.one, &arguments.other)?.trim_end());
    Ok(ExitCode::SUCCESS)
}
