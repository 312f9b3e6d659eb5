//! Which artifacts a run refers to: what must not be thrown away.
//!
//! The folder of results holds a list of them. While a run is going on, and where it did not come to
//! its end, the list lies with its logs, beside that of the results which are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::names::{LOGS, REFERENCES_FILE};
use crate::error::PipelineError;
use crate::project::Project;
use crate::store::remove;

/// The list of `artifacts`, each as `KIND/KEY`: one a line.
pub(crate) fn list(artifacts: impl IntoIterator<Item = String>) -> String {
    artifacts.into_iter().fold(String::new(), |text, name| text + &name + "\n")
}

/// Notes in the logs of the `run` of that name which `artifacts` it refers to from now on, in place of
/// what an earlier one did that did not come to its end.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn note(
    project: &Project,
    run: &str,
    artifacts: impl IntoIterator<Item = String>,
) -> Result<(), PipelineError> {
    write(project, run, &list(artifacts))
}

/// Notes which `artifacts` the `run` of that name refers to beside what earlier ones do, whose jobs may
/// go on.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn note_more(
    project: &Project,
    run: &str,
    artifacts: impl IntoIterator<Item = String>,
) -> Result<(), PipelineError> {
    let earlier = fs::read_to_string(unfinished(&project.results(run))).unwrap_or_default();
    let earlier = earlier.lines().map(str::to_owned);
    let all: BTreeSet<String> = earlier.chain(artifacts).collect();
    write(project, run, &list(all))
}

/// Notes in the logs of the `run` of that name that it ended because stages failed, until the next one
/// begins.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn note_failed(project: &Project, run: &str) -> Result<(), PipelineError> {
    let path = failed(&project.results(run));
    fs::write(&path, "").map_err(PipelineError::io("writing", &path))
}

fn write(project: &Project, run: &str, text: &str) -> Result<(), PipelineError> {
    let results = project.results(run);
    remove(&failed(&results))?;
    let path = unfinished(&results);
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder).map_err(PipelineError::io("creating", folder))?;
    fs::write(&path, text).map_err(PipelineError::io("writing", &path))
}

/// The list of a run in `folder` that did not come to its end, or not yet.
pub(crate) fn unfinished(folder: &Path) -> PathBuf {
    folder.join(LOGS).join(REFERENCES_FILE)
}

/// The note in a folder of results that its last run failed.
fn failed(folder: &Path) -> PathBuf {
    folder.join(LOGS).join("run.failed")
}

/// A folder of results.
#[derive(Debug)]
pub(crate) struct Run {
    pub name: String,
    /// What the results refer to, where there are any.
    pub finished: Option<Vec<String>>,
    /// What a run refers to that did not come to its end, or not yet.
    pub unfinished: Option<Vec<String>>,
    /// Whether that one ended because stages failed.
    pub has_failed: bool,
}

/// Every folder of results of `project` by name, also those that are being written.
pub(crate) fn runs(project: &Project) -> Vec<Run> {
    let folders = fs::read_dir(project.data.join("runs")).into_iter().flatten().flatten();
    let lines = |path: PathBuf| {
        fs::read_to_string(path).ok().map(|text| text.lines().map(str::to_owned).collect())
    };
    let mut runs: Vec<Run> = folders
        .filter(|folder| folder.path().is_dir())
        .map(|folder| Run {
            name: folder.file_name().to_string_lossy().into_owned(),
            finished: lines(folder.path().join(REFERENCES_FILE)),
            unfinished: lines(unfinished(&folder.path())),
            has_failed: failed(&folder.path()).is_file(),
        })
        .collect();
    runs.sort_by(|one, other| one.name.cmp(&other.name));
    runs
}

/// Every artifact that any run refers to, as `KIND/KEY`.
pub(crate) fn all(project: &Project) -> BTreeSet<String> {
    let lists = runs(project).into_iter().flat_map(|run| [run.finished, run.unfinished]);
    lists.flatten().flatten().collect()
}
