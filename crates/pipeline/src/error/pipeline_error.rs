//! What can go wrong between a command and its results.

use std::path::{Path, PathBuf};

use artifact::ArtifactError;

use super::failure::Failure;
use crate::system::interrupt;
use crate::text::Diagnostics;

/// What to do where the disk is full.
pub(crate) const WHERE_DISK_IS_FULL: &str = "free space, or write elsewhere with `--data FOLDER`";

/// What can go wrong between a command and its results.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The pipeline or the arguments are wrong; nothing was run.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// A word on the command line means nothing.
    #[error("error: {message}{}", help.as_ref().map(|help| format!("\n  = help: {help}")).unwrap_or_default())]
    Argument {
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// Stages failed.
    #[error("{}", shown(failures, *left_out))]
    Stages {
        /// Which, and why.
        failures: Vec<Failure>,
        /// Tasks that were not run, or not to their end, because of these.
        left_out: usize,
    },
    /// Ctrl-C, or a request to terminate.
    #[error("{}", interrupt::MESSAGE)]
    Interrupted,
    /// Cargo could not be run, or could not build a stage.
    #[error("error: {0}")]
    Cargo(String),
    /// A program of a cluster refuses, or does not answer.
    #[error("error: {0}")]
    Cluster(String),
    /// An artifact could not be written or read.
    #[error("error: {0}")]
    Artifact(#[from] ArtifactError),
    /// The file system refused.
    #[error("error: {action} {} failed: {source}{}", path.display(), help(source))]
    Io {
        /// What was tried, as in "writing".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PipelineError {
    /// Exit code of a command that ends with this error: 2 where the pipeline file or the
    /// arguments are wrong, 1 where something failed, 130 after an interrupt.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid(_) | Self::Argument { .. } => 2,
            Self::Interrupted => interrupt::EXIT_CODE,
            Self::Stages { .. }
            | Self::Cargo(_)
            | Self::Cluster(_)
            | Self::Artifact(_)
            | Self::Io { .. } => 1,
        }
    }

    /// A [`PipelineError::Io`] for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// All `failures`, and what they have kept from running.
fn shown(failures: &[Failure], left_out: usize) -> String {
    let mut parts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    if failures.len() > 1 {
        parts.push(format!("{} tasks failed, {left_out} others were not run", failures.len()));
    }
    parts.join("\n\n")
}

/// What to do about an error of the file system, to stand below its message.
fn help(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::StorageFull => format!("\n  = help: {WHERE_DISK_IS_FULL}"),
        _ => String::new(),
    }
}
