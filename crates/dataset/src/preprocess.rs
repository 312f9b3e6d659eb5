//! What becomes of images before they are samples: resized, permuted, scaled, whitened.
//!
//! Everything is fitted on the training split and applied to both; what was fitted is stored beside the
//! samples.

use artifact::tables::dataset::PreprocessingRow;
use faer::Mat;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatRef, Par, Side};
use rand::Rng;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::samples::Samples;

/// What becomes of images before they are samples, in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// Rows and columns to which images are shrunk: each new pixel is the mean of the area it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub resize: Option<u32>,
    /// Share of the pixels that change places, the same ones in every image and both splits: 1 leaves a fully
    /// connected network the same problem and takes what is near from a convolution (permuted MNIST,
    /// Goodfellow et al. 2013).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub permute: Option<f64>,
    /// How values are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scaling>,
    /// Regularized whitening x ← U (S + ε · tr S / d)^{−1/2} Uᵀ x, with U S Uᵀ = Σ x xᵀ / N the second
    /// moments of the training split and this ε: 0.1 whitens most directions, 10 hardly any. After
    /// `scale: unit_norm` it is that of *Finite Versus Infinite Neural Networks* (Lee et al. 2020).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub zca: Option<f64>,
}

/// How values of images are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Each channel less its mean, over its standard deviation, both over the whole training split.
    Standardize,
    /// Each image less its own mean, and then of norm 1; an image of one level becomes 0.
    UnitNorm,
}

impl Preprocess {
    /// What is wrong with it on images of `shape`, as (JSON Pointer, message) pairs.
    pub(crate) fn problems(&self, [h, w, _]: [usize; 3]) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if let Some(side) = self.resize.map(|side| side as usize)
            && !(1..=h.min(w)).contains(&side)
        {
            let most = h.min(w);
            let message = format!(
                "images of {h} × {w} cannot be shrunk to {side} × {side}; give 1 to {most}"
            );
            problems.push(("/resize", message));
        }
        if let Some(share) = self.permute.filter(|share| !(0.0..=1.0).contains(share)) {
            let message = format!("permute is {share}; a share lies between 0 and 1");
            problems.push(("/permute", message));
        }
        if let Some(epsilon) = self.zca.filter(|epsilon| !(epsilon.is_finite() && *epsilon > 0.0)) {
            problems.push(("/zca", format!("ε is {epsilon}; it must be a finite number above 0")));
        }
        problems
    }

    /// The shape of images of `shape` after it.
    pub(crate) fn shape(&self, [h, w, c]: [usize; 3]) -> [usize; 3] {
        self.resize.map_or([h, w, c], |side| [side as usize, side as usize, c])
    }

    /// Preprocesses both splits, and gives what was fitted to the first or drawn from `random`.
    pub(crate) fn apply(
        &self,
        train: &mut Samples,
        test: &mut Samples,
        random: &mut impl Rng,
    ) -> Vec<PreprocessingRow> {
        let mut fitted = Vec::new();
        if let Some(side) = self.resize {
            resize(train, side as usize);
            resize(test, side as usize);
        }
        if let Some([h, w, _]) = train.shape
            && let Some(share) = self.permute
        {
            let places = permutation(h * w, share, random);
            permute(train, &places);
            permute(test, &places);
            let places: Vec<f64> = places.iter().map(|&place| place as f64).collect();
            fitted.extend(rows("permute", [places.as_slice()]));
        }
        match self.scale {
            Some(Scaling::Standardize) => {
                let scales = Standard::of(train);
                scales.apply(train);
                scales.apply(test);
                fitted.extend(rows("standardize", [&scales.means[..], &scales.deviations]));
            }
            Some(Scaling::UnitNorm) => {
                unit_norm(train);
                unit_norm(test);
            }
            None => {}
        }
        if let Some(epsilon) = self.zca {
            let whitening = whitening(train, epsilon);
            multiply(train, whitening.as_ref());
            multiply(test, whitening.as_ref());
            let d = whitening.nrows();
            let columns: Vec<Vec<f64>> =
                (0..d).map(|j| (0..d).map(|i| whitening[(i, j)]).collect()).collect();
            fitted.extend(rows("zca", columns.iter().map(Vec::as_slice)));
        }
        fitted
    }
}

