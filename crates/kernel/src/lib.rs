//! What stages that make kernels share.
//!
//! A kernel is an artifact with one Gramian a step, or a matrix for each output. Which rows it has and
//! which of them a piece holds ([`Shape`], [`Share`]), its norms ([`Norms`]), one step after the other
//! through kills ([`each_step`]) and the whole from its pieces ([`join`]) are the same whatever the
//! entries are. How these are computed is the stage's own.

mod architecture;
mod checkpoint;
mod join;
mod norms;
mod shape;
mod steps;
mod symmetric;

pub use architecture::architecture;
pub use checkpoint::load;
pub use join::{Joined, join, join_bytes};
pub use norms::Norms;
pub use shape::{Shape, Share};
pub use steps::each_step;
pub use symmetric::{Place, Symmetric, Task};
