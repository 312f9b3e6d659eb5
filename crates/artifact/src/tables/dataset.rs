//! Tables of a dataset.

use serde::{Deserialize, Serialize};

use super::Split;
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[&Table] = &[&SAMPLES];

/// The samples of a dataset.
pub const SAMPLES: Table = Table {
    name: "samples",
    about: "The samples of the function to be learned, those to train on first.",
    version: 1,
    layout: Layout::Tidy,
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
