//! What a user may set of a kernel.

use artifact::tables::kernel::Reduction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of the stage `ntk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How the kernel of a network with several outputs becomes a matrix.
    #[serde(default)]
    pub reduction: Reduction,
    /// Arithmetic of gradients and sums; Gramians are stored in f32 either way.
    #[serde(default)]
    pub precision: Precision,
    /// Whether the rows test × train are computed too.
    #[serde(default = "yes")]
    pub test_rows: bool,
}

/// Arithmetic of gradients and sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision, in which networks are trained.
    #[default]
    F32,
    /// Double precision.
    F64,
}

fn yes() -> bool {
    true
}
