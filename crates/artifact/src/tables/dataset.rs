//! Tables of a dataset.

use serde::{Deserialize, Serialize};

use super::Split;
use crate::outline::{Fact, FactType};
use crate::table::{Column, Data, Layout, Row, Table};

/// Tables of this kind.
pub const TABLES: &[Table] = &[SAMPLES, PREPROCESSING];

/// What the outline of a dataset states.
pub const FACTS: &[Fact] = &[
    TRAIN_SAMPLES.shown("N {}"),
    TEST_SAMPLES.shown("{} test"),
    INPUT_DIM.shown("d {}"),
    INPUT_SHAPE,
    OUTPUT_DIM.shown("o {}"),
    LABELLED,
];

/// N.
pub(super) const TRAIN_SAMPLES: Fact =
    Fact::required("train_samples", FactType::Count, "N, training samples.");
/// Samples of the test split.
pub(super) const TEST_SAMPLES: Fact =
    Fact::required("test_samples", FactType::Count, "Test samples; 0 without a test split.");
/// d.
pub(super) const INPUT_DIM: Fact =
    Fact::required("input_dim", FactType::Count, "d, numbers of an input.");
/// h, w, c.
pub(super) const INPUT_SHAPE: Fact = Fact::optional(
    "input_shape",
    FactType::Counts,
    "`[h, w, c]` where inputs are images: rows, columns and channels of `x`, channels last.",
);
/// o.
pub(super) const OUTPUT_DIM: Fact =
    Fact::required("output_dim", FactType::Count, "o, numbers of a target.");
/// Whether there are classes.
pub(super) const LABELLED: Fact =
    Fact::optional("labelled", FactType::Flag, "Whether the samples carry class labels.");

/// The samples of a dataset.
pub const SAMPLES: Table = Table {
    name: "samples",
    about: "The samples of the function to be learned, those to train on first.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("split", Data::Text, "`train` or `test`.").one_of(Split::NAMES),
        Column::new("sample", Data::UInt32, "Number of the sample within its split, from 0."),
        Column::new("x", Data::Float32List, "Input, d numbers."),
        Column::new("y", Data::Float32List, "Target, o numbers, label noise included."),
        Column::new("label", Data::UInt32, "Class, where the target is one.").or_null(),
        Column::new("clean_label", Data::UInt32, "Class before `label_flips`; NULL where none was flipped anywhere, and in the test split.").or_null(),
        Column::new("origin", Data::UInt32, "Number of the sample in the dataset that it was chosen from, the first of several; NULL where it was not chosen.").or_null(),
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
    /// Class before labels were flipped, where that was asked for.
    pub clean_label: Option<u32>,
    /// Number in the dataset that it was chosen from, where it was.
    pub origin: Option<u32>,
}

impl Row for Sample {
    const TABLE: &'static Table = &SAMPLES;
}

/// What was fitted to the training split and applied to all images.
pub const PREPROCESSING: Table = Table {
    name: "preprocessing",
    about: "What `preprocess` fitted to the training split and applied to both, where it was asked for.",
    version: 1,
    layout: Layout::Tidy,
    optional: true,
    columns: &[
        Column::new(
            "transform",
            Data::Text,
            "`standardize` (row 0 the mean of each channel, row 1 its deviation) or `zca` (d rows: the symmetric matrix that every x was multiplied by).",
        ),
        Column::new("row", Data::UInt32, "Number of the row, from 0."),
        Column::new("values", Data::Float32List, "Its numbers."),
    ],
};

/// A row of [`PREPROCESSING`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreprocessingRow {
    /// Which transform.
    pub transform: String,
    /// Number of the row.
    pub row: u32,
    /// Its numbers.
    pub values: Vec<f32>,
}

impl Row for PreprocessingRow {
    const TABLE: &'static Table = &PREPROCESSING;
}
