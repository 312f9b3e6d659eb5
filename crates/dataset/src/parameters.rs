//! What a user may set.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::Augment;
use crate::digits::DigitsSource;
use crate::function::FunctionSource;
use crate::glyphs::GlyphsSource;
use crate::images::ImagesSource;
use crate::preprocess::Preprocess;
use crate::sampling::Sampling;
use crate::scenes::ScenesSource;
use crate::table::TableSource;

/// Parameters of the stage `dataset`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// What is sampled.
    #[serde(default)]
    pub source: Source,
    /// N, number of training samples.
    #[schemars(range(min = 1))]
    pub train: u32,
    /// Number of test samples.
    #[serde(default)]
    pub test: u32,
    /// Where a picture or a function is sampled; rows of a table and digits are drawn uniformly,
    /// without replacement.
    #[serde(default)]
    pub sampling: Sampling,
    /// The same for the test samples; as `sampling` where left out. A test `grid` gives clean
    /// pictures of the learned function and of the eigenfunctions.
    #[serde(default)]
    pub test_sampling: Option<Sampling>,
    /// Range of the coordinates that the network sees of a picture or a function, and of the pixels
    /// of digits.
    #[serde(default)]
    pub inputs: InputRange,
    /// A draw of data augmentation of the training split; for sources of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augment>,
    /// What becomes of images, fitted on the training split; for sources of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocess: Option<Preprocess>,
    /// How classes become targets.
    #[serde(default)]
    pub targets: TargetCoding,
    /// Whether the targets of each split are shuffled among its samples, before noise: a control that
    /// has the same values and no structure left for the inputs to explain.
    #[serde(default)]
    pub shuffle_targets: bool,
    /// Standard deviation of Gaussian noise on the training targets, in their own unit (after
    /// standardization); test targets stay clean. For numeric targets.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub label_noise: f64,
    /// Share of the training samples that are given another class, each of the other classes equally
    /// likely; `y` and `label` tell the new one, test samples keep theirs. For targets that are classes.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub label_flips: f64,
}

/// How classes become targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetCoding {
    /// 1 for the class, 0 for all others.
    #[default]
    OneHot,
    /// 1 − 1/C for the class, −1/C for all others, which sum to 0: for least squares.
    Centred,
}

/// What is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// The embedded picture: a grey portrait drawn by formulas, a function on [0, 1]² with v down.
    Portrait {},
    /// Any PNG or JPEG as a grey function on [0, 1]² with v down.
    Image(ImageSource),
    /// A formula in any dimension.
    Function(FunctionSource),
    /// The rows of a CSV or Parquet file.
    Table(TableSource),
    /// Pictures of digits from a file, in the format of MNIST or as CSV.
    Digits(DigitsSource),
    /// Labelled images from files: as MNIST, CIFAR, Hugging Face, NumPy and folders have them.
    Images(ImagesSource),
    /// Grey pictures of drawn strokes in any number of classes.
    Glyphs(GlyphsSource),
    /// Colour pictures with the statistics of natural images, a glyph on each.
    Scenes(ScenesSource),
}

impl Default for Source {
    fn default() -> Self {
        Self::Portrait {}
    }
}

/// A picture file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageSource {
    /// A PNG or JPEG file, turned upright as its Exif orientation says. Colour becomes grey as
    /// 0.299 R + 0.587 G + 0.114 B of the stored (gamma-coded) values in [0, 1]. Between pixel centres
    /// the picture is bilinear.
    #[schemars(extend("format" = "file"))]
    pub path: PathBuf,
    /// Grey level behind transparent pixels, from 0 (black) to 1 (white). Where left out, a picture
    /// with transparent pixels is refused.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub background: Option<f64>,
}

/// Range of the coordinates that the network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputRange {
    /// x = u ∈ [0, 1]^d, as in the paper.
    #[default]
    Unit,
    /// x = 2u − 1 ∈ [−1, 1]^d.
    Centred,
}

impl InputRange {
    /// The network's input at the coordinate u ∈ [0, 1].
    #[must_use]
    pub fn input(self, u: f64) -> f64 {
        match self {
            Self::Unit => u,
            Self::Centred => 2.0 * u - 1.0,
        }
    }

    /// The coordinate u ∈ [0, 1] of an input: the inverse of [`InputRange::input`].
    #[must_use]
    pub fn coordinate(self, x: f64) -> f64 {
        match self {
            Self::Unit => x,
            Self::Centred => f64::midpoint(x, 1.0),
        }
    }
}

impl Parameters {
    /// Sampling of the test split.
    #[must_use]
    pub fn test_sampling(&self) -> Sampling {
        self.test_sampling.unwrap_or(self.sampling)
    }
}
