//! `cancel`: ends the jobs of a run.

use std::process::ExitCode;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::execution;
use crate::project::Project;

/// Arguments of `cancel`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run: the name of its pipeline, as `runs` lists it.
    run: String,
    #[command(flatten)]
    folders: Folders,
}

/// Ends them, and says how many there were.
///
/// # Errors
/// Where there is no such run, or SLURM refuses.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.folders.of(project)?;
    let name = &arguments.run;
    print(match execution::cancel(&project, name)? {
        0 => format!("no job of `{name}` waits or runs"),
        1 => format!("1 job of `{name}` is cancelled"),
        count => format!("{count} jobs of `{name}` are cancelled"),
    });
    Ok(ExitCode::SUCCESS)
}
