//! A folder of PNG and JPEG files for each class.

use std::fs;
use std::path::{Path, PathBuf};

use super::ImagesSource;
use super::content::{Content, Part, bytes_of};
use super::decode::Gathered;
use crate::error::DatasetError;

/// Names in a folder, sorted, hidden ones left out.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let io = |source| DatasetError::Open { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(io)?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| !super::content::file_name(path).starts_with('.'));
    paths.sort_unstable();
    Ok(paths)
}

/// Reads the class folders of one split; labels are their places in the order of their names.
pub(super) fn read(_: &ImagesSource, part: &Part, memory: u64) -> Result<Content, DatasetError> {
    let folder = part.paths.first().cloned().unwrap_or_default();
    let classes: Vec<PathBuf> = sorted(&folder)?.into_iter().filter(|path| path.is_dir()).collect();
    let (mut gathered, mut labels, mut files) = (Gathered::default(), Vec::new(), Vec::new());
    for (label, class) in (0..).zip(&classes) {
        let images: Vec<PathBuf> =
            sorted(class)?.into_iter().filter(|path| is_image(path)).collect();
        if images.is_empty() {
            let message = "this class has no images: no file ends in .png, .jpg or .jpeg";
            return Err(DatasetError::image(class, message.to_owned()));
        }
        for path in images {
            let left = memory.saturating_sub(gathered.values.len() as u64);
            let bytes = bytes_of(&path, left)?;
            let place = path.display().to_string();
            gathered
                .add(&bytes, &place)
                .map_err(|message| DatasetError::image(&folder, message))?;
            labels.push(label);
            files.push(path);
        }
    }
    let names = classes.iter().map(|path| super::content::file_name(path)).collect();
    let (shape, values) = (gathered.shape(), gathered.values);
    Content { path: folder, shape, values, labels, names, files }.checked()
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    path.is_file() && matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}
