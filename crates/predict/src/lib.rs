//! Stage `predict`: what kernel regression with a kernel predicts, and how far the network is from it.
//!
//! Any kernel will do: the empirical one of a checkpoint, or that of an infinite network. Ridge
//! regression, gradient flow and the discrete descent of a training run are functions of one
//! eigendecomposition: f_* = K_*X U diag(g(s)) Uᵀ Y with a gain g of its own each. It stands beside
//! `spectrum` in the chain: it reads dataset, kernel and perhaps training, and `report` draws what it finds.

mod parameters;
mod plan;

mod network;
mod sources;

pub mod filter;
pub mod regression;
pub mod resolution;
pub mod rounding;
pub mod scores;
pub mod variance;

mod assembly;
mod evidence;
mod figures;
mod findings;
mod fits;
mod rows;
mod run;
mod solves;

pub use parameters::{Parameters, Predictions, Start};
pub use run::Predict;
