//! Attempts that failed: why, and what the stage had written until then.
//!
//! They lie in a folder of their own, so that nothing takes one for an artifact.

use std::fs;
use std::path::{Path, PathBuf};

use artifact::{Kind, Manifest};

use super::artifacts::{STAMPS, Store};
use super::files::remove;
use super::stamps::Stamps;
use crate::error::PipelineError;

/// Folder within the store with attempts that failed, by kind and key.
pub(super) const FAILED: &str = ".failed";
/// Name of what is noted of an attempt that has left nothing, in the place of a manifest.
pub(super) const NOTE: &str = "failure.json";

impl Store {
    /// Where the failed attempt at the artifact `key` is or would be.
    pub(super) fn failed(&self, kind: Kind, key: &str) -> PathBuf {
        self.root.join(FAILED).join(kind.name()).join(key)
    }

    /// Where the artifact of `manifest` belongs.
    pub(super) fn place(&self, manifest: &Manifest) -> PathBuf {
        match manifest.failure {
            Some(_) => self.failed(manifest.kind, &manifest.key),
            None => self.directory(manifest.kind, &manifest.key),
        }
    }

    /// What is remembered of the files of the artifact of `manifest`.
    pub(super) fn stamps_of(&self, manifest: &Manifest) -> Stamps {
        match manifest.failure {
            Some(_) => {
                Stamps::read(self.root.join(STAMPS).join(format!("failed-{}", manifest.key)))
            }
            None => self.stamps(&manifest.key),
        }
    }

    /// The last attempt at the artifact `key`, where it failed: its directory and its manifest, whose
    /// tables are none where the stage left nothing that is worth keeping, or that is not whole.
    pub(crate) fn find_failure(&self, kind: Kind, key: &str) -> Option<(PathBuf, Manifest)> {
        let directory = self.failed(kind, key);
        let note = || serde_json::from_slice(&fs::read(directory.join(NOTE)).ok()?).ok();
        let mut manifest: Manifest = Manifest::read(&directory).ok().or_else(note)?;
        if manifest.failure.is_none() || manifest.key != key || manifest.kind != kind {
            return None;
        }
        if !self.is_intact(&directory, &manifest) {
            manifest.tables.clear();
        }
        Some((directory, manifest))
    }

    /// Whether the last attempt at the artifact `name`, as `KIND/KEY`, failed.
    pub(crate) fn has_failure(&self, name: &str) -> bool {
        self.root.join(FAILED).join(name).is_dir()
    }

    /// Notes that an attempt failed that has left nothing.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn note_failure(&self, manifest: &Manifest) -> Result<(), PipelineError> {
        let place = self.place(manifest);
        let kind = place.parent().unwrap_or(&place);
        fs::create_dir_all(kind).map_err(PipelineError::io("creating", kind))?;
        // Nobody is to find it half written.
        let new = tempfile::tempdir_in(kind).map_err(PipelineError::io("creating", kind))?;
        let note = new.path().join(NOTE);
        let write = || fs::write(&note, serde_json::to_vec(manifest)?);
        write().map_err(PipelineError::io("writing", &note))?;
        remove(&place)?;
        let new = new.keep();
        fs::rename(&new, &place).map_err(PipelineError::io("renaming", &new))
    }

    /// Removes what an earlier attempt at the artifact `key` has left that failed.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(crate) fn forget_failure(&self, kind: Kind, key: &str) -> Result<(), PipelineError> {
        let place = self.failed(kind, key);
        if !place.exists() {
            return Ok(());
        }
        remove(&self.root.join(STAMPS).join(format!("failed-{key}")))?;
        remove(&place)
    }

    /// Whether the artifact in `directory` of the store is there and whole.
    pub(crate) fn is_whole(&self, directory: &Path) -> bool {
        let manifest = Manifest::read(directory).or_else(|_| {
            let _ = directory.parent().map(fs::read_dir);
            Manifest::read(directory)
        });
        manifest.is_ok_and(|manifest| self.find(manifest.kind, &manifest.key).is_some())
    }
}
