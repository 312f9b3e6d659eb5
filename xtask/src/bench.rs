//! `cargo xtask bench`: builds the bench and runs it.

use pipeline::Project;

use crate::call::{call, cargo, programs};
use crate::error::XtaskError;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Arguments {
    /// What the bench is to get; `--help` shows what it takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds the bench and runs it with our arguments.
///
/// # Errors
/// Where either fails; the program that failed has said why.
pub fn run(project: &Project, arguments: &Arguments) -> Result<(), XtaskError> {
    let build = ["build", "--release", "--quiet", "--package", "bench"];
    call(cargo().args(build).current_dir(&project.root))?;
    let program = programs()?.join("bench");
    call(std::process::Command::new(program).args(&arguments.rest).current_dir(&project.root))
}
