//! The store: artifacts by kind and key, each complete or not there at all.

mod artifacts;
mod contents;
mod failed;
mod files;
mod lease;
mod made;
mod stamps;
mod work;

pub(crate) use artifacts::Store;
pub(crate) use contents::{Entry, size};
pub(crate) use files::{entries, link, remove, rename};
pub(crate) use lease::{Lease, Watch};
pub use made::Made;
pub(crate) use stamps::{FileState, Stamps};
pub(crate) use work::{JOB, Work, jobs, remove_partial};
