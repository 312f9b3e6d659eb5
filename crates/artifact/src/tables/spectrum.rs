//! Tables of a spectrum.

use serde::{Deserialize, Serialize};

use super::{Signal, Split, dataset, kernel};
use crate::outline::{Fact, FactType};
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[
    EIGENVALUES,
    ENERGY,
    DYNAMICS,
    ALIGNMENT,
    FREQUENCY,
    BASELINE,
    FROZEN_DESCENT,
    SUBSPACE_OVERLAP,
    MODE_OVERLAP,
    EIGENVECTORS,
    KERNEL_ROWS,
];

/// What the outline of a spectrum states.
pub const FACTS: &[Fact] = &[
    dataset::TRAIN_SAMPLES,
    dataset::TEST_SAMPLES,
    dataset::INPUT_DIM,
    dataset::OUTPUT_DIM,
    Fact::required("checkpoints", FactType::Counts, "Steps that have a spectrum.")
        .shown("{} spectra"),
    kernel::KERNEL_ROWS,
    kernel::KERNEL_BLOCKS,
    kernel::REDUCTION,
];

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
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        Column::new("index", Data::UInt32, "i, counted from 1."),
        Column::new("eigenvalue", Data::Float64, "λᵢ."),
        Column::new(
            "resolved",
            Data::Boolean,
            "Whether λᵢ stands above rounding noise: above max(rows · ε · λ₁, ε′ ‖G‖_F), ε the coarser precision of gradients and decomposition and ε′ that of the stored Gramian and the decomposition, and above the residual that a block method accepted. Below it is kept as it came; nothing that rests on its eigenvector is measured.",
        ),
        Column::new("fisher_eigenvalue", Data::Float64, "λᵢ/N, an eigenvalue of the Fisher information F = (1/N) JᵀJ of a least-squares fit: F has the nonzero spectrum of G/N. NULL for other losses, and where the reduction leaves out pairs of outputs.").or_null(),
        Column::new("mode_speed", Data::Float64, "1 − |1 − δ λᵢ/N|, the share of mode i of a least-squares residual that one step of gradient descent takes away; negative where the mode grows. NULL for other optimizers and losses, where the reduction leaves out pairs of outputs, and where λᵢ is not resolved.").or_null(),
        Column::new("frequency_centroid", Data::Float64, "Mean |κ| of υᵢ over the band of the table `frequency`, weighted by energy; several outputs under `full` are added. NULL where υᵢ is not resolved or not in `frequency`.").in_unit("cycles per box").or_null(),
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
    /// λᵢ/N.
    pub fisher_eigenvalue: Option<f64>,
    /// 1 − |1 − δ λᵢ/N|.
    pub mode_speed: Option<f64>,
    /// Mean radial frequency of υᵢ.
    pub frequency_centroid: Option<f64>,
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
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        Column::new(
            "split",
            Data::Text,
            "`train`: eigenvectors of the Gramian; `test`: their Nyström extension, orthonormalized on the test samples.",
        )
        .one_of(Split::NAMES),
        Column::new("signal", Data::Text, "`target`, `output`, `residual`, or `shuffled_target`: the mean of the target's energies over all orders of its samples, in closed form. It keeps the target's values and mean and has no other structure, so it is the control for `target`.")
            .one_of(Signal::NAMES),
        Column::new("k", Data::UInt32, "Number of leading eigenvectors, from 1."),
        Column::new(
            "relative_energy",
            Data::Float64,
            "E(φ, k) = Σ_{i≤k} ⟨υᵢ, φ⟩² / ‖φ‖², in [0, 1] up to rounding. NULL where k exceeds the number of resolved eigenpairs, where no more than k − 1 extended eigenvectors are independent on the test samples, and where φ is zero or, for a residual, below the rounding of outputs and targets.",
        )
        .or_null(),
        Column::new("mode_energy", Data::Float64, "⟨υ_k, φ⟩² / ‖φ‖², the share of mode k alone: E(φ, k) − E(φ, k − 1). NULL where E(φ, k) is, and from a stage that writes cumulative energies only.").or_null(),
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
    pub relative_energy: Option<f64>,
    /// ⟨υ_k, φ⟩² / ‖φ‖².
    pub mode_energy: Option<f64>,
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
    optional: false,
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
        Column::new("first_order_error", Data::Float64, "‖a − b‖/‖a‖ with a = f̄_{t+1} − f̄_t and b = −(δ/N) G m̄; NULL where the step after was not kept, where the optimizer is not plain gradient descent, and where the update is below the rounding of the stored outputs.").or_null(),
        Column::new("first_order_cosine", Data::Float64, "cos∠(a, b) of the same; NULL also where G m̄ is below the rounding of G.").or_null(),
        Column::new("smallest_eigenvalue", Data::Float64, "λ_N, where all eigenvalues are known; under −2 times the noise it would contradict G = JJᵀ and is refused.").or_null(),
        Column::new("resolved_count", Data::UInt32, "Number of leading eigenvalues that are `resolved` in the table `eigenvalues`; where only the top k are known, at most k. NULL from a stage that does not count them.").or_null(),
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
    /// Number of resolved eigenvalues.
    pub resolved_count: Option<u32>,
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
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        Column::new(
            "metric",
            Data::Text,
            "`kernel_target_alignment`, `centred_kernel_target_alignment`, `spectral_position` (m̄ᵀGm̄/(tr G ‖m̄‖²)), `kernel_distance` (S), `kernel_velocity` (S a step, from the previous checkpoint on), `eigenspace_overlap`, `largest_principal_angle` or `mean_principal_angle` (radians).",
        ),
        Column::new(
            "reference_step",
            Data::UInt64,
            "The other checkpoint of a comparison: the first or the previous one.",
        )
        .or_null(),
        Column::new(
            "k",
            Data::UInt32,
            "Number of eigenvectors of an overlap or a principal angle.",
        )
        .or_null(),
        Column::new("value", Data::Float64, "The measure. NULL where it would be rounding noise: overlaps and angles of k eigenvectors where either kernel has fewer resolved eigenpairs; centred alignment where C ȳ or C G C is below rounding; spectral position where m̄ is; alignment with a target of zero.").or_null(),
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
    /// m̄ᵀGm̄ / (tr G ‖m̄‖²) (arXiv 2605.31244).
    SpectralPosition,
    /// S(t, t + Δ) / Δ between a checkpoint and the one before (Fort et al. 2020).
    KernelVelocity,
    /// The largest of the k principal angles between two leading eigenspaces, in radians.
    LargestPrincipalAngle,
    /// The mean of the k principal angles, in radians.
    MeanPrincipalAngle,
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
    pub value: Option<f64>,
}

