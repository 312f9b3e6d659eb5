//! What can go wrong in a report.

use std::path::PathBuf;

use artifact::ArtifactError;
use polars::prelude::PolarsError;

/// What can go wrong when a report is made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A table is missing, damaged, or of another version.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// Polars cannot read a table.
    #[error("Polars cannot read {}: {source}", path.display())]
    Polars {
        /// The file.
        path: PathBuf,
        /// What Polars said.
        source: PolarsError,
    },
    /// A cell holds what its column does not allow.
    #[error("column `{column}` of {} holds {problem}", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it holds and what would be right.
        problem: String,
    },
    /// Tables of different artifacts do not belong together.
    #[error("{}; the inputs of the report must belong to one run", problem)]
    Mismatch {
        /// Which tables and how they differ.
        problem: String,
    },
    /// A picture cannot be made into PNG.
    #[error("the picture `{name}` cannot be encoded: {source}")]
    Picture {
        /// File stem of the picture.
        name: String,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// A figure cannot be drawn.
    #[error("the figure `{name}` cannot be drawn as SVG: {message}")]
    Svg {
        /// File stem of the figure.
        name: String,
        /// What plotters said.
        message: String,
    },
    /// A figure asks for what is not there.
    #[error("the figure `{name}` cannot be drawn: {problem}")]
    Figure {
        /// Its name.
        name: String,
        /// What is missing, and what there is.
        problem: String,
    },
    /// A folder cannot be read.
    #[error("reading {} failed: {source}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the report cannot be written.
    #[error("writing {} failed: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
