//! What stages that make kernels share, and those that read them.
//!
//! A kernel is an artifact with one Gramian a step, or a matrix for each output. Which rows it has and
//! which of them a piece holds ([`Shape`], [`Share`]), its norms ([`Norms`]), one step after the other
//! through kills ([`each_step`]) and the whole from its pieces ([`join`]) are the same whatever the
//! entries are. How these are computed is the stage's own. Whoever needs whole matrices reads them as f64
//! ([`Kernels`]) and decomposes them ([`decomposition`]).

mod architecture;
mod checkpoint;
pub mod decomposition;
mod error;
mod join;
mod norms;
mod read;
mod shape;
mod steps;
mod symmetric;

pub use architecture::architecture;
pub use checkpoint::load_network;
pub use error::KernelError;
pub use join::{Joined, join, join_bytes};
pub use norms::Norms;
pub use read::{Block, Kernels, summed_logit};
pub use shape::{Shape, Share};
pub use steps::each_step;
pub use symmetric::{Place, Symmetric, Task};
