//! NumPy's format of one array.
//!
//! Source: NumPy Enhancement Proposal 1, *A Simple File Format for NumPy Arrays*.

use std::path::Path;

use super::ImagesSource;
use super::content::{Content, Part, bytes_of};
use crate::error::DatasetError;

/// An array as it stands in its file.
struct Array<'a> {
    /// Its type, as `|u1`, `<f4`.
    descr: String,
    shape: Vec<usize>,
    data: &'a [u8],
}

/// Reads images, n × h × w or n × h × w × c, and the array of their labels.
pub(super) fn read(_: &ImagesSource, part: &Part, memory: u64) -> Result<Content, DatasetError> {
    let path = part.paths.first().cloned().unwrap_or_default();
    let wrong = |path: &Path, message: String| DatasetError::image(path, message);
    let bytes = bytes_of(&path, memory)?;
    let array = parse(&bytes).map_err(|message| wrong(&path, message))?;
    let shape = match array.shape[..] {
        [_, h, w] => [h, w, 1],
        [_, h, w, c @ (1 | 3)] => [h, w, c],
        _ => {
            let message = format!(
                "its array has the shape {:?}; images are n × h × w, or n × h × w × 1 or 3",
                array.shape
            );
            return Err(wrong(&path, message));
        }
    };
    let values = levels(&array).map_err(|message| wrong(&path, message))?;
    let Some(labels_path) = part.labels.clone() else {
        let message = "an array of images has its labels in another file; name it in `labels`";
        return Err(wrong(&path, message.to_owned()));
    };
    let bytes = bytes_of(&labels_path, memory)?;
    let labels = parse(&bytes).and_then(|array| whole(&array));
    let labels = labels.map_err(|message| wrong(&labels_path, message))?;
    let files = vec![path.clone(), labels_path];
    Content { path, shape, values, labels, names: Vec::new(), files }.checked()
}

/// The header and the data of an array.
fn parse(bytes: &[u8]) -> Result<Array<'_>, String> {
    let cut = || "it is cut off within its header".to_owned();
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err("it is no NumPy array".to_owned());
    }
    let major = *bytes.get(6).ok_or_else(cut)?;
    let (length, start): (usize, usize) = if major == 1 {
        (usize::from(u16::from_le_bytes(word(bytes, 8).ok_or_else(cut)?)), 10)
    } else {
        (u32::from_le_bytes(word(bytes, 8).ok_or_else(cut)?) as usize, 12)
    };
    let end = start.checked_add(length).ok_or_else(cut)?;
    let header = String::from_utf8_lossy(bytes.get(start..end).ok_or_else(cut)?).into_owned();
    let after =
        |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start_matches([':', ' ']));
    let descr = after("'descr'").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next());
    let descr = descr.ok_or("its header states no simple type")?.to_owned();
    if after("'fortran_order'").is_some_and(|rest| rest.starts_with("True")) {
        return Err(
            "its array is in Fortran order; write it by `numpy.ascontiguousarray`".to_owned()
        );
    }
    let shape = after("'shape'").and_then(|rest| rest.strip_prefix('(')?.split(')').next());
    let shape: Option<Vec<usize>> = shape
        .ok_or("its header states no shape")?
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().ok())
        .collect();
    let shape = shape.ok_or("its header states no shape")?;
    Ok(Array { descr, shape, data: &bytes[end..] })
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// The entries, each from `N` bytes.
fn entries<const N: usize, T>(
    array: &Array<'_>,
    of: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let count = array.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    if count.and_then(|count| count.checked_mul(N)) != Some(array.data.len()) {
        return Err(format!(
            "its header states the shape {:?} of {N} bytes an entry, but {} bytes follow; it may be cut off",
            array.shape,
            array.data.len()
        ));
    }
    Ok(array.data.as_chunks::<N>().0.iter().map(|bytes| of(*bytes)).collect())
}

/// Levels of images: whole numbers to 255, or parts of 1.
fn levels(array: &Array<'_>) -> Result<Vec<u8>, String> {
    let of_1 = |values: Vec<f64>| {
        let outside = values.iter().find(|value| !(0.0..=1.0).contains(*value));
        match outside {
            Some(value) => Err(format!(
                "it has the level {value}; levels that are no bytes lie between 0 and 1"
            )),
            None => Ok(values.into_iter().map(|value| (value * 255.0).round() as u8).collect()),
        }
    };
    match array.descr.as_str() {
        "|u1" => entries::<1, _>(array, |[level]| level),
        "<f4" => of_1(entries::<4, _>(array, |bytes| f64::from(f32::from_le_bytes(bytes)))?),
        "<f8" => of_1(entries::<8, _>(array, f64::from_le_bytes)?),
        other => {
            Err(format!("its entries are of type `{other}`; images are uint8, float32 or float64"))
        }
    }
}

/// Labels: whole numbers, 0 or above.
fn whole(array: &Array<'_>) -> Result<Vec<u32>, String> {
    let wide: Vec<i64> = match array.descr.as_str() {
        "|u1" => entries::<1, _>(array, |[label]| i64::from(label))?,
        "|i1" => entries::<1, _>(array, |bytes| i64::from(i8::from_le_bytes(bytes)))?,
        "<i4" => entries::<4, _>(array, |bytes| i64::from(i32::from_le_bytes(bytes)))?,
        "<u4" => entries::<4, _>(array, |bytes| i64::from(u32::from_le_bytes(bytes)))?,
        "<i8" | "<u8" => entries::<8, _>(array, i64::from_le_bytes)?,
        other => {
            return Err(format!("its entries are of type `{other}`; labels are whole numbers"));
        }
    };
    let label = |(row, label): (usize, i64)| {
        u32::try_from(label)
            .map_err(|_| format!("the label of image {row} is {label}; labels are 0 or above"))
    };
    wide.into_iter().enumerate().map(label).collect()
}
