//! What can go wrong with an artifact.

use std::path::PathBuf;

/// What can go wrong when an artifact is written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
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
    /// The file is not Parquet, is cut off, or its bytes are damaged.
    #[error("{} is not a readable Parquet file: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// The file has other columns than its table.
    #[error("{} is not a table `{table}`: {problem}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The table it should hold.
        table: &'static str,
        /// Which column differs and how.
        problem: String,
    },
    /// The file was written by a newer or an older contract.
    #[error("{} holds version {found} of table `{table}`; this program reads version {expected}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The file's version.
        found: String,
        /// The version in [`crate::tables`].
        expected: u32,
    },
    /// A value that is NaN or infinite was to be written or was found.
    #[error("row {row} of column `{column}` of table `{table}` is not a finite number")]
    NotFinite {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// Row of the batch, from 0.
        row: usize,
    },
    /// Rows could not be turned into columns or back.
    #[error("table `{table}` does not fit its rows: {message}")]
    Rows {
        /// The table.
        table: &'static str,
        /// What did not fit.
        message: String,
    },
    /// The manifest is missing or unreadable.
    #[error("{} is no valid manifest: {message}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

impl ArtifactError {
    /// An [`ArtifactError::Io`] for `map_err`.
    pub(crate) fn io(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Wraps a Parquet error, taking out the system's error where there is one (a full disk).
    pub(crate) fn parquet(path: &std::path::Path, source: parquet::errors::ParquetError) -> Self {
        if let parquet::errors::ParquetError::External(inner) = &source
            && let Some(io) = inner.downcast_ref::<std::io::Error>()
        {
            let source = std::io::Error::new(io.kind(), io.to_string());
            return Self::Io { action: "writing", path: path.to_owned(), source };
        }
        Self::Parquet { path: path.to_owned(), source }
    }
}
