//! What can go wrong in a command.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use pipeline::PipelineError;

/// What can go wrong in a command.
#[derive(Debug, thiserror::Error)]
pub enum XtaskError {
    /// A pipeline is wrong or failed.
    #[error("{0}")]
    Pipeline(#[from] PipelineError),
    /// A generated file is not what it would be.
    #[error("error: {file} is stale\n  = help: `cargo xtask docs` regenerates it")]
    Stale {
        /// The file, as it is shown.
        file: String,
    },
    /// A program that was called failed, and has said why.
    #[error("error: `{command}` failed ({status})")]
    Command {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The file system refused.
    #[error("error: {action} {} failed: {source}", path.display())]
    Io {
        /// What was tried, as in "writing".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl XtaskError {
    /// Exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Pipeline(error) => error.exit_code(),
            Self::Stale { .. } | Self::Command { .. } | Self::Io { .. } => 1,
        }
    }

    /// An [`XtaskError::Io`] for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
