//! Labelled images from files: as MNIST, CIFAR, Hugging Face, NumPy and folders have them.

mod cifar;
mod content;
mod decode;
mod folders;
mod npy;
mod shards;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use rand::Rng;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DatasetError;
use crate::parameters::InputRange;
use crate::samples::Samples;

pub(crate) use content::Content;

/// Labelled images from a file or a folder.
///
/// What the path holds is recognized: IDX as MNIST has it (a file of images, that of its labels beside
/// it; or their folder), binary CIFAR-10 or CIFAR-100 (a `.bin` file, or a folder of them), Parquet as
/// Hugging Face has it (a struct of PNG or JPEG bytes and a whole-number label; a file, or a folder of
/// shards), a NumPy array (`.npy`, its labels in `labels`), or a folder with a folder of PNG and JPEG
/// files for each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImagesSource {
    /// A file or a folder.
    #[schemars(extend("format" = "file"))]
    pub path: PathBuf,
    /// The same of the test images. Where left out, they are what the folder calls so (`t10k-…`,
    /// `test_batch.bin`, `test.bin`, `test-….parquet`, `test/` beside `train/`), or drawn from the same
    /// images as those to train on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "file"))]
    pub test_path: Option<PathBuf>,
    /// The file of the labels, where images and labels are files of their own and names do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "file"))]
    pub labels: Option<PathBuf>,
    /// The same of the test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "file"))]
    pub test_labels: Option<PathBuf>,
    /// Column of a Parquet file that has the labels, `label`, `labels` or `fine_label` where left out;
    /// `coarse` or `fine` of CIFAR-100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The labels whose images are kept; all where empty. Classes stand in rising order.
    #[serde(default)]
    pub classes: Vec<u32>,
    /// Channels of the samples.
    #[serde(default)]
    pub colour: Colour,
}

/// Channels of the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// As the images have them: one of grey ones, three of colour.
    #[default]
    AsStored,
    /// One, 0.299 R + 0.587 G + 0.114 B.
    Grey,
    /// Three; of a grey image the same three times.
    Rgb,
}

/// The images of both splits that a source keeps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Images {
    /// Those to train on, or all where `test` is absent.
    pub train: Content,
    /// Those to test on, where they are others.
    pub test: Option<Content>,
    /// The label of each class, in rising order.
    pub classes: Vec<u32>,
    /// Its name, where there are names.
    pub names: Vec<String>,
}

impl ImagesSource {
    /// Reads the images within `memory` bytes and keeps those of the classes that are asked for.
    ///
    /// # Errors
    /// The first thing that is wrong, with the JSON Pointer within the source of the parameter.
    pub(crate) fn read(&self, memory: u64) -> Result<Images, (&'static str, DatasetError)> {
        let (mut train, mut test) = content::read(self, memory)?;
        for content in [Some(&mut train), test.as_mut()].into_iter().flatten() {
            content.recolour(self.colour);
        }
        if let Some(other) = test.as_ref().filter(|test| test.shape != train.shape) {
            let message = format!(
                "its images are {}, but those to train on {}",
                shown(other.shape),
                shown(train.shape)
            );
            return Err(("/test_path", DatasetError::image(&other.path, message)));
        }
        let mut known = train.labels.clone();
        known.sort_unstable();
        known.dedup();
        let mut classes =
            if self.classes.is_empty() { known.clone() } else { self.classes.clone() };
        classes.sort_unstable();
        classes.dedup();
        if let Some(class) = classes.iter().find(|class| !known.contains(class)) {
            let message = format!("no image has the label {class}; there are {}", listed(&known));
            return Err(("/classes", DatasetError::image(&self.path, message)));
        }
        if let [only] = classes[..] {
            let message = format!("{only} is the only class; a choice needs at least two");
            return Err(("/classes", DatasetError::image(&self.path, message)));
        }
        train.keep(&classes);
        if let Some(test) = &mut test {
            test.keep(&classes);
        }
        let names = train.names.clone();
        Ok(Images { train, test, classes, names })
    }
}

impl Images {
    /// Checks that there are the images that are asked for.
    ///
    /// # Errors
    /// Where there are fewer, with the JSON Pointer of the number.
    pub(crate) fn enough(
        &self,
        (train, test): (u32, u32),
    ) -> Result<(), (&'static str, DatasetError)> {
        let short = |at, content: &Content, wanted: u64, what: &str| {
            let message = format!(
                "{} images are there, but {wanted} are wanted {what}",
                content.labels.len()
            );
            Err((at, DatasetError::image(&content.path, message)))
        };
        let (train, test) = (u64::from(train), u64::from(test));
        let drawn = if self.test.is_some() { 0 } else { test };
        if train + drawn > self.train.labels.len() as u64 {
            let at = if train > self.train.labels.len() as u64 { "/train" } else { "/test" };
            let what = if drawn > 0 { "to train and to test on" } else { "to train on" };
            return short(at, &self.train, train + drawn, what);
        }
        match &self.test {
            Some(content) if test > content.labels.len() as u64 => {
                short("/test", content, test, "to test on")
            }
            _ => Ok(()),
        }
    }

    /// Draws `train` and `test` images without replacement: those to train on are the first of one
    /// order, so that the number of test samples changes none of them.
    pub(crate) fn split(
        &self,
        (train, test): (u32, u32),
        inputs: InputRange,
        random: &mut impl Rng,
    ) -> (Samples, Samples) {
        let mut order: Vec<usize> = (0..self.train.labels.len()).collect();
        order.shuffle(random);
        let (first, rest) = order.split_at((train as usize).min(order.len()));
        let samples = |content: &Content, chosen: &[usize]| content.samples(self, chosen, inputs);
        let test_samples = match &self.test {
            None => samples(&self.train, &rest[..(test as usize).min(rest.len())]),
            Some(content) => {
                let mut order: Vec<usize> = (0..content.labels.len()).collect();
                order.shuffle(random);
                samples(content, &order[..(test as usize).min(order.len())])
            }
        };
        (samples(&self.train, first), test_samples)
    }
}

/// `28 × 28 × 1`.
pub(crate) fn shown([h, w, c]: [usize; 3]) -> String {
    format!("{h} × {w} × {c}")
}

fn listed(labels: &[u32]) -> String {
    const MOST: usize = 20;
    let words: Vec<String> = labels.iter().take(MOST).map(u32::to_string).collect();
    let more = if labels.len() > MOST { ", …" } else { "" };
    format!("{}{more}", words.join(", "))
}
