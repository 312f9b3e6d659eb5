//! The inputs of a stage: directories when it runs, outlines when it is planned.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Manifest, Outline};
use serde::{Deserialize, Serialize};

use crate::error::StageError;

/// One input artifact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    /// Its directory.
    pub directory: PathBuf,
    /// Values of the sweep's axes that it was made with, empty without a sweep.
    #[serde(default)]
    pub axes: BTreeMap<String, serde_json::Value>,
}

impl Input {
    /// Directory of the artifact.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The artifact's manifest.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn manifest(&self) -> Result<Manifest, StageError> {
        Ok(Manifest::read(&self.directory)?)
    }
}

/// The input artifacts of a run, by port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inputs(pub BTreeMap<String, Vec<Input>>);

impl Inputs {
    /// The one artifact at `port`.
    ///
    /// # Errors
    /// Where the port has none or several: the request does not fit the description.
    pub fn one(&self, port: &str) -> Result<&Input, StageError> {
        match self.0.get(port).map(Vec::as_slice) {
            Some([input]) => Ok(input),
            other => Err(StageError::new(format!(
                "the request gives {} artifacts for the port `{port}`, which takes one",
                other.map_or(0, <[Input]>::len)
            ))),
        }
    }

    /// Checks that the artifact at `port` was made from the very artifact at the port `source`,
    /// as far as its manifest tells: samples of another dataset have the same shape, perhaps,
    /// and mean something else.
    ///
    /// # Errors
    /// Where the manifest names another artifact at its own port `source`.
    pub fn check_origin(&self, port: &str, source: &str) -> Result<(), StageError> {
        let wired = self.one(source)?.manifest()?.key;
        let made_from = self.one(port)?.manifest()?.inputs;
        match made_from.get(source) {
            Some(keys) if !keys.contains(&wired) => Err(StageError::new(format!(
                "the artifact at `{port}` was made from another {source} than the one at `{source}`"
            ))
            .hint(format!("wire both to the same {source}"))),
            _ => Ok(()),
        }
    }

    /// All artifacts at `port`, in the order of the sweep.
    #[must_use]
    pub fn all(&self, port: &str) -> &[Input] {
        self.0.get(port).map_or(&[], Vec::as_slice)
    }
}

/// The outlines of a planned stage's inputs, by port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outlines(pub BTreeMap<String, Vec<Outline>>);

impl Outlines {
    /// The outline at `port`, of the first artifact where there are several; an empty one where
    /// nothing is known.
    #[must_use]
    pub fn one(&self, port: &str) -> Outline {
        self.0.get(port).and_then(|all| all.first()).cloned().unwrap_or_default()
    }
}
