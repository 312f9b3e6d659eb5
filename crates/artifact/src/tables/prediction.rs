//! Tables of predictions.

use serde::{Deserialize, Serialize};

use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[SCORES, PREDICTIONS];

/// How a prediction was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Kernel ridge regression.
    Ridge,
    /// Kernel gradient flow.
    Flow,
    /// The gradient descent of the training run, on the linear model of the kernel.
    Descent,
    /// The trained network itself.
    Network,
}

impl Method {
    const NAMES: &'static [&'static str] = &["ridge", "flow", "descent", "network"];

    /// Its name, as in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Which samples are predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Training samples.
    Train,
    /// Test samples.
    Test,
    /// Training samples, each predicted from all others.
    LeftOut,
}

impl Part {
    const NAMES: &'static [&'static str] = &["train", "test", "left_out"];
}

const STEP: Column =
    Column::new("step", Data::UInt64, "Step of the kernel; of the network, its last checkpoint.");
const METHOD: Column = Column::new(
    "method",
    Data::Text,
    "`ridge`: f = K_*X (K + λI)⁻¹ Y. `flow`: gradient flow on the linear model of the kernel. `descent`: on the same model the training run's own gradient descent. `network`: the trained network itself.",
)
.one_of(Method::NAMES);
const RIDGE: Column =
    Column::new("ridge", Data::Float64, "ε of `ridge`: λ = ε · tr K / N.").or_null();
const TIME: Column = Column::new(
    "time",
    Data::Float64,
    "Of `flow` the relative time r, τ = r · N / tr K; of `descent` updates, from the kernel's step on where predictions start from the network.",
)
.or_null();

/// How good each prediction is.
pub const SCORES: Table = Table {
    name: "scores",
    about: "How good the predictions of each ridge and time are, and of the network.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        METHOD,
        RIDGE,
        TIME,
        Column::new(
            "split",
            Data::Text,
            "`train`, `test`, or `left_out`: training samples, each predicted from all others. Exact for `ridge`; for `flow` and `descent` by r/(1 − H), which holds the smoother's own weights fixed.",
        )
        .one_of(Part::NAMES),
        Column::new(
            "accuracy",
            Data::Float64,
            "Share of samples whose largest output is their label. NULL without labels, and where there is no prediction.",
        )
        .or_null(),
        Column::new(
            "mse",
            Data::Float64,
            "Mean of (f − y)² over samples and outputs. NULL where there is no prediction: K + λI has an eigenvalue of 0 or below, or numbers overflow.",
        )
        .or_null(),
        Column::new(
            "nll",
            Data::Float64,
            "Of a Gaussian process, on test samples: mean of ½ log 2π(v + λ) + (y − f)² / 2(v + λ) over samples and outputs.",
        )
        .or_null(),
        Column::new(
            "distance_to_network",
            Data::Float64,
            "‖f − f_net‖ / ‖f‖ over the split: f_net are the network's outputs at its last checkpoint, for `descent` at the same update.",
        )
        .or_null(),
        Column::new(
            "chosen",
            Data::Boolean,
            "Whether the mse of `left_out` is the least of all ridges, or of all times of the method, at this step.",
        ),
        Column::new(
            "resolved",
            Data::Boolean,
            "Whether s_min + λ is above the rounding noise of the kernel; for a time with 1/g(0) in place of λ: 1/τ, or N / Σδ.",
        ),
        Column::new("samples", Data::UInt32, "N, training samples used."),
    ],
};

/// A row of [`SCORES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// Step of the kernel.
    pub step: u64,
    /// How the prediction was made.
    pub method: Method,
    /// ε.
    pub ridge: Option<f64>,
    /// r or t.
    pub time: Option<f64>,
    /// Which samples.
    pub split: Part,
    /// Share of samples classified right.
    pub accuracy: Option<f64>,
    /// Mean squared error.
    pub mse: Option<f64>,
    /// Negative log-likelihood.
    pub nll: Option<f64>,
    /// ‖f − f_net‖ / ‖f‖.
    pub distance_to_network: Option<f64>,
    /// Whether it has the least error on samples left out.
    pub chosen: bool,
    /// Whether it stands above rounding.
    pub resolved: bool,
    /// N.
    pub samples: u32,
}

impl Row for ScoreRow {
    const TABLE: &'static Table = &SCORES;
}

/// The predictions.
pub const PREDICTIONS: Table = Table {
    name: "predictions",
    about: "What is predicted of each sample, of the ridges and times that `predictions` asks for.",
    version: 1,
    layout: Layout::Large,
    optional: false,
    columns: &[
        STEP,
        METHOD,
        RIDGE,
        TIME,
        Column::new("split", Data::Text, "`train` or `test`.").one_of(&["train", "test"]),
        Column::new("sample", Data::UInt32, "Number of the sample within its split."),
        Column::new("mean", Data::Float32List, "f(x), o numbers."),
        Column::new(
            "variance",
            Data::Float64,
            "Of test samples, Var f(x) of the Gaussian process or of the ensemble of infinite networks, the mean over outputs. NULL where there is no table `diagonal`, where predictions start from the network, and where rounding made it negative.",
        )
        .or_null(),
    ],
};

/// A row of [`PREDICTIONS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionRow {
    /// Step of the kernel.
    pub step: u64,
    /// How the prediction was made.
    pub method: Method,
    /// ε.
    pub ridge: Option<f64>,
    /// r or t.
    pub time: Option<f64>,
    /// Which samples.
    pub split: Part,
    /// Number within the split.
    pub sample: u32,
    /// f(x).
    pub mean: Vec<f32>,
    /// Var f(x).
    pub variance: Option<f64>,
}

impl Row for PredictionRow {
    const TABLE: &'static Table = &PREDICTIONS;
}
