//! Stage `kernel-similarity`: how alike two kernels are, step by step.
//!
//! Any two kernels over the same samples will do: that of a network at each checkpoint and that of its infinite
//! limit, kernels of codes or of inputs. What is compared needs no scale ([`measures`]: alignment, centred
//! alignment, distance after scaling), or has one (distance, traces), and the spans of leading eigenvectors have
//! angles ([`angles`]).

mod parameters;
mod plan;
mod table;

pub mod angles;
pub mod measures;

mod figures;
mod findings;
mod pairs;
mod run;

pub use parameters::Parameters;
pub use run::KernelSimilarity;
pub use table::{AngleRow, KIND, PRINCIPAL_ANGLES, SIMILARITY, SimilarityRow};
