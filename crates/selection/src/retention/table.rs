//! The kind of artifact that the stage makes.

use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// What is still known of earlier samples.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "retention",
    about: "What networks that learn from parts of the data in turn still know of one part while they learn another.",
    tables: &[RETENTION, RETENTION_CURVE],
    facts: &[],
});

const GROUP: Column = Column::new(
    "group",
    Data::Text,
    "What runs differ in beside seeds, as `order=least`; empty where there is nothing.",
);
const SAMPLES_OF: Column = Column::new(
    "samples_of",
    Data::Text,
    "Whose samples: the stage that was the first to learn from them.",
);
const PHASE: Column =
    Column::new("phase", Data::UInt32, "Phases before this one in the chain of training runs.");
const STAGE: Column = Column::new("stage", Data::Text, "Stage that trains in this phase.");

/// Accuracy before and after each phase.
pub const RETENTION: Table = Table {
    name: "retention",
    about: "Accuracy on the samples of the phase before, at the start and the end of each phase that learns from others.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        GROUP,
        PHASE,
        STAGE,
        SAMPLES_OF,
        Column::new("runs", Data::UInt32, "Chains of training runs, one for each seed."),
        Column::new(
            "accuracy_before",
            Data::Float64,
            "Accuracy on these samples as the phase starts, mean over runs.",
        ),
        Column::new("accuracy_after", Data::Float64, "The same as it ends."),
        Column::new("lost", Data::Float64, "What was lost of it."),
        Column::new("lost_error", Data::Float64, "Standard error of that over runs; NULL of one.")
            .or_null(),
    ],
};

/// Accuracy on each part of the data along all phases.
pub const RETENTION_CURVE: Table = Table {
    name: "retention_curve",
    about: "Accuracy on each part of the data along the phases, learned from or not.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        GROUP,
        SAMPLES_OF,
        PHASE,
        STAGE,
        Column::new("updates", Data::UInt64, "Updates since the start of the first phase."),
        Column::new("runs", Data::UInt32, "Chains of training runs."),
        Column::new("accuracy", Data::Float64, "Accuracy on these samples, mean over runs."),
        Column::new("accuracy_error", Data::Float64, "Its standard error over runs; NULL of one.")
            .or_null(),
    ],
};

/// A row of [`RETENTION`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetentionRow {
    /// What runs differ in beside seeds.
    pub group: String,
    /// Phases before this one.
    pub phase: u32,
    /// Stage that trains in this phase.
    pub stage: String,
    /// Whose samples.
    pub samples_of: String,
    /// Chains of training runs.
    pub runs: u32,
    /// Accuracy as the phase starts.
    pub accuracy_before: f64,
    /// Accuracy as it ends.
    pub accuracy_after: f64,
    /// What was lost.
    pub lost: f64,
    /// Its standard error.
    pub lost_error: Option<f64>,
}

impl Row for RetentionRow {
    const TABLE: &'static Table = &RETENTION;
}

/// A row of [`RETENTION_CURVE`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// What runs differ in beside seeds.
    pub group: String,
    /// Whose samples.
    pub samples_of: String,
    /// Phases before this one.
    pub phase: u32,
    /// Stage that trains in this phase.
    pub stage: String,
    /// Updates since the start of the first phase.
    pub updates: u64,
    /// Chains of training runs.
    pub runs: u32,
    /// Accuracy on these samples.
    pub accuracy: f64,
    /// Its standard error.
    pub accuracy_error: Option<f64>,
}

impl Row for CurveRow {
    const TABLE: &'static Table = &RETENTION_CURVE;
}
