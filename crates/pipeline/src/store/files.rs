//! Files and folders of artifacts: listed, linked, renamed, removed.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use artifact::MANIFEST_FILE;

use crate::error::PipelineError;

/// Names of everything in an artifact but its manifest.
///
/// # Errors
/// Where the folder cannot be read.
pub(crate) fn entries(directory: &Path) -> Result<Vec<OsString>, PipelineError> {
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

/// Links the file `from`, or everything in the folder `from` but a manifest, to `to`; copies where
/// the file system has no links.
///
/// # Errors
/// Where the file system refuses.
pub(crate) fn link(from: &Path, to: &Path) -> Result<(), PipelineError> {
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

/// Renames a file or a folder.
///
/// # Errors
/// Where the file system refuses.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), PipelineError> {
    fs::rename(from, to).map_err(PipelineError::io("renaming", from))
}

/// Removes a file or a folder, or nothing where there is none.
pub(crate) fn remove(path: &Path) -> Result<(), PipelineError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PipelineError::io("removing", path)(error))
        }
        _ => Ok(()),
    }
}
