//! The table `findings`, which any artifact may hold.

use serde::{Deserialize, Serialize};

use crate::table::{Column, Data, Layout, Row, Table};

/// Findings, measured.
pub const FINDINGS: Table = Table {
    name: "findings",
    about: "Findings as measured numbers, with the rule that decides each.",
    version: 2,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new(
            "finding",
            Data::Text,
"Short name: a heading of the study's page of docs, as docs/findings.md.",
        ),
        Column::new(
            "variant",
            Data::Text,
            "In a report, which variant of a sweep: the values of the axes, as `decay=0.5,seed=1`, with `stage=NAME` before them where several stages have findings of that name; `all` for a row across the variants. NULL where there is one run, and in any other artifact, whose table has the axes as columns once it is gathered.",
        )
        .or_null(),
        Column::new("statement", Data::Text, "The finding in a sentence."),
        Column::new("measure", Data::Text, "What was measured, in the symbols of the tables."),
        Column::new(
            "before",
            Data::Float64,
            "The measure at the first checkpoint, or the reference value; across variants, its mean at the first value of the axis, or the lowest of the variants.",
        )
        .or_null(),
        Column::new(
            "after",
            Data::Float64,
            "The measure at the last checkpoint, or the extreme value; across variants, its mean at the last value of the axis, or the highest of the variants.",
        )
        .or_null(),
        Column::new(
            "margin",
            Data::Float64,
            "By how much the rule is met: 0 or more where it is, below 0 where it is not. Across variants the mean over repetitions (seeds); of several groups of repetitions, that of the group that decides. NULL where the finding is not applicable.",
        )
        .or_null(),
        Column::new(
            "uncertainty",
            Data::Float64,
            "Two standard errors of `margin` over `n` repetitions. NULL for a single run, whose spread is not known.",
        )
        .or_null(),
        Column::new(
            "n",
            Data::UInt32,
            "How many repetitions `margin` is the mean of: pairs of runs with the same seed where runs are compared, else runs. NULL where the finding is not applicable.",
        )
        .or_null(),
        Column::new("rule", Data::Text, "The rule that decides."),
        Column::new(
            "verdict",
            Data::Text,
            "`holds`, `does not hold`, `not decided` (the difference is within its uncertainty, or there is one seed only) or `not applicable` (the measure has no meaning for the run).",
        ),
        Column::new(
            "control",
            Data::Text,
            "How the same rule fares on a target without structure: measured on the shuffled target where there is one, else what `shuffled-target.yaml` shows of the finding. NULL where neither is known.",
        )
        .or_null(),
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
    /// The repetitions do not tell.
    #[serde(rename = "not decided")]
    NotDecided,
    /// The run lacks what the rule needs.
    #[serde(rename = "not applicable")]
    NotApplicable,
}

impl Verdict {
    /// The verdict in words, as in the table.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::NotDecided => "not decided",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// A row of [`FINDINGS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Short name.
    pub finding: String,
    /// Which variant; none where there is one run.
    pub variant: Option<String>,
    /// The finding in a sentence.
    pub statement: String,
    /// What was measured.
    pub measure: String,
    /// The measure at the start, or the reference value.
    pub before: Option<f64>,
    /// The measure at the end, or the extreme value.
    pub after: Option<f64>,
    /// By how much the rule is met.
    pub margin: Option<f64>,
    /// Two standard errors of the margin.
    pub uncertainty: Option<f64>,
    /// Repetitions behind the margin.
    pub n: Option<u32>,
    /// The rule that decides.
    pub rule: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// How the rule fares on a target without structure.
    pub control: Option<String>,
    /// What else to know.
    pub note: Option<String>,
}

impl Row for FindingRow {
    const TABLE: &'static Table = &FINDINGS;
}
