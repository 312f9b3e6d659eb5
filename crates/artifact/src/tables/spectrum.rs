//! Tables of a spectrum.

use serde::{Deserialize, Serialize};

use super::{Signal, Split};
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[&Table] = &[&EIGENVALUES, &ENERGY, &DYNAMICS, &ALIGNMENT, &EIGENVECTORS];

const STEP: Column = Column::new("step", Data::UInt64, "Updates made before the checkpoint.");
const OUTPUT: Column = Column::new(
    "output",
    Data::UInt32,
    "Which output's kernel this is under the reduction `per-output`; 0 otherwise.",
);

/// Eigenvalues of each Gramian.
pub const EIGENVALUES: Table = Table {
    name: "eigenvalues",
    about: "Eigenvalues of the training Gramian, in falling order.",
    version: 1,
    layout: Layout::Tidy,
    columns: &[
        STEP,
        OUTPUT,
        Column::new("index", Data::UInt32, "i, counted from 1."),
        Column::new("eigenvalue", Data::Float64, "λᵢ."),
        Column::new(
            "resolved",
            Data::Boolean,
            "Whether λᵢ stands above rounding noise: above max(rows · ε · λ₁, ε₃₂ ‖G‖_F), ε the coarser precision of gradients and decomposition, and above the residual that a block method accepted. Below it is kept as it came.",
        ),
    ],
};

/// A row of [`EIGENVALUES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EigenvalueRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// i, counted from 1.
    pub index: u32,
    /// λᵢ.
    pub eigenvalue: f64,
    /// Whether λᵢ stands above the noise of its precision.
    pub resolved: bool,
}

impl Row for EigenvalueRow {
    const TABLE: &'static Table = &EIGENVALUES;
}

/// Relative energies.
pub const ENERGY: Table = Table {
    name: "energy",
    about: "Relative energy of a signal in the leading eigenvectors, cumulative over k (Kopitkov & Indelman 2019).",
    version: 1,
    layout: Layout::Tidy,
    columns: &[
        STEP,
        OUTPUT,
        Column::new(
            "split",
            Data::Text,
            "`train`: eigenvectors of the Gramian; `test`: their Nyström extension, orthonormalized on the test samples.",
        ),
        Column::new("signal", Data::Text, "`target`, `output` or `residual`."),
        Column::new("k", Data::UInt32, "Number of leading eigenvectors, from 1."),
        Column::new(
            "relative_energy",
            Data::Float64,
            "E(φ, k) = Σ_{i≤k} ⟨υᵢ, φ⟩² / ‖φ‖², in [0, 1] up to rounding.",
        ),
    ],
};

/// A row of [`ENERGY`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// Samples over which the energy is taken.
    pub split: Split,
    /// φ.
    pub signal: Signal,
    /// Number of leading eigenvectors, from 1.
    pub k: u32,
    /// E(φ, k).
    pub relative_energy: f64,
}

impl Row for EnergyRow {
    const TABLE: &'static Table = &ENERGY;
}

/// One row of scalars for each Gramian.
pub const DYNAMICS: Table = Table {
    name: "dynamics",
    about: "What the spectrum says of the optimization at each checkpoint.",
    version: 1,
    layout: Layout::Tidy,
    columns: &[
        STEP,
        OUTPUT,
        Column::new("learning_rate", Data::Float64, "δ of the update that leaves this step.").or_null(),
        Column::new("largest_eigenvalue", Data::Float64, "λ₁."),
        Column::new("stability_bound", Data::Float64, "2N/δ: full-batch least squares is stable along υ₁ exactly when λ₁ is below. NULL for other optimizers and losses, and where the reduction leaves out pairs of outputs.").or_null(),
        Column::new("trace", Data::Float64, "tr G."),
        Column::new("frobenius_norm", Data::Float64, "‖G‖_F."),
        Column::new("effective_rank_entropy", Data::Float64, "exp H(λ/Σλ) over all positive eigenvalues (Roy & Vetterli 2007); NULL where only the top k are known.").or_null(),
        Column::new("participation_ratio", Data::Float64, "(Σλ)²/Σλ², from trace and Frobenius norm.").or_null(),
        Column::new("first_order_error", Data::Float64, "‖a − b‖/‖a‖ with a = f̄_{t+1} − f̄_t and b = −(δ/N) G m̄; NULL where the step after was not kept or the optimizer is not plain gradient descent.").or_null(),
        Column::new("first_order_cosine", Data::Float64, "cos∠(a, b) of the same.").or_null(),
        Column::new("smallest_eigenvalue", Data::Float64, "λ_N, where all eigenvalues are known; under −2 times the noise it would contradict G = JJᵀ and is refused.").or_null(),
    ],
};

