//! Stages `select` and `pruning`: a dataset from a dataset, and what training on it is worth.
//!
//! `select` takes training samples away by any score that an artifact has of them; a stage `train` behind it learns
//! from what is left. `pruning` gathers such runs along a sweep: accuracy against the share that was removed, by
//! order and score, with random removal as the control (Toneva et al. 2019, section 5).

pub mod pruning;
pub mod select;

pub use pruning::Pruning;
pub use select::Select;
