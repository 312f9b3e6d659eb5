//! What people open and read once a pipeline has run: its tables gathered in one folder with a lock file,
//! and what they come to.

mod comparison;
mod gather;
mod lock_file;
mod scorecard;
mod summary;
mod sweep_runs;
mod sweep_table;

pub use comparison::compare;
pub use gather::gather;
pub(crate) use gather::gather_what_exists;
pub(crate) use scorecard::{SCORES, Scorecard, date};
pub use summary::summary;