impl Row for AlignmentRow {
    const TABLE: &'static Table = &ALIGNMENT;
}

/// Fourier content of the leading eigenvectors.
pub const FREQUENCY: Table = Table {
    name: "frequency",
    about: "Energy of each leading resolved eigenvector by radial frequency: on the sinusoids 1, cos 2πκ·u, sin 2πκ·u of the bounding box of the training inputs (u = 0 to 1 along each side), made orthonormal on the samples from low frequencies to high, nothing resampled. Empty for more than three input dimensions, and for inputs without extent along one. Several outputs under `full` are projected each by itself and added.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        Column::new("index", Data::UInt32, "i, counted from 1."),
        Column::new("radial_frequency", Data::UInt32, "r of the bin r − ½ < |κ| < r + ½; NULL for what lies outside the band of the sinusoids.").in_unit("cycles per box").or_null(),
        Column::new("directions", Data::UInt32, "Orthonormal directions of the bin; white noise has directions/rows of its energy here."),
        Column::new("energy", Data::Float64, "Share of ‖υᵢ‖² = 1, in [0, 1] up to rounding; over all bins and the rest, 1."),
    ],
};

/// A row of [`FREQUENCY`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrequencyRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// i, counted from 1.
    pub index: u32,
    /// Centre of the bin, none for what lies outside the band.
    pub radial_frequency: Option<u32>,
    /// Orthonormal directions of the bin.
    pub directions: u32,
    /// Share of ‖υᵢ‖².
    pub energy: f64,
}

