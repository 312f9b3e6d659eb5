//! What a run leaves behind along its way, for a later run of the same request to go on from.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StageError;

/// Folder within an unfinished output, which is gone when that is done.
const FOLDER: &str = ".resume";
/// File with the state, which is written after everything that it relies on.
const STATE: &str = "state";
/// Bytes of the hash that stands before the content of each file.
const HASH: usize = blake3::OUT_LEN;
/// Longest time between two savings where the work gives a chance.
const LONGEST: Duration = Duration::from_mins(1);
/// Time between two savings in units of what the last one took: they cost at most a twentieth.
const SPACING: u32 = 20;

/// When a run saves its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// At checkpoints and every minute, but never for more than a twentieth of the time.
    #[default]
    Sparing,
    /// Whenever it can: what a test wants.
    Always,
}

/// The saved state of a run, within its unfinished output.
///
/// A run that can resume keeps a *state*, which is replaced, and *parts*, which are added: rows of
/// tables that need not be written again each time. Every file is complete or ignored, and a part
/// counts once a state is saved after it; so a run may end at any moment. When all tables are
/// written, [`Self::forget`] takes it away.
#[derive(Debug)]
pub struct Resume {
    folder: PathBuf,
    pace: Pace,
    parts: u32,
    saved: Instant,
    cost: Duration,
}

impl Resume {
    /// The saved state within `output`, which may have none.
    #[must_use]
    pub fn of(output: &Path, pace: Pace) -> Self {
        let folder = output.join(FOLDER);
        Self { folder, pace, parts: 0, saved: Instant::now(), cost: Duration::ZERO }
    }

    /// The state that was saved last with all parts before it, oldest first; `None` where there is
    /// none, where a file is damaged, or where it is not `sound`: the run starts anew then.
    pub fn load<S: DeserializeOwned, P: DeserializeOwned>(
        &mut self,
        sound: impl FnOnce(&S, &[P]) -> bool,
    ) -> Option<(S, Vec<P>)> {
        let (count, state) = read::<(u32, S)>(&self.folder.join(STATE))?;
        let parts: Option<Vec<P>> = (0..count).map(|part| read(&self.part(part))).collect();
        let parts = parts.filter(|parts| sound(&state, parts))?;
        self.parts = count;
        Some((state, parts))
    }

    /// Whether it is time to save; `checkpoint` says that this is a good moment.
    #[must_use]
    pub fn is_due(&self, checkpoint: bool) -> bool {
        let elapsed = self.saved.elapsed();
        self.pace == Pace::Always
            || elapsed >= LONGEST
            || (checkpoint && elapsed >= self.cost * SPACING)
    }

    /// Adds `part` and replaces the state by `state`, after bringing `files` to disk, on which the
    /// state relies.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn save<S: Serialize, P: Serialize>(
        &mut self,
        state: &S,
        part: &P,
        files: &[PathBuf],
    ) -> Result<(), StageError> {
        let started = Instant::now();
        let failed = |path: &Path, error: io::Error| {
            StageError::new(format!("saving to {} failed: {error}", path.display()))
        };
        fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, error))?;
        for file in files {
            File::open(file)
                .and_then(|file| file.sync_all())
                .map_err(|error| failed(file, error))?;
        }
        let path = self.part(self.parts);
        write(&path, &postcard::to_stdvec(part)?).map_err(|error| failed(&path, error))?;
        let path = self.folder.join(STATE);
        let bytes = postcard::to_stdvec(&(self.parts + 1, state))?;
        write(&path, &bytes).map_err(|error| failed(&path, error))?;
        self.parts += 1;
        self.cost = started.elapsed();
        self.saved = Instant::now();
        Ok(())
    }

    /// Removes the saved state: the output is done.
    ///
    /// # Errors
    /// Where it is there and cannot be removed.
    pub fn forget(self) -> Result<(), StageError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn part(&self, index: u32) -> PathBuf {
        self.folder.join(format!("part-{index}"))
    }
}

/// Writes `content` behind its hash; the file appears complete or not at all.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let written = File::create(&partial)
        .and_then(|mut file| {
            file.write_all(blake3::hash(content).as_bytes())?;
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// What [`write`] has written; `None` where it is not that any more.
fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = fs::read(path).ok()?;
    let (hash, content) = bytes.split_at_checked(HASH)?;
    (blake3::hash(content).as_bytes() == hash).then(|| postcard::from_bytes(content).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    type Saved = Option<(u64, Vec<Vec<f32>>)>;

    fn saved(output: &Path) -> Saved {
        Resume::of(output, Pace::Always).load(|_, _| true)
    }

    /// A run that has saved twice.
    fn output() -> tempfile::TempDir {
        let output = tempfile::tempdir().unwrap();
        let mut resume = Resume::of(output.path(), Pace::Always);
        resume.save(&3_u64, &vec![0.1_f32], &[]).unwrap();
        resume.save(&5_u64, &vec![0.2_f32, f32::MIN_POSITIVE], &[]).unwrap();
        output
    }

    #[test]
    fn the_last_state_comes_back_with_all_parts() {
        let output = output();
        assert_eq!(saved(output.path()), Some((5, vec![vec![0.1], vec![0.2, f32::MIN_POSITIVE]])));
    }

    #[test]
    fn a_run_that_went_on_adds_to_the_parts() {
        let output = output();
        let mut resume = Resume::of(output.path(), Pace::Always);
        let _: Saved = resume.load(|_, _| true);
        resume.save(&9_u64, &vec![0.3_f32], &[]).unwrap();
        let (state, parts) = saved(output.path()).unwrap();
        assert_eq!((state, parts.len()), (9, 3));
    }

    #[test]
    fn a_run_that_starts_anew_replaces_what_was_not_sound() {
        let output = output();
        let mut resume = Resume::of(output.path(), Pace::Always);
        assert!(resume.load(|_: &u64, parts: &[Vec<f32>]| parts.len() > 2).is_none());
        resume.save(&1_u64, &vec![0.3_f32], &[]).unwrap();
        assert_eq!(saved(output.path()), Some((1, vec![vec![0.3]])));
    }

    #[test]
    fn a_part_without_a_state_after_it_does_not_count() {
        let output = output();
        let resume = Resume::of(output.path(), Pace::Always);
        write(&resume.part(2), &postcard::to_stdvec(&vec![7.0_f32]).unwrap()).unwrap();
        assert_eq!(saved(output.path()).unwrap().1.len(), 2);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        for file in ["state", "part-0", "part-1"] {
            for cut in [0, 5, HASH, HASH + 1] {
                let output = output();
                let path = output.path().join(FOLDER).join(file);
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..cut]).unwrap();
                assert_eq!(saved(output.path()), None, "{file} cut to {cut}");
                let mut flipped = bytes.clone();
                flipped[HASH] ^= 1;
                fs::write(&path, flipped).unwrap();
                assert_eq!(saved(output.path()), None, "{file}");
            }
        }
    }

    #[test]
    fn nothing_is_left_of_a_state_that_is_forgotten() {
        let output = output();
        for _ in 0..2 {
            Resume::of(output.path(), Pace::Always).forget().unwrap();
            assert_eq!(fs::read_dir(output.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_sparing_run_does_not_save_right_after_it_saved() {
        let output = tempfile::tempdir().unwrap();
        let mut resume = Resume::of(output.path(), Pace::Sparing);
        assert!(resume.is_due(true) && !resume.is_due(false));
        resume.save(&1_u64, &vec![1.0_f32], &[]).unwrap();
        resume.cost = Duration::from_secs(1);
        assert!(!resume.is_due(true));
    }
}
