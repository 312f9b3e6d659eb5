//! What a user may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use study::{Figure, Trend};

/// What a user may set of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Headline of the page [default: what the pipeline is about].
    #[serde(default)]
    #[schemars(extend("x-pipeline" = "about"))]
    pub title: Option<String>,
    /// A word above the headline [default: the pipeline's name].
    #[serde(default)]
    #[schemars(extend("x-pipeline" = "name"))]
    pub name: Option<String>,
    /// Figures of your own, beside those that the stages bring: from any table of the inputs.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// Findings over the sweep of your own: whether a number of a finding of each variant rises or falls along
    /// an axis, or between two values of one, by more than two standard errors over seeds.
    #[serde(default)]
    pub trends: Vec<Trend>,
    /// Width of the pictures of two-dimensional functions, in pixels.
    #[serde(default = "picture_width")]
    #[schemars(range(min = 16, max = 1024))]
    pub picture_width: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            title: None,
            name: None,
            figures: Vec::new(),
            trends: Vec::new(),
            picture_width: picture_width(),
        }
    }
}

fn picture_width() -> u32 {
    128
}
