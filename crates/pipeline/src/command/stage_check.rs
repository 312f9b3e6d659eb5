//! `stage-check`: a program against the contract.

use std::path::PathBuf;
use std::process::ExitCode;

use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::stage_check::{Problem, StageCheck, stage_check};
use crate::system::limits;

/// Arguments of `stage-check`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A name or a file, as under `uses:`.
    program: String,
    /// Override one parameter, e.g. `bandwidth=0.2` (repeatable).
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Use an artifact for a port instead of a made-up one, e.g.
    /// `spectrum=data/store/spectrum/KEY` (repeatable).
    #[arg(long, value_name = "PORT=FOLDER", value_parser = port_and_folder)]
    input: Vec<(String, PathBuf)>,
    /// Let made-up samples have classes, and the network be a classifier whose presentations were recorded.
    #[arg(long)]
    classes: bool,
}

fn port_and_folder(text: &str) -> Result<(String, PathBuf), String> {
    let (port, folder) = text.split_once('=').ok_or("write it as PORT=FOLDER")?;
    Ok((port.to_owned(), PathBuf::from(folder)))
}

/// Checks the program and says what was found; the exit code is 1 where it breaks the contract.
///
/// # Errors
/// Where there is no such program, or an argument is wrong.
pub(super) fn run(project: &Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let verdict = stage_check(
        project,
        &StageCheck {
            program: arguments.program.clone(),
            set: arguments.set.clone(),
            inputs: arguments.input.iter().cloned().collect(),
            limits: limits(None, None),
            problem: if arguments.classes { Problem::Classes } else { Problem::Regression },
        },
    )?;
    print(&verdict);
    Ok(if verdict.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
