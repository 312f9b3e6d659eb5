//! What a user may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of the stage `regions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Number of lines, each from one training sample to another, drawn by the seed: where there are classes, half of
    /// them within a class and half between two.
    #[schemars(range(min = 1, max = 100_000))]
    pub lines: u32,
    /// Number of planes, each through three training samples drawn by the seed; of inputs of two dimensions, where there is one
    /// plane, 0 or 1.
    #[schemars(range(max = 100))]
    pub planes: u32,
    /// Tiles along the longer side of a plane's picture.
    #[schemars(range(min = 8, max = 1000))]
    pub resolution: u32,
    /// How far a plane's window reaches beyond its samples, relative to their extent.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub margin: f64,
    /// Regions of a line or a plane at most. Beyond, their number is NULL and there are no tiles.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub most_regions: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { lines: 32, planes: 1, resolution: 160, margin: 0.1, most_regions: 100_000 }
    }
}
