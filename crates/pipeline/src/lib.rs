//! From a YAML file to a checked plan to its execution.
//!
//! This crate knows no stage: it finds stage programs by name, asks them what they are
//! (`describe`) and what they would do (`plan`), and runs them one after the other. Everything
//! that can be found wrong is found before anything runs ([`check`]); what was made once is not
//! made again ([`Executor`]); what people open is gathered in one folder ([`gather`]).

mod schema;

mod store;

mod comparison;
mod garbage;
mod lock_file;
mod results;
mod runs;
mod scorecard;
mod stage_check;
mod summary;
mod verify;

pub mod command;
mod error;
mod execution;
mod planning;
mod preview;
mod programs;
mod project;
mod reading;
mod run_folder;
mod system;
mod text;

pub use comparison::compare;
pub use error::Failure;
pub use error::PipelineError;
pub use execution::Progress;
pub use execution::{Executor, Local, Pace, Ran, Slurm, Submitted, cancel};
pub use garbage::{Garbage, garbage};
pub use planning::Lock;
pub use planning::Selection;
pub use planning::{Feed, Task, is_stored};
pub use planning::{Instance, Plan, PlannedStage};
pub use planning::{Request, check};
pub use preview::Graph;
pub use preview::dry_run;
pub use preview::explain;
pub use programs::Program;
pub use programs::installed_packages;
pub use programs::{kinds, stages};
pub use project::Project;
pub use reading::pipeline_schema;
pub use reading::{Axis, Labels, Point, Sweep};
pub use reading::{Cluster, Resources};
pub use results::gather;
pub use runs::{SortBy, runs, runs_as_json};
pub use stage_check::{StageCheck, Verdict, stage_check};
pub use store::Made;
pub use summary::summary;
pub use system::end_on_interrupt;
pub use system::{DEFAULT_MEMORY_BYTES, limits};
pub use text::quantity;
pub use text::{Diagnostic, Diagnostics, Location};
pub use verify::{Verified, verify};
