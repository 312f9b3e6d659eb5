//! What a user may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a user may set of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Headline of the page; without it the page is named for what it shows.
    #[serde(default)]
    pub title: Option<String>,
    /// k of the findings and of the energies that are followed over the steps: the number of
    /// leading eigenvectors that count as the top of the spectrum.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1))]
    pub top: u32,
    /// Number of leading eigenfunctions drawn for inputs of one or two dimensions.
    #[serde(default = "six")]
    #[schemars(range(min = 1, max = 64))]
    pub eigenfunctions: u32,
    /// Width of the pictures of two-dimensional functions, in pixels.
    #[serde(default = "picture_width")]
    #[schemars(range(min = 16, max = 1024))]
    pub picture_width: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { title: None, top: fifty(), eigenfunctions: six(), picture_width: picture_width() }
    }
}

fn fifty() -> u32 {
    50
}

fn six() -> u32 {
    6
}

fn picture_width() -> u32 {
    128
}
