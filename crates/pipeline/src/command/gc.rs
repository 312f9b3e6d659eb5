//! `gc`: what lies in the store and no run refers to.

use std::process::ExitCode;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::text::quantity;
use crate::upkeep::garbage;

/// Arguments of `gc`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    folders: Folders,
    /// Remove it.
    #[arg(long)]
    yes: bool,
}

/// Says what no run refers to, and removes it where told so.
///
/// # Errors
/// Where the file system refuses.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.folders.of(project)?;
    let garbage = garbage(&project);
    print(garbage.to_string().trim_end());
    if !garbage.is_empty() {
        if arguments.yes {
            let freed = quantity::bytes(garbage.remove()?);
            print(format!("removed, {freed} are free"));
        } else {
            print("`--yes` removes them");
        }
    }
    Ok(ExitCode::SUCCESS)
}
