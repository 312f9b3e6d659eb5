//! What a user may set.

use artifact::Precision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a user may set under `with:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Relative ridges ε of K + λI, in units of the mean of the kernel's diagonal: λ = ε · tr K / N. 0 is none.
    #[schemars(inner(range(min = 0.0)))]
    pub ridges: Vec<f64>,
    /// Relative times r of gradient flow: τ = r · N / tr K, so that r = 1/ε goes with the ridge ε.
    pub times: Vec<f64>,
    /// Whether the training run's own gradient descent is predicted at each of its checkpoints. Nothing
    /// is where no training run is wired, or where it is not plain gradient descent on least squares.
    pub descent: bool,
    /// What predictions start from.
    pub start: Start,
    /// How many training samples are used, the first ones. Left out, all of the kernel's.
    #[schemars(range(min = 1))]
    pub samples: Option<u32>,
    /// Bits to which the significand of each entry of the kernel is rounded first, to show what
    /// precision does. Left out, none is.
    #[schemars(range(min = 4, max = 52))]
    pub round_bits: Option<u32>,
    /// Arithmetic of the decomposition. Sums with what it finds are f64 either way.
    pub precision: Precision,
    /// Which predictions the table `predictions` keeps.
    pub predictions: Predictions,
}

/// What predictions start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The function that is 0.
    #[default]
    Zero,
    /// The network's outputs at the kernel's own step: the kernel predicts what is left to learn.
    Network,
}

/// Which predictions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Predictions {
    /// Those of the chosen ridge and the chosen times.
    #[default]
    Chosen,
    /// All.
    All,
    /// None.
    None,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            ridges: vec![1e-6, 1e-4, 1e-2, 1.0],
            times: Vec::new(),
            descent: true,
            start: Start::default(),
            samples: None,
            round_bits: None,
            precision: Precision::F64,
            predictions: Predictions::default(),
        }
    }
}
