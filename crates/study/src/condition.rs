//! Which rows of a table a figure shows.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What a cell of one column must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Condition {
    /// The first or the last value that the column has in the table.
    End(End),
    /// One of these values.
    OneOf(Vec<Value>),
    /// A number within a range, or anything but a value.
    Range(Range),
    /// This value: a number, a text, a boolean, or null for NULL.
    Is(Value),
}

/// An end of what a column of numbers holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The smallest value.
    First,
    /// The largest value.
    Last,
}

/// Bounds on a cell; a cell must meet all that are given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Smallest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Values that the cell must not have: one, or a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_several")]
    pub not: Vec<Value>,
}

fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(several) => several,
        one => vec![one],
    })
}