/// A row of [`DYNAMICS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DynamicsRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// δ.
    pub learning_rate: Option<f64>,
    /// λ₁.
    pub largest_eigenvalue: f64,
    /// 2N/δ.
    pub stability_bound: Option<f64>,
    /// tr G.
    pub trace: f64,
    /// ‖G‖_F.
    pub frobenius_norm: f64,
    /// exp H(λ/Σλ).
    pub effective_rank_entropy: Option<f64>,
    /// (Σλ)²/Σλ².
    pub participation_ratio: Option<f64>,
    /// ‖a − b‖/‖a‖.
    pub first_order_error: Option<f64>,
    /// cos∠(a, b).
    pub first_order_cosine: Option<f64>,
    /// λ_N.
    pub smallest_eigenvalue: Option<f64>,
}

impl Row for DynamicsRow {
    const TABLE: &'static Table = &DYNAMICS;
}

/// How kernels align with the target and with each other.
pub const ALIGNMENT: Table = Table {
    name: "alignment",
    about: "Alignment of each kernel with the target and with the kernels of other checkpoints.",
    version: 1,
    layout: Layout::Tidy,
    columns: &[
        STEP,
        OUTPUT,
        Column::new(
            "metric",
            Data::Text,
            "`kernel_target_alignment`, `centred_kernel_target_alignment`, `kernel_distance` or `eigenspace_overlap`.",
        ),
        Column::new(
            "reference_step",
            Data::UInt64,
            "The other checkpoint of a comparison: the first or the previous one.",
        )
        .or_null(),
        Column::new("k", Data::UInt32, "Number of eigenvectors of an eigenspace overlap.")
            .or_null(),
        Column::new("value", Data::Float64, "The measure."),
    ],
};

/// What a row of [`ALIGNMENT`] measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlignmentMetric {
    /// ȳᵀGȳ / (‖G‖_F ‖ȳ‖²) (Cristianini et al. 2001).
    KernelTargetAlignment,
    /// The same with G → CGC and ȳ → Cȳ, C = I − 11ᵀ/N (Cortes et al. 2012).
    CentredKernelTargetAlignment,
    /// S(t, t') = 1 − tr(G_t G_t') / (‖G_t‖_F ‖G_t'‖_F) (Fort et al. 2020).
    KernelDistance,
    /// ‖V_k(t)ᵀ V_k(t')‖_F² / k.
    EigenspaceOverlap,
}

/// A row of [`ALIGNMENT`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlignmentRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// What is measured.
    pub metric: AlignmentMetric,
    /// The other checkpoint of a comparison.
    pub reference_step: Option<u64>,
    /// Number of eigenvectors.
    pub k: Option<u32>,
    /// The measure.
    pub value: f64,
}

impl Row for AlignmentRow {
    const TABLE: &'static Table = &ALIGNMENT;
}

/// The leading eigenvectors.
pub const EIGENVECTORS: Table = Table {
    name: "eigenvectors",
    about: "The leading eigenvectors υᵢ over the training samples and, by the Nyström formula, over the test samples.",
    version: 1,
    layout: Layout::Large,
    columns: &[
        STEP,
        OUTPUT,
        Column::new("index", Data::UInt32, "i, counted from 1."),
        Column::new(
            "split",
            Data::Text,
            "`train` (‖υᵢ‖ = 1) or `test` (υᵢ(x) = (1/λᵢ) Σⱼ g(x, xⱼ) υᵢ(xⱼ)).",
        ),
        Column::new(
            "values",
            Data::Float32List,
            "One number a kernel row, in the order of the Gramian; the largest in magnitude over the training samples is positive.",
        ),
    ],
};

/// A row of [`EIGENVECTORS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EigenvectorRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// i, counted from 1.
    pub index: u32,
    /// Samples over which the vector is given.
    pub split: Split,
    /// One number a kernel row.
    pub values: Vec<f32>,
}

impl Row for EigenvectorRow {
    const TABLE: &'static Table = &EIGENVECTORS;
}
