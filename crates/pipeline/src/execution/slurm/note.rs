//! What a job notes of itself, in a folder of the work that it is about: `.work/KEY/job-NAME.INDEX`.
//!
//! The driver makes that folder before it submits the job, and by it a later driver finds the job.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stage::{ProgressEvent, StageError};

use crate::store::JOB;

/// Least time between two notes of progress: a file system of many nodes has other things to do.
const INTERVAL: Duration = Duration::from_secs(2);
/// File with how far a job is.
const PROGRESS: &str = "progress";
/// File with how a job has ended that did not end well.
const END: &str = "end";

/// The folder with a job's notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Name of the job's array.
    pub name: String,
    /// Which of the array it is.
    pub index: u32,
    folder: PathBuf,
}

/// How a job has ended that did not end well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub error: StageError,
}

/// Notes how far a job is, from time to time.
#[derive(Debug)]
pub(super) struct Progress<'n> {
    note: &'n Note,
    last: Option<Instant>,
}

impl Note {
    /// The notes in the folder `work` of the job `index` of the array called `name`.
    pub(super) fn within(work: &Path, name: &str, index: u32) -> Self {
        let folder = work.join(format!("{JOB}{name}.{index}"));
        Self { name: name.to_owned(), index, folder }
    }

    /// The notes in `folder`, where its name is that of such a folder.
    pub(super) fn at(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?.to_str()?.strip_prefix(JOB)?;
        let (name, index) = name.rsplit_once('.')?;
        Some(Self { name: name.to_owned(), index: index.parse().ok()?, folder: folder.to_owned() })
    }

    /// Makes the folder.
    pub(super) fn create(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)
    }

    /// Removes the folder with its notes, and that of the work where nothing else is in it.
    pub(super) fn remove(&self) {
        // What cannot be removed is looked at again by the next driver.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = self.folder.parent().map(fs::remove_dir);
    }

    /// Notes of progress, from now on.
    pub(super) fn progress(&self) -> Progress<'_> {
        Progress { note: self, last: None }
    }

    /// How far the job is, as far as it has said so.
    pub(super) fn read_progress(&self) -> Option<ProgressEvent> {
        self.read(PROGRESS)
    }

    /// Notes how the job has ended.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn write_end(&self, end: &End) -> io::Result<()> {
        self.create()?;
        self.write(END, end)
    }

    /// Removes what an earlier start of the job has noted of its end.
    pub(super) fn forget_end(&self) {
        // There is none most of the time.
        let _ = fs::remove_file(self.folder.join(END));
    }

    /// How the job has ended; `None` where it has not, or well, or was ended from outside.
    pub(super) fn read_end(&self) -> Option<End> {
        self.read(END)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.folder.join(name)).ok()?).ok()
    }

    /// Writes a file that is never there by half.
    fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let partial = self.folder.join(format!("{name}.partial"));
        fs::write(&partial, serde_json::to_vec(value)?)?;
        fs::rename(&partial, self.folder.join(name))
    }
}

impl Progress<'_> {
    /// Notes `event`, unless another was noted a moment ago.
    pub(super) fn show(&mut self, event: &ProgressEvent) {
        if self.last.is_none_or(|last| last.elapsed() >= INTERVAL) {
            self.last = Some(Instant::now());
            // Progress is for people: the work goes on without it.
            let _ = self.note.write(PROGRESS, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_found_again_by_its_folder() {
        let note = Note::within(Path::new("/store/.work/77f1"), "lr-decay.train.1f00", 3);
        assert_eq!(note.folder, Path::new("/store/.work/77f1/job-lr-decay.train.1f00.3"));
        assert_eq!(Note::at(&note.folder), Some(note));
        assert_eq!(Note::at(Path::new("/store/.work/77f1/job-x")), None);
    }

    #[test]
    fn notes_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let note = Note::within(&folder.path().join("key"), "x.train.1f", 0);
        assert!(note.read_end().is_none() && note.read_progress().is_none());
        let end = End { error: StageError::new("too large").hint("take less") };
        note.write_end(&end).unwrap();
        assert_eq!(note.read_end().unwrap().error, end.error);
        let (unit, note_of) = ("step".to_owned(), String::new());
        let event =
            |done| ProgressEvent { done, total: 9, unit: unit.clone(), note: note_of.clone() };
        let mut progress = note.progress();
        progress.show(&event(1));
        progress.show(&event(2));
        assert_eq!(note.read_progress().unwrap().done, 1, "one every two seconds");
        note.remove();
        assert!(!folder.path().join("key").exists());
    }
}
