//! Hashes of files, remembered by what a change of the file changes: size, time and inode.
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
    size: u64,
    /// When it was changed last: seconds and nanoseconds.
    modified: (i64, i64),
    inode: u64,
    blake3: String,
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
            found.modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= SETTLED))
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
        let modified = (found.mtime(), found.mtime_nsec());
        let (size, inode) = (found.len(), found.ino());
        let stamp = Stamp { size, modified, inode, blake3: hash.to_owned() };
        self.known.insert(name.to_owned(), stamp);
        self.is_changed = true;
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
        self.size == found.len()
            && self.modified == (found.mtime(), found.mtime_nsec())
            && self.inode == found.ino()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that was last changed a minute ago.
    fn settled(path: &Path, content: &str) {
        fs::write(path, content).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
    }

    #[test]
    fn a_file_is_hashed_again_only_where_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (folder.path().join("stamps"), folder.path().join("table"));
        settled(&path, "one");
        let mut stamps = Stamps::read(file.clone());
        let one = stamps.hash("t", &path).unwrap();
        stamps.known.get_mut("t").unwrap().blake3 = "remembered".to_owned();
        stamps.write();
        let mut again = Stamps::read(file);
        assert_eq!(again.hash("t", &path).unwrap(), "remembered");
        fs::write(&path, "two").unwrap();
        let two = again.hash("t", &path).unwrap();
        assert!(two != one && two != "remembered");
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
