//! Colour pictures with the statistics of natural images, without a file.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::Seed;

use crate::drawn::Drawn;
use crate::strokes::{Shift, Strokes, Variation, classes, ink};

/// Drawn scenes: on a background of dead leaves, opaque discs whose radii have density r⁻³ and whose
/// power spectrum falls like that of natural images, a glyph of some colour, place and size.
///
/// Source of the background: Lee, Mumford & Huang 2001, *Occlusion Models for Natural Images*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenesSource {
    /// Number of classes; a class is the same in every number of them.
    #[serde(default = "ten")]
    #[schemars(range(min = 2, max = 10000))]
    pub classes: u32,
    /// Rows and columns of a picture.
    #[serde(default = "sixteen")]
    #[schemars(range(min = 4, max = 512))]
    pub side: u32,
    /// Standard deviation of the control points of strokes; the picture is 1 wide.
    #[serde(default = "jitter")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub jitter: f64,
    /// How much a glyph differs from its background, in each channel half of it on the average.
    #[serde(default = "contrast")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub contrast: f64,
}

fn ten() -> u32 {
    10
}

fn sixteen() -> u32 {
    16
}

fn jitter() -> f64 {
    0.04
}

fn contrast() -> f64 {
    0.6
}

/// Half the width of a stroke.
const WIDTH: f64 = 0.055;
/// Pixels across each pixel of the background before they are averaged.
const OVER: usize = 2;
/// Most discs of a background.
const LEAVES: usize = 60;
/// Smallest and largest radius of a disc.
const RADII: [f64; 2] = [0.04, 0.6];

impl Drawn for ScenesSource {
    type Classes = Vec<Strokes>;

    const NAME: &'static str = "scenes";

    fn class_count(&self) -> u32 {
        self.classes
    }

    fn shape(&self) -> [u32; 3] {
        [self.side, self.side, 3]
    }

    fn classes(&self, seed: Seed) -> Self::Classes {
        classes(seed, Self::NAME, self.classes, 3)
    }

    fn picture(&self, classes: &Self::Classes, class: usize, random: &mut impl Rng) -> Vec<f64> {
        let mut picture = leaves(self.side as usize, random);
        let shift = Shift::Uniform(0.12);
        let variation =
            Variation { jitter: self.jitter, rotation: 0.17, scale: 0.15, size: 0.8, shift };
        let ink = ink(&variation.points(&classes[class], random), self.side, WIDTH);
        let sign = if random.random::<bool>() { 0.5 } else { -0.5 };
        let pixels = ink.len() as f64;
        let colour = [0, 1, 2].map(|channel| {
            let mean = picture.iter().skip(channel).step_by(3).sum::<f64>() / pixels;
            let depth: f64 = random.sample(StandardNormal);
            mean + sign * self.contrast * (1.0 + 0.2 * depth).abs()
        });
        for (pixel, ink) in picture.chunks_exact_mut(3).zip(ink) {
            for (value, colour) in pixel.iter_mut().zip(colour) {
                *value = *value * (1.0 - ink) + colour * ink;
            }
        }
        picture
    }
}

fn normal(mean: f64, deviation: f64, random: &mut impl Rng) -> f64 {
    let normal: f64 = random.sample(StandardNormal);
    mean + deviation * normal
}

/// A background of `side` × `side` × 3.
fn leaves(side: usize, random: &mut impl Rng) -> Vec<f64> {
    let fine = side * OVER;
    let base = [(); 3].map(|()| normal(0.5, 0.15, random));
    let mut colours: Vec<Option<[f64; 3]>> = vec![None; fine * fine];
    let mut bare = colours.len();
    // From the front: what is covered stays.
    for _ in 0..LEAVES {
        if bare == 0 {
            break;
        }
        let [least, most] = RADII.map(|radius| radius.powi(-2));
        let radius = (least + random.random_range(0.0..1.0) * (most - least)).powf(-0.5);
        let centre = [(); 2].map(|()| random.random_range(-0.2..1.2));
        let light = normal(0.0, 0.12, random);
        let leaf = base.map(|level| level + normal(0.0, 0.12, random) + light);
        for (at, colour) in colours.iter_mut().enumerate().filter(|(_, colour)| colour.is_none()) {
            let place = [at % fine, at / fine].map(|i| i as f64 / fine as f64);
            let distance: f64 = place.iter().zip(centre).map(|(a, b)| (a - b).powi(2)).sum();
            if distance < radius * radius {
                *colour = Some(leaf);
                bare -= 1;
            }
        }
    }
    let mut picture = vec![0.0; side * side * 3];
    for (at, colour) in colours.into_iter().enumerate() {
        let pixel = (at / fine / OVER * side + at % fine / OVER) * 3;
        for (value, level) in picture[pixel..pixel + 3].iter_mut().zip(colour.unwrap_or(base)) {
            *value += level / (OVER * OVER) as f64;
        }
    }
    picture
}
