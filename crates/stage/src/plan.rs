//! The answer to `plan`.

use artifact::Outline;
use serde::{Deserialize, Serialize};

/// What the machine offers a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Threads to use.
    pub threads: usize,
    /// Memory in bytes that the stage may take.
    pub memory_bytes: u64,
}

/// What a stage would do: the answer to `plan`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Parameters with every default filled in: what the manifest records.
    #[serde(default)]
    pub parameters: serde_json::Value,
    /// What is known of the output.
    pub outline: Outline,
    /// Peak memory that the stage expects to need, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Files outside the project's artifacts that the run will read; their content is part of
    /// the key.
    #[serde(default)]
    pub files: Vec<std::path::PathBuf>,
    /// What is wrong; the stage does not run while there is any.
    pub problems: Vec<Problem>,
}

/// Something wrong with the parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON Pointer of the parameter, as `/learning_rate/decay/factor`; empty for all of them.
    pub at: String,
    /// What is wrong, a sentence with the value and what would be right.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Plan {
    /// Adds a problem at the JSON Pointer `at`.
    pub fn problem(&mut self, at: &str, message: impl Into<String>) -> &mut Problem {
        self.problems.push(Problem { at: at.to_owned(), message: message.into(), hint: None });
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }
}

impl Problem {
    /// Says what to do about it.
    pub fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }
}
