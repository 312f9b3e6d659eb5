//! What a path holds, whatever its format.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Colour, Images, ImagesSource, cifar, folders, npy, shards};
use crate::digits::read_idx;
use crate::error::DatasetError;
use crate::file;
use crate::parameters::InputRange;
use crate::samples::Samples;

/// Images of one size and their labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    /// What was read.
    pub path: PathBuf,
    /// h, w, c.
    pub shape: [usize; 3],
    /// Levels, channels last, 255 for full.
    pub values: Vec<u8>,
    /// Label of each image.
    pub labels: Vec<u32>,
    /// Names of the labels from 0, where there are names.
    pub names: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// What is wrong, with the JSON Pointer of the parameter that it concerns.
type Located = (&'static str, DatasetError);

/// The files of the two splits, and who reads them.
struct Found {
    read: fn(&ImagesSource, &Part, u64) -> Result<Content, DatasetError>,
    train: Part,
    test: Option<Part>,
}

/// The files of one split.
pub(crate) struct Part {
    /// Files of images, or a folder of class folders.
    pub paths: Vec<PathBuf>,
    /// The file of their labels, where they are files of their own.
    pub labels: Option<PathBuf>,
}

/// Reads both splits.
pub(crate) fn read(
    source: &ImagesSource,
    memory: u64,
) -> Result<(Content, Option<Content>), Located> {
    let mut found = find(&source.path).map_err(|error| ("/path", error))?;
    if source.labels.is_some() {
        found.train.labels.clone_from(&source.labels);
    }
    if let Some(path) = &source.test_path {
        let other = find(path).map_err(|error| ("/test_path", error))?;
        found.test = Some(other.test.unwrap_or(other.train));
    }
    if let (Some(test), Some(_)) = (&mut found.test, &source.test_labels) {
        test.labels.clone_from(&source.test_labels);
    }
    let train = (found.read)(source, &found.train, memory).map_err(|error| ("/path", error))?;
    let left = memory.saturating_sub(train.bytes());
    let test = found.test.map(|part| (found.read)(source, &part, left)).transpose();
    Ok((train, test.map_err(|error| ("/test_path", error))?))
}

/// What `path` holds.
fn find(path: &Path) -> Result<Found, DatasetError> {
    let io = |source| DatasetError::Open { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(io)?;
    if !metadata.is_dir() {
        return of_file(path);
    }
    let mut names: Vec<String> = fs::read_dir(path)
        .map_err(io)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    let pick = |fits: &dyn Fn(&str) -> bool| -> Vec<PathBuf> {
        names.iter().filter(|name| fits(name)).map(|name| path.join(name)).collect()
    };
    let part = |paths: Vec<PathBuf>| Part { paths, labels: None };
    let test = |paths: Vec<PathBuf>| (!paths.is_empty()).then_some(Part { paths, labels: None });
    let is_test = |name: &str| name.starts_with("test") || name.starts_with("t10k");

    let idx = pick(&|name| name.contains("images") && name.contains("idx3"));
    if !idx.is_empty() {
        let split = |wanted: bool| -> Vec<PathBuf> {
            let fits = |path: &&PathBuf| is_test(&file_name(path)) == wanted;
            idx.iter().filter(fits).take(1).cloned().collect()
        };
        return Ok(Found {
            read: read_idx_part,
            train: part(split(false)),
            test: test(split(true)),
        });
    }
    let ends = |name: &str, extension: &str| {
        Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
    };
    let bin = pick(&|name| ends(name, "bin") && !is_test(name));
    if !bin.is_empty() {
        let of_test = pick(&|name| ends(name, "bin") && is_test(name));
        return Ok(Found { read: cifar::read, train: part(bin), test: test(of_test) });
    }
    let shards = pick(&|name| ends(name, "parquet") && !is_test(name));
    if !shards.is_empty() {
        let of_test = pick(&|name| ends(name, "parquet") && is_test(name));
        return Ok(Found { read: shards::read, train: part(shards), test: test(of_test) });
    }
    let folder = |name: &str| names.iter().any(|other| other == name) && path.join(name).is_dir();
    if folder("train") && folder("test") {
        return Ok(Found {
            read: folders::read,
            train: part(vec![path.join("train")]),
            test: test(vec![path.join("test")]),
        });
    }
    if names.iter().any(|name| path.join(name).is_dir()) {
        return Ok(Found { read: folders::read, train: part(vec![path.to_owned()]), test: None });
    }
    let message = "it has no images as this source knows them: no `…images-idx3-ubyte`, `.bin`, `.parquet`, and no folder for each class";
    Err(DatasetError::image(path, message.to_owned()))
}

/// What the file at `path` holds.
fn of_file(path: &Path) -> Result<Found, DatasetError> {
    let mut head = Vec::new();
    let failed = |source| DatasetError::Open { path: path.to_owned(), source };
    file::open(path)?.take(8).read_to_end(&mut head).map_err(failed)?;
    let name = file_name(path);
    let read: fn(&ImagesSource, &Part, u64) -> Result<Content, DatasetError> = match () {
        () if head.starts_with(b"PAR1") => shards::read,
        () if head.starts_with(b"\x93NUMPY") => npy::read,
        () if head.starts_with(&[0, 0, 8, 3]) || name.contains("idx3") => read_idx_part,
        () if path.extension().is_some_and(|found| found.eq_ignore_ascii_case("bin")) => {
            cifar::read
        }
        () => {
            let message = "it is no file of images that this source knows: IDX, CIFAR's `.bin`, Parquet or `.npy`; a picture alone is `source: { image: … }`";
            return Err(DatasetError::image(path, message.to_owned()));
        }
    };
    Ok(Found { read, train: Part { paths: vec![path.to_owned()], labels: None }, test: None })
}

/// The last part of a path, as text.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// All bytes of a file, decompressed where gzip compressed it, within `memory`.
pub(crate) fn bytes_of(path: &Path, memory: u64) -> Result<Vec<u8>, DatasetError> {
    let failed = |source| DatasetError::Open { path: path.to_owned(), source };
    let mut file = file::open(path)?;
    let mut head = [0; 2];
    let is_gzip = file.read(&mut head).map_err(failed)? == 2 && head == [0x1f, 0x8b];
    let file = file::open(path)?;
    let mut content: Box<dyn Read> =
        if is_gzip { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut bytes = Vec::new();
    let read = content.by_ref().take(memory.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|source| DatasetError::damaged(path, source))?;
    if bytes.len() as u64 > memory {
        let needed = bytes.len() as u64;
        return Err(DatasetError::TooLarge { path: path.to_owned(), needed, free: memory });
    }
    Ok(bytes)
}

/// IDX as MNIST has it.
fn read_idx_part(_: &ImagesSource, part: &Part, memory: u64) -> Result<Content, DatasetError> {
    let Some(path) = part.paths.first() else {
        let message = "there is no file of images to train on beside those to test on".to_owned();
        return Err(DatasetError::image(Path::new("."), message));
    };
    let fault = |path: &Path, fault| DatasetError::digits(path, fault);
    let bytes = bytes_of(path, memory)?;
    let (shape, values) = read_idx::images(&bytes).map_err(|of| fault(path, of))?;
    let beside = || {
        let name = file_name(path);
        let labels = name.replace("images", "labels").replace("idx3", "idx1");
        (labels != name).then(|| path.with_file_name(labels))
    };
    let labels_path = part.labels.clone().or_else(beside).ok_or_else(|| {
        let message = "its name does not say which file has its labels; name it in `labels`";
        DatasetError::image(path, message.to_owned())
    })?;
    let bytes = bytes_of(&labels_path, memory)?;
    let labels = read_idx::labels(&bytes).map_err(|of| fault(&labels_path, of))?;
    Content {
        path: path.clone(),
        shape,
        values,
        labels,
        names: Vec::new(),
        files: vec![path.clone(), labels_path],
    }
    .checked()
}

impl Content {
    /// Bytes in memory.
    pub fn bytes(&self) -> u64 {
        self.values.len() as u64 + 4 * self.labels.len() as u64
    }

    /// Itself, where there are images and as many labels.
    pub fn checked(self) -> Result<Self, DatasetError> {
        let images = self.values.len() / self.shape.iter().product::<usize>().max(1);
        if images == 0 {
            return Err(DatasetError::image(&self.path, "it has no images".to_owned()));
        }
        if images != self.labels.len() {
            let message = format!("it has {images} images, but {} labels", self.labels.len());
            return Err(DatasetError::image(&self.path, message));
        }
        Ok(self)
    }

    /// Changes the channels.
    pub fn recolour(&mut self, colour: Colour) {
        let [h, w, c] = self.shape;
        match (colour, c) {
            (Colour::Grey, 3) => {
                let grey = |rgb: &[u8]| {
                    let level: f32 =
                        rgb.iter().zip([0.299, 0.587, 0.114]).map(|(&v, a)| a * f32::from(v)).sum();
                    level.round() as u8
                };
                self.values = self.values.chunks_exact(3).map(grey).collect();
                self.shape = [h, w, 1];
            }
            (Colour::Rgb, 1) => {
                self.values = self.values.iter().flat_map(|&level| [level; 3]).collect();
                self.shape = [h, w, 3];
            }
            _ => {}
        }
    }

    /// Keeps the images of `classes`.
    pub fn keep(&mut self, classes: &[u32]) {
        let d: usize = self.shape.iter().product();
        let labels = std::mem::take(&mut self.labels);
        let mut kept = 0;
        for (at, label) in labels.into_iter().enumerate() {
            if classes.binary_search(&label).is_ok() {
                self.values.copy_within(at * d..(at + 1) * d, kept * d);
                self.labels.push(label);
                kept += 1;
            }
        }
        self.values.truncate(kept * d);
    }

    /// The samples that the `chosen` images are.
    pub fn samples(&self, images: &Images, chosen: &[usize], range: InputRange) -> Samples {
        let d: usize = self.shape.iter().product();
        let outputs = images.classes.len();
        let class = |image: usize| images.classes.binary_search(&self.labels[image]).unwrap_or(0);
        let level = |&value: &u8| range.input(f64::from(value) / 255.0);
        let one_hot =
            |image: usize| (0..outputs).map(move |a| if a == class(image) { 1.0 } else { 0.0 });
        Samples {
            input_dim: d,
            shape: Some(self.shape),
            output_dim: outputs,
            inputs: chosen
                .iter()
                .flat_map(|&image| self.values[image * d..(image + 1) * d].iter().map(level))
                .collect(),
            targets: chosen.iter().flat_map(|&image| one_hot(image)).collect(),
            labels: Some(chosen.iter().map(|&image| class(image) as u32).collect()),
            clean_labels: None,
        }
    }
}
