//! What can be wrong with a file of digits.

use std::io;
use std::path::PathBuf;

/// What is wrong with a file of digits; each message goes on after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file of pictures cannot be opened.
    #[error("is to hold the digits, but cannot be read: {0}")]
    NoPictures(io::Error),
    /// The file of labels cannot be opened.
    #[error("is to hold the labels of the digits, but cannot be read: {0}")]
    NoLabels(io::Error),
    /// No file of labels was named, and the name of the pictures tells of none.
    #[error(
        "holds pictures without labels, and its name has no `images` that would tell the file of labels"
    )]
    UnknownLabels,
    /// A Parquet file.
    #[error("is a Parquet file; digits are read from IDX or CSV")]
    Parquet,
    /// The labels' file is no IDX.
    #[error(
        "is no IDX file, which begins with two zero bytes; the labels of an IDX file are one too"
    )]
    LabelsNotIdx,
    /// The header is not all there.
    #[error("ends at offset {bytes} within its header, which has {needed} bytes")]
    CutHeader {
        /// Bytes of the file.
        bytes: usize,
        /// Bytes of the header.
        needed: usize,
    },
    /// Elements that are no unsigned bytes.
    #[error(
        "says by the byte {code:#04x} at offset 2 that it does not hold unsigned bytes (0x08), as pixels and labels are"
    )]
    Element {
        /// Code of the type.
        code: u8,
    },
    /// More or fewer elements than the header says.
    #[error("has {} elements after its header of {header} bytes, but the header says {}", bytes - header, shown(dimensions))]
    Length {
        /// Sizes in the header.
        dimensions: Vec<usize>,
        /// Bytes of the header.
        header: usize,
        /// Bytes of the file.
        bytes: usize,
    },
    /// Too few dimensions for pictures.
    #[error(
        "holds {} numbers, not pictures, which have at least one row and column",
        shown(dimensions)
    )]
    NotPictures {
        /// Sizes in the header.
        dimensions: Vec<usize>,
    },
    /// Too many dimensions for labels.
    #[error("holds {} numbers, not labels, which are one for a picture", shown(dimensions))]
    NotLabels {
        /// Sizes in the header.
        dimensions: Vec<usize>,
    },
    /// Pictures and labels that do not belong together.
    #[error("holds {labels} labels, but {} holds {pictures} pictures", path.display())]
    OtherCount {
        /// Number of labels.
        labels: usize,
        /// Number of pictures.
        pictures: usize,
        /// The file of pictures.
        path: PathBuf,
    },
    /// A file of labels beside a CSV file.
    #[error("is a CSV file, which holds its labels itself")]
    OwnLabels,
    /// A line of one cell.
    #[error(
        "has a single cell in line {line}; a line is a label and at least one pixel, separated as `delimiter` says"
    )]
    NoPixels {
        /// Line, from 1.
        line: u64,
    },
    /// A named column where no line has names.
    #[error("begins with numbers, so that no column can be named `{name}`")]
    NoHeader {
        /// The column asked for.
        name: String,
    },
    /// A column that is an index by its name.
    #[error(
        "has the column {name} in line {line}, column {column}: an index is neither pixel nor label"
    )]
    Index {
        /// Line of the header, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// Its name.
        name: String,
    },
    /// A column that counts the lines.
    #[error("counts its lines in column {column}: an index is neither pixel nor label")]
    Counting {
        /// Column, from 1.
        column: usize,
    },
    /// A column of labels beside the one that is taken for it.
    #[error("has a column `{name}`, but the column `{taken}` would be taken as the label")]
    LabelElsewhere {
        /// The column of labels.
        name: String,
        /// The column where the label would be.
        taken: String,
    },
    /// A column whose name is unlike those of the pixels.
    #[error(
        "has the column {name} in line {line}, column {column}, whose name is unlike those of the pixels"
    )]
    OddColumn {
        /// Line of the header, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// Its name.
        name: String,
    },
    /// A cell that is no pixel.
    #[error("holds `{value}` in line {line}, column {column}; a pixel is a number of 0 or more")]
    Pixel {
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// What stands there.
        value: String,
    },
    /// A pixel beyond 16 bits.
    #[error(
        "holds the pixel `{value}` in line {line}, column {column}, beside which every picture would be black"
    )]
    BrightPixel {
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// What stands there.
        value: String,
    },
    /// A cell that is no label.
    #[error("holds the label `{value}` in line {line}; a label is a whole number of 0 or more")]
    Label {
        /// Line, from 1.
        line: u64,
        /// What stands there.
        value: String,
    },
    /// No picture at all.
    #[error("holds no picture")]
    Empty,
    /// Nothing but zeros.
    #[error("holds no pixel above 0")]
    Blank,
    /// A pixel beyond the value that was to become 1.
    #[error("holds a pixel of {value}, which is above white, {white}")]
    AboveWhite {
        /// The largest pixel.
        value: f64,
        /// The value that was to become 1.
        white: f64,
    },
    /// A class that no picture is of.
    #[error("has no picture of class {class}; its classes are {}", listed(known))]
    MissingClass {
        /// The class asked for.
        class: u32,
        /// Those that there are.
        known: Vec<u32>,
    },
    /// Only one class.
    #[error("holds pictures of the class {class} alone; two classes are the least")]
    OneClass {
        /// The class.
        class: u32,
    },
    /// More samples are asked for than there are pictures.
    #[error(
        "has {pictures} pictures{}, but train + test is {train} + {test} = {}",
        if *limited { " of these classes" } else { "" },
        train + test
    )]
    TooFew {
        /// Pictures that are kept.
        pictures: u64,
        /// Whether classes were left out.
        limited: bool,
        /// Training samples asked for.
        train: u64,
        /// Test samples asked for.
        test: u64,
    },
}

