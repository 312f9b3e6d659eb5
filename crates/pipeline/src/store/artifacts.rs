//! The store: artifacts by kind and key, each complete or not there at all.

use std::fs;
use std::path::{Path, PathBuf};

use artifact::{Kind, MANIFEST_FILE, Manifest};

use super::stamps::Stamps;
use crate::project::Project;

/// Folder within the store where artifacts are made: the same file system, so that a finished
/// one moves by a rename.
pub(super) const WORK: &str = ".work";
/// Folder within the store with remembered hashes.
pub(super) const STAMPS: &str = ".stamps";

/// The artifacts of a project.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(super) root: PathBuf,
}

impl Store {
    /// The store of `project`.
    pub(crate) fn of(project: &Project) -> Self {
        Self { root: project.store() }
    }

    /// The store in the folder `root`.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where the artifact `key` is or would be.
    pub(crate) fn directory(&self, kind: Kind, key: &str) -> PathBuf {
        self.root.join(kind.name()).join(key)
    }

    /// Keys of all artifacts of `kind`, sorted.
    pub(crate) fn keys(&self, kind: Kind) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(kind.name())).into_iter().flatten().flatten();
        let mut keys: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        keys.sort();
        keys
    }

    /// Where the artifact `key` is made.
    pub(crate) fn work(&self, key: &str) -> PathBuf {
        self.root.join(WORK).join(key)
    }

    /// Where the artifact `name`, as `KIND/KEY`, is or would be.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The manifest of the artifact `key`, where it is there and whole: a directory without a
    /// manifest, or with a table that is not what the manifest records, is no artifact.
    ///
    /// A table that was changed since it was hashed is hashed again.
    pub(crate) fn find(&self, kind: Kind, key: &str) -> Option<Manifest> {
        let directory = self.directory(kind, key);
        let manifest = Manifest::read(&directory).or_else(|_| {
            // A network file system remembers for a minute that something is not there, unless the
            // folder of it is opened.
            let _ = fs::read_dir(self.root.join(kind.name()));
            Manifest::read(&directory)
        });
        let manifest = manifest.ok()?;
        if manifest.key != key || manifest.kind != kind {
            return None;
        }
        self.is_intact(&directory, &manifest).then_some(manifest)
    }

    /// Whether every file of an artifact is as `manifest`, its own, records it.
    pub(super) fn is_intact(&self, directory: &Path, manifest: &Manifest) -> bool {
        let mut stamps = self.stamps_of(manifest);
        let expected = stamps.remembered(MANIFEST_FILE).map(str::to_owned);
        let hash = stamps.hash(MANIFEST_FILE, &directory.join(MANIFEST_FILE)).ok();
        let is_intact = hash.is_some_and(|hash| expected.is_none_or(|expected| expected == hash))
            && manifest.tables.iter().all(|table| {
                let path = directory.join(&table.file);
                fs::metadata(&path)
                    .is_ok_and(|file| file.is_file() && file.len() == table.size_bytes)
                    && stamps.hash(&table.file, &path).is_ok_and(|hash| hash == table.blake3)
            });
        if is_intact {
            // Else what was found in its place must not be remembered.
            stamps.write();
        }
        is_intact
    }

    /// Remembers the hashes of an artifact whose files are known to be those of its `manifest`.
    pub(crate) fn remember(&self, directory: &Path, manifest: &Manifest) {
        let mut stamps = self.stamps_of(manifest);
        stamps.clear();
        let tables = manifest.tables.iter().map(|table| (&*table.file, table.blake3.clone()));
        let own = artifact::hash_file(&directory.join(MANIFEST_FILE)).ok();
        for (name, hash) in tables.chain(own.map(|hash| (MANIFEST_FILE, hash))) {
            // What cannot be looked at now is hashed when it is looked for.
            if let Ok(found) = fs::metadata(directory.join(name)) {
                stamps.remember(name, &found, &hash);
            }
        }
        stamps.write();
    }

    /// Whether every file of an artifact is as it was when its hash was remembered.
    pub(crate) fn is_unchanged(&self, directory: &Path, manifest: &Manifest) -> bool {
        let stamps = self.stamps_of(manifest);
        let mut names = manifest.tables.iter().map(|table| &*table.file).chain([MANIFEST_FILE]);
        names.all(|name| stamps.is_unchanged(name, &directory.join(name)))
    }

    pub(super) fn stamps(&self, key: &str) -> Stamps {
        Stamps::read(self.root.join(STAMPS).join(key))
    }

    /// Remembered hashes of files outside the store: programs, and what stages read.
    pub(crate) fn stamps_of_files(&self) -> Stamps {
        Stamps::read(self.root.join(STAMPS).join("files"))
    }
}
