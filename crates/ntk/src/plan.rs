//! How large the kernels will be, and whether they fit.

use artifact::Outline;
use stage::{Limits, Plan};

use crate::checkpoint;
use crate::parameters::{Parameters, Precision};

/// Plans the kernels of a training run of which `training` is known.
pub(crate) fn plan(parameters: Parameters, training: &Outline, limits: &Limits) -> Plan {
    let mut plan = Plan::default();
    if training.network.is_some()
        && let Err(error) = checkpoint::architecture(training)
    {
        plan.problem("", error.message);
    }
    plan.outline = outline(parameters, training);
    if let Some((fixed, linear, quadratic)) = memory_polynomial(parameters, training)
        && let Some(samples) = training.train_samples
    {
        let n = samples as f64;
        let need = fixed + linear * n + quadratic * n * n;
        plan.memory_bytes = Some(need as u64);
        if need > limits.memory_bytes as f64 {
            let have = limits.memory_bytes as f64;
            let discriminant = linear * linear + 4.0 * quadratic * (have - fixed).max(0.0);
            let fits = ((discriminant.sqrt() - linear) / (2.0 * quadratic)).floor();
            plan.problem(
                "",
                format!(
                    "the Gramian of {samples} samples needs {:.1} GiB of memory; {:.1} GiB are free",
                    gibibytes(need),
                    gibibytes(have)
                ),
            )
            .hint(format!("{fits} training samples would fit"));
        }
    }
    plan
}

/// Bytes of an entry as it is written.
const STORED: f64 = 4.0;

fn gibibytes(bytes: f64) -> f64 {
    bytes / f64::from(1 << 30)
}

/// The outline of the kernels.
pub(crate) fn outline(parameters: Parameters, training: &Outline) -> Outline {
    let blocks = training.output_dim.map(|o| parameters.reduction.blocks(o as usize));
    Outline {
        kernel_rows: training.train_samples.zip(blocks).map(|(n, (_, cell))| n * cell as u64),
        kernel_blocks: blocks.map(|(count, _)| count as u64),
        reduction: Some(parameters.reduction),
        ..training.clone()
    }
}

/// Bytes at the peak as a polynomial in N: the matrix twice while it is written, and the factors
/// of all samples.
fn memory_polynomial(parameters: Parameters, training: &Outline) -> Option<(f64, f64, f64)> {
    let size = match parameters.precision {
        Precision::F32 => 4.0,
        Precision::F64 => 8.0,
    };
    let (d, o) = (training.input_dim? as usize, training.output_dim? as usize);
    let architecture = checkpoint::architecture(training).ok()?;
    let (blocks, cell) = parameters.reduction.blocks(o);
    let widths = architecture.widths(d, o);
    let inputs: usize = widths[..widths.len() - 1].iter().sum();
    let signals: usize = widths[1..].iter().sum::<usize>() * o;
    let test = if parameters.test_rows { training.test_samples.unwrap_or(0) } else { 0 };
    // Assembled from blocks of rows: twice for a moment.
    let factors = 2.0 * size * (inputs + signals) as f64;
    let entries = (blocks * cell * cell) as f64;
    let quadratic = entries * (size + STORED);
    let linear = factors + test as f64 * quadratic;
    Some((test as f64 * factors, linear, quadratic))
}
