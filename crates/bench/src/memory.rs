//! Peak memory of the stages on one large Gramian, as the driver measures it.

use std::fs;
use std::path::Path;

use crate::case::Case;
use crate::error::BenchError;
use crate::measurement::{Measured, Series};
use crate::program::Program;

/// Updates of the training run: memory does not grow with them.
const STEPS: u32 = 5;
/// Most eigenpairs that are asked for.
const PAIRS: usize = 200;

/// Runs `train`, `ntk` and `spectrum` on a pipeline of `case`'s size, each as its own program.
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
    let (samples, pairs) = (case.samples, case.pairs().min(PAIRS));
    let hidden = vec![case.width; case.depth];
    format!(
        "name: memory
about: How much memory does a large Gramian take?
seed: 0
stages:
  dataset: {{ uses: dataset, with: {{ source: {{ portrait: {{}} }}, inputs: centred, train: {samples} }} }}
  train:
    uses: train
    inputs: {{ dataset: dataset }}
    with:
      network: {{ hidden: {hidden:?}, activation: {{ leaky_relu: 0.01 }}, init: glorot }}
      learning_rate: {{ initial: 0.1 }}
      steps: {STEPS}
  ntk: {{ uses: ntk, inputs: {{ dataset: dataset, training: train }} }}
  spectrum:
    uses: spectrum
    inputs: {{ dataset: dataset, training: train, kernel: ntk }}
    with: {{ eigenpairs: {{ top: {pairs} }}, frozen_descent: 0 }}
"
    )
}
