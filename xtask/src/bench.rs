//! `cargo xtask bench`: builds the bench and runs it.

use std::process::{Command, ExitCode};

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

/// Builds the bench and runs it with our arguments; its exit code.
///
/// # Errors
/// Where it cannot be built or started; a bench that failed has said why.
pub fn run(project: &Project, arguments: &Arguments) -> Result<ExitCode, XtaskError> {
    let build = ["build", "--release", "--quiet", "--package", "bench"];
    call(cargo().args(build).current_dir(&project.root))?;
    let program = programs()?.join("bench");
    let mut bench = Command::new(&program);
    let status = bench.args(&arguments.rest).current_dir(&project.root).status();
    let status = status.map_err(XtaskError::io("starting", &program))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
