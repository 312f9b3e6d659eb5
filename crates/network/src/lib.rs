//! The network: what it is, its parameters, its forward pass and the signals sent back through it.
//!
//! Shared by training and by the kernel, because the same two families of matrices, the inputs
//! H_l of every layer and the signals B_l = ∂f/∂z_l at its pre-activations, give the gradient of
//! a loss, H_lᵀ(B_l ∘ m), and the Neural Tangent Kernel, Σ_l (H_lH_lᵀ + 11ᵀ) ∘ (B_lB_lᵀ); their
//! derivatives along a direction give products with the Hessian of a loss ([`LossHessian`]).
//!
//! Shape letters: n rows (samples), d inputs, o outputs, w a layer's width, P parameters. All
//! matrices are row-major slices, one row a sample.
//!
//! ```
//! use network::{Architecture, Network, Workspace};
//! use rand_chacha::rand_core::SeedableRng;
//!
//! let architecture: Architecture =
//!     serde_json::from_str(r#"{ "hidden": [16, 16], "activation": "tanh" }"#)?;
//! let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! let network = Network::<f64>::initialize(&architecture, 2, 1, &mut random)?;
//! assert_eq!(network.parameter_count(), 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1);
//!
//! // f(x) of two samples, and the gradient of f(x₁) + f(x₂) by all parameters.
//! let x = [0.5, -1.0, 0.25, 2.0];
//! let mut workspace = Workspace::new(&network, 2);
//! let layers = network.views();
//! let outputs = workspace.forward(&layers, &x).to_vec();
//! workspace.backward(&layers, &x, &[1.0, 1.0]);
//! let gradient = workspace.gradient(&layers, &x);
//!
//! // J ∇ is how the outputs change along it: their sum by ‖∇‖².
//! let along = network::directional_derivative(&network, &x, &gradient);
//! let norm: f64 = gradient.iter().map(|entry| entry * entry).sum();
//! assert!((along.iter().sum::<f64>() - norm).abs() < 1e-12 * norm);
//! # assert_eq!(outputs.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![expect(
    clippy::inline_always,
    reason = "a function that is called within a loop of vector code must become part of it"
)]

mod activation;
mod architecture;
mod initialization;
mod layers;
mod shape;
mod window;

mod model;
mod program;

mod convolution;
mod elementary;
mod gemm;
mod local;
mod loops;
mod normalization;
mod pooling;
mod scalar;
mod tile;

mod dual;
mod factors;
mod hessian;
mod lanczos;
mod lane;
mod linear;
mod statistics;
mod tangent;
mod workspace;

pub use activation::Activation;
pub use architecture::{Architecture, ArchitectureError};
pub use factors::{Factors, Form, LayerFactors, OutputSignal, Part, Positions, Rates};
pub use gemm::{Gemm, gemm};
pub use hessian::LossHessian;
pub use initialization::Initialization;
pub use lanczos::{LargestEigenvalue, largest_eigenvalue};
pub use layers::{Conv, GroupNorm, LayerSpec, Norm, Pool, PoolWindows, Projected, Residual};
pub use model::{Layer, LayerView, Network};
pub use normalization::{Norm as Normalization, Over};
pub use program::{LayerShape, LayerSummary, Op, Program, Step};
pub use scalar::Scalar;
pub use shape::Shape;
pub use tangent::{directional_derivative, largest_ntk_eigenvalue};
pub use window::{Padding, Window};
pub use workspace::{Mode, Workspace};
