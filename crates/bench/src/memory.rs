//! Peak memory of the stages on one large Gramian, as the driver measures it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::case::Case;
use crate::error::BenchError;
use crate::measurement::{Measured, Series};
use crate::model::Model;
use crate::program::Program;

/// Updates of the training run: memory does not grow with them.
const STEPS: u32 = 5;
/// Images of a mini-batch.
const BATCH: usize = 64;
/// Most eigenpairs that are asked for.
const PAIRS: usize = 200;

/// Runs `train`, `ntk` and `spectrum`, or `infinite`, on a pipeline of `case`'s size, each as its own program.
///
/// There are two checkpoints, the fewest that a training run has. Test samples there are none: they
/// would add rows to the Gramian that 4N² does not count. Nor is there descent with frozen kernels, which
/// needs all eigenpairs, not the top.
///
/// # Errors
/// Where a stage fails.
pub fn measured(case: &Case, program: &Program, folder: &Path) -> Result<Measured, BenchError> {
    let file = folder.join("memory.yaml");
    fs::write(&file, pipeline(case)).map_err(BenchError::io("writing", &file))?;
    let mut measured = Measured { case: case.clone(), series: Vec::new() };
    for cost in program.run(&file, &[])?.stages()? {
        // The dataset is a few numbers a sample.
        if cost.stage != "dataset" {
            measured.series.push(Series {
                seconds: vec![cost.seconds],
                peaks: cost.peak_memory_bytes.into_iter().collect(),
                ..Series::named(&cost.stage)
            });
        }
    }
    Ok(measured)
}

fn pipeline(case: &Case) -> String {
    if case.model.is_infinite() {
        return of_limit(case);
    }
    let pairs = case.pairs().min(PAIRS);
    let [dataset, train, ntk] = settings(case);
    format!(
        "name: memory
about: How much memory does a large Gramian take?
seed: 0
stages:
  dataset: {{ uses: dataset, with: {dataset} }}
  train:
    uses: train
    inputs: {{ dataset: dataset }}
    with: {train}
  ntk: {{ uses: ntk, inputs: {{ dataset: dataset, training: train }}, with: {ntk} }}
  spectrum:
    uses: spectrum
    inputs: {{ dataset: dataset, training: train, kernel: ntk }}
    with: {{ eigenpairs: {{ top: {pairs} }}, frozen_descent: 0 }}
"
    )
}

/// Grey glyphs, and the kernel of a limit: hidden layers see a glyph as a vector.
fn of_limit(case: &Case) -> String {
    let architecture = case.architecture();
    let init = architecture.init;
    let (side, network) = match case.model {
        Model::InfiniteDense { depth, inputs } => {
            let hidden = vec![1; depth];
            (inputs.isqrt(), json!({ "hidden": hidden, "activation": "relu", "init": init }))
        }
        model => (model.input().sizes()[0], json!({ "layers": architecture.layers, "init": init })),
    };
    let dataset = json!({ "source": { "glyphs": { "side": side } }, "train": case.samples });
    let infinite = json!({ "network": network, "reduction": "trace" });
    format!(
        "name: memory
about: How much memory does the kernel of a limit take?
seed: 0
stages:
  dataset: {{ uses: dataset, with: {dataset} }}
  infinite: {{ uses: infinite, inputs: {{ dataset: dataset }}, with: {infinite} }}
"
    )
}

/// What `dataset`, `train` and `ntk` are told.
///
/// Images go through a network in mini-batches, as everywhere, and one family of signals gives the
/// Gramian of the summed outputs: memory does not grow with families.
fn settings(case: &Case) -> [Value; 3] {
    let architecture = case.architecture();
    match case.model {
        Model::Dense { .. } => [
            json!({
                "source": { "portrait": {} }, "inputs": "centred", "train": case.samples,
            }),
            json!({
                "network": architecture, "learning_rate": { "initial": 0.1 }, "steps": STEPS,
            }),
            json!({}),
        ],
        _ => [
            json!({
                "source": {
                    "scenes": { "classes": case.outputs, "side": case.model.input().sizes()[0] },
                },
                "train": case.samples,
            }),
            json!({
                "network": {
                    "layers": architecture.layers,
                    "init": architecture.init,
                    "bias": architecture.bias,
                },
                "optimizer": { "sgd": { "batch": BATCH } },
                "learning_rate": { "initial": 1e-3 },
                "steps": STEPS,
            }),
            json!({ "reduction": "summed-logit" }),
        ],
    }
}
