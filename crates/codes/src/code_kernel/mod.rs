//! The stage `code-kernel`: kernels of codes.

mod gram;
mod parameters;
mod plan;
mod run;

use std::path::{Path, PathBuf};

use artifact::tables::kernel::Reduction;
use artifact::tables::training::CHECKPOINTS;
use artifact::{Kind, Outline, steps};
use kernel::Joined;
use stage::{Context, Inputs, Limits, Outlines, Part, Plan, Port, Stage, StageError};

pub use parameters::{KernelKind, Parameters};

/// The stage `code-kernel`.
pub struct CodeKernel;

impl Stage for CodeKernel {
    type Parameters = Parameters;

    const NAME: &'static str = "code-kernel";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "Computes kernels of the codes of samples at every checkpoint, train × train and test × train.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("training", Kind::TRAINING)];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"])];
    const OUTPUT: Kind = Kind::KERNEL;
    const USES_SEED: bool = false;
    const RESUMES: bool = true;
    const SPLITS: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan::plan(parameters, inputs, Part::Whole, limits)
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
        let training = inputs.one("training")?;
        let known = training.manifest()?.outline;
        let checkpoints = steps(training.path(), &CHECKPOINTS)?;
        let joined = Joined {
            steps: &checkpoints,
            outputs: known.output_dim.unwrap_or(1) as usize,
            reduction: Reduction::Trace,
            precision: parameters.precision,
            side: &|_, _| gram::SIDE,
            test_side: gram::SIDE,
        };
        kernel::join(joined, pieces, output, context)?;
        Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(parameters, &known) })
    }
}
