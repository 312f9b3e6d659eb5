//! Stage programs: which there are, what they say of themselves, and what they would do.

mod discovery;
mod listing;
mod program;
mod workspace;

pub(crate) use discovery::{Catalogue, can_be_used};
pub use listing::{kinds, stages};
pub use program::Program;
pub(crate) use program::{Unusable, cannot_start, output_of};
pub use workspace::installed_packages;
