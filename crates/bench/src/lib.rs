//! How fast the numbers of this project are: each kernel beside faer's matmul, and beside its peers.
//!
//! Everything is a ratio measured in one run: implementations take turns (A B A B …) on the same
//! inputs, so that a machine that slows down slows all of them. Results are compared with each other
//! before anything is timed. Stands outside the chain: no stage knows it.

mod arguments;
mod busy;
mod case;
mod catalogue;
mod compare;
mod contender;
mod error;
mod flops;
mod kernels;
mod matmul;
mod measurement;
mod memory;
mod outcome;
mod page;
mod peers;
mod pipeline;
mod plot;
mod print;
mod problem;
mod program;
mod python;
mod run;
mod script;
mod target;
mod timing;

pub use arguments::Arguments;
pub use error::BenchError;
pub use measurement::{BENCH, Reading};
pub use run::run;
