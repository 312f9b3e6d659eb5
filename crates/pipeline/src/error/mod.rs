//! What can go wrong between a command and its results, and how it is shown.

mod failure;
mod pipeline_error;

pub use failure::Failure;
pub(crate) use failure::log_end;
pub use pipeline_error::PipelineError;
pub(crate) use pipeline_error::WHERE_DISK_IS_FULL;
