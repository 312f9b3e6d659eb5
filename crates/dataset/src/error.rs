//! What can go wrong with the source of a dataset.

use std::path::{Path, PathBuf};

use stage::StageError;

use crate::digits::Fault;
use crate::samples::LARGEST;
use crate::table::Place;
use crate::text::TextFault;

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
    /// A folder, a pipe or a device.
    #[error("{} is {}", path.display(), if *is_folder { "a folder, not a file" } else { "not a regular file" })]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// Whether it is a folder.
        is_folder: bool,
        /// Parquet files in that folder.
        parts: Vec<String>,
    },
    /// Images that cannot be used as they are.
    #[error("{}: {message}", path.display())]
    Images {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A format that no reader here takes.
    #[error("{} is {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A compressed file that cannot be decompressed.
    #[error("{} cannot be decompressed: {source}", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decompressor said.
        source: std::io::Error,
    },
    /// Reading the file would take more memory than there is.
    #[error(
        "reading {} takes {:.1} GB of memory; {:.1} GB are free",
        path.display(), *needed as f64 / 1e9, *free as f64 / 1e9
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that it would take, or more.
        needed: u64,
        /// Bytes that there are.
        free: u64,
    },
    /// The file is no picture.
    #[error("{} is not a readable PNG or JPEG picture: {source}", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// A picture whose end is missing: decoders fill the rest with grey.
    #[error("{} is cut off: the JPEG has no end", path.display())]
    CutImage {
        /// The file.
        path: PathBuf,
    },
    /// A picture with transparent pixels, and nothing said of what is behind them.
    #[error(
        "{} has transparent pixels, the first in row {row}, column {column}; their grey level depends on what is behind them",
        path.display()
    )]
    Transparent {
        /// The file.
        path: PathBuf,
        /// Row of the first one as it is stored, from 1.
        row: usize,
        /// Its column, from 1.
        column: usize,
    },
    /// Delimited text that is damaged.
    #[error("{} {fault}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// A table without even a header.
    #[error("{} is empty; a table begins with a header line", path.display())]
    EmptyTable {
        /// The file.
        path: PathBuf,
    },
    /// The file begins like Parquet but is damaged.
    #[error("{} is not a readable Parquet file: {message}", path.display())]
    NotParquet {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        message: String,
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
        /// The delimiter that a header of one cell seems to have.
        delimiter: Option<char>,
    },
    /// No column has a name of this pattern.
    #[error("{} has no further column of the pattern `{pattern}`", path.display())]
    NoMatch {
        /// The file.
        path: PathBuf,
        /// The pattern.
        pattern: String,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// A pattern that takes in an index.
    #[error(
        "the pattern `{pattern}` takes in column {number} of {}, {}, which looks like an index and not like data",
        path.display(), named(column)
    )]
    Index {
        /// The file.
        path: PathBuf,
        /// The pattern.
        pattern: String,
        /// Name of the column.
        column: String,
        /// Its number, from 1.
        number: usize,
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
        /// The first such cell.
        place: Place,
        /// What stands there.
        value: String,
        /// How many more such cells the column has.
        more: usize,
    },
    /// Truth values and numbers in one column.
    #[error(
        "{place} of column `{column}` in {} holds {value}, but other cells hold {}",
        path.display(), if *is_boolean { "numbers" } else { "true or false" }
    )]
    Mixed {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first cell that differs from those before it.
        place: Place,
        /// What stands there.
        value: String,
        /// Whether that is a truth value.
        is_boolean: bool,
    },
    /// Lists of different lengths in a column, or none.
    #[error("{place} of column `{column}` in {} holds {found}, not {}", path.display(), list_of(*expected))]
    Lengths {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such row.
        place: Place,
        /// What stands there.
        found: String,
        /// Length of the lists before it; 0 where there are none.
        expected: usize,
    },
    /// A cell of the label column that names no class.
    #[error("{place} of the label column `{column}` in {} holds {value}, which is not a class", path.display())]
    NotAClass {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such cell.
        place: Place,
        /// What stands there.
        value: String,
        /// Whether that stands for a missing value.
        is_missing: bool,
    },
    /// A cell of the column of splits that names none.
    #[error(
        "{place} of column `{column}` in {} holds {value}, not `train`, `test` or `validation`",
        path.display()
    )]
    NotASplit {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such cell.
        place: Place,
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
    /// A column whose values would be equal in the f32 of a dataset.
    #[error(
        "column `{column}` of {} has {distinct} different values, as far as {value:e} in {place}, of which f32 keeps {kept}{}",
        path.display(), if *is_standardized { " once they are standardized" } else { "" }
    )]
    Collapsed {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Different values in the file.
        distinct: usize,
        /// Different values that would be left.
        kept: usize,
        /// Whether the column is standardized.
        is_standardized: bool,
        /// Where the value stands that is farthest from the others.
        place: Place,
        /// That value.
        value: f64,
    },
    /// A number that is too large to compute with.
    #[error(
        "{place} of column `{column}` in {} {} {value:e}; numbers beyond {LARGEST:e} overflow the f32 in which networks are trained",
        path.display(), if *is_standardized { "becomes" } else { "holds" }
    )]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The first such cell.
        place: Place,
        /// The number.
        value: f64,
        /// Whether it is the standardized number.
        is_standardized: bool,
    },
    /// A target of a formula, or with noise, that is too large to compute with.
    #[error(
        "the target of {split} sample {sample} is {value:e}; numbers beyond {LARGEST:e} overflow the f32 in which networks are trained"
    )]
    LargeTarget {
        /// `training` or `test`.
        split: &'static str,
        /// Number of the sample, from 0.
        sample: usize,
        /// The number.
        value: f64,
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
    /// More samples are asked for than the table has rows of the split.
    #[error("{} has {rows} rows whose split is `{split}`, but `{split}` is {wanted}", path.display())]
    TooFewOfSplit {
        /// The file.
        path: PathBuf,
        /// `train` or `test`.
        split: &'static str,
        /// Rows of it.
        rows: u64,
        /// Samples asked for.
        wanted: u64,
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

fn list_of(length: usize) -> String {
    match length {
        0 => "a list of numbers".to_owned(),
        length => format!("a list of {length} as in the rows before"),
    }
}

fn named(column: &str) -> String {
    if column.is_empty() { "without a name".to_owned() } else { format!("`{column}`") }
}

impl DatasetError {
    /// What is wrong with the file of digits at `path`.
    pub(crate) fn digits(path: &Path, fault: Fault) -> Self {
        Self::Digits { path: path.to_owned(), fault }
    }

    /// What is wrong with the images at `path`.
    pub(crate) fn image(path: &Path, message: String) -> Self {
        Self::Images { path: path.to_owned(), message }
    }

    /// What is wrong with the text in the file at `path`.
    pub(crate) fn text(path: &Path, fault: TextFault) -> Self {
        Self::Text { path: path.to_owned(), fault }
    }

    /// The compressed file at `path` is damaged.
    pub(crate) fn damaged(path: &Path, source: std::io::Error) -> Self {
        Self::Gzip { path: path.to_owned(), source }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAFile { parts, .. } => match parts.first() {
                Some(part) => return Some(format!("name one of the files in it, as {part}")),
                None => "copy what it gives into a file, and name that",
            },
            Self::Foreign { remedy, .. } => remedy,
            Self::Gzip { .. } => "the file may be cut off: fetch it again",
            Self::CutImage { .. } => "fetch or save it again",
            Self::TooLarge { .. } => "use a smaller file, or allow more with `--memory`",
            Self::NotAnImage { .. } => {
                "give a PNG or JPEG file, converted where it is HEIC, WebP or TIFF, or `source: { portrait: {} }`"
            }
            Self::Transparent { .. } => {
                "say what is behind the picture: `background: 1` (white) or `background: 0` (black)"
            }
            Self::Text { fault, .. } => return fault.hint(),
            Self::EmptyTable { .. } => "give a CSV file with a header line, or a Parquet file",
            Self::MissingColumn { delimiter: Some('\t'), .. } => {
                "tabs seem to separate the cells: `delimiter: \"\\t\"`"
            }
            Self::MissingColumn { delimiter: Some(delimiter), .. } => {
                return Some(format!(
                    "`{delimiter}` seems to separate the cells: `delimiter: \"{delimiter}\"`"
                ));
            }
            Self::MissingColumn { column, known, .. } => {
                return Some(match nearest(column, known) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => columns(known),
                });
            }
            Self::NoMatch { known, .. } => return Some(columns(known)),
            Self::Index { .. } => {
                "write the table without its index (pandas: `index=False`), or list the columns"
            }
            Self::NotANumber { value, .. } if value.contains(',') => {
                "for decimal commas say `decimal: \",\"`; separators of thousands have to go"
            }
            Self::NotANumber { .. } => "remove or fill such rows; text can only be a `label`",
            Self::ColumnType { .. } => {
                "convert the column when the table is written; text can only be a `label`"
            }
            Self::Mixed { .. } => "write 0 and 1 for false and true",
            Self::Lengths { .. } => "every row needs a list of the same length",
            Self::Constant { rows: "training row", .. } => {
                "train on more rows, or leave the column out"
            }
            Self::Constant { .. } => "leave the column out",
            Self::Collapsed { is_standardized: true, .. } => {
                "such a value is an outlier or stands for a missing one: remove its row"
            }
            Self::Collapsed { .. } | Self::OutOfRange { is_standardized: false, .. } => {
                "standardize the column, or scale it in the file"
            }
            Self::OutOfRange { .. } => "remove its row, or train on more rows",
            Self::LargeTarget { .. } => "scale the formula, or lower the noise",
            Self::NotAClass { is_missing: true, .. } => {
                "remove such rows; if it is the name of a class, give the class another one"
            }
            Self::NotAClass { .. } => {
                "name a numeric column that is to be predicted under `targets`"
            }
            Self::TooFewOfSplit { .. } => "lower the number, or leave `split` out",
            Self::Digits { fault, .. } => return fault.hint(),
            Self::NotAGrid { .. }
            | Self::Images { .. }
            | Self::Open { .. }
            | Self::NotParquet { .. }
            | Self::AmbiguousColumn { .. }
            | Self::NotASplit { .. }
            | Self::TooFewClasses { .. }
            | Self::TooFewRows { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// The error as the driver shows it, with its hint.
    pub(crate) fn into_stage(self) -> StageError {
        let hint = self.hint();
        StageError { hint, ..StageError::from(self) }
    }
}

/// The columns that there are, not all where they are many.
fn columns(known: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = known[..known.len().min(SHOWN)].join(", ");
    match known.len().checked_sub(SHOWN) {
        None | Some(0) => format!("the columns are {shown}"),
        Some(more) => format!("the columns are {shown} and {more} more"),
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
