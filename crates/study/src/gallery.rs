//! Samples that are images, as rows of pictures.

use std::collections::BTreeMap;

use artifact::tables::Split;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;

/// Rows of pictures of samples that a table tells of, where inputs are grey or RGB images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// The table: a row of it for each picture.
    pub table: String,
    /// The column with the number of a sample.
    #[serde(default = "sample")]
    pub sample: String,
    /// Split of these samples.
    #[serde(default = "train")]
    pub split: Split,
    /// Rows of pictures, top first.
    pub strips: Vec<Strip>,
    /// A row of pictures for each value of a column, in place of one for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Each>,
    /// What stands below a picture, lines with `{column}`, `{column:subscript}` or `{column:percent}`. A line with
    /// a value that is NULL is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// One row of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Strip {
    /// A few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Which rows of the table: by column, what its cells must be.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Condition>,
    /// The column of numbers by which pictures are ordered.
    pub by: String,
    /// Which come first.
    #[serde(default)]
    pub first: First,
    /// How many there are at most.
    #[serde(default = "eight")]
    pub count: usize,
}

/// A row of pictures for each value of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The column, with the number of a sample that stands before the others of its row.
    pub column: String,
    /// Split of that sample.
    pub split: Split,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// The greatest.
    #[default]
    Greatest,
    /// The least.
    Least,
}

fn sample() -> String {
    "sample".to_owned()
}

fn train() -> Split {
    Split::Train
}

fn eight() -> usize {
    8
}

impl Gallery {
    /// The columns that it reads.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let labels = self.labels.iter().flat_map(|label| crate::check::placeholders(label));
        let strips = self.strips.iter().flat_map(|strip| {
            strip.rows.keys().map(String::as_str).chain(std::iter::once(strip.by.as_str()))
        });
        std::iter::once(self.sample.as_str())
            .chain(self.each.iter().map(|each| each.column.as_str()))
            .chain(strips)
            .chain(labels.map(|(name, _)| name))
    }
}
