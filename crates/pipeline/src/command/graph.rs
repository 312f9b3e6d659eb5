//! `graph`: a pipeline as a picture.

use std::process::ExitCode;

use super::plan::PlanArguments;
use super::print;
use crate::error::PipelineError;
use crate::preview::Graph;
use crate::project::Project;

/// Arguments of `graph`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
    /// How it is drawn.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How a graph is drawn.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// One line a stage.
    Text,
    /// A Mermaid flowchart.
    Mermaid,
    /// A picture.
    Svg,
}

/// Draws the pipeline on standard output.
///
/// # Errors
/// Where the pipeline is wrong.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    let graph = Graph::of(&project, &arguments.plan.check(&project)?);
    let text = match arguments.format {
        Format::Text => graph.text(),
        Format::Mermaid => graph.mermaid(),
        Format::Svg => graph.svg(),
    };
    print(text.trim_end());
    Ok(ExitCode::SUCCESS)
}
