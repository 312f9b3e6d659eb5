//! Hashes of files, remembered by what a change of the file changes: size, times and inode.
//!
//! A file that is found as it was when it was hashed is not read again. So a run that has nothing to
//! do takes no time, and a table that was cut off or overwritten is found out all the same.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use artifact::ArtifactError;
use serde::{Deserialize, Serialize};

/// Age of a file's last change from which on its time tells the next one apart: file systems
/// count in up to two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// Remembered hashes, by path.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    file: PathBuf,
    known: BTreeMap<String, Stamp>,
    is_changed: bool,
}

/// What was found of a file when it was hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    #[serde(flatten)]
    state: FileState,
    blake3: String,
}

/// What the file system says of a file: it is another where the file was changed.
///
/// A program can set back a file's size and the time of its last change, but not the time at which
/// its inode was changed last. A new hard link changes that time too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileState {
    size: u64,
    /// When its content was changed last: seconds and nanoseconds.
    modified: (i64, i64),
    /// When its inode was changed last: seconds and nanoseconds.
    inode_changed: (i64, i64),
    inode: u64,
}

impl FileState {
    /// The state of a file of which `found` is known.
    pub(crate) fn of(found: &fs::Metadata) -> Self {
        Self {
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            inode_changed: (found.ctime(), found.ctime_nsec()),
            inode: found.ino(),
        }
    }

    /// The state of the file at `path`, where there is one.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::of(&found))
    }
}

impl Stamps {
    /// What is remembered in `file`; nothing where it is missing or damaged.
    pub(crate) fn read(file: PathBuf) -> Self {
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { file, known: known.unwrap_or_default(), is_changed: false }
    }

    /// BLAKE3 of the file `path`, which is remembered as `name`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn hash(&mut self, name: &str, path: &Path) -> Result<String, ArtifactError> {
        let found = fs::metadata(path).ok();
        let is_same = |known: &&Stamp| found.as_ref().is_some_and(|found| known.fits(found));
        if let Some(known) = self.known.get(name).filter(is_same) {
            return Ok(known.blake3.clone());
        }
        let hash = artifact::hash_file(path)?;
        // A change while it was read shows in the time.
        let now = SystemTime::now();
        let is_settled = |found: &fs::Metadata| {
            let changed = u64::try_from(found.ctime()).unwrap_or(0);
            let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
            now.duration_since(changed).is_ok_and(|age| age >= SETTLED)
        };
        if let Some(found) = found.filter(is_settled) {
            self.remember(name, &found, &hash);
        } else if self.known.remove(name).is_some() {
            self.is_changed = true;
        }
        Ok(hash)
    }

    /// Remembers that the file `name`, which is as `found` and is not changed any more, has `hash`.
    pub(crate) fn remember(&mut self, name: &str, found: &fs::Metadata, hash: &str) {
        let stamp = Stamp { state: FileState::of(found), blake3: hash.to_owned() };
        self.known.insert(name.to_owned(), stamp);
        self.is_changed = true;
    }

    /// Whether the file `name`, which lies at `path`, is as it was when it was hashed.
    pub(crate) fn is_unchanged(&self, name: &str, path: &Path) -> bool {
        let known = self.known.get(name).map(|stamp| stamp.state);
        known.is_some() && known == FileState::at(path)
    }

    /// The hash that is remembered for `name`, whatever the file is now.
    pub(crate) fn remembered(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|stamp| stamp.blake3.as_str())
    }

    /// Forgets everything but the file itself.
    pub(crate) fn clear(&mut self) {
        self.is_changed |= !self.known.is_empty();
        self.known.clear();
    }

    /// Writes down what is new. Where that fails, files are read again the next time.
    pub(crate) fn write(&mut self) {
        if std::mem::take(&mut self.is_changed) {
            let _ = self.try_write();
        }
    }

    fn try_write(&self) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let partial = tempfile::NamedTempFile::new_in(folder)?;
        fs::write(partial.path(), serde_json::to_vec(&self.known)?)?;
        partial.persist(&self.file)?;
        Ok(())
    }
}

impl Stamp {
    fn fits(&self, found: &fs::Metadata) -> bool {
        self.state == FileState::of(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stamps that remember `path` as it is now, with a hash that it does not have.
    fn remembering(folder: &Path, path: &Path) -> Stamps {
        let mut stamps = Stamps::read(folder.join("stamps"));
        stamps.remember("t", &fs::metadata(path).unwrap(), "remembered");
        stamps.write();
        Stamps::read(folder.join("stamps"))
    }

    #[test]
    fn a_file_is_hashed_again_only_where_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        fs::write(&path, "one").unwrap();
        let mut stamps = remembering(folder.path(), &path);
        assert_eq!(stamps.hash("t", &path).unwrap(), "remembered");
        assert!(stamps.is_unchanged("t", &path));
        fs::write(&path, "two").unwrap();
        assert!(!stamps.is_unchanged("t", &path));
        assert_ne!(stamps.hash("t", &path).unwrap(), "remembered");
    }

    #[test]
    fn a_bit_that_flips_is_found_though_size_and_time_are_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        fs::write(&path, "one").unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let mut stamps = remembering(folder.path(), &path);
        // The clock of the file system ticks a few hundred times a second.
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, "onf").unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
        assert_ne!(stamps.hash("t", &path).unwrap(), "remembered");
    }

    #[test]
    fn a_file_that_was_just_written_is_not_trusted_to_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        fs::write(&path, "one").unwrap();
        let mut stamps = Stamps::read(folder.path().join("stamps"));
        stamps.hash("t", &path).unwrap();
        assert_eq!(stamps.remembered("t"), None);
    }
}