impl Row for FrequencyRow {
    const TABLE: &'static Table = &FREQUENCY;
}

/// Relative energies of the target in sinusoids.
pub const BASELINE: Table = Table {
    name: "baseline",
    about: "Relative energy of the target in the k sinusoids of lowest frequency: what a basis that knows nothing of the network reaches, to hold against `energy`. The sinusoids are those of the table `frequency`, made orthonormal on the samples of each split. Each output is measured by itself, so k counts sinusoids for one output.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new(
            "split",
            Data::Text,
            "`train` or `test`, the samples over which the energy is taken.",
        )
        .one_of(Split::NAMES),
        Column::new("output", Data::UInt32, "Output of the target, from 0."),
        Column::new("signal", Data::Text, "`target`."),
        Column::new(
            "k",
            Data::UInt32,
            "Number of sinusoids, from 1: by rising |κ|, for each κ the cosine before the sine.",
        ),
        Column::new(
            "relative_energy",
            Data::Float64,
            "E(φ, k) = Σ_{i≤k} ⟨sᵢ, φ⟩² / ‖φ‖², in [0, 1] up to rounding.",
        ),
    ],
};

/// A row of [`BASELINE`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineRow {
    /// Samples over which the energy is taken.
    pub split: Split,
    /// Output of the target.
    pub output: u32,
    /// φ.
    pub signal: Signal,
    /// Number of sinusoids, from 1.
    pub k: u32,
    /// E(φ, k).
    pub relative_energy: f64,
}

impl Row for BaselineRow {
    const TABLE: &'static Table = &BASELINE;
}

/// Descent with a kernel that does not change.
pub const FROZEN_DESCENT: Table = Table {
    name: "frozen_descent",
    about: "Loss of least-squares gradient descent with the first and with the last kernel held fixed, m̄ ← (I − (δ_t/N) G) m̄, from the outputs at the first kernel's step, at up to 401 of the steps of `history`. Empty for other optimizers and losses, where the reduction leaves out pairs of outputs, and where the rate of some update is not known.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("kernel_step", Data::UInt64, "Step of the kernel that is held fixed."),
        Column::new(
            "rates",
            Data::Text,
            "`run`: the δ_t of the run, of which a kernel that has grown since is often beyond its 2N/λ₁. `stable`: the same, but never above N/‖G‖_F of the larger of the two kernels, so that no mode of either overshoots: what compares their speed. `same_trace`: the first kernel G₀ is scaled to the trace of the last one G_T, G₀ tr G_T / tr G₀, and the rates are `stable` for these two kernels: what compares their shapes without their sizes.",
        ),
        Column::new("step", Data::UInt64, "Updates made so far."),
        Column::new("split", Data::Text, "`train`, or `test`: f ← f − (δ_t/N) g(x, ·) m̄.")
            .one_of(Split::NAMES),
        Column::new(
            "loss",
            Data::Float64,
            "L with the ½, as in `history`; NULL once the descent has diverged beyond all numbers.",
        )
        .or_null(),
    ],
};

/// Learning rates and scale of a row of [`FROZEN_DESCENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrozenRates {
    /// δ_t of the run.
    Run,
    /// δ_t, at most N/‖G‖_F of the larger of the two kernels.
    Stable,
    /// The same for kernels of the same trace: the first one is scaled to that of the last.
    SameTrace,
}

/// A row of [`FROZEN_DESCENT`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrozenDescentRow {
    /// Step of the kernel that is held fixed.
    pub kernel_step: u64,
    /// Learning rates of the descent, and the scale of the first kernel.
    pub rates: FrozenRates,
    /// Updates made so far.
    pub step: u64,
    /// Samples over which the loss is taken.
    pub split: Split,
    /// L(f).
    pub loss: Option<f64>,
}

impl Row for FrozenDescentRow {
    const TABLE: &'static Table = &FROZEN_DESCENT;
}

