//! Where artifacts and results lie, as every command takes it that reads or writes them.

use std::path::PathBuf;

use crate::error::PipelineError;
use crate::project::Project;

/// Which store and which results.
#[derive(clap::Args)]
pub(super) struct Folders {
    /// Folder with artifacts (`store`) and results (`runs`) [default: data].
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Folder with artifacts alone [default: `store` in --data].
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
}

impl Folders {
    /// `project` with these folders.
    ///
    /// # Errors
    /// Where the current folder is not known, to which they are relative.
    pub(super) fn of(&self, mut project: Project) -> Result<Project, PipelineError> {
        let absolute =
            |path: &PathBuf| std::path::absolute(path).map_err(PipelineError::io("opening", path));
        if let Some(data) = &self.data {
            project.data = absolute(data)?;
        }
        project.store = self.store.as_ref().map(absolute).transpose()?;
        Ok(project)
    }
}
