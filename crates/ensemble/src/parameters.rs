//! What a user may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a user may set under `with:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Axes of the sweep whose values are members of one ensemble, by name, beside those that set seeds:
    /// `over: [draw]`.
    pub over: Vec<String>,
}
