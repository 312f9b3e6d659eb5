//! An artifact in the making.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use artifact::{MANIFEST_FILE, Manifest};

use super::artifacts::{Store, WORK};
use super::files::remove;
use super::lease::{Lease, Watch};
use crate::error::PipelineError;

/// What the names of output folders begin with; the token of a lease follows.
const OUTPUT: &str = "output-";
/// What the name of a folder begins with in which a job of a cluster leaves notes.
pub(crate) const JOB: &str = "job-";
/// What the name of a damaged artifact ends with, which a new one replaces.
const DAMAGED: &str = ".damaged";
/// Ending of a file that its writer had not finished.
const PARTIAL: &str = "partial";

/// An artifact in the making, which no other driver makes at the same time.
///
/// It lies within the store, on the same file system, so that a finished one moves by a rename.
#[derive(Debug)]
pub(crate) struct Work {
    /// Where its tables go.
    pub output: PathBuf,
    /// Where the request to its stage goes.
    pub request: PathBuf,
    lease: Lease,
}

impl Store {
    /// A place to make the artifact `key` in, or `None` where another driver makes it; `watch`
    /// remembers what is known of that one.
    ///
    /// Where `resumes`, what an earlier attempt has left is in it.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub(crate) fn begin(
        &self,
        key: &str,
        resumes: bool,
        watch: &mut Watch,
    ) -> Result<Option<Work>, PipelineError> {
        let folder = self.work(key);
        let lease =
            Lease::acquire(&folder, watch).map_err(PipelineError::io("locking", &folder))?;
        lease.map(|lease| Work::begin(&folder, lease, resumes)).transpose()
    }

    /// Removes what a driver has left of the work on `key` that died when that was done.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(crate) fn clean(&self, key: &str) -> Result<(), PipelineError> {
        if !self.root.join(WORK).join(key).exists() {
            return Ok(());
        }
        let work = self.begin(key, false, &mut Watch::default())?;
        work.map_or(Ok(()), Work::finish)
    }
}

impl Work {
    /// A place in `folder` to make an artifact in, with what a driver that died has left there where
    /// `resumes`, and else an empty one.
    ///
    /// The output gets a name of its own each time, and unfinished files go: should a process of the
    /// dead driver still write, then to a path that is gone, or to a file without a name. What is noted
    /// there of jobs stays: it is not of the work.
    pub(super) fn begin(folder: &Path, lease: Lease, resumes: bool) -> Result<Self, PipelineError> {
        let request = folder.join("request.json");
        let output = folder.join(format!("{OUTPUT}{}", lease.token()));
        for entry in fs::read_dir(folder).map_err(PipelineError::io("listing", folder))? {
            let path = entry.map_err(PipelineError::io("listing", folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if Lease::is_file(name) || name.starts_with(JOB) {
                continue;
            }
            if resumes && is_output(name) && !output.exists() {
                fs::rename(&path, &output).map_err(PipelineError::io("renaming", &path))?;
                remove_partial(&output)?;
                // Of a driver that died before the rename.
                remove(&output.join(MANIFEST_FILE))?;
            } else {
                remove(&path)?;
            }
        }
        fs::create_dir_all(&output).map_err(PipelineError::io("creating", &output))?;
        Ok(Self { output, request, lease })
    }

    /// Makes the artifact final: the manifest last, everything on disk, then one rename. The rest
    /// of the work is to be discarded then. What is there already is kept unless `is_forced`.
    ///
    /// # Errors
    /// Where the file system refuses; the work is kept then.
    pub(crate) fn commit(
        &self,
        store: &Store,
        manifest: &Manifest,
        is_forced: bool,
    ) -> Result<PathBuf, PipelineError> {
        let destination = store.place(manifest);
        sync_and_protect(&self.output)?;
        manifest.write(&self.output)?;
        sync(&self.output)?;
        let kind = destination.parent().unwrap_or(&destination);
        fs::create_dir_all(kind).map_err(PipelineError::io("creating", kind))?;
        if destination.exists() {
            let has_failed = manifest.failure.is_some();
            if !is_forced && !has_failed && store.find(manifest.kind, &manifest.key).is_some() {
                // Another driver was faster, and may have told people of it.
                return Ok(destination);
            }
            // Not removed where it lies: half an artifact would be there for a while.
            let damaged = self.damaged();
            fs::rename(&destination, &damaged)
                .map_err(PipelineError::io("moving away", &destination))?;
        }
        fs::rename(&self.output, &destination)
            .map_err(PipelineError::io("moving an artifact to", &destination))?;
        sync(kind)?;
        store.remember(&destination, manifest);
        if manifest.failure.is_none() {
            store.forget_failure(manifest.kind, &manifest.key)?;
        }
        Ok(destination)
    }

    /// Throws the work away.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(crate) fn discard(self) -> Result<(), PipelineError> {
        if self.lease.is_mine() {
            remove(&self.damaged())?;
            remove(&self.output)?;
            remove(&self.request)?;
        }
        Ok(())
    }

    /// Throws the work away whose artifact is there, and all that is noted of jobs for it.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(crate) fn finish(self) -> Result<(), PipelineError> {
        if self.lease.is_mine() {
            for job in jobs(self.folder()) {
                remove(&job)?;
            }
        }
        self.discard()
    }

    /// Leaves the work for a later run to go on from, but for files that were not finished.
    ///
    /// # Errors
    /// Where one cannot be removed.
    pub(crate) fn keep(self) -> Result<(), PipelineError> {
        if self.lease.is_mine() { remove_partial(&self.output) } else { Ok(()) }
    }

    /// The folder of the work.
    fn folder(&self) -> &Path {
        self.request.parent().unwrap_or(&self.request)
    }

    fn damaged(&self) -> PathBuf {
        let mut path = self.output.clone().into_os_string();
        path.push(DAMAGED);
        path.into()
    }

    /// Whether no other driver has taken this one for dead and the work over.
    pub(crate) fn is_mine(&self) -> bool {
        self.lease.is_mine()
    }
}

fn is_output(name: &str) -> bool {
    name.starts_with(OUTPUT) && !name.ends_with(DAMAGED)
}

/// The folders in the folder of a work that jobs of a cluster leave notes in.
pub(crate) fn jobs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_job = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(JOB);
    entries.filter(is_job).map(|entry| entry.path()).collect()
}

/// Removes every file below `folder` that its writer had not finished.
pub(crate) fn remove_partial(folder: &Path) -> Result<(), PipelineError> {
    for entry in fs::read_dir(folder).map_err(PipelineError::io("listing", folder))? {
        let path = entry.map_err(PipelineError::io("listing", folder))?.path();
        let found = fs::symlink_metadata(&path).map_err(PipelineError::io("reading", &path))?;
        if found.is_dir() {
            remove_partial(&path)?;
        } else if path.extension().is_some_and(|extension| extension == PARTIAL) {
            remove(&path)?;
        }
    }
    Ok(())
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
