//! An artifact that was made for a task.

use std::path::PathBuf;

use artifact::Manifest;

/// The artifact of one task.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it lies in the store.
    pub directory: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Whether it was there already.
    pub reused: bool,
}
