//! The kind of artifact that the stage makes.

use artifact::tables::Split;
use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// Many networks, or many kernel predictors, as one.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "ensemble",
    about: "How good many networks, or many kernel predictors, are as one.",
    tables: &[ENSEMBLES, MEAN_PREDICTIONS],
    facts: &[],
});

/// What the members of an ensemble are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Networks.
    Training,
    /// Kernel ridge regressions.
    Prediction,
}

impl Source {
    const NAMES: &'static [&'static str] = &["training", "prediction"];

    /// Its name, which is also that of its port.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What is made of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    /// A member by itself.
    One,
    /// A member without the function that it starts from.
    Centred,
    /// The mean of the members.
    Ensemble,
    /// The mean of the members, each without the function that it starts from.
    CentredEnsemble,
}

impl Predictor {
    const NAMES: &'static [&'static str] = &["one", "centred", "ensemble", "centred_ensemble"];
}

const SOURCE: Column = Column::new(
    "source",
    Data::Text,
    "`training`: members are networks. `prediction`: they are kernel ridge regressions with the chosen ridge.",
)
.one_of(Source::NAMES);
const STAGE: Column =
    Column::new("stage", Data::Text, "Stage of the pipeline that made the members.").or_null();
const GROUP: Column = Column::new(
    "group",
    Data::Text,
    "What the members have in common: the values of the axes that they do not differ in, as `width=64,decay=0.5`, with `stage=NAME` before them where several stages made members of this source. Empty where there are neither.",
);
const STEP: Column = Column::new("step", Data::UInt64, "Step of the networks, or of the kernels.");

/// How good each predictor is.
pub const ENSEMBLES: Table = Table {
    name: "ensembles",
    about: "How good members are by themselves and as one, at each step that all of them have.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        SOURCE,
        STAGE,
        GROUP,
        STEP,
        Column::new(
            "predictor",
            Data::Text,
            "`one`: a member f by itself, the mean over members of each measure. `centred`: the same of f_t − f_0, of networks whose step 0 is known; on training samples it misses y by f_0 where f_t was trained to be y. `ensemble`: the mean of the members. `centred_ensemble`: the mean of f_t − f_0.",
        )
        .one_of(Predictor::NAMES),
        Column::new("split", Data::Text, "`train` or `test`; `train` only where all members have the same.")
            .one_of(Split::NAMES),
        Column::new("members", Data::UInt32, "M."),
        Column::new(
            "accuracy",
            Data::Float64,
            "Share of samples whose largest output is their label. NULL without labels.",
        )
        .or_null(),
        Column::new(
            "accuracy_error",
            Data::Float64,
            "Its standard error over members, of an ensemble by the jackknife. NULL with one member.",
        )
        .or_null(),
        Column::new("mse", Data::Float64, "Mean of (f − y)² over samples and outputs."),
        Column::new("mse_error", Data::Float64, "Its standard error, as `accuracy_error`.").or_null(),
        Column::new(
            "variance",
            Data::Float64,
            "Mean over samples and outputs of the unbiased variance over members: of f, and of f_t − f_0 where the predictor is centred. NULL with one member.",
        )
        .or_null(),
        Column::new(
            "distance_to_kernel",
            Data::Float64,
            "‖f − f_kernel‖ / ‖f_kernel‖ over test samples: f_kernel is the mean of the kernel predictors that go with these networks, at their last step. NULL where none or several groups of them do.",
        )
        .or_null(),
        Column::new(
            "distance_error",
            Data::Float64,
            "Its standard error over networks, as `accuracy_error`.",
        )
        .or_null(),
    ],
};

/// A row of [`ENSEMBLES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnsembleRow {
    /// What the members are.
    pub source: Source,
    /// Stage that made them.
    pub stage: Option<String>,
    /// What they have in common.
    pub group: String,
    /// Step of networks or kernels.
    pub step: u64,
    /// What is made of them.
    pub predictor: Predictor,
    /// Which samples.
    pub split: Split,
    /// M.
    pub members: u32,
    /// Share of samples classified right.
    pub accuracy: Option<f64>,
    /// Standard error of the accuracy.
    pub accuracy_error: Option<f64>,
    /// Mean squared error.
    pub mse: f64,
    /// Standard error of the mean squared error.
    pub mse_error: Option<f64>,
    /// Mean variance over members.
    pub variance: Option<f64>,
    /// ‖f − f_kernel‖ / ‖f_kernel‖.
    pub distance_to_kernel: Option<f64>,
    /// Standard error of the distance.
    pub distance_error: Option<f64>,
}

impl Row for EnsembleRow {
    const TABLE: &'static Table = &ENSEMBLES;
}

/// What ensembles predict.
pub const MEAN_PREDICTIONS: Table = Table {
    name: "mean_predictions",
    about: "The mean of the members on each sample, at the last step that all of them have.",
    version: 1,
    layout: Layout::Large,
    optional: false,
    columns: &[
        SOURCE,
        STAGE,
        GROUP,
        STEP,
        Column::new(
            "split",
            Data::Text,
            "`train` or `test`; `train` only where all members have the same.",
        )
        .one_of(Split::NAMES),
        Column::new("sample", Data::UInt32, "Number of the sample within its split."),
        Column::new("mean", Data::Float32List, "Mean of f(x) over members, o numbers."),
        Column::new(
            "variance",
            Data::Float64,
            "Unbiased variance of f(x) over members, the mean over outputs. NULL with one member.",
        )
        .or_null(),
    ],
};

/// A row of [`MEAN_PREDICTIONS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanPredictionRow {
    /// What the members are.
    pub source: Source,
    /// Stage that made them.
    pub stage: Option<String>,
    /// What they have in common.
    pub group: String,
    /// Last step that all members have.
    pub step: u64,
    /// Which samples.
    pub split: Split,
    /// Number within the split.
    pub sample: u32,
    /// Mean of f(x).
    pub mean: Vec<f32>,
    /// Variance of f(x).
    pub variance: Option<f64>,
}

impl Row for MeanPredictionRow {
    const TABLE: &'static Table = &MEAN_PREDICTIONS;
}
