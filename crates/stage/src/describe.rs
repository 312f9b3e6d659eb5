//! The answer to `describe`.

use std::borrow::Cow;

use artifact::{ANY_KIND, Kind};
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
    /// Kind of the output: the name of one that the contract declares, or the declaration of the
    /// program's own, with its tables.
    pub output: Kind,
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
    pub name: Cow<'static, str>,
    /// Name of the kind of artifact that it takes; `any` takes all.
    pub kind: Cow<'static, str>,
    /// Whether it takes several artifacts: all variants of a sweep at once.
    #[serde(default)]
    pub many: bool,
    /// Whether it may be left unwired.
    #[serde(default)]
    pub optional: bool,
    /// Other ports of the stage: an artifact here must be made from one there, and the driver says
    /// from which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_from: Vec<String>,
    /// Whether a port for many is content with the variants that exist where others have failed,
    /// at least one: `run` is told of those that are missing ([`FailedInput`](crate::FailedInput)).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

impl Port {
    /// A port for one artifact.
    #[must_use]
    pub const fn one(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind.name())
    }

    /// A port for all variants of a sweep.
    #[must_use]
    pub const fn many(name: &'static str, kind: Kind) -> Self {
        let mut port = Self::new(name, kind.name());
        port.many = true;
        port
    }

    /// A port for all variants of a sweep of artifacts of every kind.
    #[must_use]
    pub const fn many_of_any(name: &'static str) -> Self {
        let mut port = Self::new(name, ANY_KIND);
        port.many = true;
        port
    }

    /// The same port, which may be left unwired.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same port, content with the variants that exist where others have failed.
    #[must_use]
    pub const fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    const fn new(name: &'static str, kind: &'static str) -> Self {
        let (name, kind) = (Cow::Borrowed(name), Cow::Borrowed(kind));
        Self { name, kind, many: false, optional: false, partial: false, made_from: Vec::new() }
    }

    /// Whether it takes artifacts of `kind`.
    #[must_use]
    pub fn takes(&self, kind: Kind) -> bool {
        self.kind == ANY_KIND || self.kind == kind.name()
    }
}

impl Description {
    /// The description of stage `S`.
    #[must_use]
    pub fn of<S: Stage>() -> Self {
        Self {
            contract: artifact::CONTRACT.to_owned(),
            name: S::NAME.to_owned(),
            version: S::VERSION.to_owned(),
            summary: S::SUMMARY.to_owned(),
            inputs: S::INPUTS.iter().map(ports_of::<S>).collect(),
            output: S::OUTPUT,
            files: S::FILES.iter().map(|&file| file.to_owned()).collect(),
            uses_seed: S::USES_SEED,
            plans: true,
            resumes: S::RESUMES,
            splits: S::SPLITS,
            parameters: schemars::schema_for!(S::Parameters).to_value(),
        }
    }
}

/// `port` of the stage `S` with the ports that its artifacts must be made from.
fn ports_of<S: Stage>(port: &Port) -> Port {
    let sources = S::MADE_FROM.iter().filter(|(name, _)| *name == port.name);
    let sources = sources.flat_map(|(_, sources)| *sources).map(|&name| name.to_owned());
    Port { made_from: sources.collect(), ..port.clone() }
}
