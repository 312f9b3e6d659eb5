//! The kind of artifact that the stage makes.

use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// How alike two kernels are.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "similarity",
    about: "How alike two kernels are, step by step.",
    tables: &[SIMILARITY, PRINCIPAL_ANGLES],
    facts: &[],
});

const STEP: Column = Column::new("step", Data::UInt64, "Step of the kernel A.");
const REFERENCE_STEP: Column =
    Column::new("reference_step", Data::UInt64, "Step of the reference B.");
const OUTPUT: Column = Column::new(
    "output",
    Data::UInt32,
    "Which output's kernel under the reduction `per-output`; 0 otherwise.",
);

/// Numbers that compare two kernels.
pub const SIMILARITY: Table = Table {
    name: "similarity",
    about: "Numbers that compare the kernel A of each step with the reference B, over the training samples that both have.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        REFERENCE_STEP,
        Column::new("alignment", Data::Float64, "⟨A, B⟩ / (‖A‖ ‖B‖), Frobenius. NULL where either is 0.").or_null(),
        Column::new("centred_alignment", Data::Float64, "The same of HAH and HBH, H = I − 11ᵀ/n: centred kernel alignment, CKA. NULL where either is 0 within rounding.").or_null(),
        Column::new("distance", Data::Float64, "‖A − B‖ / ‖B‖. NULL where B is 0.").or_null(),
        Column::new("scaled_distance", Data::Float64, "The least ‖cA − B‖ / ‖B‖ over numbers c: √(1 − alignment²).").or_null(),
        Column::new("scale", Data::Float64, "The c of `scaled_distance`, ⟨A, B⟩ / ‖A‖².").or_null(),
        Column::new("trace_ratio", Data::Float64, "tr A / tr B. NULL where tr B is 0.").or_null(),
        Column::new("test_alignment", Data::Float64, "`alignment` of the rows of test samples against training samples. NULL where one kernel has none.").or_null(),
        Column::new("test_distance", Data::Float64, "`distance` of the same.").or_null(),
        Column::new("samples", Data::UInt32, "Training samples that both kernels have, the first ones."),
    ],
};

/// A row of [`SIMILARITY`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimilarityRow {
    /// Step of the kernel.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// Step of the reference.
    pub reference_step: u64,
    /// ⟨A, B⟩ / (‖A‖ ‖B‖).
    pub alignment: Option<f64>,
    /// The same of HAH and HBH.
    pub centred_alignment: Option<f64>,
    /// ‖A − B‖ / ‖B‖.
    pub distance: Option<f64>,
    /// min_c ‖cA − B‖ / ‖B‖.
    pub scaled_distance: Option<f64>,
    /// The c of the latter.
    pub scale: Option<f64>,
    /// tr A / tr B.
    pub trace_ratio: Option<f64>,
    /// Alignment of test rows.
    pub test_alignment: Option<f64>,
    /// Distance of test rows.
    pub test_distance: Option<f64>,
    /// Training samples that both have.
    pub samples: u32,
}

impl Row for SimilarityRow {
    const TABLE: &'static Table = &SIMILARITY;
}

/// Angles between spans of leading eigenvectors.
pub const PRINCIPAL_ANGLES: Table = Table {
    name: "principal_angles",
    about: "Principal angles between the spans of the k leading eigenvectors of A and of B; without rows where `top` is empty.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        OUTPUT,
        REFERENCE_STEP,
        Column::new("k", Data::UInt32, "Number of eigenvectors."),
        Column::new("index", Data::UInt32, "Number of the angle, from 1, in rising order."),
        Column::new("angle", Data::Float64, "The angle, from 0 to π/2.").in_unit("rad"),
        Column::new(
            "relative_gap",
            Data::Float64,
            "(λ_k − λ_{k+1}) / λ₁ of A: near 0 its span, and with it the angle, is a matter of rounding.",
        ),
        Column::new("reference_gap", Data::Float64, "The same of B."),
    ],
};

/// A row of [`PRINCIPAL_ANGLES`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AngleRow {
    /// Step of the kernel.
    pub step: u64,
    /// Which output's kernel.
    pub output: u32,
    /// Step of the reference.
    pub reference_step: u64,
    /// Number of eigenvectors.
    pub k: u32,
    /// Number of the angle, from 1.
    pub index: u32,
    /// The angle in radians.
    pub angle: f64,
    /// (λ_k − λ_{k+1}) / λ₁ of the kernel.
    pub relative_gap: f64,
    /// The same of the reference.
    pub reference_gap: f64,
}

impl Row for AngleRow {
    const TABLE: &'static Table = &PRINCIPAL_ANGLES;
}
