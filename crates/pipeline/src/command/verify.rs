//! `verify`: whether every table is what was written.

use std::process::ExitCode;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::upkeep::verify;

/// Arguments of `verify`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    folders: Folders,
}

/// Reads every table and says what is damaged; ends with code 1 where something is.
///
/// # Errors
/// Where the folders are not known.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let verified = verify(&arguments.folders.of(project)?);
    print(verified.to_string().trim_end());
    if verified.damaged.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "error: the store is damaged\n  = help: call the pipelines again that want what is damaged"
    );
    Ok(ExitCode::from(1))
}
