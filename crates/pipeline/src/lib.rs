//! From a YAML file to a checked plan to its execution.
//!
//! This crate knows no stage: it finds stage programs by name, asks them what they are
//! (`describe`) and what they would do (`plan`), and runs them one after the other. Everything
//! that can be found wrong is found before anything runs ([`check`]); what was made once is not
//! made again ([`Executor`]); what people open is gathered in one folder ([`gather`]).
//!
//! Each module here is a room, and uses those above it alone. What happens in one run of a pipeline
//! reads from top to bottom in `command/pipeline.rs`.

// What every room speaks of.
mod text;

mod system;

mod error;

mod project;

// What is there before a pipeline is read.
mod store;

mod schema;

mod programs;

// From a pipeline file to a plan.
mod reading;

mod run_folder;

mod planning;

mod preview;

// From a plan to results.
mod execution;

mod results;

mod upkeep;

// What people call.
mod stage_check;

pub mod command;

pub use error::{Failure, PipelineError};
pub use execution::{Executor, Local, Pace, Progress, Ran, Slurm, Submitted, cancel};
pub use planning::{
    Feed, Instance, Lock, Plan, PlannedStage, Request, Selection, Task, check, is_stored,
};
pub use preview::{Graph, dry_run, explain, networks};
pub use programs::{Program, installed_packages, kinds, stages};
pub use project::Project;
pub use reading::{Axis, Cluster, Labels, Point, Resources, Sweep, pipeline_schema};
pub use results::{compare, gather, summary};
pub use stage_check::{Problem, StageCheck, Verdict, stage_check};
pub use store::Made;
pub use system::{DEFAULT_MEMORY_BYTES, end_on_interrupt, limits};
pub use text::{Diagnostic, Diagnostics, Location, quantity};
pub use upkeep::{Garbage, SortBy, Verified, garbage, runs, runs_as_json, verify};
