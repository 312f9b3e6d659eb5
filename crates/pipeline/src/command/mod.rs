//! The command line that people type: `ntk-lab …`, and through the door of xtask `cargo xtask …`.
//!
//! Each file here is one command: its arguments, and a `run` that calls the rest of this crate and
//! prints. What is printed on standard output is the answer; errors go to standard error.

mod cancel;
mod check;
mod completions;
mod diff;
mod examples;
mod explain;
mod folders;
mod gather;
mod gc;
mod graph;
mod pipeline;
mod pipeline_arguments;
mod plan;
mod plot;
mod run_task;
mod runs;
mod schema;
mod stage_check;
mod stages;
mod verify;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::PipelineError;
use crate::project::Project;

/// Experiments on the spectrum of the neural tangent kernel.
///
/// Exit codes: 0 done; 1 a stage or a build failed, or what was checked has faults; 2 the pipeline
/// file or the arguments are wrong, and nothing was run; 130 interrupted.
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
    #[command(after_help = examples::PIPELINE)]
    Pipeline(pipeline_arguments::Arguments),
    /// Report everything wrong with a pipeline and list the layers of its networks, without running it.
    #[command(after_help = examples::CHECK)]
    Check(check::Arguments),
    /// Explain why a stage would or would not run, and what its key consists of.
    #[command(after_help = examples::EXPLAIN)]
    Explain(explain::Arguments),
    /// Draw the graph of a pipeline.
    #[command(after_help = examples::GRAPH)]
    Graph(graph::Arguments),
    /// Compare two runs: parameters, losses, accuracies and findings that differ.
    #[command(after_help = examples::DIFF)]
    Diff(diff::Arguments),
    /// Draw a figure from the tables of a run, as SVG.
    #[command(after_help = examples::PLOT)]
    Plot(plot::Arguments),
    /// List runs with their state, date, losses, accuracies, time and size.
    #[command(after_help = examples::RUNS)]
    Runs(runs::Arguments),
    /// Cancel a run's pending and running jobs on a cluster.
    #[command(after_help = examples::CANCEL)]
    Cancel(cancel::Arguments),
    /// Make one artifact of a list, as a job of a cluster does.
    #[command(hide = true, after_help = examples::RUN_TASK)]
    RunTask(run_task::Arguments),
    /// Gather the results of a run whose artifacts are there, as its last job on a cluster does.
    #[command(hide = true, after_help = examples::GATHER)]
    Gather(gather::Arguments),
    /// List artifacts that no run refers to, and remove them on request.
    #[command(after_help = examples::GC)]
    Gc(gc::Arguments),
    /// Check every table in the store against its recorded hash and its schema.
    #[command(after_help = examples::VERIFY)]
    Verify(verify::Arguments),
    /// List the stages with their ports and parameters.
    #[command(after_help = examples::STAGES)]
    Stages(stages::Arguments),
    /// Test a program against the contract between driver and stages.
    #[command(after_help = examples::STAGE_CHECK)]
    StageCheck(stage_check::Arguments),
    /// Print a JSON Schema of pipeline files, for completion in editors.
    #[command(after_help = examples::SCHEMA)]
    Schema,
    /// Print a shell completion script for `ntk-lab`.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(completions::Arguments),
}

impl Command {
    /// Does it, in `project`. A command whose answer is no ends with a code other than 0.
    ///
    /// # Errors
    /// Where the arguments or the pipeline are wrong, a stage fails, or the file system refuses.
    pub fn run(self, project: Project) -> Result<ExitCode, PipelineError> {
        match self {
            Self::Pipeline(arguments) => pipeline::run(project, &arguments),
            Self::Check(arguments) => check::run(project, &arguments),
            Self::Explain(arguments) => explain::run(project, &arguments),
            Self::Graph(arguments) => graph::run(project, &arguments),
            Self::Diff(arguments) => diff::run(project, &arguments),
            Self::Plot(arguments) => plot::run(project, &arguments),
            Self::Runs(arguments) => runs::run(project, &arguments),
            Self::Cancel(arguments) => cancel::run(project, &arguments),
            Self::RunTask(arguments) => run_task::run(&arguments),
            Self::Gather(arguments) => gather::run(&arguments),
            Self::Gc(arguments) => gc::run(project, &arguments),
            Self::Verify(arguments) => verify::run(project, &arguments),
            Self::Stages(arguments) => stages::run(&project, &arguments),
            Self::StageCheck(arguments) => stage_check::run(&project, &arguments),
            Self::Schema => schema::run(&project),
            Self::Completions(arguments) => Ok(completions::run(&arguments)),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_has_a_help_with_examples() {
        let mut program = Arguments::command();
        program.build();
        insta::assert_snapshot!("help", program.render_long_help());
        for command in program.get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:\n  ntk-lab "), "{help}");
            insta::assert_snapshot!(format!("help-{}", command.get_name()), help);
        }
    }

    #[test]
    fn a_shell_is_told_of_every_command() {
        for shell in
            [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish]
        {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "ntk-lab", &mut script);
            let script = String::from_utf8(script).expect("text");
            for command in Arguments::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
