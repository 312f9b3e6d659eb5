//! `stage-check`: any program against the contract between driver and stages.
//!
//! The program is asked what a driver asks it, with small made-up artifacts as its inputs, and
//! some things that no driver would ask. What it does is compared with `docs/stages.md`.

mod check;
mod description;
mod made_up;
mod parameters;
mod trial;
mod verdict;

pub use check::{StageCheck, stage_check};
pub use made_up::Problem;
pub use verdict::Verdict;
