//! The requests that a driver writes and a stage program reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifact::Kind;
use serde::{Deserialize, Serialize};

use crate::inputs::{FailedInput, Inputs, Outlines};
use crate::part::Part;
use crate::plan::Limits;

/// What `plan` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Contract version of the driver.
    pub contract: String,
    /// Parameters as the user gave them.
    pub parameters: serde_json::Value,
    /// Outlines of the inputs, by port.
    pub inputs: Outlines,
    /// Kinds of the inputs, by port, each once: by their names, or with their tables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, Vec<Kind>>,
    /// What the machine offers.
    pub limits: Limits,
    /// Which part of the output is planned.
    #[serde(default, skip_serializing_if = "Part::is_whole")]
    pub part: Part,
}

/// What `run` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRequest {
    /// Contract version of the driver.
    pub contract: String,
    /// Name of the stage in the pipeline, for messages.
    pub stage: String,
    /// Parameters, defaults filled in.
    pub parameters: serde_json::Value,
    /// Input artifacts, by port.
    pub inputs: Inputs,
    /// Inputs that are missing because their stage failed, at ports that take those that exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedInput>,
    /// Directory for the output: it exists and is empty, or holds what a killed run of the same
    /// request has left there, where the stage says that it resumes.
    pub output: PathBuf,
    /// Seed of the pipeline.
    pub seed: u64,
    /// Threads to use.
    pub limits: Limits,
    /// Which part of the output to make.
    #[serde(default, skip_serializing_if = "Part::is_whole")]
    pub part: Part,
    /// Directories of the finished pieces in order, for a join.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn old() -> Value {
        json!({
            "contract": "1.0", "stage": "ntk", "parameters": {}, "inputs": {}, "output": "/out",
            "seed": 3, "limits": { "threads": 2, "memory_bytes": 1 },
        })
    }

    #[test]
    fn a_request_for_the_whole_is_as_it_was_before_there_were_parts() {
        let run: RunRequest = serde_json::from_value(old()).unwrap();
        assert_eq!((run.part, run.pieces.len(), run.failed.len()), (Part::Whole, 0, 0));
        assert_eq!(serde_json::to_value(&run).unwrap(), old());

        let mut old = old();
        for field in ["stage", "output", "seed"] {
            old.as_object_mut().unwrap().remove(field);
        }
        let plan: PlanRequest = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(plan.part, Part::Whole);
        assert_eq!(serde_json::to_value(&plan).unwrap(), old);
    }

    #[test]
    fn parts_are_written_as_the_docs_say() {
        for (part, text) in [
            (Part::Whole, json!("whole")),
            (Part::Piece { index: 0, of: 4 }, json!({ "piece": { "index": 0, "of": 4 } })),
            (Part::Join { of: 4 }, json!({ "join": { "of": 4 } })),
        ] {
            assert_eq!(serde_json::to_value(part).unwrap(), text);
            assert_eq!(serde_json::from_value::<Part>(text).unwrap(), part);
        }
    }
}
