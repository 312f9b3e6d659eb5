//! How fast the numbers of this project are: each kernel beside faer's matmul, and beside its peers.
//!
//! Everything is a ratio measured in one run: implementations take turns (A B A B …) on the same
//! inputs, so that a machine that slows down slows all of them. Each result is judged by its distance
//! from the same work in f64 before it is timed; what fails or is wrong is a row that says so. Stands
//! outside the chain: no stage knows it.

mod arguments;
mod busy;
mod case;
mod catalogue;
mod contender;
mod environment;
mod error;
mod expected;
mod experiment;
mod flops;
mod judgement;
mod kernels;
mod matmul;
mod measurement;
mod memory;
mod model;
mod outcome;
mod page;
mod peers;
mod pipeline;
mod plot;
mod print;
mod problem;
mod process;
mod program;
mod reference;
mod regression;
mod results;
mod run;
mod script;
mod target;
mod timing;

pub use arguments::Arguments;
pub use error::BenchError;
pub use measurement::{BENCH, Reading, Status};
pub use run::run;
