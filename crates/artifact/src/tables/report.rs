//! Tables of a report.

use serde::{Deserialize, Serialize};

use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[FINDINGS];

/// The paper's findings, measured.
pub const FINDINGS: Table = Table {
    name: "findings",
    about: "The paper's findings as measured numbers, with the rule that decides each.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new(
            "finding",
            Data::Text,
            "Short name. Of each run: `kernel_changes`, `target_aligns`, `target_aligns_on_test`, `output_in_top`, `learning_along_top`, `alignment_speeds_descent`, `decay_raises_eigenvalues`, `low_frequencies_first`, `above_sinusoids`. Across a sweep: the same, and `depth_aligns`, `width_freezes`, `decay_grows`.",
        ),
        Column::new(
            "variant",
            Data::Text,
            "Which variant of a sweep: the values of the axes, as `decay=0.5,seed=1`; `all` for a row across the sweep. NULL without a sweep.",
        )
        .or_null(),
        Column::new("statement", Data::Text, "The finding in a sentence."),
        Column::new("measure", Data::Text, "What was measured, in the symbols of the tables."),
        Column::new(
            "before",
            Data::Float64,
            "The measure at the first checkpoint, or the reference value; across a sweep, at the first value of the axis, or the lowest of the variants.",
        )
        .or_null(),
        Column::new(
            "after",
            Data::Float64,
            "The measure at the last checkpoint, or the extreme value; across a sweep, at the last value of the axis, or the highest of the variants.",
        )
        .or_null(),
        Column::new("rule", Data::Text, "The rule that decides."),
        Column::new("verdict", Data::Text, "`holds`, `does not hold` or `not applicable`."),
        Column::new("note", Data::Text, "Why a finding is not applicable, or what else to know.")
            .or_null(),
    ],
};

/// Whether a finding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The rule is met.
    #[serde(rename = "holds")]
    Holds,
    /// The rule is not met.
    #[serde(rename = "does not hold")]
    DoesNotHold,
    /// The run lacks what the rule needs.
    #[serde(rename = "not applicable")]
    NotApplicable,
}

/// A row of [`FINDINGS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Short name.
    pub finding: String,
    /// Values of the axes of a sweep; none without one.
    pub variant: Option<String>,
    /// The finding in a sentence.
    pub statement: String,
    /// What was measured.
    pub measure: String,
    /// The measure at the start, or the reference value.
    pub before: Option<f64>,
    /// The measure at the end, or the extreme value.
    pub after: Option<f64>,
    /// The rule that decides.
    pub rule: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What else to know.
    pub note: Option<String>,
}

impl Row for FindingRow {
    const TABLE: &'static Table = &FINDINGS;
}
