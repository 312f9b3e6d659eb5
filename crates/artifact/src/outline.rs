//! What is known of an artifact without opening its tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A learning rate and the first update that has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateFrom {
    /// Step that the update leaves.
    pub step: u64,
    /// δ from there on.
    pub learning_rate: f64,
}

/// What is known of an artifact without opening its tables, and mostly before it exists.
///
/// A stage's `plan` says it of its output from its parameters and the outlines of its inputs,
/// so that a k beyond N or a Gramian beyond memory is refused before anything runs; the final
/// outline stands in the manifest. A field is absent where it has no meaning or is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outline {
    /// N, training samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_samples: Option<u64>,
    /// Test samples; 0 without a test split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_samples: Option<u64>,
    /// d.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_dim: Option<u64>,
    /// o.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dim: Option<u64>,
    /// Whether the samples carry class labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labelled: Option<bool>,
    /// Updates of the whole training run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
    /// Steps at which there is a checkpoint, or a Gramian of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Vec<u64>>,
    /// P, the network's parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_count: Option<u64>,
    /// The network's architecture, as `network::Architecture` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<serde_json::Value>,
    /// `least_squares` or `cross_entropy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// `gradient_descent`, `sgd` or `adam`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<String>,
    /// δ of every update, as pieces of constant rate from step 0 on. Absent where the rate changes
    /// too often to be listed; a history of every step tells it as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rates: Option<Vec<RateFrom>>,
    /// Rows of each training Gramian: N, or N·o under the reduction `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_rows: Option<u64>,
    /// Matrices a step: o under `per-output`, 1 otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_blocks: Option<u64>,
    /// How several outputs were reduced, as in the table `kernels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduction: Option<crate::tables::kernel::Reduction>,
}
