//! Statistics that several studies need: rank correlations, detection, standard errors, and what tells groups of
//! points apart: clusters, nearest neighbours, logistic regression. Knows no artifact.

#![expect(
    clippy::inline_always,
    reason = "a function that is called within a loop of vector code must become part of it"
)]

pub mod correlation;
pub mod detection;
pub mod jackknife;

mod bits;
mod dense;
mod points;

pub mod assignment;
pub mod k_means;
pub mod logistic;
pub mod nearest;

pub use bits::Bits;
pub use dense::Dense;
pub use points::Points;
