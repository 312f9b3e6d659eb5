//! Stage: the exact Neural Tangent Kernel of every checkpoint.
//!
//! G = J Jᵀ is computed layer by layer without the Jacobian J: [`gram`] says how. It can be made in
//! pieces, each some rows of every Gramian: what the table `kernels` of a piece says of rows, trace
//! and norm is said of its own rows.
//!
//! # From Rust
//!
//! ```
//! use artifact::tables::kernel::Reduction;
//! use network::{Architecture, Network};
//! use ntk::gram;
//! use rand_chacha::rand_core::SeedableRng;
//!
//! let architecture: Architecture =
//!     serde_json::from_str(r#"{ "hidden": [64, 64], "activation": "tanh" }"#)?;
//! let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! let network = Network::<f64>::initialize(&architecture, 2, 1, &mut random)?;
//!
//! // Three inputs of two numbers each: G = J Jᵀ is 3 × 3, symmetric to the last bit.
//! let inputs = [0.0, 0.5, 1.0, -1.0, 0.3, 0.2];
//! let factors = gram::factors(&network, &inputs, Reduction::Full);
//! let kernels = gram::symmetric::<f64, f64>(&factors);
//! let kernel = kernels[0].to_dense();
//! assert_eq!(kernel.len(), 9);
//! assert!(kernel[1] == kernel[3] && kernel[0] > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod gram;
mod parameters;
mod plan;
mod run;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use artifact::tables::training::CHECKPOINTS;
use artifact::{Kind, Outline, steps};
use kernel::Joined;
use stage::{Context, Inputs, Limits, Outlines, Part, Plan, Port, Stage, StageError};

pub use parameters::Parameters;

/// The stage `ntk`.
#[derive(Debug)]
pub struct Ntk;

impl Stage for Ntk {
    type Parameters = Parameters;

    const NAME: &'static str = "ntk";
    const VERSION: &'static str = "3";
    const SUMMARY: &'static str =
        "Computes the exact NTK Gramian of every checkpoint, train × train and test × train.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("training", Kind::TRAINING)];
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
        run::run(*parameters, inputs, (0, 1), output, context)
    }

    fn plan_part(parameters: &Parameters, inputs: &Outlines, part: Part, limits: &Limits) -> Plan {
        plan::plan(*parameters, &inputs.one("training"), part, limits)
    }

    fn run_piece(
        parameters: &Parameters,
        inputs: &Inputs,
        index: usize,
        of: usize,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        run::run(*parameters, inputs, (index, of), output, context)
    }

    fn join(
        parameters: &Parameters,
        inputs: &Inputs,
        pieces: &[PathBuf],
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let outline = inputs.one("training")?.manifest()?.outline;
        let Some(outputs) = outline.output_dim else {
            return Err(StageError::new("the training run does not say its output dimension"));
        };
        let checkpoints = steps(inputs.one("training")?.path(), &CHECKPOINTS)?;
        let joined = Joined {
            steps: &checkpoints,
            outputs: outputs as usize,
            reduction: parameters.reduction,
            precision: parameters.precision,
            side: &gram::side,
            test_side: gram::SIDE,
        };
        kernel::join(joined, pieces, output, context)?;
        Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(*parameters, &outline) })
    }
}
