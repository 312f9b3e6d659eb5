//! How large the kernels will be, and whether they fit.

use artifact::Outline;
use artifact::tables::kernel::Reduction;
use stage::{Limits, Plan};

use crate::checkpoint;
use crate::gram;
use crate::parameters::{Parameters, Precision};
use crate::run::TEST_SAMPLES;

/// Plans the kernels of a training run of which `training` is known.
pub(crate) fn plan(parameters: Parameters, training: &Outline, limits: &Limits) -> Plan {
    let mut plan = Plan::default();
    if training.network.is_some()
        && let Err(error) = checkpoint::architecture(training)
    {
        plan.problem("", error.message);
    }
    plan.outline = outline(parameters, training);
    if let Some(memory) = Memory::of(parameters, training)
        && let Some(samples) = training.train_samples
    {
        let need = memory.peak_bytes(samples);
        plan.memory_bytes = Some(need as u64);
        if need > limits.memory_bytes as f64 {
            plan.problem(
                "",
                format!(
                    "the Gramian of {samples} samples needs {:.1} GiB of memory; {:.1} GiB are free",
                    gibibytes(need),
                    gibibytes(limits.memory_bytes as f64)
                ),
            )
            .hint(format!(
                "{} training samples would fit",
                memory.largest_fitting(samples, limits.memory_bytes as f64)
            ));
        }
    }
    plan
}

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

/// Bytes of an entry as it is stored and written.
const STORED: f64 = 4.0;
/// Bytes of the program with its threads, and of the pages on their way to the file.
const FIXED: f64 = 24e6;

/// The sizes that decide how much memory the stage needs.
struct Memory {
    /// Bytes of H and B of one sample in all layers.
    factors: f64,
    /// Matrices.
    blocks: f64,
    /// Rows of a sample in each.
    cell: f64,
    /// Test samples.
    test: f64,
}

impl Memory {
    fn of(parameters: Parameters, training: &Outline) -> Option<Self> {
        let size = match parameters.precision {
            Precision::F32 => 4.0,
            Precision::F64 => 8.0,
        };
        let (d, o) = (training.input_dim? as usize, training.output_dim? as usize);
        let architecture = checkpoint::architecture(training).ok()?;
        let (blocks, cell) = parameters.reduction.blocks(o);
        let widths: Vec<f64> = architecture.widths(d, o).into_iter().map(|w| w as f64).collect();
        let inputs: f64 = widths[..widths.len() - 1].iter().sum();
        let signals: f64 = widths[1..].iter().sum();
        let families = if parameters.reduction == Reduction::SummedLogit { 1 } else { o };
        let test = if parameters.test_rows { training.test_samples.unwrap_or(0) } else { 0 };
        Some(Self {
            factors: size * (inputs + families as f64 * signals),
            blocks: blocks as f64,
            cell: cell as f64,
            test: test as f64,
        })
    }

    /// Bytes at the peak for `samples` training samples: the factors of all, twice those of the
    /// samples that are in the network, and either one triangle of the matrices or the factors of
    /// the test samples, with a strip of whole rows of each.
    fn peak_bytes(&self, samples: u64) -> f64 {
        let n = samples as f64;
        let side = (gram::SIDE as f64).min(n * self.cell);
        let width = n * self.cell;
        let triangles = self.blocks * STORED * width * (width + side) / 2.0;
        let strip = STORED * width * side;
        let test_rows = self.test.min(TEST_SAMPLES as f64) * self.cell;
        let test_strips = self.blocks * STORED * width * test_rows;
        let within = 2.0 * self.factors * n.max(self.test).min(gram::PART as f64);
        let either = (triangles + strip).max(self.test * self.factors + test_strips);
        FIXED + n * self.factors + within + either
    }

    /// The largest number of training samples up to `samples` that needs no more than `limit`.
    fn largest_fitting(&self, samples: u64, limit: f64) -> u64 {
        let (mut low, mut high) = (0, samples);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.peak_bytes(middle) <= limit { low = middle } else { high = middle - 1 }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { threads: 2, memory_bytes: 1 << 30 };

    fn outline(samples: u64) -> Outline {
        let network = serde_json::json!({
            "hidden": [256, 256, 256, 256, 256, 256], "activation": { "leaky_relu": 0.01 },
            "init": "glorot", "bias": true,
        });
        Outline {
            train_samples: Some(samples),
            test_samples: Some(0),
            input_dim: Some(2),
            output_dim: Some(1),
            network: Some(network),
            ..Outline::default()
        }
    }

    fn planned(samples: u64) -> Plan {
        let parameters: Parameters = serde_json::from_str("{}").unwrap();
        plan(parameters, &outline(samples), &LIMITS)
    }

    #[test]
    fn ten_thousand_samples_need_little_more_than_their_matrix() {
        let matrix = 4.0 * 1e8;
        let need = planned(10_000).memory_bytes.unwrap() as f64;
        assert!(need > 0.5 * matrix && need < 1.2 * matrix, "{need}");
    }

    #[test]
    fn as_many_samples_as_are_said_to_fit_do_and_one_more_does_not() {
        let hint = planned(100_000).problems[0].hint.clone().unwrap();
        let fit: u64 = hint.split(' ').next().unwrap().parse().unwrap();
        assert!(planned(fit).problems.is_empty());
        assert_eq!(planned(fit + 1).problems.len(), 1);
    }
}
