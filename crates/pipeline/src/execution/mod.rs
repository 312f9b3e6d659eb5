//! Making the artifacts of a plan: in which order and with which call each task runs, on this machine or as
//! jobs of a cluster, and what has become of it.

mod ancestors;
mod executor;
mod fates;
mod local;
mod looked_at;
mod order;
mod partial;
mod process;
mod progress;
mod slurm;
mod submitted;

pub use executor::{Executor, Ran};
pub(crate) use fates::{Fate, fates};
pub use local::Local;
pub(crate) use order::{HOW_TO_STATE, odd_outline};
pub(crate) use process::{Call, Executed, Fault};
pub use progress::Progress;
pub use slurm::{Pace, Slurm, cancel};
pub(crate) use slurm::{ended_plan, fulfil};
pub use submitted::Submitted;