/// Numbered rows of one transform.
fn rows<'a>(
    transform: &str,
    values: impl IntoIterator<Item = &'a [f64]>,
) -> impl Iterator<Item = PreprocessingRow> {
    values.into_iter().zip(0..).map(move |(values, row)| PreprocessingRow {
        transform: transform.to_owned(),
        row,
        values: values.iter().map(|&value| value as f32).collect(),
    })
}

/// Shrinks images to `side` × `side`, each new pixel the mean of the area it covers.
fn resize(samples: &mut Samples, side: usize) {
    let Some([h, w, c]) = samples.shape else { return };
    // Of each new row the old rows that it covers, with their shares.
    let shares = |old: usize| -> Vec<Vec<(usize, f64)>> {
        let size = old as f64 / side as f64;
        let share = |new: usize, at: usize| {
            let (from, to) = (new as f64 * size, (new + 1) as f64 * size);
            ((to.min((at + 1) as f64) - from.max(at as f64)) / size).max(0.0)
        };
        let covered = |new: usize| (0..old).map(move |at| (at, share(new, at)));
        (0..side).map(|new| covered(new).filter(|(_, share)| *share > 0.0).collect()).collect()
    };
    let (rows, columns) = (shares(h), shares(w));
    let mut resized = Vec::with_capacity(samples.inputs.len() / (h * w) * side * side);
    for image in samples.inputs.chunks_exact(h * w * c) {
        for row in &rows {
            for column in &columns {
                for channel in 0..c {
                    let mean = row.iter().flat_map(|&(y, a)| {
                        column.iter().map(move |&(x, b)| a * b * image[(y * w + x) * c + channel])
                    });
                    resized.push(mean.sum());
                }
            }
        }
    }
    samples.inputs = resized;
    samples.shape = Some([side, side, c]);
    samples.input_dim = side * side * c;
}

/// Of each of `count` places where its pixel comes from: round(share · count) of them, drawn, in a drawn order.
fn permutation(count: usize, share: f64, random: &mut impl Rng) -> Vec<usize> {
    let mut drawn: Vec<usize> = (0..count).collect();
    drawn.shuffle(random);
    drawn.truncate(((share * count as f64).round() as usize).min(count));
    let mut order = drawn.clone();
    order.shuffle(random);
    let mut places: Vec<usize> = (0..count).collect();
    for (&to, from) in drawn.iter().zip(order) {
        places[to] = from;
    }
    places
}

/// Gives each place of every image the pixel, with all channels, that `places` says.
fn permute(samples: &mut Samples, places: &[usize]) {
    let channels = samples.shape.map_or(1, |[_, _, c]| c);
    let image = places.len() * channels;
    let pixels = samples.inputs.chunks_exact(image).flat_map(|image| {
        places.iter().flat_map(move |&from| image[from * channels..(from + 1) * channels].iter())
    });
    samples.inputs = pixels.copied().collect();
}

/// Mean and standard deviation of each channel.
struct Standard {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Standard {
    /// Those of `samples`; the deviation of a channel of one level counts as 1.
    fn of(samples: &Samples) -> Self {
        let channels = samples.shape.map_or(1, |[_, _, c]| c);
        let of = |channel: usize| {
            let values = || samples.inputs.iter().skip(channel).step_by(channels);
            let count = values().len().max(1) as f64;
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let deviation = variance.sqrt();
            (mean, if deviation > 0.0 { deviation } else { 1.0 })
        };
        let (means, deviations) = (0..channels).map(of).unzip();
        Self { means, deviations }
    }

    fn apply(&self, samples: &mut Samples) {
        for pixel in samples.inputs.chunks_exact_mut(self.means.len()) {
            for ((x, mean), deviation) in pixel.iter_mut().zip(&self.means).zip(&self.deviations) {
                *x = (*x - mean) / deviation;
            }
        }
    }
}

fn unit_norm(samples: &mut Samples) {
    for image in samples.inputs.chunks_exact_mut(samples.input_dim.max(1)) {
        let mean = image.iter().sum::<f64>() / image.len() as f64;
        for x in image.iter_mut() {
            *x -= mean;
        }
        let norm = image.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            for x in image.iter_mut() {
                *x /= norm;
            }
        }
    }
}

