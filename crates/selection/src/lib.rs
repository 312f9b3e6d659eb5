//! Stages `select`, `pruning` and `retention`: a dataset from a dataset, and what training on it is worth.
//!
//! `select` takes training samples away by any score that an artifact has of them; a stage `train` behind it learns
//! from what is left. `pruning` gathers such runs along a sweep: accuracy against the share that was removed, by
//! order and score, with random removal as the control (Toneva et al. 2019, section 5). `retention` follows a
//! network that learns from parts of the data in turn: what it still knows of one part while it learns another.

mod axes;

pub mod pruning;
pub mod retention;
pub mod select;

pub use pruning::Pruning;
pub use retention::Retention;
pub use select::Select;
