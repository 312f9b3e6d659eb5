//! Rules on how findings change along a sweep, as data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A finding over the variants of a sweep: whether what another finding measured rises or falls with
/// what the variants differ in, by more than two standard errors over seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// Short name.
    pub finding: String,
    /// The finding in a sentence.
    pub statement: String,
    /// What is measured.
    pub measure: String,
    /// The finding of each variant whose number is looked at.
    pub of: String,
    /// Which of its numbers.
    pub side: Side,
    /// What variants differ in.
    pub over: Varied,
    /// Which way the number must go.
    pub direction: Direction,
    /// The variants among which it is looked at, as values of axes by name, of stages by the name of their kind
    /// where several made one: `{ spectrum: spectrum-limit }`. All where left out.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub among: BTreeMap<String, String>,
}

/// A number of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Its value at the start, or the reference.
    Before,
    /// Its value at the end.
    After,
    /// What it gained: its value at the end less that at the start.
    Gain,
}

/// Which way a number must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Upwards.
    Rises,
    /// Downwards.
    Falls,
}

/// What variants differ in: a fact of what was run, not the name of an axis, which is the user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Varied {
    /// The number of hidden layers.
    HiddenLayers,
    /// The width of the hidden layers.
    HiddenWidth,
    /// Noise on the targets, or the share of flipped labels.
    LabelNoise,
    /// d.
    InputDim,
    /// Whether the learning rate decays: from a constant rate to a decaying one that starts as high.
    RateDecay,
    /// The number that an axis of the sweep sets at this path, as `train.with.steps`.
    Path(String),
    /// Two values of an axis of the sweep, numbers or not.
    Choice(Choice),
}

/// Two values of an axis: a difference between two choices, as of architectures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Name of the axis.
    pub axis: String,
    /// The value, or its label, from which the number must rise or fall.
    pub from: String,
    /// The value to which it must.
    pub to: String,
}
