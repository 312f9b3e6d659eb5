//! What a user may set of a kernel.

use artifact::Precision;
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
    /// Arithmetic of gradients and sums, in which Gramians are stored as well: under `f64` they take
    /// twice the memory and the disk, and keep eigenvalues that f32 buries in rounding, as those of
    /// smooth activations.
    #[serde(default)]
    pub precision: Precision,
    /// How many training samples the Gramians are of, the first ones; all where left out. What holds for
    /// updates on all of them, as bounds on the rate, is not measured then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// Whether the rows test × train are computed too.
    #[serde(default = "yes")]
    pub test_rows: bool,
}

fn yes() -> bool {
    true
}
