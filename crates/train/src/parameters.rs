//! What a user may set of a training run.

use network::Architecture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checkpoints::Checkpoints;
use crate::loss::Loss;
use crate::optimizer::Optimizer;
use crate::presentations::Presentations;
use crate::schedule::LearningRate;
use crate::sharpness::Sharpness;
use crate::steps::{Length, Resolver, Steps, Unresolved};
use crate::weight_decay::WeightDecay;

/// Parameters of the stage `train`: in [`Steps`] as a user writes them, in updates as a run takes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(rename = "Parameters", description = "Parameters of the stage `train`.")]
pub struct Parameters<S: Length = u64> {
    /// The network; shapes of inputs and outputs come from the dataset.
    pub network: Architecture,
    /// What is minimized.
    #[serde(default)]
    pub loss: Loss,
    /// How parameters are updated.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// Step size δ.
    pub learning_rate: LearningRate<S>,
    /// A penalty of large parameters; none where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<WeightDecay>,
    /// The norm to which a longer gradient is shortened before an update, decay not counted; no gradient
    /// where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub clip_norm: Option<f64>,
    /// Number of updates, or of epochs: `{ epochs: 15 }`, as wherever steps are counted.
    #[schemars(extend("minimum" = 1))]
    pub steps: S,
    /// Steps at which parameters and outputs are kept.
    #[serde(default)]
    pub checkpoints: Checkpoints<S>,
    /// Steps between two rows of the history; checkpoints and measurements of the sharpness have
    /// rows of their own.
    #[serde(default = "fifty::<S>")]
    #[schemars(extend("minimum" = 1))]
    pub history_every: S,
    /// When the sharpness of the loss is measured; never where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpness: Option<Sharpness<S>>,
    /// Whether what the network made of each sample that an update saw is recorded; not where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentations: Option<Presentations>,
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

impl Parameters<Steps> {
    /// The same with all lengths in updates, for a training split of `rows` samples, where their number
    /// is known.
    ///
    /// # Errors
    /// Where a length in epochs is no whole number of updates, or `rows` would be needed to say so.
    pub fn resolved(&self, rows: Option<u64>) -> Result<Parameters, Unresolved> {
        let mut resolver = Resolver::new(rows.map(|rows| self.optimizer.updates_an_epoch(rows)));
        let resolved = Parameters {
            network: self.network.clone(),
            loss: self.loss,
            optimizer: self.optimizer,
            learning_rate: self.learning_rate.resolved(&mut resolver),
            weight_decay: self.weight_decay,
            clip_norm: self.clip_norm,
            steps: resolver.updates("/steps", self.steps),
            checkpoints: self.checkpoints.resolved(&mut resolver),
            history_every: resolver.updates("/history_every", self.history_every),
            sharpness: self.sharpness.map(|sharpness| sharpness.resolved(&mut resolver)),
            presentations: self.presentations,
            divergence_factor: self.divergence_factor,
            engine: self.engine,
        };
        resolver.finish(resolved)
    }
}

impl<S: Length> Parameters<S> {
    /// The optimizer's name in artifacts: another where gradients are not followed as they are.
    pub(crate) fn optimizer_name(&self) -> String {
        let decay = self.weight_decay.map_or("", |_| "+weight_decay");
        let clip = self.clip_norm.map_or("", |_| "+clip_norm");
        format!("{}{decay}{clip}", self.optimizer.name())
    }
}

fn fifty<S: Length>() -> S {
    50.into()
}

fn ten_thousand() -> f64 {
    1e4
}