/// U (S + ε · tr S / d)^{−1/2} Uᵀ of the second moments of `samples`, d × d.
fn whitening(samples: &Samples, epsilon: f64) -> Mat<f64> {
    let d = samples.input_dim;
    let count = (samples.inputs.len() / d).max(1);
    let x = MatRef::from_row_major_slice(&samples.inputs, count, d);
    let mut moments = Mat::zeros(d, d);
    let par = Par::rayon(0);
    matmul(moments.as_mut(), Accum::Replace, x.transpose(), x, 1.0 / count as f64, par);
    let shift = epsilon * (0..d).map(|i| moments[(i, i)]).sum::<f64>() / d as f64;
    let Ok(pairs) = moments.self_adjoint_eigen(Side::Lower) else { return Mat::identity(d, d) };
    let (vectors, values) = (pairs.U(), pairs.S().column_vector());
    let scaled = Mat::from_fn(d, d, |i, j| {
        let value = values[j].max(0.0) + shift;
        vectors[(i, j)] * if value > 0.0 { value.powf(-0.5) } else { 0.0 }
    });
    let mut whitening = Mat::zeros(d, d);
    matmul(whitening.as_mut(), Accum::Replace, scaled.as_ref(), vectors.transpose(), 1.0, par);
    whitening
}

