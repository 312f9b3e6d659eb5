//! What a user may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of the stage `forgetting`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// When a sample is looked at.
    pub from: From,
    /// k of tail energies and leverages: numbers of leading eigenvectors, rising. The table `sample_scores` has
    /// those of the first.
    pub top: Vec<u32>,
    /// ε of leave-one-out predictions: the ridge is λ = ε · tr K / N.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub ridge: f64,
    /// Step of the networks at which the table `sample_scores` has EL2N and GraNd; where left out, the first
    /// checkpoint after step 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early: Option<u64>,
    /// Whether the same is measured with a Gaussian kernel of the inputs, exp(−‖x − x'‖² / h²) with h² the
    /// median of ‖x − x'‖²: the control for every other kernel, which knows nothing of networks.
    pub gaussian: bool,
    /// Axes of the sweep whose variants are repetitions, besides those that set seeds only.
    pub over: Vec<String>,
}

/// When a sample is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// In its own mini-batches, before the update: the table `presentations` of the training run.
    #[default]
    Presentations,
    /// At every checkpoint: the table `outputs` of any training run.
    Outputs,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            from: From::default(),
            top: vec![50],
            ridge: 0.01,
            early: None,
            gaussian: true,
            over: Vec::new(),
        }
    }
}
