//! The kind of artifact that the stage makes: one table.

use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// Name of all parameters together in the column `parameter`.
pub const ALL: &str = "all";

/// How far parameters move.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "drift",
    about: "How far each parameter tensor moves from its initialization.",
    tables: &[DRIFT],
    facts: &[],
});

/// Distances from the first checkpoint.
pub const DRIFT: Table = Table {
    name: "drift",
    about: "Distance of each parameter tensor from that of the first checkpoint.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("step", Data::UInt64, "Updates made before the checkpoint."),
        Column::new(
            "parameter",
            Data::Text,
            "`layers.L.weight` or `layers.L.bias`, as in `checkpoints`; `all` for all together.",
        ),
        Column::new("distance", Data::Float64, "‖θ_t − θ_0‖₂."),
        Column::new(
            "relative",
            Data::Float64,
            "‖θ_t − θ_0‖₂ / ‖θ_0‖₂. NULL where the tensor is 0 at the start, as biases are.",
        )
        .or_null(),
    ],
};

/// A row of [`DRIFT`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftRow {
    /// Updates made before the checkpoint.
    pub step: u64,
    /// Name of the tensor.
    pub parameter: String,
    /// ‖θ_t − θ_0‖₂.
    pub distance: f64,
    /// ‖θ_t − θ_0‖₂ / ‖θ_0‖₂.
    pub relative: Option<f64>,
}

impl Row for DriftRow {
    const TABLE: &'static Table = &DRIFT;
}
