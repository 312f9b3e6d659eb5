//! The samples of one split, before they become rows.

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The samples of one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// d.
    pub input_dim: usize,
    /// o.
    pub output_dim: usize,
    /// x, N × d row-major.
    pub inputs: Vec<f64>,
    /// y, N × o row-major.
    pub targets: Vec<f64>,
    /// Classes, where the targets are one-hot.
    pub labels: Option<Vec<u32>>,
}

impl Samples {
    /// Adds independent normal numbers of the given standard deviation to the targets.
    pub fn add_noise(&mut self, deviation: f64, random: &mut impl Rng) {
        for target in &mut self.targets {
            let normal: f64 = random.sample(StandardNormal);
            *target += deviation * normal;
        }
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
        })
    }
}
