//! Which part of an artifact's key differs from that of one that is stored.

use std::fmt;

use artifact::{CONTRACT, Manifest};
use serde_json::Value;

use crate::planning::{Plan, Task};
use crate::schema::compact;

/// Bytes of a program's hash that are shown.
const HASH_SHOWN: usize = 8;

/// A part of a key that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// The contract between driver and stages.
    Contract {
        /// Version under which the stored artifact was made.
        before: String,
    },
    /// The bytes of the program.
    Program {
        /// Hash of the program that made the stored artifact.
        before: String,
        /// Hash of the program now.
        after: String,
    },
    /// One parameter.
    Parameter {
        /// Dotted path below `with`.
        path: String,
        /// Its value then; `None` where there was none.
        before: Option<Value>,
        /// Its value now.
        after: Option<Value>,
    },
    /// The seed, of a stage that uses it.
    Seed {
        /// The seed then.
        before: Option<u64>,
        /// The seed now.
        after: Option<u64>,
    },
    /// What is wired into a port.
    Input {
        /// The port.
        port: String,
        /// The stages that are wired into it now.
        stages: Vec<String>,
    },
    /// The content of a file that the stage reads; manifests do not tell which.
    Files(Vec<String>),
    /// What the stage is told of gathered inputs: their stages, and the axes of the sweep.
    Gathered,
}

/// All parts of the key of `task` that differ from the key of the artifact of `manifest`; none
/// where the keys are the same.
pub(crate) fn changes(plan: &Plan, task: &Task, manifest: &Manifest) -> Vec<Change> {
    let mut found = Vec::new();
    if manifest.contract != CONTRACT {
        found.push(Change::Contract { before: manifest.contract.clone() });
    }
    if manifest.program != task.program.hash {
        let (before, after) = (manifest.program.clone(), task.program.hash.clone());
        found.push(Change::Program { before, after });
    }
    parameters("", Some(&manifest.parameters), Some(&task.parameters), &mut found);
    if manifest.seed != task.used_seed() {
        found.push(Change::Seed { before: manifest.seed, after: task.used_seed() });
    }
    let inputs = task.input_keys(&plan.tasks);
    for (port, keys) in &inputs {
        if manifest.inputs.get(port) != Some(keys) {
            let mut stages: Vec<String> = Vec::new();
            for feed in &task.inputs[port] {
                let stage = &plan.tasks[feed.task].stage;
                if !stages.contains(stage) {
                    stages.push(stage.clone());
                }
            }
            found.push(Change::Input { port: port.clone(), stages });
        }
    }
    for port in manifest.inputs.keys().filter(|port| !inputs.contains_key(*port)) {
        found.push(Change::Input { port: port.clone(), stages: Vec::new() });
    }
    // The key is of nothing else than these.
    if found.is_empty() && manifest.key != task.key {
        found.push(if task.files.is_empty() {
            Change::Gathered
        } else {
            Change::Files(task.files.iter().map(|(file, _)| file.display().to_string()).collect())
        });
    }
    found
}

/// Adds every leaf in which two values differ, maps taken apart.
fn parameters(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    let maps = before.and_then(Value::as_object).zip(after.and_then(Value::as_object));
    if let Some((one, other)) = maps {
        // `{ relu: 0.1 }` against `{ tanh: {} }` is another word, not two parameters.
        let shares = one.keys().any(|key| other.contains_key(key)) || path.is_empty();
        if shares || one.is_empty() || other.is_empty() {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                parameters(&path, one.get(key), other.get(key), found);
            }
            return;
        }
    }
    let (before, after) = (before.cloned(), after.cloned());
    found.push(Change::Parameter { path: path.to_owned(), before, after });
}

impl fmt::Display for Change {
    /// As `steps: 10 → 20`, `another program`, `input kernel (ntk)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), compact);
        let seed = |seed: &Option<u64>| seed.map_or("none".to_owned(), |seed| seed.to_string());
        let hash = |hash: &str| hash.get(..HASH_SHOWN).unwrap_or(hash).to_owned();
        match self {
            Self::Contract { before } => write!(f, "contract {before} → {CONTRACT}"),
            Self::Program { before, after } => {
                write!(f, "program {} → {}", hash(before), hash(after))
            }
            Self::Parameter { path, before, after } => {
                write!(f, "{path}: {} → {}", value(before), value(after))
            }
            Self::Seed { before, after } => write!(f, "seed {} → {}", seed(before), seed(after)),
            Self::Input { port, stages } if stages.is_empty() => write!(f, "no input {port}"),
            Self::Input { port, stages } if stages.as_slice() == [port.as_str()] => {
                write!(f, "input {port}")
            }
            Self::Input { port, stages } => write!(f, "input {port} ({})", stages.join(", ")),
            Self::Files(files) => write!(f, "content of {}", files.join(", ")),
            Self::Gathered => f.write_str("axes of the sweep, or names of the stages"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(before: &Value, after: &Value) -> Vec<String> {
        let mut found = Vec::new();
        parameters("", Some(before), Some(after), &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn parameters_are_compared_leaf_by_leaf() {
        let before =
            json!({ "steps": 10, "rate": { "initial": 0.25, "decay": 0.5 }, "at": [1, 2] });
        let after = json!({ "steps": 20, "rate": { "initial": 0.25 }, "at": [1, 3], "new": true });
        assert_eq!(
            shown(&before, &after),
            ["steps: 10 → 20", "rate.decay: 0.5 → none", "at: [1, 2] → [1, 3]", "new: none → true"]
        );
        assert!(shown(&before, &before).is_empty());
    }

    #[test]
    fn another_variant_of_an_enum_is_one_change() {
        let before = json!({ "source": { "portrait": {} } });
        let after = json!({ "source": { "image": { "path": "a.png" } } });
        let found = shown(&before, &after);
        assert_eq!(found, ["source: { portrait: {} } → { image: { path: a.png } }"]);
    }
}
