//! The command line that people type: `ntk-lab …`, and through the door of xtask `cargo xtask …`.
//!
//! Each file here is one command: its arguments, and a `run` that calls the rest of this crate and
//! prints. What is printed on standard output is the answer; errors go to standard error.

mod pipeline;
mod plan;
mod stages;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::PipelineError;
use crate::project::Project;

/// Experiments on the spectrum of the neural tangent kernel.
///
/// Exit codes: 0 done; 1 a stage or a build failed; 2 the pipeline file or the arguments are
/// wrong, and nothing was run; 130 interrupted.
#[derive(Parser)]
#[command(name = "ntk-lab", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What people can ask for.
#[derive(Subcommand)]
pub enum Command {
    /// Check a pipeline and run it.
    Pipeline(pipeline::Arguments),
    /// List the stages with their ports and parameters.
    Stages(stages::Arguments),
}

impl Command {
    /// Does it, in `project`. A command whose answer is no ends with a code other than 0.
    ///
    /// # Errors
    /// Where the arguments or the pipeline are wrong, a stage fails, or the file system refuses.
    pub fn run(self, project: Project) -> Result<ExitCode, PipelineError> {
        match self {
            Self::Pipeline(arguments) => pipeline::run(project, &arguments),
            Self::Stages(arguments) => stages::run(&project, &arguments),
        }
    }
}

/// The whole `main` of `ntk-lab`.
#[must_use]
pub fn main() -> ExitCode {
    let command = Arguments::parse().command;
    match Project::find().and_then(|project| command.run(project)) {
        Ok(code) => code,
        Err(error) => {
            // Nothing can be said where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn print(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
