//! Stage: gradient descent on dfdx, with history and checkpoints.
//!
//! dfdx keeps the parameters, the tape, the loss and the optimizers. The network itself is one
//! operation on the tape whose forward and backward pass run on the `network` crate's kernels
//! ([`Engine::Fused`]); plain dfdx operations ([`Engine::Dfdx`]) remain as its judge.

mod batches;
mod checkpoints;
mod data;
mod descent;
mod divergence;
mod evaluation;
mod fused;
mod loss;
mod model;
mod optimizer;
mod parameters;
mod plain;
mod plan;
mod presentations;
mod recorder;
mod saved;
mod schedule;
mod sharpness;
mod start;
mod steps;
mod trainer;
mod weight_decay;

use std::path::Path;

use artifact::{Kind, Outline};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

pub use checkpoints::{Checkpoints, Logarithmic};
pub use loss::Loss;
pub use optimizer::{Adam, LastBatch, Optimizer, Sgd};
pub use parameters::{Engine, Parameters};
pub use presentations::Presentations;
pub use schedule::{Cosine, Exponential, LearningRate, Listed, StepDecay};
pub use sharpness::Sharpness;
pub use steps::{Epochs, Length, Steps, Unresolved};
pub use trainer::Trainer;
pub use weight_decay::{PerLayer, WeightDecay};

/// The stage `train`.
#[derive(Debug)]
pub struct Train;

impl Stage for Train {
    type Parameters = Parameters<Steps>;

    const NAME: &'static str = "train";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "Trains a network and keeps its history, checkpoints and outputs.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("start", Kind::TRAINING).optional()];
    const OUTPUT: Kind = Kind::TRAINING;
    const USES_SEED: bool = true;
    const RESUMES: bool = true;

    fn plan(parameters: &Parameters<Steps>, inputs: &Outlines, _limits: &Limits) -> Plan {
        let mut plan = plan::plan(parameters, &inputs.one("dataset"));
        if let Some(start) = inputs.many("start").first() {
            start::check(&parameters.network, &inputs.one("dataset"), start, &mut plan);
        }
        plan
    }

    fn run(
        parameters: &Parameters<Steps>,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let dataset = inputs.one("dataset")?;
        let shape = dataset.manifest()?.outline.input_shape;
        let data = data::read(dataset, shape, parameters.loss)?;
        let resolved = parameters.resolved(Some(data.train.rows as u64))?;
        if resolved.presentations.is_some() {
            presentations::check(&data)?;
        }
        let network = match inputs.many("start").first() {
            Some(start) => start::network(&resolved.network, &data, start)?,
            None => start::drawn(&resolved.network, &data, context.seed)?,
        };
        descent::descend(&resolved, &data, network, output, context)?;
        Ok(plan::outline(&resolved, &data.outline()))
    }
}
