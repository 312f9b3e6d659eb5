//! CIFAR's binary files: of each image a label, or a coarse and a fine one, and its three planes.
//!
//! Source: Krizhevsky 2009, *Learning Multiple Layers of Features from Tiny Images*, "binary version".

use super::ImagesSource;
use super::content::{Content, Part, bytes_of, file_name};
use crate::error::DatasetError;

/// Rows and columns.
const SIDE: usize = 32;
/// Numbers of a plane.
const PLANE: usize = SIDE * SIDE;

/// Reads the files of one split.
pub(super) fn read(
    source: &ImagesSource,
    part: &Part,
    memory: u64,
) -> Result<Content, DatasetError> {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for path in &part.paths {
        let bytes = bytes_of(path, memory.saturating_sub(values.len() as u64))?;
        // CIFAR-100's files are `train.bin` and `test.bin`, CIFAR-10's `data_batch_1.bin`, ….
        let of_100 = matches!(file_name(path).as_str(), "train.bin" | "test.bin");
        let (width, label) = match (of_100, source.label.as_deref()) {
            (false, None) => (1, 0),
            (true, None | Some("fine")) => (2, 1),
            (true, Some("coarse")) => (2, 0),
            (_, Some(other)) => {
                let message = format!(
                    "it has no labels `{other}`; those of CIFAR-100 are `coarse` and `fine`, of CIFAR-10 there is one kind"
                );
                return Err(DatasetError::image(path, message));
            }
        };
        let row = width + 3 * PLANE;
        if bytes.len() % row != 0 {
            let message = format!(
                "it has {} bytes, which is no multiple of the {row} of an image; it may be cut off: fetch it again",
                bytes.len()
            );
            return Err(DatasetError::image(path, message));
        }
        for image in bytes.chunks_exact(row) {
            labels.push(u32::from(image[label]));
            let planes = &image[width..];
            values.extend((0..PLANE).flat_map(|at| [0, 1, 2].map(|c| planes[c * PLANE + at])));
        }
    }
    let path = part.paths.first().cloned().unwrap_or_default();
    let (shape, files) = ([SIDE, SIDE, 3], part.paths.clone());
    Content { path, shape, values, labels, names: Vec::new(), files }.checked()
}
