//! What can go wrong with the source of a dataset.

use std::path::{Path, PathBuf};

use stage::StageError;

use crate::digits::Fault;

/// What can go wrong with the source of a dataset.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A grid of a number of points that is no d-th power.
    #[error("a grid in {dim} dimensions cannot have {count} points; {} can be", grids(*lower, *higher))]
    NotAGrid {
        /// Points asked for.
        count: u32,
        /// d.
        dim: u32,
        /// The next lower count that can be.
        lower: u32,
        /// The next higher one, where it fits in a count.
        higher: Option<u32>,
    },
    /// The file is missing, or may not be read.
    #[error("opening {} failed: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no picture.
    #[error("{} is not a readable PNG or JPEG picture: {source}", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// The file is no CSV, or its rows differ in length.
    #[error("{} is not a readable CSV file: {source}", path.display())]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// What the reader said, with the line.
        source: csv::Error,
    },
    /// The file begins like Parquet but is damaged.
    #[error("{} is not a readable Parquet file: {source}", path.display())]
    NotParquet {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// The table has no such column.
    #[error("{} has no column `{column}`", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// Two columns of the table bear the name.
    #[error("{} has {count} columns `{column}`; a name must belong to one", path.display())]
    AmbiguousColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// How many there are.
        count: usize,
    },
    /// A Parquet column of another type.
    #[error("column `{column}` of {} holds {found}, not {expected}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What was to be there.
        expected: &'static str,
    },
    /// Text, NaN or nothing in a numeric column.
    #[error(
        "{place} of column `{column}` in {} holds {value}, which is no finite number{}",
        path.display(),
        others(*more)
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such cell: `line 13` of a CSV file, `row 12` of a Parquet file.
        place: String,
        /// What stands there.
        value: String,
        /// How many more such cells the column has.
        more: usize,
    },
    /// A cell of the label column that names no class.
    #[error("{place} of the label column `{column}` in {} holds {value}, which is no class", path.display())]
    NotAClass {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such cell.
        place: String,
        /// What stands there.
        value: String,
    },
    /// A column that cannot be standardized.
    #[error("column `{column}` of {} is {value} in every {rows}; it cannot be standardized", path.display())]
    Constant {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its only value.
        value: f64,
        /// Over which rows: `row`, `training row`.
        rows: &'static str,
    },
    /// A label column with fewer than two classes.
    #[error("the label column `{column}` of {} holds {count} classes; two are the least", path.display())]
    TooFewClasses {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// How many there are.
        count: usize,
    },
    /// More samples are asked for than the table has rows.
    #[error("{} has {rows} rows, but train + test is {train} + {test} = {}", path.display(), train + test)]
    TooFewRows {
        /// The file.
        path: PathBuf,
        /// Rows of the table.
        rows: u64,
        /// Training samples asked for.
        train: u64,
        /// Test samples asked for.
        test: u64,
    },
    /// A file of digits.
    #[error("{} {fault}", path.display())]
    Digits {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
}

fn grids(lower: u32, higher: Option<u32>) -> String {
    match higher {
        Some(higher) => format!("{lower} or {higher}"),
        None => lower.to_string(),
    }
}

fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => " (as does one other cell)".to_owned(),
        more => format!(" (as do {more} other cells)"),
    }
}

impl DatasetError {
    /// What is wrong with the file of digits at `path`.
    pub(crate) fn digits(path: &Path, fault: Fault) -> Self {
        Self::Digits { path: path.to_owned(), fault }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Open { .. } => {
                Some("a relative path is looked up from the folder that the command runs in".to_owned())
            }
            Self::NotAnImage { .. } => {
                Some("give a PNG or JPEG file, or `source: { portrait: {} }`".to_owned())
            }
            Self::NotCsv { .. } => Some(
                "give a CSV file with a header line, its separator as `delimiter`, or a Parquet file"
                    .to_owned(),
            ),
            Self::MissingColumn { column, known, .. } => Some(match nearest(column, known) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the columns are {}", known.join(", ")),
            }),
            Self::NotANumber { .. } => {
                Some("remove or fill such rows; text can only be a `label`".to_owned())
            }
            Self::Constant { rows: "training row", .. } => {
                Some("train on more rows, or leave the column out".to_owned())
            }
            Self::Constant { .. } => Some("leave the column out".to_owned()),
            Self::NotAClass { .. } => {
                Some("name a numeric column that is to be predicted under `targets`".to_owned())
            }
            Self::Digits { fault, .. } => fault.hint(),
            Self::NotAGrid { .. }
            | Self::NotParquet { .. }
            | Self::AmbiguousColumn { .. }
            | Self::ColumnType { .. }
            | Self::TooFewClasses { .. }
            | Self::TooFewRows { .. } => None,
        }
    }

    /// The error as the driver shows it, with its hint.
    pub(crate) fn into_stage(self) -> StageError {
        let hint = self.hint();
        StageError { hint, ..StageError::from(self) }
    }
}

/// The name most like `wanted`, where one is like it.
fn nearest<'a>(wanted: &str, known: &'a [String]) -> Option<&'a String> {
    // Above this similarity a name reads as a slip of the other one.
    const ALIKE: f64 = 0.8;
    let wanted = wanted.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
