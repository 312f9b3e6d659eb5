//! `runs`: the results that there are.

use std::process::ExitCode;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::upkeep::{SortBy, runs, runs_as_json};

/// Arguments of `runs`.
#[derive(clap::Args)]
pub struct Arguments {
    /// What to order the runs by; the latest, the best or the longest first.
    #[arg(long, value_enum, default_value_t = SortBy::Date)]
    sort: SortBy,
    /// Print them as JSON, with the scores of every training.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folders: Folders,
}

/// Lists the results.
///
/// # Errors
/// Where the folders are not known.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.folders.of(project)?;
    if arguments.json {
        print(format!("{:#}", runs_as_json(&project, arguments.sort)));
    } else {
        print(runs(&project, arguments.sort).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
