//! The store: artifacts by kind and key, each complete or not there at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use artifact::{Kind, Manifest};

use crate::error::PipelineError;

/// Folder within the store where artifacts are made: the same file system, so that a finished
/// one moves by a rename.
const WORK: &str = ".work";

/// The artifacts of a project.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    root: PathBuf,
}

/// An artifact in the making.
#[derive(Debug)]
pub(crate) struct Work {
    /// Where its tables go.
    pub output: PathBuf,
    /// Where the request to its stage goes.
    pub request: PathBuf,
    destination: PathBuf,
}

impl Store {
    /// The store in `data`, a project's data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self { root: data.join("store") }
    }

    /// Where the artifact `key` is or would be.
    pub(crate) fn directory(&self, kind: Kind, key: &str) -> PathBuf {
        self.root.join(kind.name()).join(key)
    }

    /// The manifest of the artifact `key`, where it is there and whole: a directory without a
    /// manifest, or without a file that the manifest records, is no artifact.
    pub(crate) fn find(&self, kind: Kind, key: &str) -> Option<Manifest> {
        let directory = self.directory(kind, key);
        let manifest = Manifest::read(&directory).ok()?;
        let whole = manifest.tables.iter().all(|table| {
            fs::metadata(directory.join(&table.file))
                .is_ok_and(|file| file.is_file() && file.len() == table.size_bytes)
        });
        (whole && manifest.key == key && manifest.kind == kind).then_some(manifest)
    }

    /// An empty place to make the artifact `key` in: an unfinished stage starts anew.
    ///
    /// What a killed run left for another key stays in [`WORK`] until that key is made: nothing
    /// tells it from the work of a driver that runs now.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub(crate) fn begin(&self, kind: Kind, key: &str) -> Result<Work, PipelineError> {
        let work = self.root.join(WORK);
        let output = work.join(key);
        remove(&output)?;
        fs::create_dir_all(&output).map_err(PipelineError::io("creating", &output))?;
        Ok(Work {
            output,
            request: work.join(format!("{key}.request.json")),
            destination: self.directory(kind, key),
        })
    }
}

impl Work {
    /// Makes the artifact final: the manifest last, everything on disk, then one rename.
    ///
    /// # Errors
    /// Where the file system refuses; the work is lost then.
    pub(crate) fn commit(self, manifest: &Manifest) -> Result<PathBuf, PipelineError> {
        sync_and_protect(&self.output)?;
        manifest.write(&self.output)?;
        sync(&self.output)?;
        let kind = self.destination.parent().unwrap_or(&self.destination);
        fs::create_dir_all(kind).map_err(PipelineError::io("creating", kind))?;
        // What is there has been found not to be an artifact.
        remove(&self.destination)?;
        fs::rename(&self.output, &self.destination)
            .map_err(PipelineError::io("moving an artifact to", &self.destination))?;
        sync(kind)?;
        remove(&self.request)?;
        Ok(self.destination)
    }

    /// Throws the work away.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(crate) fn discard(self) -> Result<(), PipelineError> {
        remove(&self.output)?;
        remove(&self.request)
    }
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

/// Brings every file below `folder` to disk and takes away the right to write it: results are
/// hard links to it, and an artifact is never edited.
fn sync_and_protect(folder: &Path) -> Result<(), PipelineError> {
    for entry in fs::read_dir(folder).map_err(PipelineError::io("listing", folder))? {
        let path = entry.map_err(PipelineError::io("listing", folder))?.path();
        let found = fs::symlink_metadata(&path).map_err(PipelineError::io("reading", &path))?;
        if found.is_dir() {
            sync_and_protect(&path)?;
        } else if found.is_file() {
            sync(&path)?;
            let mut permissions = found.permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&path, permissions)
                .map_err(PipelineError::io("protecting", &path))?;
        }
    }
    sync(folder)
}

fn sync(path: &Path) -> Result<(), PipelineError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(PipelineError::io("writing to disk", path))
}
