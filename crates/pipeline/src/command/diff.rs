//! `diff`: what two runs differ in.

use std::path::PathBuf;
use std::process::ExitCode;

use super::print;
use crate::comparison::compare;
use crate::error::PipelineError;
use crate::project::Project;

/// Arguments of `diff`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A run: its folder in `data/runs`, or a path.
    one: String,
    /// Another run.
    other: String,
    /// Folder for artifacts (`store`) and results (`runs`) [default: data].
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// Says what the runs differ in, in parameters and in findings.
///
/// # Errors
/// Where one of them is no run, or its tables cannot be read.
pub(super) fn run(mut project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    if let Some(data) = &arguments.data {
        project.data = std::path::absolute(data).map_err(PipelineError::io("opening", data))?;
    }
    print(compare(&project, &arguments.one, &arguments.other)?.trim_end());
    Ok(ExitCode::SUCCESS)
}
