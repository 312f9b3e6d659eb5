//! Stage: the kernel of a network in the limit of infinite width.

#![expect(
    clippy::inline_always,
    reason = "a function that is called within a loop of vector code must become part of it"
)]

pub mod dual;
pub mod exists;
pub mod gram;
pub mod limit;
mod pass;
pub mod samples;
mod sums;
