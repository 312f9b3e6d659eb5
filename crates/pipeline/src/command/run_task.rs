//! `run-task`: what a job of a cluster does.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::PipelineError;
use crate::execution::fulfil;
use crate::system::interrupt::end_on_interrupt;

/// Arguments of `run-task`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The list of the array, beside its batch script.
    list: PathBuf,
    /// Which job of the array.
    index: u32,
}

/// Makes one artifact of the list, unless the store has it.
///
/// # Errors
/// Where the list cannot be read, or the file system refuses.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    end_on_interrupt();
    fulfil(&arguments.list, arguments.index)
}
