//! Pictures of digits from a file: each is a sample, its pixels are x and its class is one-hot y.

mod content;
mod fault;
mod read_csv;
pub(crate) mod read_idx;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rand::Rng;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use content::Content;
pub use fault::Fault;

use crate::error::DatasetError;
use crate::parameters::InputRange;
use crate::samples::Samples;
use crate::table::{comma, wrong_delimiter};

/// Pictures of digits, or of anything else in classes, from a file.
///
/// A picture with pixel values p is x = p / white, a number in [0, 1] for each pixel, row by row
/// from the top; `inputs: centred` makes it 2p / white − 1. There is one output for each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigitsSource {
    /// The pictures: an IDX file, as MNIST has them, or a CSV file with one picture and its label in
    /// a line, with or without a header line. Either may be compressed by gzip; told apart by their
    /// first bytes.
    #[schemars(extend("format" = "file"))]
    pub path: PathBuf,
    /// IDX file of the labels. Where left out, the one beside the pictures whose name has `labels` for
    /// `images` and `idx1` for `idx3`, as MNIST's have. A CSV file holds its labels itself.
    #[serde(default)]
    #[schemars(extend("format" = "file"))]
    pub labels: Option<PathBuf>,
    /// Column of a CSV file that holds the label; all others are pixels.
    #[serde(default)]
    pub label_column: LabelColumn,
    /// Whether the first line of a CSV file names its columns. Where left out, it does where its label
    /// is no number, or where it counts columns from 0 or 1.
    #[serde(default)]
    pub header: Option<bool>,
    /// What separates the cells of a CSV file, one ASCII character.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// The labels whose pictures are kept; all where empty. Classes stand in rising order.
    #[serde(default)]
    pub classes: Vec<u32>,
    /// The pixel value that becomes 1; the largest one in the file where left out.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub white: Option<f64>,
}

/// Column of a CSV file that holds the label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelColumn {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// The one that bears this name in the header line.
    Named(String),
}

/// The pictures that a [`DigitsSource`] keeps of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Digits {
    /// Pixels of a picture.
    pub pixels: usize,
    /// Rows and columns, where the file says them.
    pub size: Option<[usize; 2]>,
    /// Pixel values as they stand in the file, pictures × pixels.
    pub values: Vec<f32>,
    /// Class of each picture, an index into `classes`.
    pub class_of: Vec<u32>,
    /// The label of each class, in rising order.
    pub classes: Vec<u32>,
    /// The pixel value that becomes 1.
    pub white: f64,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// Bytes of memory that reading took.
    pub bytes: u64,
}

impl DigitsSource {
    /// Reads the file within `memory` bytes and keeps the pictures of the classes that are asked for.
    ///
    /// # Errors
    /// The first thing that is wrong with the file, with the JSON Pointer within the source of the
    /// parameter that it concerns.
    pub fn read(&self, memory: u64) -> Result<Digits, (&'static str, DatasetError)> {
        let read = content::read(self, memory)?;
        let wrong = |at, fault| Err((at, DatasetError::digits(&self.path, fault)));
        let Content { pixels, size, mut values, mut labels, files, bytes } = read;
        if labels.is_empty() {
            return wrong("/path", Fault::Empty);
        }
        let largest = f64::from(values.iter().copied().fold(0.0, f32::max));
        let white = self.white.unwrap_or(largest);
        if largest == 0.0 {
            return wrong("/path", Fault::Blank);
        }
        if largest > white {
            return wrong("/white", Fault::AboveWhite { value: largest, white });
        }
        let mut known = labels.clone();
        known.sort_unstable();
        known.dedup();
        let mut classes = self.classes.clone();
        classes.sort_unstable();
        if let Some(&class) = classes.iter().find(|class| !known.contains(class)) {
            return wrong("/classes", Fault::MissingClass { class, known });
        }
        if classes.is_empty() {
            classes = known;
        } else {
            (values, labels) = of_classes(&classes, pixels, &values, &labels);
        }
        if let [only] = classes[..] {
            return wrong("/path", Fault::OneClass { class: only });
        }
        let class_of = labels.iter().filter_map(|label| index(&classes, *label)).collect();
        Ok(Digits { pixels, size, values, class_of, classes, white, files, bytes })
    }

