//! The folder of a run, `data/runs/NAME`, as it lies on disk: how the driver's own files in it are called,
//! whose it is, which artifacts it refers to, what its table `runs` tells.

mod names;
pub(crate) mod ownership;
pub(crate) mod references;
mod runs_table;

pub(crate) use names::{LOCK_FILE, LOGS, OWN, REFERENCES_FILE, RUNS_TABLE, VARIANTS};
pub(crate) use runs_table::{count_of_failed, keys_by_stage, rows_at};
