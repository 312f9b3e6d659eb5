//! Grey pictures of drawn strokes in any number of classes, without a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::Seed;

use crate::drawn::Drawn;
use crate::strokes::{Shift, Strokes, Variation, classes, ink};

/// Drawn glyphs: each class a few strokes, each sample moved, turned, scaled and jittered.
///
/// With 1,024 samples of ten classes and the default jitter a small network is right on about 0.9 of new
/// ones; 0.04 is easier, 0.09 much harder. Ink is 1, paper 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlyphsSource {
    /// Number of classes; a class is the same in every number of them.
    #[serde(default = "ten")]
    #[schemars(range(min = 2, max = 10000))]
    pub classes: u32,
    /// Rows and columns of a picture.
    #[serde(default = "twelve")]
    #[schemars(range(min = 4, max = 512))]
    pub side: u32,
    /// Standard deviation of the control points of strokes; the picture is 1 wide.
    #[serde(default = "jitter")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub jitter: f64,
    /// Strokes of a glyph.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 100))]
    pub strokes: u32,
}

fn ten() -> u32 {
    10
}

fn twelve() -> u32 {
    12
}

fn jitter() -> f64 {
    0.06
}

fn three() -> u32 {
    3
}

/// Half the width of a stroke.
const WIDTH: f64 = 0.055;

impl Drawn for GlyphsSource {
    type Classes = Vec<Strokes>;

    const NAME: &'static str = "glyphs";

    fn class_count(&self) -> u32 {
        self.classes
    }

    fn shape(&self) -> [u32; 3] {
        [self.side, self.side, 1]
    }

    fn classes(&self, seed: Seed) -> Self::Classes {
        classes(seed, Self::NAME, self.classes, self.strokes)
    }

    fn picture(
        &self,
        classes: &Self::Classes,
        class: usize,
        random: &mut impl rand::Rng,
    ) -> Vec<f64> {
        let shift = Shift::Normal(0.05);
        let variation =
            Variation { jitter: self.jitter, rotation: 0.17, scale: 0.15, size: 1.0, shift };
        ink(&variation.points(&classes[class], random), self.side, WIDTH)
    }
}
