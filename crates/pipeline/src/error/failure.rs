//! How a failed stage is shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::text::Location;

/// Lines of a failed stage's log that are repeated.
const LAST_LINES: usize = 10;
/// Bytes at the end of a log that are looked at for them.
const LAST_BYTES: u64 = 16 << 10;

/// A stage that failed while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Name of the stage in the pipeline.
    pub stage: String,
    /// Which variant of a sweep, as `depth=3,seed=0`; empty without a sweep.
    pub variant: String,
    /// The stage's own message, or how its process ended.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The last lines of its log.
    pub log_end: Vec<String>,
    /// The whole log, as it is shown.
    pub log: String,
    /// The folder with what the stage had written until it failed, as it is shown, where that was kept.
    pub kept: Option<String>,
    /// The folder of results, as it is shown, where an earlier run has left some.
    pub earlier_results: Option<String>,
    /// Where the pipeline file has the stage.
    pub location: Location,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: error: the stage `{}` failed", self.location, self.stage)?;
        if !self.variant.is_empty() {
            write!(f, " in the variant {}", self.variant)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  = help: {hint}")?;
        }
        if !self.log_end.is_empty() {
            write!(f, "\n  the end of its log:")?;
            for line in &self.log_end {
                write!(f, "\n    | {line}")?;
            }
        }
        write!(f, "\n  full log: {}", self.log)?;
        if let Some(folder) = &self.kept {
            write!(f, "\n  its tables until then: {folder}")?;
        }
        if let Some(folder) = &self.earlier_results {
            write!(f, "\n  the results in {folder} are of an earlier run")?;
        }
        Ok(())
    }
}

/// The last lines of the log at `path`; none where it is empty or cannot be read.
pub(crate) fn log_end(path: &Path) -> Vec<String> {
    let bytes = end_of(path).unwrap_or_default();
    let end = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = end.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|&line| line.to_owned()).collect()
}

/// The last bytes of the file `path`.
fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(LAST_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LAST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
