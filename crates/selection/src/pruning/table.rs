//! The kind of artifact that the stage makes.

use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// What training on selections is worth.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "pruning",
    about: "What training on a selection is worth.",
    tables: &[PRUNING],
    facts: &[],
});

/// Accuracy by what was removed.
pub const PRUNING: Table = Table {
    name: "pruning",
    about: "Test accuracy of networks trained on selections, by what was removed.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new(
            "group",
            Data::Text,
            "What else runs differ in, as `width=64`; empty where there is nothing.",
        ),
        Column::new(
            "selected_by",
            Data::Text,
            "Score by which samples were removed; empty where no axis sets it.",
        ),
        Column::new(
            "removed_first",
            Data::Text,
            "Which went first: `least`, `most` or `random`; of an axis that sets score and order together `random` for its value of that name, else `least`. Empty where no axis sets it.",
        ),
        Column::new("share_skipped", Data::Float64, "Share that was passed over before.").or_null(),
        Column::new(
            "share_removed",
            Data::Float64,
            "Share of the training samples that was removed.",
        ),
        Column::new("runs", Data::UInt32, "Training runs."),
        Column::new(
            "samples_left",
            Data::Float64,
            "Training samples that were left, mean over runs.",
        )
        .or_null(),
        Column::new("accuracy", Data::Float64, "Test accuracy at the last step, mean over runs."),
        Column::new("accuracy_error", Data::Float64, "Its standard error over runs; NULL of one.")
            .or_null(),
    ],
};

/// A row of [`PRUNING`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PruningRow {
    /// What else runs differ in.
    pub group: String,
    /// Score by which samples were removed.
    pub selected_by: String,
    /// Which went first.
    pub removed_first: String,
    /// Share that was passed over.
    pub share_skipped: Option<f64>,
    /// Share that was removed.
    pub share_removed: f64,
    /// Training runs.
    pub runs: u32,
    /// Training samples that were left.
    pub samples_left: Option<f64>,
    /// Test accuracy.
    pub accuracy: f64,
    /// Its standard error.
    pub accuracy_error: Option<f64>,
}

impl Row for PruningRow {
    const TABLE: &'static Table = &PRUNING;
}
