//! A whole stage in Rust: the linear kernel c + x·x' of the inputs in place of the NTK.
//!
//! `docs/stages.md` goes through it.

use std::path::Path;
use std::process::ExitCode;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::{Gram, GramRow, Kind, Outline, read_rows, write_gram, write_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

struct LinearKernel;

/// What stands under `with:`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Parameters {
    /// c, added to every entry.
    constant: f32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { constant: 1.0 }
    }
}

impl Stage for LinearKernel {
    type Parameters = Parameters;

    const NAME: &'static str = "linear-kernel";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "The linear kernel of the inputs, for every checkpoint.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("training", Kind::TRAINING)];
    const OUTPUT: Kind = Kind::KERNEL;
    const USES_SEED: bool = false;

    fn plan(parameters: &Parameters, inputs: &Outlines, _: &Limits) -> Plan {
        let mut plan = Plan { outline: outline(inputs.one("training")), ..Plan::default() };
        if parameters.constant < 0.0 {
            let message =
                format!("the constant is {}, and the kernel indefinite", parameters.constant);
            plan.problem("/constant", message).hint("take one from 0 on");
        }
        plan
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let training = inputs.one("training")?.manifest()?.outline;
        let mut samples: Vec<Sample> = read_rows(inputs.one("dataset")?.path())?;
        samples.sort_by_key(|sample| (sample.split, sample.sample));
        let train: Vec<&Sample> =
            samples.iter().filter(|sample| sample.split == Split::Train).collect();
        let (width, rows) =
            (train.len(), samples.iter().map(|of| row(of.split, of.sample)).collect());
        let values = samples.iter().flat_map(|one| {
            let against = |other: &&Sample| parameters.constant + product(&one.x, &other.x);
            train.iter().map(against).collect::<Vec<f32>>()
        });
        let gram = Gram { rows, width, values: values.collect() };

        let steps = training.checkpoints.clone().unwrap_or_default();
        for (done, &step) in (1..).zip(&steps) {
            write_gram(output, step, &gram)?;
            context.progress(done, steps.len() as u64, "checkpoint", String::new);
        }
        let kernels: Vec<KernelRow> = steps.iter().map(|&step| kernel(step, &gram)).collect();
        write_rows(output, &kernels)?;
        Ok(outline(training))
    }
}

/// What is known of the output: all that is known of the training run, and the kernel's shape.
fn outline(training: Outline) -> Outline {
    Outline {
        kernel_rows: training.train_samples,
        kernel_blocks: Some(1),
        reduction: Some(Reduction::Trace),
        ..training
    }
}

fn row(split: Split, sample: u32) -> GramRow {
    GramRow { split, sample, output: 0 }
}

fn product(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The row of the table `kernels` for a Gramian whose training block comes first.
fn kernel(step: u64, gram: &Gram) -> KernelRow {
    let block = &gram.values[..gram.width * gram.width];
    let square = |value: &f32| f64::from(*value).powi(2);
    KernelRow {
        step,
        output: 0,
        learning_rate: None,
        trace: block.iter().step_by(gram.width + 1).copied().map(f64::from).sum(),
        frobenius_norm: block.iter().map(square).sum::<f64>().sqrt(),
        samples: gram.width as u32,
        rows: gram.width as u32,
        test_rows: (gram.rows.len() - gram.width) as u32,
        reduction: Reduction::Trace,
        precision: "f32".to_owned(),
    }
}

fn main() -> ExitCode {
    stage::main::<LinearKernel>()
}
