//! The network: what it is, its parameters, its forward pass and the signals sent back through it.
//!
//! Shared by training and by the kernel, because the same two families of matrices, the inputs
//! H_l of every layer and the signals B_l = ∂f/∂z_l at its pre-activations, give the gradient of
//! a loss, H_lᵀ(B_l ∘ m), and the Neural Tangent Kernel, Σ_l (H_lH_lᵀ + 11ᵀ) ∘ (B_lB_lᵀ); their
//! derivatives along a direction give products with the Hessian of a loss ([`LossHessian`]).
//!
//! Shape letters: n rows (samples), d inputs, o outputs, w a layer's width, P parameters. All
//! matrices are row-major slices, one row a sample.

#![expect(
    clippy::inline_always,
    reason = "a function that is called within a loop of vector code must become part of it"
)]

mod activation;
mod architecture;
mod block;
mod elementary;
mod factors;
mod gemm;
mod hessian;
mod initialization;
mod lanczos;
mod loops;
mod model;
mod scalar;
mod tangent;
mod workspace;

pub use activation::Activation;
pub use architecture::{Architecture, ArchitectureError};
pub use factors::{Factors, LayerFactors, OutputSignal};
pub use gemm::{Gemm, gemm};
pub use hessian::LossHessian;
pub use initialization::Initialization;
pub use lanczos::{LargestEigenvalue, largest_eigenvalue};
pub use model::{Layer, LayerView, Network};
pub use scalar::Scalar;
pub use tangent::{directional_derivative, largest_ntk_eigenvalue};
pub use workspace::Workspace;
