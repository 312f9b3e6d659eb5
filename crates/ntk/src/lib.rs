//! Stage: the exact Neural Tangent Kernel of every checkpoint.
//!
//! G = J Jᵀ is computed layer by layer without the Jacobian J: [`gram`] says how.

mod checkpoint;
pub mod gram;
mod parameters;
mod plan;
mod run;

use std::path::Path;

use artifact::{Kind, Outline};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

pub use parameters::{Parameters, Precision};

/// The stage `ntk`.
#[derive(Debug)]
pub struct Ntk;

impl Stage for Ntk {
    type Parameters = Parameters;

    const NAME: &'static str = "ntk";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "Computes the exact NTK Gramian of every checkpoint, train × train and test × train.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::Dataset), Port::one("training", Kind::Training)];
    const OUTPUT: Kind = Kind::Kernel;
    const USES_SEED: bool = false;
    const RESUMES: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan::plan(*parameters, &inputs.one("training"), limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        run::run(*parameters, inputs, output, context)
    }
}
