//! `schema`: what editors need to complete pipeline files.

use std::process::ExitCode;

use super::print;
use crate::error::PipelineError;
use crate::project::Project;
use crate::reading::pipeline_schema;

/// Prints the JSON Schema of pipeline files.
///
/// # Errors
/// Where a stage of the workspace cannot be built.
pub(super) fn run(project: &Project) -> Result<ExitCode, PipelineError> {
    print(format!("{:#}", pipeline_schema(project)?));
    Ok(ExitCode::SUCCESS)
}
