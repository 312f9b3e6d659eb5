//! What is known of an artifact without opening its tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::Kind;

/// A learning rate and the first update that has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateFrom {
    /// Step that the update leaves.
    pub step: u64,
    /// δ from there on.
    pub learning_rate: f64,
}

/// A layer of a network, for whoever looks at it: what it is, its shapes and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayerOutline {
    /// What it is, as people say it: `conv 3 × 3, stride 2`.
    pub layer: String,
    /// Shape of its input, `[h, w, c]` or `[n]`.
    pub input: Vec<u64>,
    /// Shape of its output.
    pub output: Vec<u64>,
    /// Its trained numbers, those of its branches included.
    pub parameters: u64,
    /// Multiplications and additions of a forward pass of one sample, its branches included.
    pub flops: u64,
    /// Of a residual sum its two summands, the layers and the shortcut, each from the input on; a
    /// summand without layers is the input itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Vec<LayerOutline>>,
}

/// What is known of an artifact without opening its tables, and mostly before it exists.
///
/// A stage's `plan` says it of its output from its parameters and the outlines of its inputs,
/// so that a k beyond N or a Gramian beyond memory is refused before anything runs; the final
/// outline stands in the manifest. A field is absent where it has no meaning or is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outline {
    /// N, training samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_samples: Option<u64>,
    /// Test samples; 0 without a test split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_samples: Option<u64>,
    /// d.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_dim: Option<u64>,
    /// Shape of an input whose numbers have places: `[h, w, c]` of images, channels last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_shape: Option<Vec<u64>>,
    /// o.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dim: Option<u64>,
    /// Whether the samples carry class labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labelled: Option<bool>,
    /// Updates of the whole training run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
    /// Steps at which there is a checkpoint, or a Gramian of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Vec<u64>>,
    /// P, the network's parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_count: Option<u64>,
    /// The network's architecture, as `network::Architecture` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Value>,
    /// The layers of that network with their shapes and costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<LayerOutline>>,
    /// `least_squares` or `cross_entropy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// `gradient_descent`, `sgd` or `adam`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<String>,
    /// δ of every update, as pieces of constant rate from step 0 on. Absent where the rate changes
    /// too often to be listed; a history of every step tells it as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rates: Option<Vec<RateFrom>>,
    /// Rows of each training Gramian: N, or N·o under the reduction `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_rows: Option<u64>,
    /// Matrices a step: o under `per-output`, 1 otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_blocks: Option<u64>,
    /// How several outputs were reduced, as in the table `kernels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduction: Option<crate::tables::kernel::Reduction>,
    /// The precision in which the Gramians are stored, as in the table `kernels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_precision: Option<crate::gram::Precision>,
    /// Facts of kinds that other crates and programs declare, by name.
    #[serde(flatten)]
    pub own: BTreeMap<String, Value>,
}

impl Outline {
    /// The same outline with the facts that only `other` tells.
    #[must_use]
    pub fn completed_by(self, other: &Self) -> Self {
        let other = other.clone();
        let mut own = other.own;
        own.extend(self.own);
        Self {
            train_samples: self.train_samples.or(other.train_samples),
            test_samples: self.test_samples.or(other.test_samples),
            input_dim: self.input_dim.or(other.input_dim),
            input_shape: self.input_shape.or(other.input_shape),
            output_dim: self.output_dim.or(other.output_dim),
            labelled: self.labelled.or(other.labelled),
            last_step: self.last_step.or(other.last_step),
            checkpoints: self.checkpoints.or(other.checkpoints),
            parameter_count: self.parameter_count.or(other.parameter_count),
            network: self.network.or(other.network),
            layers: self.layers.or(other.layers),
            loss: self.loss.or(other.loss),
            optimizer: self.optimizer.or(other.optimizer),
            learning_rates: self.learning_rates.or(other.learning_rates),
            kernel_rows: self.kernel_rows.or(other.kernel_rows),
            kernel_blocks: self.kernel_blocks.or(other.kernel_blocks),
            reduction: self.reduction.or(other.reduction),
            kernel_precision: self.kernel_precision.or(other.kernel_precision),
            own,
        }
    }
}

impl Outline {
    /// Facts that an artifact of `kind` must state and that this outline lacks.
    #[must_use]
    pub fn missing(&self, kind: Kind) -> Vec<&'static Fact> {
        self.unstated(kind).into_iter().filter(|fact| fact.required).collect()
    }

    /// Facts of `kind` that this outline lacks, required or not.
    #[must_use]
    pub fn unstated(&self, kind: Kind) -> Vec<&'static Fact> {
        let stated = self.stated();
        kind.facts().iter().filter(|fact| !stated.contains_key(fact.name)).collect()
    }

    /// Facts of `kind` whose value is not of their type.
    #[must_use]
    pub fn mistyped(&self, kind: Kind) -> Vec<&'static Fact> {
        let stated = self.stated();
        let is_odd = |fact: &&Fact| stated.get(fact.name).is_some_and(|it| !fact.data.holds(it));
        kind.facts().iter().filter(is_odd).collect()
    }

    /// All facts that it states, by name.
    fn stated(&self) -> BTreeMap<String, Value> {
        // Fields are counts, texts, lists and JSON, all with names: they always become a map.
        let map = match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        map.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}

