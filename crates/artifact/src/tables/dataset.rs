//! Tables of a dataset.

use serde::{Deserialize, Serialize};

use super::Split;
use crate::outline::{Fact, FactType};
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[SAMPLES];

/// What the outline of a dataset tells.
pub const FACTS: &[Fact] = &[
    Fact::required("train_samples", FactType::Count, "N, training samples.").shown("N {}"),
    Fact::required("test_samples", FactType::Count, "Test samples; 0 without a test split.")
        .shown("{} test"),
    Fact::required("input_dim", FactType::Count, "d, numbers of an input.").shown("d {}"),
    Fact::required("output_dim", FactType::Count, "o, numbers of a target.").shown("o {}"),
    Fact::optional("labelled", FactType::Flag, "Whether the samples carry class labels."),
];

/// The samples of a dataset.
pub const SAMPLES: Table = Table {
    name: "samples",
    about: "The samples of the function to be learned, those to train on first.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("split", Data::Text, "`train` or `test`."),
        Column::new("sample", Data::UInt32, "Number of the sample within its split, from 0."),
        Column::new("x", Data::Float32List, "Input, d numbers."),
        Column::new("y", Data::Float32List, "Target, o numbers, label noise included."),
        Column::new("label", Data::UInt32, "Class, where the target is one.").or_null(),
    ],
};

/// A row of [`SAMPLES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Part of the dataset.
    pub split: Split,
    /// Number within the split, from 0.
    pub sample: u32,
    /// Input, d numbers.
    pub x: Vec<f32>,
    /// Target, o numbers.
    pub y: Vec<f32>,
    /// Class, where the target is one.
    pub label: Option<u32>,
}

impl Row for Sample {
    const TABLE: &'static Table = &SAMPLES;
}
