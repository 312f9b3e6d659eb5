//! The folder that people open: every table of a run once, its report, its figures.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use artifact::MANIFEST_FILE;
use artifact::tables::run::RunRow;

use crate::error::PipelineError;
use crate::plan::Plan;
use crate::project::Project;
use crate::run::Made;
use crate::store::remove;

/// Names in the results folder that are the driver's own.
const OWN: [&str; 2] = ["logs", "runs.parquet"];

/// Gathers what was `made` into the results folder of `plan`, in place of what an earlier run
/// left there, and returns that folder. Logs are kept.
///
/// Files are hard links into the store where the file system has them, else copies.
///
/// # Errors
/// Where the file system refuses.
pub fn gather(project: &Project, plan: &Plan, made: &[Made]) -> Result<PathBuf, PipelineError> {
    let folder = project.results(&plan.name);
    let beside = |suffix| folder.with_file_name(format!(".{}.{suffix}", plan.name));
    let (new, old) = (beside("new"), beside("old"));
    remove(&new)?;
    fs::create_dir_all(&new).map_err(PipelineError::io("creating", &new))?;

    let mut owners: BTreeMap<OsString, Vec<usize>> = BTreeMap::new();
    for (index, artifact) in made.iter().enumerate() {
        for name in entries(&artifact.directory)? {
            owners.entry(name).or_default().push(index);
        }
    }
    for (name, owners) in &owners {
        for &index in owners {
            let from = made[index].directory.join(name);
            // What several stages have goes into a folder of each.
            let to = match owners.as_slice() {
                [_] if !OWN.iter().any(|own| name == own) => new.join(name),
                _ => new.join(&plan.tasks[index].stage).join(name),
            };
            link(&from, &to)?;
        }
    }
    artifact::write_rows(&new, &runs(plan, made))?;

    let logs = folder.join("logs");
    if logs.is_dir() {
        rename(&logs, &new.join("logs"))?;
    }
    remove(&old)?;
    if folder.exists() {
        rename(&folder, &old)?;
    }
    rename(&new, &folder)?;
    remove(&old)?;
    Ok(folder)
}

/// Whether a run has left results in `folder`: more than logs.
pub(crate) fn has_results(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() != "logs")
}

/// One row for each task: what was run with which parameters.
fn runs(plan: &Plan, made: &[Made]) -> Vec<RunRow> {
    plan.tasks
        .iter()
        .zip(made)
        .map(|(task, made)| RunRow {
            variant: 0,
            stage: task.stage.clone(),
            uses: task.uses.clone(),
            kind: made.manifest.kind.name().to_owned(),
            key: task.key.clone(),
            parameters: task.parameters.to_string(),
            seed: made.manifest.seed,
            reused: made.reused,
            wall_time_s: made.manifest.wall_time_s,
            peak_memory_bytes: made.manifest.peak_memory_bytes,
        })
        .collect()
}

/// Names of everything in an artifact but its manifest.
fn entries(directory: &Path) -> Result<Vec<OsString>, PipelineError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(PipelineError::io("listing", directory))? {
        let name = entry.map_err(PipelineError::io("listing", directory))?.file_name();
        if name != MANIFEST_FILE {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Links the file `from`, or everything in the folder `from`, to `to`.
fn link(from: &Path, to: &Path) -> Result<(), PipelineError> {
    if from.is_dir() {
        fs::create_dir_all(to).map_err(PipelineError::io("creating", to))?;
        for name in entries(from)? {
            link(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(PipelineError::io("creating", parent))?;
    }
    // Not every file system links, and none across its border.
    fs::hard_link(from, to)
        .or_else(|_| fs::copy(from, to).map(drop))
        .map_err(PipelineError::io("writing", to))
}

fn rename(from: &Path, to: &Path) -> Result<(), PipelineError> {
    fs::rename(from, to).map_err(PipelineError::io("renaming", from))
}
