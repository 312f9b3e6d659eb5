//! Tables of a kernel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Split, dataset};
use crate::outline::{Fact, FactType};
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[KERNELS, GRAM, DIAGONAL];

/// What the outline of a kernel states.
pub const FACTS: &[Fact] = &[
    dataset::TRAIN_SAMPLES,
    dataset::TEST_SAMPLES,
    dataset::INPUT_DIM,
    dataset::OUTPUT_DIM,
    Fact::required("checkpoints", FactType::Counts, "Steps that have a Gramian.")
        .shown("{} Gramians"),
    KERNEL_ROWS.shown("{} rows"),
    KERNEL_BLOCKS,
    REDUCTION,
    Fact::optional(
        "kernel_precision",
        FactType::Text,
        "`f32` or `f64`: the precision in which the Gramians are stored. Left out, f32 is planned for.",
    ),
];

/// Rows of a Gramian.
pub(super) const KERNEL_ROWS: Fact = Fact::required(
    "kernel_rows",
    FactType::Count,
    "Rows of each training Gramian: N, or N·o under `full`.",
);
/// Gramians a step.
pub(super) const KERNEL_BLOCKS: Fact = Fact::required(
    "kernel_blocks",
    FactType::Count,
    "Gramians per step: o under `per-output`, else 1.",
);
/// The reduction.
pub(super) const REDUCTION: Fact =
    Fact::required("reduction", FactType::Text, "`full`, `trace`, `per-output` or `summed-logit`.");

/// How a kernel of a network with several outputs is reduced to a matrix.
///
/// Tools differ here silently (some divide by the number of outputs); this project names it.
/// Every reduction leaves a network with one output unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// No reduction: one row and column for each pair (sample, output), sample-major; No × No.
    #[default]
    Full,
    /// Σ_a G^{aa}: the sum over outputs, not divided by their number; N × N.
    Trace,
    /// Each G^{aa} by itself: o matrices of N × N, told apart by the column `output`.
    PerOutput,
    /// The kernel of the summed output Σ_a f_a, that is Σ_{ab} G^{ab}; N × N.
    SummedLogit,
}

impl Reduction {
    /// The names of all reductions.
    pub const NAMES: &[&str] =
        &[Self::Full.name(), Self::Trace.name(), Self::PerOutput.name(), Self::SummedLogit.name()];

    /// The reduction's name as it stands in YAML and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Trace => "trace",
            Self::PerOutput => "per-output",
            Self::SummedLogit => "summed-logit",
        }
    }

    /// Matrices per step, and rows per sample in each, for a network of `outputs` outputs.
    #[must_use]
    pub const fn blocks(self, outputs: usize) -> (usize, usize) {
        match self {
            Self::Full => (1, outputs),
            Self::PerOutput => (outputs, 1),
            Self::Trace | Self::SummedLogit => (1, 1),
        }
    }
}

/// One row for each Gramian.
pub const KERNELS: Table = Table {
    name: "kernels",
    about: "One row for each Gramian: its size, what it was reduced to, and its norms over the training samples.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made before the checkpoint."),
        Column::new(
            "output",
            Data::UInt32,
            "Which output's Gramian this is under `per-output`; 0 otherwise.",
        ),
        Column::new(
            "learning_rate",
            Data::Float64,
            "δ at this step, where the kernel follows a training run.",
        )
        .or_null(),
        Column::new("trace", Data::Float64, "tr G."),
        Column::new("frobenius_norm", Data::Float64, "‖G‖_F."),
        Column::new("samples", Data::UInt32, "N, training samples."),
        Column::new("rows", Data::UInt32, "Rows of the training block: N, or N·o under `full`."),
        Column::new("test_rows", Data::UInt32, "Rows of test × train, 0 without a test split."),
        Column::new("reduction", Data::Text, "`full`, `trace`, `per-output` or `summed-logit`.")
            .one_of(Reduction::NAMES),
        Column::new(
            "precision",
            Data::Text,
            "`f32` or `f64`: the arithmetic in which gradients and sums were made, and in which the table `gram` keeps them.",
        )
        .one_of(&["f32", "f64"]),
    ],
};

/// A row of [`KERNELS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's Gramian this is under `per-output`; 0 otherwise.
    pub output: u32,
    /// δ at this step.
    pub learning_rate: Option<f64>,
    /// tr G.
    pub trace: f64,
    /// ‖G‖_F.
    pub frobenius_norm: f64,
    /// N, training samples.
    pub samples: u32,
    /// Rows of the training block.
    pub rows: u32,
    /// Rows of test × train.
    pub test_rows: u32,
    /// How several outputs were reduced.
    pub reduction: Reduction,
    /// `f32` or `f64`.
    pub precision: String,
}

impl Row for KernelRow {
    const TABLE: &'static Table = &KERNELS;
}

/// The Gramians themselves.
pub const GRAM: Table = Table {
    name: "gram",
    about: "The Gramians: one matrix row a table row, against the training samples; the training block first, then test × train.",
    version: 1,
    layout: Layout::PerStep,
    optional: false,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made before the checkpoint."),
        Column::new("split", Data::Text, "Split of the row's sample: `train` or `test`.")
            .one_of(Split::NAMES),
        Column::new("sample", Data::UInt32, "The row's sample within its split."),
        Column::new(
            "output",
            Data::UInt32,
            "The row's output: its index under `full`, the block under `per-output`, 0 otherwise.",
        ),
        Column::new(
            "values",
            Data::FloatList,
            "g(row, ·) against the columns: training samples, sample-major with outputs under `full`. In float64 where the kernel was made in f64.",
        ),
    ],
};

/// The kernel of each test sample with itself.
pub const DIAGONAL: Table = Table {
    name: "diagonal",
    about: "k(x, x) of test samples, of kernels that are covariances: what the variance of a prediction needs beside `gram`.",
    version: 1,
    layout: Layout::Tidy,
    optional: true,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made before the checkpoint."),
        Column::new("sample", Data::UInt32, "The sample within the test split."),
        Column::new(
            "output",
            Data::UInt32,
            "The output under `full` and `per-output`; 0 otherwise, reduced as the Gramian is.",
        ),
        Column::new("value", Data::Float64, "k(x, x)."),
    ],
};

/// A row of [`DIAGONAL`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagonalRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// The sample within the test split.
    pub sample: u32,
    /// The output under `full` and `per-output`; 0 otherwise.
    pub output: u32,
    /// k(x, x).
    pub value: f64,
}

impl Row for DiagonalRow {
    const TABLE: &'static Table = &DIAGONAL;
}
