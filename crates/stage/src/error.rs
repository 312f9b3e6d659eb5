//! What a failing stage tells its user.

use artifact::Outline;
use serde::{Deserialize, Serialize};

/// Why a stage failed, in words for its user.
///
/// Any error turns into one with `?`; [`StageError::hint`] says what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageError {
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Outline of the output so far, where that is worth keeping ([`Self::keeping`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Box<Outline>>,
}

impl StageError {
    /// An error with a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, outline: None }
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error of a stage whose output holds every table of its kind up to where it failed,
    /// as a training that diverged: the driver keeps that beside the error, for people and reports.
    /// No other stage gets it as its input.
    #[must_use]
    pub fn keeping(mut self, outline: Outline) -> Self {
        self.outline = Some(Box::new(outline));
        self
    }
}

impl<E: std::error::Error> From<E> for StageError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many errors quote their cause already.
            if !message.contains(&cause_text) {
                message = format!("{message}: {cause_text}");
            }
            source = cause.source();
        }
        Self::new(message)
    }
}