/// A fact that an outline of some kind tells: the declaration of one of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Its name in the outline.
    pub name: &'static str,
    /// Type of its value.
    #[serde(rename = "type")]
    pub data: FactType,
    /// Whether an artifact of the kind must have it: later stages rely on it.
    pub required: bool,
    /// One sentence for the docs.
    pub about: &'static str,
    /// How a dry run shows it, as `{} rows`; a list is shown as its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<&'static str>,
}

/// Type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactType {
    /// A whole number, 0 or above.
    Count,
    /// Whole numbers, 0 or above.
    #[serde(rename = "list of counts")]
    Counts,
    /// Any number.
    Number,
    /// true or false.
    Flag,
    /// A text.
    Text,
    /// Any JSON.
    Json,
}

impl FactType {
    /// The type's name, as docs and declarations have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Counts => "list of counts",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// Whether `value` is of this type.
    #[must_use]
    pub fn holds(self, value: &Value) -> bool {
        match self {
            Self::Count => value.is_u64(),
            Self::Counts => value.as_array().is_some_and(|all| all.iter().all(Value::is_u64)),
            Self::Number => value.is_number(),
            Self::Flag => value.is_boolean(),
            Self::Text => value.is_string(),
            Self::Json => !value.is_null(),
        }
    }
}

impl Fact {
    /// A fact that every artifact of its kind must have.
    #[must_use]
    pub const fn required(name: &'static str, data: FactType, about: &'static str) -> Self {
        Self { name, data, required: true, about, shown: None }
    }

    /// The same fact, shown by dry runs as `text` with the value in place of `{}`.
    #[must_use]
    pub const fn shown(mut self, text: &'static str) -> Self {
        self.shown = Some(text);
        self
    }

    /// What a dry run shows of `value`, where it shows the fact.
    #[must_use]
    pub fn text(&self, value: &Value) -> Option<String> {
        let value = match value {
            Value::Array(items) => items.len().to_string(),
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Object(_) => return None,
        };
        Some(self.shown?.replace("{}", &value))
    }

    /// A fact that may be unknown.
    #[must_use]
    pub const fn optional(name: &'static str, data: FactType, about: &'static str) -> Self {
        Self { name, data, required: false, about, shown: None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(facts: Vec<&'static Fact>) -> Vec<&'static str> {
        facts.into_iter().map(|fact| fact.name).collect()
    }

    #[test]
    fn every_field_of_an_outline_is_a_fact_of_some_kind_and_the_reverse() {
        let declared: BTreeSet<&str> =
            Kind::SHARED.iter().flat_map(|kind| kind.facts()).map(|fact| fact.name).collect();
        let schema = schemars::schema_for!(Outline).to_value();
        let fields: BTreeSet<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(declared, fields);
    }

    #[test]
    fn an_outline_says_what_it_lacks_of_a_kind() {
        let outline = Outline {
            train_samples: Some(3),
            test_samples: Some(0),
            input_dim: Some(2),
            ..Outline::default()
        };
        assert_eq!(names(outline.missing(Kind::DATASET)), ["output_dim"]);
        assert_eq!(
            names(outline.unstated(Kind::DATASET)),
            ["input_shape", "output_dim", "labelled"]
        );
        assert!(outline.missing(Kind::REPORT).is_empty());
        let whole = Outline { output_dim: Some(1), ..outline };
        assert!(whole.missing(Kind::DATASET).is_empty());
        let lacks = ["last_step", "checkpoints", "loss", "optimizer"];
        assert_eq!(names(whole.missing(Kind::TRAINING)), lacks);
    }

    #[test]
    fn facts_of_a_kind_of_ones_own_are_typed() {
        let kind: Kind = serde_json::from_value(serde_json::json!({
            "name": "codes", "tables": [{ "name": "codes", "columns": [{ "name": "a", "type": "text" }] }],
            "facts": [{ "name": "code_length", "type": "count", "required": true }] }))
        .unwrap();
        let outline = |own: Value| -> Outline { serde_json::from_value(own).unwrap() };
        let right = outline(serde_json::json!({ "code_length": 3 }));
        assert!(right.missing(kind).is_empty() && right.mistyped(kind).is_empty());
        let odd = outline(serde_json::json!({ "code_length": "3" }));
        assert_eq!(names(odd.mistyped(kind)), ["code_length"]);
        let none = outline(serde_json::json!({ "code_length": null }));
        assert_eq!(names(none.missing(kind)), ["code_length"]);
    }
}
