//! What the store and the folders of runs hold, whether it is whole, and what may be thrown away.

mod garbage;
mod runs;
mod verify;

pub use garbage::{Garbage, garbage};
pub use runs::{SortBy, runs, runs_as_json};
pub use verify::{Verified, verify};
