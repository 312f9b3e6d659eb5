//! Stage: the spectrum of every Gramian, and what it says of learning.
//!
//! Stands between `ntk`, which makes the Gramians, and `report`. For each checkpoint it finds the
//! eigenpairs of G and measures with them: how much of the target, the output and the residual
//! lies in the leading eigenvectors, whether gradient descent is stable, how well the first-order
//! dynamics hold, how the kernel aligns with the target and moves away from earlier kernels, what
//! frequencies its eigenvectors have, how descent with a kernel that does not change would go.
//! It knows Gramians and signals only, never the network's parameters.

mod alignment;
mod angles;
mod baseline;
mod block_eigen;
mod columns;
mod distance;
mod dynamics;
mod eigen;
mod energy;
mod error;
mod findings;
mod fisher;
mod fixed_kernels;
mod followed;
mod frequency;
mod frozen;
mod kernel;
mod kernel_rows;
mod krylov;
mod measure;
mod measures;
mod memory;
mod nystroem;
mod orthonormal;
mod overlap;
mod parameters;
mod plan;
mod position;
mod precision;
mod product;
mod rank;
mod rates;
mod resolution;
mod run;
mod signal;
mod sinusoids;
mod sources;
mod sum;
mod tables;
mod turning;
mod views;

pub use block_eigen::{Start, top};
pub use columns::Columns;
pub use eigen::{Eigenpairs, all};
pub use error::SpectrumError;
pub use parameters::{Arithmetic, Method, Pairs, Parameters};
pub use precision::Real;
pub use run::{SpectrumStage, found};
pub use tables::Tables;
