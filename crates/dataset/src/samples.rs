//! The samples of one split, before they become rows.

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::error::DatasetError;

/// Largest input or target by size: beyond it, sums of squares over inputs, samples and layers overflow
/// f32 (3.4e38).
pub const LARGEST: f64 = 1e15;

/// Whether networks can be trained on the number; on NaN they cannot.
pub fn is_moderate(number: f64) -> bool {
    number.abs() <= LARGEST
}

/// The samples of one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// d.
    pub input_dim: usize,
    /// h, w, c of images, channels last.
    pub shape: Option<[usize; 3]>,
    /// o.
    pub output_dim: usize,
    /// x, N × d row-major.
    pub inputs: Vec<f64>,
    /// y, N × o row-major.
    pub targets: Vec<f64>,
    /// Classes, where the targets are one-hot.
    pub labels: Option<Vec<u32>>,
    /// Classes before some were flipped, where that was asked for.
    pub clean_labels: Option<Vec<u32>>,
}

impl Samples {
    /// Adds independent normal numbers of the given standard deviation to the targets.
    pub fn add_noise(&mut self, deviation: f64, random: &mut impl Rng) {
        for target in &mut self.targets {
            let normal: f64 = random.sample(StandardNormal);
            *target += deviation * normal;
        }
    }

    /// Gives every sample the target of one drawn without replacement, its class included.
    pub fn shuffle_targets(&mut self, random: &mut impl Rng) {
        let mut order: Vec<usize> = (0..self.targets.len() / self.output_dim.max(1)).collect();
        order.shuffle(random);
        let (dim, old) = (self.output_dim, &self.targets);
        self.targets =
            order.iter().flat_map(|&from| old[from * dim..][..dim].iter().copied()).collect();
        if let Some(labels) = &mut self.labels {
            *labels = order.iter().map(|&from| labels[from]).collect();
        }
    }

    /// Checks that networks can be trained on the targets.
    ///
    /// # Errors
    /// [`DatasetError::LargeTarget`] where one is beyond [`LARGEST`] or no number.
    pub fn check_targets(&self, split: Split) -> Result<(), DatasetError> {
        let large = self.targets.iter().position(|target| !is_moderate(*target));
        let Some(index) = large else { return Ok(()) };
        let split = if split == Split::Train { "training" } else { "test" };
        let (sample, value) = (index / self.output_dim, self.targets[index]);
        Err(DatasetError::LargeTarget { split, sample, value })
    }

    /// Gives round(share · N) samples another class, each of the other ones equally likely, in label
    /// and target; nothing happens where there are no classes.
    ///
    /// Samples and their new classes are drawn in one order, so that a larger share flips the samples
    /// of a smaller one to the same classes, and more.
    pub fn flip_labels(&mut self, share: f64, random: &mut impl Rng) {
        let (Some(labels), Ok(classes)) = (&mut self.labels, u32::try_from(self.output_dim)) else {
            return;
        };
        self.clean_labels = Some(labels.clone());
        let count = (share * labels.len() as f64).round() as usize;
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.shuffle(random);
        for sample in order.into_iter().take(count) {
            let target = &mut self.targets[sample * self.output_dim..][..self.output_dim];
            let label = &mut labels[sample];
            target[*label as usize] = 0.0;
            *label = (*label + random.random_range(1..classes)) % classes;
            target[*label as usize] = 1.0;
        }
    }

    /// Makes targets of classes sum to 0: 1 − 1/C for the class and −1/C for all others.
    pub fn centre_targets(&mut self) {
        let shift = 1.0 / self.output_dim as f64;
        self.targets.iter_mut().for_each(|target| *target -= shift);
    }

    /// The rows of the table `samples`, rounded to f32.
    pub fn rows(&self, split: Split) -> impl Iterator<Item = Sample> {
        let round = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        let inputs = self.inputs.chunks_exact(self.input_dim);
        let targets = self.targets.chunks_exact(self.output_dim);
        (0..).zip(inputs.zip(targets)).map(move |(sample, (x, y))| Sample {
            split,
            sample,
            x: round(x),
            y: round(y),
            label: self.labels.as_ref().map(|labels| labels[sample as usize]),
            clean_label: self.clean_labels.as_ref().map(|labels| labels[sample as usize]),
            origin: None,
        })
    }
}
