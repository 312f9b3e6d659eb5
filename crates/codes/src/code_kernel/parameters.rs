//! What a user may set of `code-kernel`.

use artifact::Precision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gated::Layers;

/// Which kernel of two codes c and c' of w bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelKind {
    /// 1 − 2 · Hamming(c, c')/w, the mean product of signs ±1: 1 for equal codes.
    #[default]
    Match,
    /// c·c'/w, the share of units that both activate.
    Coactivation,
    /// x·x' times the share of paths from input to output whose units both activate, Π over layers of c·c'/w: the
    /// neural path kernel of a fully connected network (Lakshminarayanan & Singh 2020).
    Path,
}

/// Parameters of the stage `code-kernel`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Which kernel.
    #[serde(default)]
    pub kind: KernelKind,
    /// Layers whose units make the code; of `path` all.
    #[serde(default)]
    pub layers: Layers,
    /// How many training samples the Gramians are of, the first ones; all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// Whether the rows test × train are computed too.
    #[serde(default = "yes")]
    pub test_rows: bool,
    /// Precision in which Gramians are stored; bits are counted exactly.
    #[serde(default)]
    pub precision: Precision,
}

fn yes() -> bool {
    true
}
