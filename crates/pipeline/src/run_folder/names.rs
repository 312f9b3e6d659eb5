//! What the driver calls its own files and folders in the folder of a run.

/// The pipeline as it was run, to run exactly that again.
pub(crate) const LOCK_FILE: &str = "run.lock.yaml";
/// The list of the artifacts that the results refer to.
pub(crate) const REFERENCES_FILE: &str = "run.keys";
/// The list of all files that the driver wrote, one relative path a line.
pub(crate) const FILES_FILE: &str = "run.files";
/// The table of what was run.
pub(crate) const RUNS_TABLE: &str = "runs.parquet";
/// Folder with the logs of stages.
pub(crate) const LOGS: &str = "logs";
/// Folder with what the variants of a sweep do not share and no table gathers.
pub(crate) const VARIANTS: &str = "variants";

/// All of them: what stages make must not take their place.
pub(crate) const OWN: [&str; 6] =
    [LOGS, RUNS_TABLE, VARIANTS, LOCK_FILE, REFERENCES_FILE, FILES_FILE];
