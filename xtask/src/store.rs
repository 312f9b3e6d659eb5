//! `cargo xtask runs`, `gc` and `verify`: what was made, what is not wanted, what is damaged.

use std::path::PathBuf;

use pipeline::Project;

use crate::error::XtaskError;
use crate::print;

/// Which store and which results.
#[derive(clap::Args)]
pub struct Folders {
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
    pub fn of(&self, mut project: Project) -> Result<Project, XtaskError> {
        let absolute =
            |path: &PathBuf| std::path::absolute(path).map_err(XtaskError::io("opening", path));
        if let Some(data) = &self.data {
            project.data = absolute(data)?;
        }
        project.store = self.store.as_ref().map(absolute).transpose()?;
        Ok(project)
    }
}

/// Lists the results.
pub fn runs(project: &Project) {
    print(pipeline::runs(project).trim_end());
}

/// Says what no run refers to, and removes it where told so by `yes`.
///
/// # Errors
/// Where the file system refuses.
pub fn gc(project: &Project, yes: bool) -> Result<(), XtaskError> {
    let garbage = pipeline::garbage(project);
    print(garbage.to_string().trim_end());
    if garbage.is_empty() {
        return Ok(());
    }
    if yes {
        let freed = pipeline::quantity::bytes(garbage.remove()?);
        print(format!("removed, {freed} are free"));
    } else {
        print("`--yes` removes them");
    }
    Ok(())
}

/// Reads every table and says what is damaged.
///
/// # Errors
/// Where something is.
pub fn verify(project: &Project) -> Result<(), XtaskError> {
    let verified = pipeline::verify(project);
    print(verified.to_string().trim_end());
    if verified.damaged.is_empty() { Ok(()) } else { Err(XtaskError::Damaged) }
}
