//! `check`: everything that can be found wrong with a pipeline before anything runs.

use std::process::ExitCode;

use super::plan::PlanArguments;
use super::print;
use crate::error::PipelineError;
use crate::preview::networks;
use crate::project::Project;

/// Arguments of `check`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    plan: PlanArguments,
}

/// Checks the pipeline, says how large it is, and lists the layers of its networks.
///
/// # Errors
/// [`PipelineError::Invalid`] with everything that is wrong with it.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    let plan = arguments.plan.check(&project)?;
    let count =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut text =
        format!("{}: nothing is wrong; {}", plan.name, count(plan.stages.len(), "stage"));
    if let (false, Some(variants)) = (plan.sweep.is_empty(), plan.sweep.count()) {
        let artifacts = count(plan.tasks.len(), "artifact");
        text = format!("{text}, {}, {artifacts}", count(variants, "variant"));
    }
    text.push('\n');
    text.push_str(&networks(&plan));
    print(text.trim_end());
    Ok(ExitCode::SUCCESS)
}
