//! What lies in a store, artifact by artifact.

use std::fs;
use std::path::{Path, PathBuf};

use artifact::{MANIFEST_FILE, Manifest, check_table_file};

use super::artifacts::{STAMPS, Store, WORK};
use super::failed::{FAILED, NOTE};
use super::files::remove;
use super::lease::{Lease, Watch};
use crate::error::PipelineError;

/// A folder of the store: an artifact, a failed attempt at one, or work on one.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `KIND/KEY`, `.failed/KIND/KEY`, or `.work/KEY`.
    pub name: String,
    pub path: PathBuf,
    pub key: String,
}

impl Entry {
    /// The artifact in `directory`, which is one of a store.
    pub(crate) fn at(directory: &Path) -> Option<Self> {
        let key = directory.file_name()?.to_str()?.to_owned();
        let kind = directory.parent()?.file_name()?.to_str()?;
        Some(Self { name: format!("{kind}/{key}"), path: directory.to_owned(), key })
    }

    /// The artifact that it is, or that it was to become, as `KIND/KEY`.
    pub(crate) fn artifact(&self) -> &str {
        self.name.strip_prefix(FAILED).map_or(&*self.name, |name| name.trim_start_matches('/'))
    }

    /// Whether it is a note alone, without tables.
    pub(crate) fn is_note(&self) -> bool {
        self.path.join(NOTE).is_file()
    }

    /// Whether it is an attempt that failed.
    fn is_failed(&self) -> bool {
        self.name.starts_with(FAILED)
    }
}

impl Store {
    /// Every folder that is an artifact or looks like one, in order.
    pub(crate) fn artifacts(&self) -> Vec<Entry> {
        let kinds = folders(&self.root).into_iter();
        let failed = folders(&self.root.join(FAILED));
        let failed = failed.into_iter().map(|kind| format!("{FAILED}/{kind}"));
        kinds.chain(failed).flat_map(|folder| self.entries(&folder)).collect()
    }

    /// Every folder of work on an artifact.
    pub(crate) fn works(&self) -> Vec<Entry> {
        self.entries(WORK)
    }

    fn entries(&self, folder: &str) -> Vec<Entry> {
        let found = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let mut entries: Vec<Entry> = found
            .filter_map(|entry| {
                let key = entry.file_name().into_string().ok().filter(|name| is_key(name))?;
                Some(Entry { name: format!("{folder}/{key}"), path: entry.path(), key })
            })
            .collect();
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        entries
    }

    /// Whether a living driver makes the artifact `key`.
    pub(crate) fn is_being_made(&self, key: &str) -> bool {
        Lease::is_held(&self.root.join(WORK).join(key))
    }

    /// Removes an artifact, and what is remembered of it.
    ///
    /// It is moved away first: half an artifact is never there.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<(), PipelineError> {
        let Some(work) = self.begin(&entry.key, false, &mut Watch::default())? else {
            return Ok(());
        };
        let aside = work.output.join("removed");
        fs::rename(&entry.path, &aside).map_err(PipelineError::io("moving away", &entry.path))?;
        let stamps =
            if entry.is_failed() { format!("failed-{}", entry.key) } else { entry.key.clone() };
        remove(&self.root.join(STAMPS).join(stamps))?;
        work.discard()
    }

    /// What is wrong with an artifact, every file of it read; nothing of it is trusted any more where
    /// something is.
    ///
    /// # Errors
    /// A sentence on the first thing that is wrong.
    pub(crate) fn verify(&self, entry: &Entry) -> Result<Manifest, String> {
        let mut stamps = match Manifest::read(&entry.path) {
            Ok(manifest) => self.stamps_of(&manifest),
            Err(_) => self.stamps(&entry.key),
        };
        let expected = stamps.remembered(MANIFEST_FILE).map(str::to_owned);
        let verified = whole(entry, expected.as_deref());
        stamps.clear();
        if let Ok(manifest) = &verified {
            self.remember(&entry.path, manifest);
            return verified;
        }
        // Else what was remembered would vouch for it.
        let own = entry.path.join(MANIFEST_FILE);
        if let (Some(hash), Ok(found)) = (expected, fs::metadata(own)) {
            stamps.remember(MANIFEST_FILE, &found, &hash);
        }
        stamps.write();
        verified
    }
}

/// Whether `name` is that of a key: nothing else in a store is ours.
fn is_key(name: &str) -> bool {
    name.len() == blake3::OUT_LEN * 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The names of the folders in `folder`, sorted, but for those that begin with a dot.
fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|of| of.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// The manifest of a whole artifact, whose hash is `expected` where that is known.
fn whole(entry: &Entry, expected: Option<&str>) -> Result<Manifest, String> {
    let manifest = Manifest::read(&entry.path).map_err(|error| error.to_string())?;
    if format!("{}/{}", manifest.kind, manifest.key) != entry.artifact()
        || manifest.failure.is_some() != entry.is_failed()
    {
        return Err(format!("its manifest is that of {}/{}", manifest.kind, manifest.key));
    }
    let hash = |path: &Path| artifact::hash_file(path).map_err(|error| error.to_string());
    let own = hash(&entry.path.join(MANIFEST_FILE))?;
    if expected.is_some_and(|expected| expected != own) {
        return Err(format!("{MANIFEST_FILE} is not what was written"));
    }
    for record in &manifest.tables {
        let path = entry.path.join(&record.file);
        let Some(table) = manifest.kind.table(&record.table) else {
            return Err(format!("a {} has no table {}", manifest.kind, record.table));
        };
        if hash(&path)? != record.blake3 {
            return Err(format!("{} is not what was written", record.file));
        }
        check_table_file(&path, table).map_err(|error| error.to_string())?;
    }
    Ok(manifest)
}

/// Bytes of all files below `folder`.
pub(crate) fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
