//! What a user may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of the stage `kernel-similarity`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// k of principal angles: numbers of leading eigenvectors. Nothing is decomposed where there is none.
    pub top: Vec<u32>,
    /// Step of the reference that every kernel is compared with; where left out, its only one, or the same step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_step: Option<u64>,
    /// Relative distance up to which two kernels count as the same.
    #[schemars(range(min = 0.0))]
    pub near: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { top: vec![10], reference_step: None, near: 0.1 }
    }
}
