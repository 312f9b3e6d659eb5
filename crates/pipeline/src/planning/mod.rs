//! From a pipeline file to a checked plan: every task with its key. Everything that can be found wrong is
//! found here, before anything runs.

mod acceptance;
mod check;
mod key;
pub(crate) mod lineage;
mod lock;
mod plan;
mod planner;
mod selection;
mod task;

pub(crate) use acceptance::accepted_of;
pub use check::{Request, check};
pub use lock::Lock;
pub(crate) use lock::{hash_of_artifacts, programs_of_stages};
pub use plan::{Instance, Plan, PlannedStage};
pub use selection::Selection;
pub use task::{Feed, Task, is_stored};
