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
    /// Axes of the sweep that set seeds and whose values are ensembles of their own all the same, which repeat
    /// each other: `apart: [seed]` where draws of the dataset are not members.
    pub apart: Vec<String>,
}
