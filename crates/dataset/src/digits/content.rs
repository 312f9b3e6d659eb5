//! What a file of digits holds, whatever its format.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::{DigitsSource, labels_beside, read_csv, read_idx};
use crate::error::DatasetError;
use crate::file::{Format, Opened, recognise};

/// Pictures and labels as they stand in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Pixels of a picture.
    pub pixels: usize,
    /// Rows and columns, where the file says them.
    pub size: Option<[usize; 2]>,
    /// Pixel values, pictures × pixels, none below 0.
    pub values: Vec<f32>,
    /// Label of each picture.
    pub labels: Vec<u32>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// Bytes of memory that reading took.
    pub bytes: u64,
}

/// Reads the file that `source` names and, for IDX, the file of its labels, within `memory` bytes.
///
/// # Errors
/// What is wrong, with the JSON Pointer within the source of the parameter that it concerns.
pub fn read(source: &DigitsSource, memory: u64) -> Result<Content, (&'static str, DatasetError)> {
    let path = &source.path;
    let wrong = |at, fault| (at, DatasetError::digits(path, fault));
    let opened = opened(path, Fault::NoPictures).map_err(|error| ("/path", error))?;
    match opened.format {
        Format::Idx => {}
        Format::Parquet => return Err(wrong("/path", Fault::Parquet)),
        Format::Text if source.labels.is_some() => return Err(wrong("/labels", Fault::OwnLabels)),
        Format::Text => {
            let (pixels, values, labels) = read_csv::read(source, opened.content, memory)?;
            let bytes = values_bytes(&values);
            let files = vec![path.clone()];
            return Ok(Content { pixels, size: None, values, labels, files, bytes });
        }
    }
    let bytes = all(path, opened, memory).map_err(|error| ("/path", error))?;
    let (size, values) = read_idx::pictures(&bytes).map_err(|fault| wrong("/path", fault))?;
    let pixels: usize = size.iter().product();
    let size = <[usize; 2]>::try_from(size).ok();
    let read = bytes.len() as u64;
    drop(bytes);
    let beside = source.labels.clone().or_else(|| labels_beside(path));
    let labels_path = beside.ok_or_else(|| wrong("/path", Fault::UnknownLabels))?;
    let at_labels = |error| ("/labels", error);
    let wrong_labels = |fault| at_labels(DatasetError::digits(&labels_path, fault));
    let opened = self::opened(&labels_path, Fault::NoLabels).map_err(at_labels)?;
    if opened.format != Format::Idx {
        return Err(wrong_labels(Fault::LabelsNotIdx));
    }
    let bytes = all(&labels_path, opened, memory).map_err(at_labels)?;
    let labels = read_idx::labels(&bytes).map_err(wrong_labels)?;
    let (count, pictures) = (labels.len(), values.len() / pixels);
    if count != pictures {
        let fault = Fault::OtherCount { labels: count, pictures, path: path.clone() };
        return Err(wrong_labels(fault));
    }
    let bytes = read + values_bytes(&values);
    let files = vec![path.clone(), labels_path];
    Ok(Content { pixels, size, values, labels, files, bytes })
}

fn values_bytes(values: &[f32]) -> u64 {
    // Once as read and once more where classes are left out.
    2 * size_of_val(values) as u64
}

/// Opens a file; one that cannot be opened is `missing`.
fn opened(path: &Path, missing: fn(std::io::Error) -> Fault) -> Result<Opened, DatasetError> {
    recognise(path).map_err(|error| match error {
        DatasetError::Open { path, source } => DatasetError::digits(&path, missing(source)),
        other => other,
    })
}

/// All bytes of a file whose elements become f32 beside them.
fn all(path: &Path, opened: Opened, memory: u64) -> Result<Vec<u8>, DatasetError> {
    const OF_AN_ELEMENT: u64 = 1 + size_of::<f32>() as u64;
    let mut bytes = Vec::new();
    let read = opened.content.take(memory / OF_AN_ELEMENT + 1).read_to_end(&mut bytes);
    read.map_err(|source| DatasetError::damaged(path, source))?;
    let needed = OF_AN_ELEMENT * bytes.len() as u64;
    if needed > memory {
        return Err(DatasetError::TooLarge { path: path.to_owned(), needed, free: memory });
    }
    Ok(bytes)
}
