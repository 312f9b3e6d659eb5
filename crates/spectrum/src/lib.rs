//! Stage: the spectrum of every Gramian, and what it says of learning.
//!
//! Stands between `ntk`, which makes the Gramians, and `report`. For each checkpoint it finds the
//! eigenpairs of G and measures with them: how much of the target, the output and the residual
//! lies in the leading eigenvectors, whether gradient descent is stable, how well the first-order
//! dynamics hold, how the kernel aligns with the target and moves away from earlier kernels, what
//! frequencies its eigenvectors have, how descent with a kernel that does not change would go.
//! It knows Gramians and signals only, never the network's parameters.
//!
//! # From Rust
//!
//! The measures are plain functions of matrices and vectors:
//!
//! ```
//! use faer::MatRef;
//! use spectrum::{alignment, energy, nystroem, rank};
//!
//! // A kernel over three samples, of which the first two are alike.
//! let entries = [2.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 1.0];
//! let pairs = spectrum::all(MatRef::from_column_major_slice(&entries, 3, 3))?;
//! assert!((pairs.values[0] - 3.0).abs() < 1e-14);
//!
//! // E(ȳ, k) of a target that is the same on both lies in the first eigenvector.
//! let target = [vec![1.0, 1.0, 0.0]];
//! let modes = energy::of_modes(&pairs.vectors, 3, &target).expect("it is not zero");
//! assert!((energy::relative(&modes)[0] - 1.0).abs() < 1e-14);
//!
//! // Kernel-target alignment ȳᵀGȳ / (‖G‖ ‖ȳ‖²), and how many eigenvalues carry the kernel.
//! let frobenius = 11.0_f64.sqrt();
//! let kta = alignment::kernel_target(&entries, frobenius, &target).expect("it is not zero");
//! assert!((kta - 6.0 / (frobenius * 2.0)).abs() < 1e-14);
//! assert!((rank::participation(5.0, 11.0) - 25.0 / 11.0).abs() < 1e-14);
//!
//! // The first eigenvector at a new sample, which is to the kernel as the first sample is.
//! let extended = nystroem::extended(&[2.0, 1.0, 0.0], &pairs, 1);
//! let first = pairs.vectors.column(0)[0];
//! assert!((extended.column(0)[0] - first).abs() < 1e-14);
//! # Ok::<(), spectrum::SpectrumError>(())
//! ```

pub mod alignment;
mod angles;
mod baseline;
mod block_eigen;
mod columns;
mod distance;
mod dynamics;
mod eigen;
pub mod energy;
mod error;
mod findings;
mod fisher;
mod fixed_kernels;
mod followed;
mod frequency;
pub mod frozen;
mod kernel;
mod kernel_rows;
mod krylov;
mod measure;
mod measures;
mod memory;
pub mod nystroem;
mod orthonormal;
mod overlap;
mod parameters;
mod plan;
mod position;
mod precision;
mod product;
pub mod rank;
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
pub use rates::Rates;
pub use run::{SpectrumStage, found};
pub use tables::Tables;
