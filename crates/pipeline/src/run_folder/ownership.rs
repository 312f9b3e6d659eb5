//! Whose the folder of results is: which pipeline file made it, and which files in it are the user's.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use super::names::{FILES_FILE, LOCK_FILE, LOGS, REFERENCES_FILE, VARIANTS};
use crate::error::PipelineError;
use crate::project::Project;
use crate::reading::file::{LOCK, LOCK_ORIGIN};
use crate::store::rename;

/// Why results must not be written into `folder`, and what to do about it: it holds files, and no run has
/// made them.
pub(crate) fn foreign(project: &Project, folder: &Path) -> Option<(String, String)> {
    let entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().collect();
    let marks = [REFERENCES_FILE, LOCK_FILE, FILES_FILE];
    let is_ours = marks.iter().any(|name| folder.join(name).is_file())
        || folder.join(LOGS).join(REFERENCES_FILE).is_file();
    let first = entries.first()?.file_name();
    if is_ours || entries.iter().all(|entry| entry.file_name() == LOGS) {
        return None;
    }
    Some((
        format!(
            "{} is not a folder of results: it holds `{}` and no {}",
            project.shown(folder),
            first.display(),
            LOCK_FILE
        ),
        "give the pipeline another `name:`, or write elsewhere with `--data FOLDER`".to_owned(),
    ))
}

/// Why the results in `folder` must not be replaced by those of the pipeline file `origin`, and what to
/// do about it: they are of another file, which is still there and has the same name.
pub(crate) fn of_another_file(
    project: &Project,
    folder: &Path,
    name: &str,
    origin: &Path,
) -> Option<(String, String)> {
    let text = fs::read_to_string(folder.join(LOCK_FILE)).ok()?;
    let lock: Value = serde_yaml::from_str(&text).ok()?;
    let other = project.root.join(lock.get(LOCK)?.get(LOCK_ORIGIN)?.as_str()?);
    let same = |path: &Path| path.canonicalize().ok();
    if same(&other)? == same(origin)? || name_of(&other)? != name {
        return None;
    }
    Some((
        format!(
            "{} holds the results of {}, whose name is `{name}` too: they would be replaced",
            project.shown(folder),
            project.shown(&other)
        ),
        format!(
            "give this pipeline another name, with `name:` or `--set name=…`, or remove {}",
            project.shown(folder)
        ),
    ))
}

/// The name of the pipeline in the file at `path`.
fn name_of(path: &Path) -> Option<String> {
    let file: Value = serde_yaml::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let written = file.get("name").and_then(Value::as_str).map(str::to_owned);
    written.or_else(|| Some(path.file_stem()?.to_str()?.to_owned()))
}

/// Whether a run has left results in `folder`: more than logs.
pub(crate) fn has_results(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() != LOGS)
}

/// Writes the list of all files below `folder` into it.
pub(crate) fn note(folder: &Path) -> Result<(), PipelineError> {
    let path = folder.join(FILES_FILE);
    let mut text = String::new();
    for file in files(folder).into_iter().chain([PathBuf::from(FILES_FILE)]) {
        text = text + &file.to_string_lossy() + "\n";
    }
    fs::write(&path, text).map_err(PipelineError::io("writing", &path))
}

/// Moves what the driver did not write from the results at `old` to the newer ones at `new`. Where those
/// have a file of that name, the user's keeps it with `.kept` behind it.
pub(crate) fn keep(old: &Path, new: &Path) -> Result<(), PipelineError> {
    let listed: Option<BTreeSet<PathBuf>> = fs::read_to_string(old.join(FILES_FILE))
        .ok()
        .map(|text| text.lines().map(PathBuf::from).collect());
    let is_driver_s = |file: &Path| {
        if let Some(listed) = &listed {
            // A run that did not come to its end has left logs beside the results.
            return listed.contains(file) || is_log(file);
        }
        // Results from before there was a list: what the new ones have too, tables and variants.
        let top = file.iter().next().unwrap_or_default();
        let is_table = file.extension().is_some_and(|of| of == "parquet");
        new.join(top).exists() || is_table || [LOGS, VARIANTS].iter().any(|own| top == *own)
    };
    for file in files(old).into_iter().filter(|file| !is_driver_s(file)) {
        let mut to = new.join(&file);
        while to.symlink_metadata().is_ok() {
            to.as_mut_os_string().push(".kept");
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(PipelineError::io("creating", parent))?;
        }
        rename(&old.join(&file), &to)?;
    }
    Ok(())
}

fn is_log(file: &Path) -> bool {
    file.starts_with(LOGS)
        && (file.extension().is_some_and(|of| of == "log")
            || file.file_name() == Some(OsStr::new(REFERENCES_FILE)))
}

/// Every file and link below `folder`, relative to it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(below) = waiting.pop() {
        for entry in fs::read_dir(folder.join(&below)).into_iter().flatten().flatten() {
            let path = below.join(entry.file_name());
            match entry.file_type() {
                Ok(of) if of.is_dir() => waiting.push(path),
                _ => found.push(path),
            }
        }
    }
    found.sort();
    found
}
