//! Stage programs as jobs of a SLURM cluster, on a file system that its nodes share with this machine.
//!
//! Everything is submitted at once: each stage of a sweep is an array of jobs, whose dependencies are
//! the wiring of the pipeline, and no driver has to wait for them. A job makes one artifact
//! ([`fulfil`]): it looks in the store first, and leaves its artifact there. So a job may be submitted
//! twice, and a driver that follows jobs can end and come back at any time.

mod arrays;
mod campaign;
mod cancel;
mod element;
mod ended;
mod find;
mod follow;
mod job;
mod last_job;
mod leave;
mod note;
mod partition;
mod placed;
mod run;
mod script;
mod settings;
mod shared;
mod state;
mod submit;
mod tally;
mod tasks;
mod tools;

pub use cancel::cancel;
pub(crate) use element::fulfil;
pub(crate) use last_job::ended_plan;
pub use settings::{Pace, Slurm};