    /// What is wrong beside the file, as (JSON Pointer within the source, message) pairs.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut add = |at: &str, message: String| problems.push((at.to_owned(), message));
        if let Some(white) = self.white.filter(|white| !(white.is_finite() && *white > 0.0)) {
            add("/white", format!("white is {white}; it is a pixel value above 0"));
        }
        if let Some(message) = wrong_delimiter(self.delimiter) {
            add("/delimiter", message);
        }
        if let [only] = self.classes[..] {
            add("/classes", format!("{only} is the only class; a choice needs at least two"));
        }
        for (i, class) in self.classes.iter().enumerate() {
            if self.classes[..i].contains(class) {
                add(&format!("/classes/{i}"), format!("class {class} is named twice"));
            }
        }
        problems
    }

    /// Draws `train` and `test` pictures without replacement.
    ///
    /// All pictures are shuffled: those to train on are the first, those to test on come after
    /// them, so that the number of test samples changes no training sample.
    ///
    /// # Errors
    /// Where there are fewer pictures.
    pub fn split(
        &self,
        digits: &Digits,
        (train, test): (u32, u32),
        inputs: InputRange,
        random: &mut impl Rng,
    ) -> Result<(Samples, Samples), DatasetError> {
        self.enough(digits, train, test)?;
        let mut order: Vec<usize> = (0..digits.class_of.len()).collect();
        order.shuffle(random);
        let (train_pictures, rest) = order.split_at(train as usize);
        let samples = |pictures: &[usize]| digits.samples(pictures, inputs);
        Ok((samples(train_pictures), samples(&rest[..test as usize])))
    }

    /// Checks that there are the pictures that are asked for.
    ///
    /// # Errors
    /// Where there are fewer.
    pub fn enough(&self, digits: &Digits, train: u32, test: u32) -> Result<(), DatasetError> {
        let pictures = digits.class_of.len() as u64;
        let (train, test) = (u64::from(train), u64::from(test));
        if train + test > pictures {
            let limited = !self.classes.is_empty();
            let fault = Fault::TooFew { pictures, limited, train, test };
            return Err(DatasetError::digits(&self.path, fault));
        }
        Ok(())
    }
}

impl Digits {
    /// The samples that the numbered pictures are.
    fn samples(&self, pictures: &[usize], range: InputRange) -> Samples {
        let outputs = self.classes.len();
        let mut samples = Samples {
            input_dim: self.pixels,
            shape: self.size.map(|[h, w]| [h, w, 1]),
            output_dim: outputs,
            labels: Some(pictures.iter().map(|&picture| self.class_of[picture]).collect()),
            ..Samples::default()
        };
        for &picture in pictures {
            let values = &self.values[picture * self.pixels..][..self.pixels];
            let input = |value: &f32| range.input(f64::from(*value) / self.white);
            samples.inputs.extend(values.iter().map(input));
            let class = self.class_of[picture] as usize;
            let one_hot = (0..outputs).map(|other| if other == class { 1.0 } else { 0.0 });
            samples.targets.extend(one_hot);
        }
        samples
    }
}

/// Pixels and labels of the pictures whose label is among `classes`.
fn of_classes(
    classes: &[u32],
    pixels: usize,
    values: &[f32],
    labels: &[u32],
) -> (Vec<f32>, Vec<u32>) {
    let pictures = values.chunks_exact(pixels).zip(labels);
    let kept = || pictures.clone().filter(|(_, label)| index(classes, **label).is_some());
    let values = kept().flat_map(|(values, _)| values).copied().collect();
    (values, kept().map(|(_, &label)| label).collect())
}

/// Where `label` stands in the rising `classes`.
fn index(classes: &[u32], label: u32) -> Option<u32> {
    classes.binary_search(&label).ok().and_then(|index| u32::try_from(index).ok())
}

/// The file of labels that belongs to a file of pictures, by the names that MNIST's bear.
fn labels_beside(pictures: &Path) -> Option<PathBuf> {
    let name = pictures.file_name()?.to_str()?;
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    (labels != name).then(|| pictures.with_file_name(labels))
}
