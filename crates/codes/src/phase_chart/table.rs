//! The kind of artifact that `phase-chart` makes.

use artifact::tables::findings::FINDINGS;
use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// Where networks are in the phase chart.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "phase-chart",
    about: "Where codes of networks are expressive enough: along two axes of a sweep and along training.",
    tables: &[PHASES, FINDINGS],
    facts: &[],
});

/// A place of the chart at each step.
pub const PHASES: Table = Table {
    name: "phases",
    about: "Redundancy of codes, the vote of their neighbours and the regime that follows, means over seeds, by the places of two axes and by step.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new(
            "group",
            Data::Text,
            "What networks differ in beside the two axes and seeds, as `norm=batch`; empty where there is nothing.",
        ),
        Column::new("chart", Data::Text, "The same, with the value of the second axis."),
        Column::new("across", Data::Float64, "Value of the first axis, as a width."),
        Column::new(
            "up",
            Data::Float64,
            "Value of the second axis, as a number of samples; NULL where there is one axis.",
        )
        .or_null(),
        Column::new("step", Data::UInt64, "Updates made so far."),
        Column::new("is_last", Data::Boolean, "Whether it is the last step of these networks."),
        Column::new("runs", Data::UInt32, "Networks, one for each seed."),
        Column::new(
            "redundancy",
            Data::Float64,
            "(n − distinct)/n of the training samples, mean over runs.",
        ),
        Column::new(
            "redundancy_error",
            Data::Float64,
            "Its standard error over runs; NULL of one.",
        )
        .or_null(),
        Column::new(
            "knn",
            Data::Float64,
            "Test accuracy of the vote of neighbours, mean over runs.",
        ),
        Column::new("knn_error", Data::Float64, "Its standard error over runs; NULL of one.")
            .or_null(),
        Column::new(
            "network_accuracy",
            Data::Float64,
            "Test accuracy of the networks themselves, mean over runs.",
        ),
        Column::new(
            "regime",
            Data::UInt32,
            "0, 1 or 2: under-, critically or sufficiently expressive, by these means; the vote is held against the networks at the last step.",
        ),
    ],
};

/// A row of [`PHASES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseRow {
    /// What networks differ in beside the two axes and seeds.
    pub group: String,
    /// The same, with the value of the second axis.
    pub chart: String,
    /// Value of the first axis.
    pub across: f64,
    /// Value of the second axis.
    pub up: Option<f64>,
    /// Updates made so far.
    pub step: u64,
    /// Whether it is the last step of these networks.
    pub is_last: bool,
    /// Networks.
    pub runs: u32,
    /// Redundancy of the training samples.
    pub redundancy: f64,
    /// Its standard error.
    pub redundancy_error: Option<f64>,
    /// Test accuracy of the vote of neighbours.
    pub knn: f64,
    /// Its standard error.
    pub knn_error: Option<f64>,
    /// Test accuracy of the networks.
    pub network_accuracy: f64,
    /// 0, 1 or 2.
    pub regime: u32,
}

impl Row for PhaseRow {
    const TABLE: &'static Table = &PHASES;
}
