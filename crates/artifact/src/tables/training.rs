//! Tables of a training run.

use serde::{Deserialize, Serialize};

use super::{Split, dataset};
use crate::outline::{Fact, FactType};
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[HISTORY, CHECKPOINTS, OUTPUTS, PRESENTATIONS, EXACT_EVENTS];

/// What the outline of a training run states.
pub const FACTS: &[Fact] = &[
    dataset::TRAIN_SAMPLES,
    dataset::TEST_SAMPLES,
    dataset::INPUT_DIM,
    dataset::INPUT_SHAPE,
    dataset::OUTPUT_DIM,
    dataset::LABELLED,
    Fact::required("last_step", FactType::Count, "Updates of the whole run.").shown("{} steps"),
    Fact::required("checkpoints", FactType::Counts, "Steps that have a checkpoint.")
        .shown("{} checkpoints"),
    Fact::optional("parameter_count", FactType::Count, "P, the network's parameters.")
        .shown("P {}"),
    Fact::optional(
        "network",
        FactType::Json,
        "The architecture, as `train` takes it; the stage `ntk` needs it.",
    ),
    Fact::optional(
        "layers",
        FactType::Json,
        "Its layers: `[{\"layer\": \"dense 10\", \"input\": [64], \"output\": [10], \"parameters\": 650, \"flops\": 1290, \"branches\": []}, …]`.",
    ),
    Fact::required("loss", FactType::Text, "`least_squares` or `cross_entropy`."),
    Fact::required(
        "optimizer",
        FactType::Text,
        "`gradient_descent` where every update is one of plain full-batch gradient descent, else another word, as `sgd` or `adam`.",
    ),
    Fact::optional(
        "learning_rates",
        FactType::Json,
        "δ of every update, as pieces of constant rate: `[{\"step\": 0, \"learning_rate\": 0.25}, …]`.",
    ),
];

/// What happened along the optimization.
pub const HISTORY: Table = Table {
    name: "history",
    about: "Losses and norms along the optimization: at every history interval, at every checkpoint and wherever the sharpness is measured.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made so far; the row tells of the parameters θ_step."),
        Column::new("learning_rate", Data::Float64, "δ of the update that leaves this step; at the last step, of the one that led there."),
        Column::new("train_loss", Data::Float64, "L(θ) over the whole training split; least squares with the ½."),
        Column::new("test_loss", Data::Float64, "The same over the test split, where there is one.").or_null(),
        Column::new("train_accuracy", Data::Float64, "Share of training samples whose largest output is their label.").or_null(),
        Column::new("test_accuracy", Data::Float64, "The same on the test split.").or_null(),
        Column::new("gradient_norm", Data::Float64, "‖∇L(θ)‖₂ of the gradient used by the update that leaves this step; NULL at the last step.").or_null(),
        Column::new("update_norm", Data::Float64, "‖θ_{step+1} − θ_step‖₂; NULL at the last step.").or_null(),
        Column::new("sharpness", Data::Float64, "Largest eigenvalue of the Hessian ∇²L(θ) over the whole training split, to compare with 2/δ; NULL where `sharpness` does not ask for it and where Lanczos' method did not reach its tolerance.").or_null(),
    ],
};

/// A row of [`HISTORY`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// Updates made so far.
    pub step: u64,
    /// δ of the update that leaves this step.
    pub learning_rate: f64,
    /// Mean loss over the training split.
    pub train_loss: f64,
    /// Mean loss over the test split.
    pub test_loss: Option<f64>,
    /// Share of training samples classified right.
    pub train_accuracy: Option<f64>,
    /// Share of test samples classified right.
    pub test_accuracy: Option<f64>,
    /// ‖∇L(θ)‖₂.
    pub gradient_norm: Option<f64>,
    /// ‖θ_{step+1} − θ_step‖₂.
    pub update_norm: Option<f64>,
    /// Largest eigenvalue of ∇²L(θ).
    pub sharpness: Option<f64>,
}

impl Row for HistoryRow {
    const TABLE: &'static Table = &HISTORY;
}

/// The parameters at each checkpoint.
pub const CHECKPOINTS: Table = Table {
    name: "checkpoints",
    about: "The network's parameters at each checkpoint, one row a parameter tensor.",
    version: 1,
    layout: Layout::PerStep,
    optional: false,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made so far."),
        Column::new(
            "parameter",
            Data::Text,
            "`layers.L.weight` (inputs × outputs, row-major) or `layers.L.bias`, L from 0.",
        ),
        Column::new("shape", Data::UInt32List, "Shape of the tensor."),
        Column::new("values", Data::Float32List, "Its entries, row-major."),
    ],
};