/// The leading eigenvectors.
pub const EIGENVECTORS: Table = Table {
    name: "eigenvectors",
    about: "The leading resolved eigenvectors υᵢ over the training samples and, by the Nyström formula, over the test samples.",
    version: 1,
    layout: Layout::Large,
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        Column::new("index", Data::UInt32, "i, counted from 1."),
        Column::new(
            "split",
            Data::Text,
            "`train` (‖υᵢ‖ = 1) or `test` (υᵢ(x) = (1/λᵢ) Σⱼ g(x, xⱼ) υᵢ(xⱼ)).",
        )
        .one_of(Split::NAMES),
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

/// Overlap of the leading eigenspaces of any two checkpoints.
pub const SUBSPACE_OVERLAP: Table = Table {
    name: "subspace_overlap",
    about: "Overlap ‖V(t)ᵀV(t')‖²/k of the spaces that the k leading eigenvectors span at any two of up to 60 checkpoints: k = 10, or as many as are resolved at all of them. Several outputs: the kernel of output 0.",
    version: 1,
    layout: Layout::Tidy,
    optional: true,
    columns: &[
        STEP,
        Column::new("other_step", Data::UInt64, "Updates made before the other checkpoint."),
        Column::new("k", Data::UInt32, "Number of eigenvectors."),
        Column::new("overlap", Data::Float64, "‖V(t)ᵀV(t')‖²/k, in [0, 1] up to rounding."),
    ],
};

/// A row of [`SUBSPACE_OVERLAP`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubspaceOverlapRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Updates made before the other checkpoint.
    pub other_step: u64,
    /// Number of eigenvectors.
    pub k: u32,
    /// ‖V(t)ᵀV(t')‖²/k.
    pub overlap: f64,
}

impl Row for SubspaceOverlapRow {
    const TABLE: &'static Table = &SUBSPACE_OVERLAP;
}

/// Overlap of single modes of the first and of the last checkpoint.
pub const MODE_OVERLAP: Table = Table {
    name: "mode_overlap",
    about: "⟨υᵢ, υⱼ⟩² of the leading modes of the last checkpoint with those of the first, as many as `subspace_overlap` compares. Empty with one checkpoint.",
    version: 1,
    layout: Layout::Tidy,
    optional: true,
    columns: &[
        Column::new("index", Data::UInt32, "i at the last checkpoint, counted from 1."),
        Column::new("other_index", Data::UInt32, "j at the first checkpoint, counted from 1."),
        Column::new("overlap", Data::Float64, "⟨υᵢ, υⱼ⟩²."),
    ],
};

/// A row of [`MODE_OVERLAP`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModeOverlapRow {
    /// i at the last checkpoint.
    pub index: u32,
    /// j at the first checkpoint.
    pub other_index: u32,
    /// ⟨υᵢ, υⱼ⟩².
    pub overlap: f64,
}

impl Row for ModeOverlapRow {
    const TABLE: &'static Table = &MODE_OVERLAP;
}

/// Rows of the kernel.
pub const KERNEL_ROWS: Table = Table {
    name: "kernel_rows",
    about: "Rows g(X, ·) of the stored kernel of output 0 for up to five training samples X, near the centre and the quarters of the box of the inputs, at up to 60 checkpoints. Empty for inputs of more than two dimensions.",
    version: 1,
    layout: Layout::Large,
    optional: true,
    columns: &[
        STEP,
        Column::new("row", Data::UInt32, "Which X, from 1."),
        Column::new("sample", Data::UInt32, "Number of X among the training samples."),
        Column::new("split", Data::Text, "Samples x over which the row is given.")
            .one_of(Split::NAMES),
        Column::new("values", Data::Float32List, "g(X, x), one number a sample."),
    ],
};

/// A row of [`KERNEL_ROWS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelRowsRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Which X, from 1.
    pub row: u32,
    /// Number of X among the training samples.
    pub sample: u32,
    /// Samples over which the row is given.
    pub split: Split,
    /// One number a sample.
    pub values: Vec<f32>,
}

impl Row for KernelRowsRow {
    const TABLE: &'static Table = &KERNEL_ROWS;
}
