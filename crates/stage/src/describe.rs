//! The answer to `describe`.

use artifact::{Kind, Layout};
use serde::{Deserialize, Serialize};

use crate::Stage;

/// What a stage program is: the answer to `describe`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the protocol by itself")]
pub struct Description {
    /// Contract version that the program speaks.
    pub contract: String,
    /// Name of the stage.
    pub name: String,
    /// Version of the stage.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Input ports.
    pub inputs: Vec<Port>,
    /// Kind of the output.
    pub output: Kind,
    /// Tables of the output.
    pub tables: Vec<TableDescription>,
    /// Files beside the tables.
    #[serde(default)]
    pub files: Vec<String>,
    /// Whether the seed changes the output.
    #[serde(default)]
    pub uses_seed: bool,
    /// Whether the program answers `plan`; a program that does not is run unplanned.
    #[serde(default)]
    pub plans: bool,
    /// Whether the program goes on from what a killed run has left in the output; else the output
    /// is empty whenever it is called.
    #[serde(default)]
    pub resumes: bool,
    /// Whether its output can be made in pieces that are joined ([`Part`](crate::Part)).
    #[serde(default)]
    pub splits: bool,
    /// JSON Schema of the parameters, with defaults and descriptions.
    pub parameters: serde_json::Value,
}

/// An input port of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Name, as under `inputs:`.
    pub name: std::borrow::Cow<'static, str>,
    /// Kind of artifact that it takes.
    pub kind: Kind,
    /// Whether it takes several artifacts: all variants of a sweep at once.
    #[serde(default)]
    pub many: bool,
}

impl Port {
    /// A port for one artifact.
    #[must_use]
    pub const fn one(name: &'static str, kind: Kind) -> Self {
        Self { name: std::borrow::Cow::Borrowed(name), kind, many: false }
    }

    /// A port for all variants of a sweep.
    #[must_use]
    pub const fn many(name: &'static str, kind: Kind) -> Self {
        Self { name: std::borrow::Cow::Borrowed(name), kind, many: true }
    }
}

/// A table as the contract shows it to programs in other languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDescription {
    /// Name.
    pub name: String,
    /// Whether it is a folder with one file a step.
    pub per_step: bool,
    /// Column names in order.
    pub columns: Vec<String>,
}

impl Description {
    /// The description of stage `S`.
    #[must_use]
    pub fn of<S: Stage>() -> Self {
        let tables = S::OUTPUT.tables().iter().map(|table| TableDescription {
            name: table.name.to_owned(),
            per_step: table.layout == Layout::PerStep,
            columns: table.columns.iter().map(|column| column.name.to_owned()).collect(),
        });
        Self {
            contract: artifact::CONTRACT.to_owned(),
            name: S::NAME.to_owned(),
            version: S::VERSION.to_owned(),
            summary: S::SUMMARY.to_owned(),
            inputs: S::INPUTS.to_vec(),
            output: S::OUTPUT,
            tables: tables.collect(),
            files: S::FILES.iter().map(|&file| file.to_owned()).collect(),
            uses_seed: S::USES_SEED,
            plans: true,
            resumes: S::RESUMES,
            splits: S::SPLITS,
            parameters: schemars::schema_for!(S::Parameters).to_value(),
        }
    }
}
