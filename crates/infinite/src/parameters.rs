//! What a user may set of an infinite network's kernel.

use artifact::Precision;
use artifact::tables::kernel::Reduction;
use network::Architecture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kernel of the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The covariance of the outputs at initialization: the kernel of a network whose last layer alone is
    /// trained.
    Nngp,
    /// The Neural Tangent Kernel: that of a network of which all is trained.
    #[default]
    Ntk,
}

/// At which steps of a training run the kernel is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Steps {
    /// At every checkpoint, the same kernel, for whatever looks at both along the optimization.
    #[default]
    All,
    /// At the first one.
    First,
}

/// Parameters of the stage `infinite`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Which kernel.
    #[serde(default)]
    pub kernel: Which,
    /// The network whose limit is taken; left out, that of the training run. Widths matter to initializations
    /// other than `ntk`, the standard parameterization, where gradients by weights grow with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Architecture>,
    /// How the kernel of a network with several outputs becomes a matrix. Outputs are independent in the
    /// limit: G^{ab} = δ_ab K.
    #[serde(default)]
    pub reduction: Reduction,
    /// Arithmetic of the recursion, in which Gramians are stored as well.
    #[serde(default)]
    pub precision: Precision,
    /// How many training samples the Gramians are of, the first ones; all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// At which steps of the training run, if there is one.
    #[serde(default)]
    pub steps: Steps,
    /// Whether the rows test × train are computed too.
    #[serde(default = "yes")]
    pub test_rows: bool,
}

fn yes() -> bool {
    true
}
