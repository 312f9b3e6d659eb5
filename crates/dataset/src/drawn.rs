//! Sources of labelled pictures that are drawn from the seed.

use artifact::tables::Split;
use rayon::prelude::*;
use stage::Seed;

use crate::parameters::InputRange;
use crate::samples::Samples;

/// A source of labelled pictures that needs no file.
pub(crate) trait Drawn: Sync {
    /// What all pictures share.
    type Classes: Sync;

    /// Its key in YAML, and in the names of its streams.
    const NAME: &'static str;

    /// Number of classes.
    fn class_count(&self) -> u32;

    /// h, w, c.
    fn shape(&self) -> [u32; 3];

    /// What makes the classes.
    fn classes(&self, seed: Seed) -> Self::Classes;

    /// A picture of `class`, h × w × c, mostly in [0, 1].
    fn picture(
        &self,
        classes: &Self::Classes,
        class: usize,
        random: &mut impl rand::Rng,
    ) -> Vec<f64>;

    /// `count` samples of `split`, of each class in turn.
    ///
    /// Each sample has a stream of its own, so that their number changes none of them.
    fn samples(&self, seed: Seed, split: Split, count: u32, inputs: InputRange) -> Samples {
        let (classes, outputs) = (self.classes(seed), self.class_count() as usize);
        let shape = self.shape().map(|size| size as usize);
        let class = |sample: u32| (sample as usize) % outputs;
        let picture = |sample: u32| {
            let stream = format!("dataset/{}/{}/{sample}", Self::NAME, split.name());
            let picture = self.picture(&classes, class(sample), &mut seed.stream(&stream));
            picture.into_iter().map(|level| inputs.input(level)).collect::<Vec<f64>>()
        };
        let pictures: Vec<Vec<f64>> = (0..count).into_par_iter().map(picture).collect();
        let one_hot = |sample| (0..outputs).map(move |a| f64::from(u8::from(a == class(sample))));
        Samples {
            input_dim: shape.iter().product(),
            shape: Some(shape),
            output_dim: outputs,
            inputs: pictures.concat(),
            targets: (0..count).flat_map(one_hot).collect(),
            labels: Some((0..count).map(|sample| class(sample) as u32).collect()),
            clean_labels: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::GlyphsSource;
    use crate::scenes::ScenesSource;

    fn check(source: &impl Drawn, contrast: f64) {
        let draw = |count, split| source.samples(Seed(3), split, count, InputRange::Unit);
        let (few, many) = (draw(12, Split::Train), draw(40, Split::Train));
        assert_eq!(many.inputs[..few.inputs.len()], few.inputs);
        assert_ne!(draw(12, Split::Test).inputs, few.inputs);
        assert!(many.inputs.iter().all(|level| level.is_finite()));
        let labels = many.labels.clone().unwrap();
        let counts: Vec<usize> =
            (0..10).map(|class| labels.iter().filter(|&&label| label == class).count()).collect();
        assert_eq!(counts, [4; 10]);
        // Two pictures of a class are nearer to each other than two of different classes, on average.
        let d = many.input_dim;
        let distance = |i: usize, j: usize| -> f64 {
            let picture = |i: usize| &many.inputs[i * d..(i + 1) * d];
            picture(i).iter().zip(picture(j)).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let mean = |same: bool| {
            let pairs = (0..40).flat_map(|i| (0..i).map(move |j| (i, j)));
            let wanted = pairs.filter(|&(i, j)| (labels[i] == labels[j]) == same);
            let distances: Vec<f64> = wanted.map(|(i, j)| distance(i, j)).collect();
            distances.iter().sum::<f64>() / distances.len() as f64
        };
        assert!(mean(true) < contrast * mean(false), "{} {}", mean(true), mean(false));
    }

    #[test]
    fn glyphs_of_a_class_look_alike_and_their_number_changes_none() {
        let source: GlyphsSource = serde_json::from_str("{}").unwrap();
        check(&source, 0.8);
        let ink = source.samples(Seed(3), Split::Train, 30, InputRange::Unit).inputs;
        assert!(ink.iter().all(|ink| (0.0..=1.0).contains(ink)));
    }

    #[test]
    fn scenes_are_mostly_background_and_their_number_changes_none() {
        let source: ScenesSource = serde_json::from_str("{}").unwrap();
        check(&source, 1.1);
        let samples = source.samples(Seed(3), Split::Train, 200, InputRange::Unit);
        assert_eq!(samples.shape, Some([16, 16, 3]));
        // Neighbours differ less than strangers: the spectrum of natural images falls.
        let [mut near, mut far] = [0.0; 2];
        for picture in samples.inputs.chunks_exact(16 * 16 * 3) {
            let level = |y: usize, x: usize| picture[(y * 16 + x) * 3];
            for y in 0..16 {
                near += (level(y, 3) - level(y, 4)).powi(2);
                far += (level(y, 3) - level(y, 12)).powi(2);
            }
        }
        assert!(near < 0.4 * far, "{near} {far}");
    }
}
