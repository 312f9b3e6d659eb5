//! What a user may set of a training run.

use network::Architecture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checkpoints::Checkpoints;
use crate::loss::Loss;
use crate::optimizer::Optimizer;
use crate::schedule::LearningRate;
use crate::sharpness::Sharpness;
use crate::weight_decay::WeightDecay;

/// Parameters of the stage `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The network; shapes of inputs and outputs come from the dataset.
    pub network: Architecture,
    /// What is minimized.
    #[serde(default)]
    pub loss: Loss,
    /// How parameters are updated.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// Step size δ.
    pub learning_rate: LearningRate,
    /// A penalty of large parameters; none where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<WeightDecay>,
    /// The norm to which a longer gradient is shortened before an update, decay not counted; no gradient
    /// where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub clip_norm: Option<f64>,
    /// Number of updates.
    #[schemars(range(min = 1))]
    pub steps: u64,
    /// Steps at which parameters and outputs are kept.
    #[serde(default)]
    pub checkpoints: Checkpoints,
    /// Steps between two rows of the history; checkpoints and measurements of the sharpness have
    /// rows of their own.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1))]
    pub history_every: u64,
    /// When the sharpness of the loss is measured; never where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpness: Option<Sharpness>,
    /// The run stops with an error once the loss exceeds this multiple of the first loss.
    #[serde(default = "ten_thousand")]
    #[schemars(range(min = 1))]
    pub divergence_factor: f64,
    /// Which code computes the network.
    #[serde(default)]
    pub engine: Engine,
}

/// Which code computes the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// One operation on dfdx's tape, on this project's kernels.
    #[default]
    Fused,
    /// dfdx's own operations: slower, the judge of the other.
    Dfdx,
}

impl Parameters {
    /// The optimizer's name in artifacts: another where gradients are not followed as they are.
    pub(crate) fn optimizer_name(&self) -> String {
        let decay = self.weight_decay.map_or("", |_| "+weight_decay");
        let clip = self.clip_norm.map_or("", |_| "+clip_norm");
        format!("{}{decay}{clip}", self.optimizer.name())
    }
}

fn fifty() -> u64 {
    50
}

fn ten_thousand() -> f64 {
    1e4
}
