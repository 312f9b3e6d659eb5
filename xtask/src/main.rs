//! `cargo xtask …`: a thin door to the pipeline crate, the tests and the generated docs.

mod bench;
mod call;
mod docs;
mod error;
mod pipelines;
mod store;
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
    /// Check a pipeline and run it.
    Pipeline(pipelines::Arguments),
    /// List the stages with their ports and parameters.
    Stages {
        /// Only this one: a name or a file, as under `uses:`.
        name: Option<String>,
    },
    /// List the results that there are, with their state, time and size.
    Runs(store::Folders),
    /// Say what lies in the store and no run refers to, and remove it.
    Gc {
        #[command(flatten)]
        folders: store::Folders,
        /// Remove it.
        #[arg(long)]
        yes: bool,
    },
    /// Compare every table in the store with its recorded hash and its schema.
    Verify(store::Folders),
    /// Run every test, with all that they need set up.
    Test(suite::Arguments),
    /// Time every kernel, beside faer's matmul or, with --peers, beside PyTorch, JAX and others.
    #[command(disable_help_flag = true)]
    Bench(bench::Arguments),
    /// Write docs/tables.md from the code.
    Docs {
        /// Write nothing; fail where the file is not what it would be.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be said where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), XtaskError> {
    let project = Project::find()?;
    match command {
        Command::Pipeline(arguments) => pipelines::run(project, &arguments),
        Command::Stages { name } => {
            print(pipeline::stages(&project, name.as_deref())?.trim_end());
            Ok(())
        }
        Command::Runs(folders) => {
            store::runs(&folders.of(project)?);
            Ok(())
        }
        Command::Gc { folders, yes } => store::gc(&folders.of(project)?, yes),
        Command::Verify(folders) => store::verify(&folders.of(project)?),
        Command::Test(arguments) => suite::run(&project, &arguments),
        Command::Bench(arguments) => bench::run(&project, &arguments),
        Command::Docs { check } => docs::run(&project, check),
    }
}

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn print(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
