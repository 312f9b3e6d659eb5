//! What can go wrong in a bench.

use std::path::{Path, PathBuf};

use artifact::ArtifactError;
use spectrum::SpectrumError;
use stage::StageError;

/// What can go wrong in a bench.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No case has such a name.
    #[error("no case matches {names}; `--list` shows all")]
    NoCase {
        /// What was asked for.
        names: String,
    },
    /// Two implementations disagree.
    #[error(
        "{peer} differs from {ours} in case {case} by {difference:.2e}, more than {tolerance:.0e}: {measure}"
    )]
    Disagreement {
        /// The case.
        case: String,
        /// The implementation that ours was compared with.
        peer: String,
        /// Our implementation.
        ours: String,
        /// What was compared.
        measure: &'static str,
        /// By how much they differ; NaN where a result is not finite.
        difference: f64,
        /// By how much they may.
        tolerance: f64,
    },
    /// The program with the peers failed.
    #[error("peers.py failed: {message}")]
    Peer {
        /// What it said.
        message: String,
    },
    /// The Python environment cannot be made.
    #[error("`{command}` failed; the bench needs python3 between 3.9 and 3.12 and a way to PyPI")]
    Python {
        /// The command that failed.
        command: String,
    },
    /// The script `lr_decay.py` failed, or cannot do what our pipeline did.
    #[error("lr_decay.py failed: {message}")]
    Script {
        /// What it said.
        message: String,
    },
    /// A program of this project failed, and has said why.
    #[error("`{command}` failed")]
    Command {
        /// The program with its arguments.
        command: String,
    },
    /// A plot cannot be drawn.
    #[error("a plot cannot be drawn: {message}")]
    Plot {
        /// What plotters said.
        message: String,
    },
    /// The threads cannot be started.
    #[error("the threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A training step failed.
    #[error("{}", .0.message)]
    Stage(StageError),
    /// A decomposition failed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// A table cannot be written or read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The file system refused.
    #[error("{action} {} failed: {source}", path.display())]
    Io {
        /// What was tried, as in "writing".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<StageError> for BenchError {
    fn from(error: StageError) -> Self {
        Self::Stage(error)
    }
}

impl BenchError {
    /// A [`BenchError::Io`] for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
