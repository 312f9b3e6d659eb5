//! Stage: the kernel of a network in the limit of infinite width.
//!
//! Its two kernels, the covariance of its outputs at initialization (NNGP) and its Neural Tangent Kernel
//! (NTK), follow from those of its inputs layer by layer ([`limit`]), pair of samples by pair ([`gram`]).
//! They are written as an ordinary kernel, so that whatever reads one of a finite network reads these.
//!
//! # From Rust
//!
//! ```
//! use infinite::{gram::Kernel, limit::Limit, samples::Samples};
//! use network::{Architecture, Program};
//!
//! let network: Architecture = serde_json::from_str(
//!     r#"{ "hidden": [64, 64], "activation": "relu", "init": { "ntk": { "weight_std": 1.4 } } }"#,
//! )?;
//! let program = Program::new(&network, 2.into(), 1).map_err(|(_, error)| error)?;
//! let limit = Limit::<f64>::new(&network, &program);
//!
//! // Three inputs of two numbers each: Θ is 3 × 3.
//! let samples = Samples::new(&limit, &[0.0, 0.5, 1.0, -1.0, 0.3, 0.2]);
//! let kernel = Kernel::ntk(&limit).symmetric(&samples).to_dense();
//! assert!(kernel[1] == kernel[3] && kernel[0] > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![expect(
    clippy::inline_always,
    reason = "a function that is called within a loop of vector code must become part of it"
)]

pub mod dual;
pub mod exists;
mod sums;

pub mod limit;
mod pass;
pub mod samples;

pub mod gram;

mod join;
mod parameters;
mod plan;
mod run;

use std::path::{Path, PathBuf};

use artifact::{Kind, Outline};
use stage::{Context, Inputs, Limits, Outlines, Part, Plan, Port, Stage, StageError};

pub use parameters::{Parameters, Steps, Which};

/// The stage `infinite`.
#[derive(Debug)]
pub struct Infinite;

impl Stage for Infinite {
    type Parameters = Parameters;

    const NAME: &'static str = "infinite";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "Computes the NNGP or NTK kernel of a network in the limit of infinite width, train × train and test × train.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("training", Kind::TRAINING).optional()];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"])];
    const OUTPUT: Kind = Kind::KERNEL;
    const USES_SEED: bool = false;
    const RESUMES: bool = true;
    const SPLITS: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        Self::plan_part(parameters, inputs, Part::Whole, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        run::run(parameters, inputs, (0, 1), output, context)
    }

    fn plan_part(parameters: &Parameters, inputs: &Outlines, part: Part, limits: &Limits) -> Plan {
        plan::plan(parameters, inputs, part, limits)
    }

    fn run_piece(
        parameters: &Parameters,
        inputs: &Inputs,
        index: usize,
        of: usize,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        run::run(parameters, inputs, (index, of), output, context)
    }

    fn join(
        parameters: &Parameters,
        inputs: &Inputs,
        pieces: &[PathBuf],
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        join::join(parameters, inputs, pieces, output, context)
    }
}
