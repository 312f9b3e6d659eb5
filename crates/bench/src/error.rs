//! What can go wrong in a bench.

use std::path::{Path, PathBuf};
use std::time::Duration;

use artifact::ArtifactError;
use kernel::KernelError;
use network::ArchitectureError;
use spectrum::SpectrumError;
use stage::StageError;

/// What can go wrong in a bench, or in one of its cases.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No case has such a name.
    #[error("no case matches {names}; `--list` shows all")]
    NoCase {
        /// What was asked for.
        names: String,
    },
    /// A result has another number of entries than the reference.
    #[error("its result has {found} numbers, not {wanted}")]
    Size {
        /// Entries of the result.
        found: usize,
        /// Entries of the reference.
        wanted: usize,
    },
    /// The reference cannot be computed.
    #[error("no f64 reference: {message}")]
    Reference {
        /// What was wrong.
        message: String,
    },
    /// A peer cannot be installed or imported.
    #[error("{message}")]
    Missing {
        /// What was tried and what it said.
        message: String,
    },
    /// A peer failed.
    #[error("{message}")]
    Peer {
        /// How it ended or what it answered.
        message: String,
    },
    /// A peer did not answer in time.
    #[error("no answer within {} s", limit.as_secs())]
    Late {
        /// The time it had.
        limit: Duration,
    },
    /// The script `lr_decay.py` cannot do what our pipeline did.
    #[error("lr_decay.py cannot repeat this run: {message}")]
    Script {
        /// Why.
        message: String,
    },
    /// Code of this project panicked; the panic was printed.
    #[error("panicked: {message}")]
    Panic {
        /// Its message.
        message: String,
    },
    /// A program of this project failed; it has printed why.
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
    /// A case has a network that does not fit its inputs.
    #[error(transparent)]
    Network(#[from] ArchitectureError),
    /// A training step failed.
    #[error("{}", .0.message)]
    Stage(StageError),
    /// A decomposition failed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// A kernel regression failed.
    #[error(transparent)]
    Predict(#[from] KernelError),
    /// A fit does not exist.
    #[error("a ridge or a time has no predictions: K + λI is not positive definite")]
    NoFit,
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
    /// Exit code of a bench that ends with this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::NoCase { .. }) { 2 } else { 1 }
    }

    /// A [`BenchError::Io`] for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
