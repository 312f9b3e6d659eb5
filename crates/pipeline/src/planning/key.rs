//! The key of an artifact: equal keys mean equal bytes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::task::{Feed, Task};
use crate::programs::Program;
use crate::reading::sweep::Sweep;

/// Everything that decides the bytes of an artifact.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Identity<'a> {
    /// Version of the contract.
    pub contract: &'a str,
    /// Hash of the stage program's bytes.
    pub program: &'a str,
    /// Parameters, defaults filled in.
    pub parameters: &'a Value,
    /// The seed, where the stage uses it.
    pub seed: Option<u64>,
    /// Hashes of the files beyond the artifacts that the stage reads, in its order.
    pub files: &'a [String],
    /// Keys of the inputs, by port.
    pub inputs: &'a BTreeMap<String, Vec<String>>,
    /// For each port that gathers variants of a sweep, what the stage is told of each of its
    /// inputs, in this order.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gathered: &'a BTreeMap<String, Vec<Gathered>>,
}

/// What a stage is told of one input at a port that gathers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gathered {
    /// Stage of the pipeline that made it.
    pub stage: String,
    /// Name and value of each axis, and the paths that it sets.
    pub axes: Vec<(String, Value, Vec<String>)>,
}

/// What a stage with these `inputs` is told of those at its ports that gather.
pub(crate) fn gathered(
    sweep: &Sweep,
    tasks: &[Task],
    program: &Program,
    inputs: &BTreeMap<String, Vec<Feed>>,
) -> BTreeMap<String, Vec<Gathered>> {
    let told = |feed: &Feed| {
        let axes = sweep.axis_values(&feed.point);
        Gathered {
            stage: tasks[feed.task].stage.clone(),
            axes: axes.map(|axis| (axis.name, axis.value, axis.sets)).collect(),
        }
    };
    let gathers = inputs.iter().filter(|(port, _)| program.gathers(port));
    gathers.map(|(port, feeds)| (port.clone(), feeds.iter().map(told).collect())).collect()
}

impl Identity<'_> {
    /// BLAKE3 of the canonical form, in hexadecimal.
    pub(crate) fn key(&self) -> String {
        // Every field has a JSON form: texts, numbers and maps of texts.
        let value = serde_json::to_value(self).unwrap_or_default();
        blake3::hash(canonical(&value).to_string().as_bytes()).to_hex().to_string()
    }
}

/// The same value with the keys of every map sorted.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            Value::Object(
                sorted
                    .into_iter()
                    .map(|(key, value)| (key.clone(), canonical(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(
        parameters: &Value,
        seed: Option<u64>,
        file: &str,
        input: &str,
        program: &str,
    ) -> String {
        let inputs = BTreeMap::from([("dataset".to_owned(), vec![input.to_owned()])]);
        let files = [file.to_owned()];
        let gathered = BTreeMap::new();
        let (inputs, gathered) = (&inputs, &gathered);
        Identity { contract: "1.0", program, parameters, seed, files: &files, inputs, gathered }
            .key()
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one = json!({ "a": 1, "b": { "c": [1, 2], "d": null } });
        let other = json!({ "b": { "d": null, "c": [1, 2] }, "a": 1 });
        assert_eq!(key(&one, None, "f", "k", "p"), key(&other, None, "f", "k", "p"));
    }

    #[test]
    fn what_is_told_of_gathered_inputs_and_its_order_change_the_key() {
        let of_stage = |stage: &str, axes: &[(&str, Value)], set: &str| {
            let axes = axes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone(), vec![set.to_owned()]));
            let inputs = BTreeMap::from([("spectrum".to_owned(), vec!["k".to_owned()])]);
            let told = Gathered { stage: stage.to_owned(), axes: axes.collect() };
            let gathered = BTreeMap::from([("spectrum".to_owned(), vec![told])]);
            let parameters = json!({});
            Identity {
                contract: "1.0",
                program: "p",
                parameters: &parameters,
                seed: None,
                files: &[],
                inputs: &inputs,
                gathered: &gathered,
            }
            .key()
        };
        let key = |axes: &[(&str, Value)]| of_stage("spectrum", axes, "train.with.steps");
        let keys = [
            of_stage(
                "ntk-spectrum",
                &[("depth", json!(2)), ("seed", json!(0))],
                "train.with.steps",
            ),
            of_stage("spectrum", &[("depth", json!(2)), ("seed", json!(0))], "seed"),
            key(&[("depth", json!(2)), ("seed", json!(0))]),
            key(&[("depth", json!(3)), ("seed", json!(0))]),
            key(&[("layers", json!(2)), ("seed", json!(0))]),
            key(&[("seed", json!(0)), ("depth", json!(2))]),
            key(&[("depth", json!(2.0)), ("seed", json!(0))]),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(one), "{index}");
        }
    }

    #[test]
    fn everything_that_decides_the_bytes_changes_the_key() {
        let parameters = json!({ "a": 1, "b": { "c": [1, 2] } });
        let first = key(&parameters, None, "f", "k", "p");
        for changed in [
            json!({ "a": 2, "b": { "c": [1, 2] } }),
            json!({ "a": 1, "b": { "c": [2, 1] } }),
            json!({ "a": 1, "b": { "c": [1, 2], "d": 0 } }),
            json!({ "a": "1", "b": { "c": [1, 2] } }),
        ] {
            assert_ne!(key(&changed, None, "f", "k", "p"), first);
        }
        assert_ne!(key(&parameters, Some(0), "f", "k", "p"), first);
        assert_ne!(
            key(&parameters, Some(1), "f", "k", "p"),
            key(&parameters, Some(0), "f", "k", "p")
        );
        assert_ne!(key(&parameters, None, "g", "k", "p"), first);
        assert_ne!(key(&parameters, None, "f", "l", "p"), first);
        assert_ne!(key(&parameters, None, "f", "k", "q"), first);
    }
}
