//! Tables of a run's results that belong to no artifact: the driver writes them.

use serde::{Deserialize, Serialize};

use crate::table::{Column, Data, Layout, Row, Table};

/// Tables beside those of the artifacts in `data/runs/PIPELINE/`.
pub const TABLES: &[Table] = &[RUNS];

/// What was run with which parameters.
pub const RUNS: Table = Table {
    name: "runs",
    about: "What was run: one row for each stage of each variant, with its resolved parameters.",
    version: 2,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new(
            "variant",
            Data::UInt32,
            "Number of the variant of a sweep, from 0; 0 without a sweep.",
        ),
        Column::new("stage", Data::Text, "Name of the stage in the pipeline."),
        Column::new("uses", Data::Text, "The stage program, as the pipeline names it."),
        Column::new("kind", Data::Text, "Kind of artifact that it made."),
        Column::new("key", Data::Text, "The artifact's key: its folder in `data/store/KIND/`."),
        Column::new("parameters", Data::Text, "Its parameters as JSON, every default filled in."),
        Column::new("seed", Data::UInt64, "The pipeline's seed, where the stage uses it.")
            .or_null(),
        Column::new(
            "state",
            Data::Text,
            "`done`, `failed`, or `not run` where a stage before it failed.",
        ),
        Column::new("error", Data::Text, "Why it failed or was not run.").or_null(),
        Column::new("reused", Data::Boolean, "Whether the artifact was there already."),
        Column::new(
            "wall_time_s",
            Data::Float64,
            "Wall time of the stage when the artifact was made, or until it failed.",
        )
        .in_unit("s")
        .or_null(),
        Column::new(
            "peak_memory_bytes",
            Data::UInt64,
            "Largest resident memory of the stage's process, where the system tells.",
        )
        .in_unit("bytes")
        .or_null(),
    ],
};

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    /// Its artifact is there.
    #[serde(rename = "done")]
    Done,
    /// It failed.
    #[serde(rename = "failed")]
    Failed,
    /// A stage before it failed.
    #[serde(rename = "not run")]
    NotRun,
}

/// A row of [`RUNS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Number of the variant of a sweep.
    pub variant: u32,
    /// Name of the stage in the pipeline.
    pub stage: String,
    /// The stage program.
    pub uses: String,
    /// Kind of artifact.
    pub kind: String,
    /// The artifact's key.
    pub key: String,
    /// Parameters as JSON.
    pub parameters: String,
    /// The pipeline's seed, where the stage uses it.
    pub seed: Option<u64>,
    /// What became of it.
    pub state: RunState,
    /// Why it failed or was not run.
    pub error: Option<String>,
    /// Whether the artifact was there already.
    pub reused: bool,
    /// Wall time in seconds.
    pub wall_time_s: Option<f64>,
    /// Largest resident memory in bytes.
    pub peak_memory_bytes: Option<u64>,
}

impl Row for RunRow {
    const TABLE: &'static Table = &RUNS;
}
