//! `cargo xtask …`: a thin door to the pipeline crate, the tests and the generated docs.

mod bench;
mod call;
mod docs;
mod error;
mod install;
mod suite;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use error::XtaskError;
use pipeline::Project;

/// Experiments on the spectrum of the neural tangent kernel.
///
/// Exit codes: 0 done; 1 a stage, a build or a test failed; 2 the pipeline file or the arguments
/// are wrong, and nothing was run; 130 interrupted.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Lab(Box<pipeline::command::Command>),
    /// Run every test, with all that they need set up.
    Test(suite::Arguments),
    /// Time every kernel, beside faer's matmul or, with --peers, beside PyTorch, JAX and others.
    #[command(disable_help_flag = true)]
    Bench(bench::Arguments),
    /// Install `ntk-lab` and all stages, for use without this source.
    Install(install::Arguments),
    /// Write docs/tables.md and the facts in docs/stages.md from the code.
    Docs {
        /// Write nothing; fail where the file is not what it would be.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // Nothing can be said where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<ExitCode, XtaskError> {
    let project = Project::find()?;
    match command {
        Command::Lab(command) => return Ok(command.run(project)?),
        Command::Test(arguments) => suite::run(&project, &arguments)?,
        Command::Bench(arguments) => bench::run(&project, &arguments)?,
        Command::Install(arguments) => install::run(&project, &arguments)?,
        Command::Docs { check } => docs::run(&project, check)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn print(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
