//! The file in which an artifact says how to look at it.

use std::fs;
use std::path::{Path, PathBuf};

use artifact::open_file;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;
use crate::trend::Trend;

/// Name of the file in an artifact's directory.
pub const STUDY_FILE: &str = "study.json";

/// How to look at an artifact: what a stage says of its tables beside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Its figures, in the order of a report.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// What to look for over a sweep.
    #[serde(default)]
    pub trends: Vec<Trend>,
    /// Figures are drawn for each value of this column, of which a reader selects one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Select>,
    /// Where its findings were published: a sentence below them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub citation: String,
}

/// A column of numbers by which figures are selected, as one of several outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The table that has all values.
    pub table: String,
    /// The column. Every table of a figure that has it is narrowed to the selected value.
    pub column: String,
}

/// What can go wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// It cannot be read or written.
    #[error("{} failed: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A template does not give a study.
    #[error("figures cannot be read: {message}")]
    Template {
        /// What is wrong, with line and column.
        message: String,
    },
    /// It is no study.
    #[error("{} does not describe figures: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
}

impl Study {
    /// The study that `yaml` writes, each word of `filled` replaced by what this run has for it: a number,
    /// a list of steps, a sentence. Words are looked for in order, so that one that begins another comes
    /// after it.
    ///
    /// # Errors
    /// Where what comes out is no study; the message has line and column.
    pub fn from_template(yaml: &str, filled: &[(&str, String)]) -> Result<Self, StudyError> {
        let text =
            filled.iter().fold(yaml.to_owned(), |text, (word, value)| text.replace(word, value));
        serde_yaml::from_str(&text)
            .map_err(|error| StudyError::Template { message: error.to_string() })
    }

    /// Reads the file of the artifact at `directory`; an empty study where there is none.
    ///
    /// # Errors
    /// Where it cannot be read or is no study.
    pub fn read(directory: &Path) -> Result<Self, StudyError> {
        let path = directory.join(STUDY_FILE);
        let text = match open_file(&path).and_then(std::io::read_to_string) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(source) => return Err(StudyError::Io { path, source }),
        };
        serde_json::from_str(&text)
            .map_err(|error| StudyError::Content { path, message: error.to_string() })
    }

    /// Writes the file into the artifact at `directory`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), StudyError> {
        let path = directory.join(STUDY_FILE);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        fs::write(&path, text + "\n").map_err(|source| StudyError::Io { path, source })
    }
}
