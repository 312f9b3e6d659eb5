//! What a run would do, and what is wrong with its parameters.

use stage::{Limits, Outlines, Plan};

use crate::parameters::{From, Parameters};

/// Bytes of the program with its threads, and what the heap keeps.
const FIXED: f64 = 100e6;
/// Bytes of a look, of its row, and of a sample's standing.
const LOOK: f64 = 120.0;

/// Plans a count over inputs of which `inputs` is known.
pub fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
    let dataset = inputs.one("dataset");
    let mut plan = Plan { outline: dataset.clone(), ..Plan::default() };
    if dataset.labelled == Some(false) {
        plan.problem("", "the dataset has no classes; only a class can be forgotten")
            .hint("take a dataset with classes, as `source: { glyphs: {} }`");
    }
    for (i, &k) in parameters.top.iter().enumerate() {
        let at = format!("/top/{i}");
        match dataset.train_samples {
            _ if k == 0 => {
                plan.problem(&at, "no eigenvector has no span: give 1 or more");
            }
            Some(samples) if u64::from(k) > samples => {
                let message =
                    format!("{k} eigenvectors are asked for, of kernels of {samples} samples");
                plan.problem(&at, message);
            }
            _ if parameters.top[..i].contains(&k) => {
                plan.problem(&at, format!("{k} is given twice"));
            }
            _ => {}
        }
    }
    if parameters.top.is_empty() {
        plan.problem("/top", "tail energies need a number of eigenvectors: give at least one");
    }
    if !(parameters.ridge.is_finite() && parameters.ridge > 0.0) {
        let message =
            format!("the ridge is {}; it must be a finite number above 0", parameters.ridge);
        plan.problem("/ridge", message);
    }
    for (i, name) in parameters.over.iter().enumerate() {
        if parameters.over[..i].contains(name) {
            plan.problem(&format!("/over/{i}"), format!("the axis `{name}` is given twice"));
        }
    }
    let steps = |of: &artifact::Outline| of.checkpoints.clone();
    if let (Some(early), Some(known)) =
        (parameters.early, inputs.many("training").first().and_then(steps))
        && !known.contains(&early)
    {
        let message = format!(
            "early is {early}, where no run has a checkpoint; there are those at {known:?}"
        );
        plan.problem("/early", message);
    }
    plan.memory_bytes = memory(parameters, inputs);
    if let Some(bytes) = plan.memory_bytes.filter(|&bytes| bytes > limits.memory_bytes) {
        let (needed, free) = (bytes as f64 / 1e9, limits.memory_bytes as f64 / 1e9);
        let message =
            format!("the scores need about {needed:.1} GB of memory; there are {free:.1} GB");
        plan.problem("", message).hint(if parameters.gaussian {
            "set `gaussian: false`, or take fewer samples"
        } else {
            "take fewer samples, or kernels with fewer matrices"
        });
    }
    plan
}

/// Bytes at the peak: the looks of one run, outputs, and the matrices of one kernel with its decomposition.
fn memory(parameters: &Parameters, inputs: &Outlines) -> Option<u64> {
    let dataset = inputs.one("dataset");
    let samples = dataset.train_samples? as f64;
    let outputs = dataset.output_dim? as f64;
    let of_inputs = samples * (12.0 * dataset.input_dim? as f64 + 16.0 * outputs);
    let run = |of: &artifact::Outline| {
        let checkpoints = of.checkpoints.as_ref().map_or(1, Vec::len) as f64;
        let looks = match parameters.from {
            // How many batches show a sample is not known; more than this are rare.
            From::Presentations => (of.last_step.unwrap_or(0) as f64).min(500.0),
            From::Outputs => checkpoints,
        };
        samples * (LOOK * looks + checkpoints * (4.0 * outputs + 64.0))
    };
    let of_runs = inputs.many("training").iter().map(run).fold(0.0, f64::max);
    let of_kernel = |of: &artifact::Outline| {
        let rows = of.kernel_rows.unwrap_or(samples as u64) as f64;
        8.0 * rows * rows * (of.kernel_blocks.unwrap_or(1) as f64 + 5.0)
    };
    let control = if parameters.gaussian { 8.0 * samples * samples * 7.0 } else { 0.0 };
    let of_kernels = inputs.many("kernel").iter().map(of_kernel).fold(control, f64::max);
    Some((FIXED + of_inputs + of_runs + of_kernels) as u64)
}