impl Fault {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoPictures(_) => {
                "name your file by `--set dataset.with.source.digits.path=FILE` (IDX as MNIST has it, \
                 or CSV); data/README.md says where digits are available"
            }
            Self::NoLabels(_) | Self::UnknownLabels => {
                "name the IDX file of the labels by `--set dataset.with.source.digits.labels=FILE`"
            }
            Self::CutHeader { .. } | Self::Length { .. } => {
                "the file may be cut off: fetch it again"
            }
            Self::Parquet => {
                "name it as a table: `source: { table: { path: FILE, inputs: [\"pixel*\"], label: label, standardize_inputs: false } }`"
            }
            Self::NotPictures { dimensions } if dimensions.len() == 1 => {
                "this looks like the file of labels: `path` is the pictures, `labels` these"
            }
            Self::NotLabels { .. } | Self::OtherCount { .. } => {
                "pictures and labels come in pairs, as `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`"
            }
            Self::OwnLabels => "leave `labels` out; `label_column` says where they stand",
            Self::NoPixels { .. } => {
                "say what separates the cells, as `delimiter: \";\"` or `delimiter: \"\\t\"`"
            }
            Self::Index { .. } | Self::Counting { .. } => {
                "write the file without its index (pandas: `to_csv(FILE, index=False)`)"
            }
            Self::LabelElsewhere { name, .. } => {
                return Some(format!("say `label_column: {{ named: {name} }}`"));
            }
            Self::OddColumn { .. } => {
                "take the column out of the file; all columns but the label are pixels"
            }
            Self::BrightPixel { .. } => {
                "mend the cell, or say `white`, the pixel value that becomes 1"
            }
            Self::NoHeader { .. } => "say `label_column: first` or `label_column: last`",
            Self::Label { .. } => {
                "`label_column` says which column is the label: first, last or { named: … }"
            }
            Self::AboveWhite { .. } => "leave `white` out, and it is the largest pixel",
            Self::TooFew { .. } => "lower `train` or `test`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// `60000 × 28 × 28`.
fn shown(dimensions: &[usize]) -> String {
    let sizes: Vec<String> = dimensions.iter().map(usize::to_string).collect();
    sizes.join(" × ")
}

fn listed(classes: &[u32]) -> String {
    let classes: Vec<String> = classes.iter().map(u32::to_string).collect();
    classes.join(", ")
}
