//! Which pipeline a command is about, and what it is told on top of the file.

use stage::Limits;

use super::folders::Folders;
use crate::error::PipelineError;
use crate::planning::{Plan, Request, check};
use crate::project::Project;
use crate::system::limits;
use crate::text::quantity;

/// A pipeline, as every command takes it that checks one.
#[derive(clap::Args)]
pub(super) struct PlanArguments {
    /// Pipeline file: a name in `pipelines/`, with or without `.yaml`, or a path.
    file: String,
    /// Override one value, e.g. `train.with.steps=100`, `seed=3`, `sweep.seed.to=[0,1]` (repeatable; also
    /// inside `sweep`).
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Thread limit per stage [default: all].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Memory limit per stage, e.g. 4GiB [default: free memory].
    #[arg(long, value_name = "BYTES", value_parser = quantity::parse_bytes)]
    pub(super) memory: Option<u64>,
    /// Override the pipeline's seed.
    #[arg(long, allow_hyphen_values = true)]
    seed: Option<u64>,
    #[command(flatten)]
    folders: Folders,
}

impl PlanArguments {
    /// `project` with its data where the arguments say.
    ///
    /// # Errors
    /// Where the current folder, to which a path is relative, is not known.
    pub(super) fn place(&self, project: Project) -> Result<Project, PipelineError> {
        self.folders.of(project)
    }

    /// The checked pipeline.
    ///
    /// # Errors
    /// [`PipelineError::Invalid`] with everything that is wrong with it.
    pub(super) fn check(&self, project: &Project) -> Result<Plan, PipelineError> {
        self.check_within(project, limits(self.threads.map(usize::from), self.memory))
    }

    /// The checked pipeline, with these limits for each stage.
    ///
    /// # Errors
    /// [`PipelineError::Invalid`] with everything that is wrong with it.
    pub(super) fn check_within(
        &self,
        project: &Project,
        limits: Limits,
    ) -> Result<Plan, PipelineError> {
        let request =
            Request { file: self.file.clone(), set: self.set.clone(), seed: self.seed, limits };
        check(project, &request)
    }
}