/// x ← W x for every image and a symmetric W.
fn multiply(samples: &mut Samples, matrix: MatRef<'_, f64>) {
    let d = samples.input_dim;
    let count = samples.inputs.len() / d.max(1);
    if count == 0 {
        return;
    }
    let mut product = Mat::zeros(d, count);
    let images = MatRef::from_column_major_slice(&samples.inputs, d, count);
    matmul(product.as_mut(), Accum::Replace, matrix, images, 1.0, Par::rayon(0));
    let columns = (0..count).flat_map(|i| (0..d).map(move |j| (j, i)));
    samples.inputs = columns.map(|(j, i)| product[(j, i)]).collect();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stage::Seed;

    use super::*;

    fn images(count: usize, shape: [usize; 3], salt: u64) -> Samples {
        let d: usize = shape.iter().product();
        let level = |i: usize| ((i as u64 * 7919 + salt * 104_729) % 1009) as f64 / 1009.0;
        Samples {
            input_dim: d,
            shape: Some(shape),
            inputs: (0..count * d).map(level).collect(),
            ..Samples::default()
        }
    }

    proptest! {
        #[test]
        fn shrinking_keeps_the_mean_of_every_channel(
            (h, w) in (1_usize..9, 1_usize..9), c in 1_usize..4, salt: u64,
        ) {
            let before = images(3, [h, w, c], salt % 1000);
            for side in 1..=h.min(w) {
                let mut after = before.clone();
                resize(&mut after, side);
                for i in 0..3 {
                    for channel in 0..c {
                        let mean = |of: &Samples| {
                            let image = &of.inputs[i * of.input_dim..(i + 1) * of.input_dim];
                            let levels = image.iter().skip(channel).step_by(c);
                            let count = levels.len() as f64;
                            levels.sum::<f64>() / count
                        };
                        prop_assert!((mean(&before) - mean(&after)).abs() <= 1e-13);
                    }
                }
            }
        }
    }

    #[test]
    fn halves_are_means_of_four_and_the_same_size_is_the_same_image() {
        let mut half = images(1, [4, 4, 1], 5);
        let before = half.inputs.clone();
        resize(&mut half, 4);
        assert_eq!(half.inputs, before);
        resize(&mut half, 2);
        let mean = (before[0] + before[1] + before[4] + before[5]) / 4.0;
        assert!((half.inputs[0] - mean).abs() <= 1e-15);
        assert_eq!(half.shape, Some([2, 2, 1]));
    }

    #[test]
    fn standardized_channels_have_mean_0_and_deviation_1_and_test_images_the_same_change() {
        let (mut train, mut test) = (images(50, [3, 2, 2], 1), images(2, [3, 2, 2], 9));
        // A channel of one level stays one.
        train.inputs.iter_mut().skip(1).step_by(2).for_each(|x| *x = 0.25);
        let before = test.inputs.clone();
        let preprocess = Preprocess { scale: Some(Scaling::Standardize), ..Preprocess::default() };
        let fitted = preprocess.apply(&mut train, &mut test, &mut Seed(0).stream("permute"));
        let channel = |of: &Samples, c: usize| -> Vec<f64> {
            of.inputs.iter().skip(c).step_by(2).copied().collect()
        };
        let first = channel(&train, 0);
        let mean = first.iter().sum::<f64>() / first.len() as f64;
        let square = first.iter().map(|x| x * x).sum::<f64>() / first.len() as f64;
        assert!(mean.abs() <= 1e-12 && (square - 1.0).abs() <= 1e-12);
        assert!(channel(&train, 1).iter().all(|&x| x == 0.0));
        let [means, deviations] = [0, 1].map(|row: usize| fitted[row].values.clone());
        for (i, (after, before)) in test.inputs.iter().zip(before).enumerate() {
            let expected = (before - f64::from(means[i % 2])) / f64::from(deviations[i % 2]);
            assert!((after - expected).abs() <= 1e-5);
        }
    }

    #[test]
    fn whitened_images_have_the_second_moments_that_epsilon_says() {
        let (mut train, mut test) = (images(200, [2, 3, 1], 1), images(1, [2, 3, 1], 4));
        let moments = |of: &Samples| {
            let x = MatRef::from_row_major_slice(&of.inputs, of.inputs.len() / 6, 6);
            let mut moments = Mat::<f64>::zeros(6, 6);
            let factor = 6.0 / of.inputs.len() as f64;
            matmul(moments.as_mut(), Accum::Replace, x.transpose(), x, factor, Par::Seq);
            moments
        };
        let mut unit = train.clone();
        unit_norm(&mut unit);
        let before = moments(&unit).self_adjoint_eigen(Side::Lower).unwrap();
        let epsilon = 0.3;
        let preprocess = Preprocess {
            scale: Some(Scaling::UnitNorm),
            zca: Some(epsilon),
            ..Preprocess::default()
        };
        let random = &mut Seed(0).stream("permute");
        assert_eq!(preprocess.apply(&mut train, &mut test, random).len(), 6);
        let after = moments(&train).self_adjoint_eigen(Side::Lower).unwrap();
        // Each eigenvalue s becomes s / (s + ε tr/d), in the same order; the trace is 1.
        for i in 0..6 {
            let s = before.S().column_vector()[i];
            let expected = s / (s + epsilon / 6.0);
            assert!((after.S().column_vector()[i] - expected).abs() <= 1e-12);
        }
    }

    #[test]
    fn the_same_pixels_change_places_in_every_image() {
        let (before, before_test) = (images(3, [5, 4, 2], 1), images(2, [5, 4, 2], 3));
        for (share, moved_at_most) in [(0.0, 0), (0.25, 5), (1.0, 20)] {
            let (mut train, mut test) = (before.clone(), before_test.clone());
            let preprocess = Preprocess { permute: Some(share), ..Preprocess::default() };
            let random = &mut Seed(7).stream("permute");
            let fitted = preprocess.apply(&mut train, &mut test, random);
            let places: Vec<usize> = fitted[0].values.iter().map(|&place| place as usize).collect();
            let mut sorted = places.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..20).collect::<Vec<_>>());
            let moved = places.iter().enumerate().filter(|(to, from)| to != *from).count();
            assert!(moved <= moved_at_most && (moved > 0) == (share > 0.0), "{moved} of {share}");
            for (after, before) in [(&train, &before), (&test, &before_test)] {
                for (i, &value) in after.inputs.iter().enumerate() {
                    let (image, place, channel) = (i / 40, i % 40 / 2, i % 2);
                    let source = before.inputs[image * 40 + places[place] * 2 + channel];
                    assert_eq!(value.to_bits(), source.to_bits());
                }
            }
        }
    }

    #[test]
    fn an_image_of_one_level_has_no_norm() {
        let mut flat = images(2, [2, 2, 1], 0);
        flat.inputs.fill(0.7);
        unit_norm(&mut flat);
        assert!(flat.inputs.iter().all(|x| x.abs() <= 1e-15));
    }
}
