//! What a file of digits holds, whatever its format.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::fault::Fault;
use super::{DigitsSource, labels_beside, read_csv, read_idx};
use crate::error::DatasetError;

/// First bytes of a file that gzip compressed.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Pictures and labels as they stand in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Pixels of a picture.
    pub pixels: usize,
    /// Pixel values, pictures × pixels, none below 0.
    pub values: Vec<f32>,
    /// Label of each picture.
    pub labels: Vec<u32>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// Bytes of memory that reading took.
    pub bytes: u64,
}

/// Reads the file that `source` names and, for IDX, the file of its labels.
///
/// # Errors
/// What is wrong, with the JSON Pointer within the source of the parameter that it concerns.
pub fn read(source: &DigitsSource) -> Result<Content, (&'static str, DatasetError)> {
    let path = &source.path;
    let wrong = |at, fault| (at, DatasetError::digits(path, fault));
    let bytes = contents(path, Fault::NoPictures).map_err(|fault| wrong("/path", fault))?;
    let read = bytes.len() as u64;
    if !read_idx::is_idx(&bytes) {
        if source.labels.is_some() {
            return Err(wrong("/labels", Fault::OwnLabels));
        }
        let (pixels, values, labels) = read_csv::read(path, &bytes, &source.label_column)?;
        let bytes = read + values_bytes(&values);
        return Ok(Content { pixels, values, labels, files: vec![path.clone()], bytes });
    }
    let (pixels, values) = read_idx::pictures(&bytes).map_err(|fault| wrong("/path", fault))?;
    let beside = source.labels.clone().or_else(|| labels_beside(path));
    let labels_path = beside.ok_or_else(|| wrong("/path", Fault::UnknownLabels))?;
    let wrong_labels = |fault| ("/labels", DatasetError::digits(&labels_path, fault));
    let bytes = contents(&labels_path, Fault::NoLabels).map_err(wrong_labels)?;
    let labels = read_idx::labels(&bytes).map_err(wrong_labels)?;
    let (count, pictures) = (labels.len(), values.len() / pixels);
    if count != pictures {
        let fault = Fault::OtherCount { labels: count, pictures, path: path.clone() };
        return Err(wrong_labels(fault));
    }
    let bytes = read + values_bytes(&values);
    Ok(Content { pixels, values, labels, files: vec![path.clone(), labels_path], bytes })
}

fn values_bytes(values: &[f32]) -> u64 {
    // Once as read and once more where classes are left out.
    2 * size_of_val(values) as u64
}

/// The bytes of a file, decompressed where gzip compressed it.
fn contents(path: &Path, missing: impl Fn(std::io::Error) -> Fault) -> Result<Vec<u8>, Fault> {
    let bytes = fs::read(path).map_err(missing)?;
    if !bytes.starts_with(GZIP_MAGIC) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(Fault::Gzip)?;
    Ok(plain)
}