/// A row of [`CHECKPOINTS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRow {
    /// Updates made so far.
    pub step: u64,
    /// Name of the tensor.
    pub parameter: String,
    /// Its shape.
    pub shape: Vec<u32>,
    /// Its entries, row-major.
    pub values: Vec<f32>,
}

impl Row for CheckpointRow {
    const TABLE: &'static Table = &CHECKPOINTS;
}

/// What the network answers at each checkpoint.
pub const OUTPUTS: Table = Table {
    name: "outputs",
    about: "The network's outputs at each checkpoint on every sample.",
    version: 1,
    layout: Layout::Large,
    optional: false,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made so far."),
        Column::new("split", Data::Text, "`train` or `test`.").one_of(Split::NAMES),
        Column::new("sample", Data::UInt32, "Number of the sample within its split."),
        Column::new("output", Data::Float32List, "f_θ(x), o numbers."),
    ],
};

/// A row of [`OUTPUTS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputRow {
    /// Updates made so far.
    pub step: u64,
    /// Part of the dataset.
    pub split: Split,
    /// Number within the split.
    pub sample: u32,
    /// f_θ(x), o numbers.
    pub output: Vec<f32>,
}

impl Row for OutputRow {
    const TABLE: &'static Table = &OUTPUTS;
}

/// Every training sample each time an update saw it.
pub const PRESENTATIONS: Table = Table {
    name: "presentations",
    about: "Each training sample each time an update saw it, as the batch's own forward pass had it before that update (batch norm with the statistics of the batch); sorted by step, then by position in the batch. Toneva et al. 2019 count forgetting events between two presentations of a sample.",
    version: 1,
    layout: Layout::Large,
    optional: true,
    columns: &[
        Column::new(
            "step",
            Data::UInt64,
            "Updates made before this presentation: the outputs are those of θ_step. The last step presents nothing, for no update leaves it.",
        ),
        Column::new("sample", Data::UInt32, "Number of the sample within the training split."),
        Column::new(
            "correct",
            Data::Boolean,
            "Whether the sample's largest output is its label; of equal outputs the first counts as the largest.",
        ),
        Column::new("margin", Data::Float64, "Output of the label − largest other output."),
        Column::new(
            "loss",
            Data::Float64,
            "The sample's own loss ℓ(f_θ(x), y); least squares with the ½.",
        ),
    ],
};

/// A row of [`PRESENTATIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PresentationRow {
    /// Updates made before.
    pub step: u64,
    /// Number within the training split.
    pub sample: u32,
    /// Whether the largest output, of equal ones the first, is the label.
    pub correct: bool,
    /// Output of the label − largest other output.
    pub margin: f64,
    /// ℓ(f_θ(x), y).
    pub loss: f64,
}

impl Row for PresentationRow {
    const TABLE: &'static Table = &PRESENTATIONS;
}

/// What became of every training sample, looked at after every update.
pub const EXACT_EVENTS: Table = Table {
    name: "exact_events",
    about: "Forgetting and learning events of every training sample where the whole split is looked at at every step from 0 to the last, by the network as it is evaluated (batch norm with the statistics of the whole split). Between two presentations events are missed: theirs is a lower bound (Toneva et al. 2019).",
    version: 1,
    layout: Layout::Tidy,
    optional: true,
    columns: &[
        Column::new("sample", Data::UInt32, "Number of the sample within the training split."),
        Column::new(
            "events",
            Data::UInt64,
            "Forgetting events: steps at which the sample is wrong and was correct one step before.",
        ),
        Column::new(
            "learning_events",
            Data::UInt64,
            "Learning events: steps at which the sample is correct and was wrong one step before; before step 0 it counts as wrong.",
        ),
        Column::new(
            "first_learned",
            Data::UInt64,
            "First step at which the sample is correct; NULL where it never is.",
        )
        .or_null(),
        Column::new(
            "last_wrong",
            Data::UInt64,
            "Last step at which the sample is wrong; NULL where it never is.",
        )
        .or_null(),
        Column::new("correct_steps", Data::UInt64, "Steps at which the sample is correct."),
        Column::new(
            "looks",
            Data::UInt64,
            "Steps at which the sample was looked at: one more than updates were made.",
        ),
    ],
};

/// A row of [`EXACT_EVENTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExactEventsRow {
    /// Number within the training split.
    pub sample: u32,
    /// Times it turned from correct to wrong.
    pub events: u64,
    /// Times it turned from wrong to correct.
    pub learning_events: u64,
    /// First step at which it is correct.
    pub first_learned: Option<u64>,
    /// Last step at which it is wrong.
    pub last_wrong: Option<u64>,
    /// Steps at which it is correct.
    pub correct_steps: u64,
    /// Steps looked at; not called `steps`, as axes of sweeps may be.
    pub looks: u64,
}

impl Row for ExactEventsRow {
    const TABLE: &'static Table = &EXACT_EVENTS;
}
