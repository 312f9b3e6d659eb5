//! What a run would do, and what is wrong with its parameters.

use artifact::Outline;
use stage::{Limits, Outlines, Plan};

use crate::pairs::{Mismatch, matching};
use crate::parameters::Parameters;

/// Bytes of the program with its threads, and what the heap keeps.
const FIXED: f64 = 100e6;

/// Plans a comparison of kernels of which `inputs` is known.
pub fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
    let (kernel, reference) = (inputs.one("kernel"), inputs.one("reference"));
    let mut plan = Plan { outline: kernel.clone(), ..Plan::default() };
    let rows = |of: &Outline| Some((of.kernel_rows?, of.train_samples?.max(1)));
    let size = |of: &Outline| rows(of).map(|(rows, samples)| rows / samples);
    let used = kernel.train_samples.zip(reference.train_samples).map(|(a, b)| a.min(b));
    let used_rows = used.zip(size(&kernel)).map(|(samples, cell)| samples * cell);
    for (i, &k) in parameters.top.iter().enumerate() {
        let at = format!("/top/{i}");
        match used_rows {
            _ if k == 0 => {
                plan.problem(&at, "no eigenvector has no span: give 1 or more");
            }
            Some(rows) if u64::from(k) > rows => {
                let message =
                    format!("{k} eigenvectors are asked for, of kernels with {rows} rows");
                plan.problem(&at, message);
            }
            _ if parameters.top[..i].contains(&k) => {
                plan.problem(&at, format!("{k} is given twice"));
            }
            _ => {}
        }
    }
    if !(parameters.near.is_finite() && parameters.near >= 0.0) {
        let message =
            format!("near is {}; a distance is a finite number, 0 or above", parameters.near);
        plan.problem("/near", message);
    }
    if let (Some(own), Some(other)) = (kernel.reduction, reference.reduction) {
        let blocks = |of: &Outline| of.kernel_blocks.unwrap_or(1) as usize;
        if let Err(mismatch) = matching((own, blocks(&kernel)), (other, blocks(&reference))) {
            let Mismatch { message, hint } = mismatch;
            plan.problem("", message).hint(hint);
        }
    }
    if let (Some(wanted), Some(steps)) = (parameters.reference_step, &reference.checkpoints)
        && !steps.contains(&wanted)
    {
        let message =
            format!("the reference has no kernel of step {wanted}; it has those of {steps:?}");
        plan.problem("/reference_step", message);
    }
    plan.memory_bytes = memory(parameters, &kernel, &reference);
    if let Some(bytes) = plan.memory_bytes.filter(|&bytes| bytes > limits.memory_bytes) {
        let (needed, free) = (bytes as f64 / 1e9, limits.memory_bytes as f64 / 1e9);
        let message =
            format!("the comparison needs about {needed:.1} GB of memory; there are {free:.1} GB");
        plan.problem("", message)
            .hint("make one of the kernels of fewer samples: both are compared at the first ones");
    }
    plan
}

/// Bytes at the peak: the matrices of a step and their centred copies in f64, those of the reference, and what a
/// decomposition needs.
fn memory(parameters: &Parameters, kernel: &Outline, reference: &Outline) -> Option<u64> {
    let of = |outline: &Outline| {
        let rows = outline.kernel_rows? as f64;
        let samples = outline.train_samples?.max(1) as f64;
        let tests = outline.test_samples.unwrap_or(0) as f64 * rows / samples;
        let blocks = outline.kernel_blocks.unwrap_or(1) as f64;
        Some((8.0 * rows * (rows + tests) * blocks, 8.0 * rows * rows))
    };
    let ((own, matrix), (other, _)) = (of(kernel)?, of(reference)?);
    let of_vectors = if parameters.top.is_empty() {
        0.0
    } else {
        let blocks = reference.kernel_blocks.unwrap_or(1) as f64;
        matrix * (blocks + 4.0)
    };
    Some((FIXED + own + other + 2.0 * matrix + of_vectors) as u64)
}
