//! One draw of data augmentation of the training images.

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::samples::Samples;

/// One draw of data augmentation of the training split, before `preprocess`: each image shifted and mirrored at
/// random. The mean of kernel predictors over draws is an ensemble (Lee et al. 2020, *Finite Versus Infinite
/// Neural Networks*, the section on data augmentation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Most pixels by which an image is shifted in each direction, every whole number of them equally likely;
    /// pixels that come in from outside are black: 0, or −1 with `inputs: centred`.
    pub shift: u32,
    /// Whether each image is mirrored left to right with probability ½.
    pub flip: bool,
    /// Number of the draw; draw 0 is the training split as it is.
    pub draw: u32,
}

impl Augment {
    /// What is wrong with it on images of `shape`, as (JSON Pointer, message) pairs.
    pub(crate) fn problems(self, [h, w, _]: [usize; 3]) -> Vec<(&'static str, String)> {
        let least = h.min(w);
        if (self.shift as usize) < least {
            return Vec::new();
        }
        let shift = self.shift;
        let message = format!(
            "images of {h} × {w} cannot be shifted by {shift} pixels; give 0 to {}",
            least.saturating_sub(1)
        );
        vec![("/shift", message)]
    }

    /// Shifts and mirrors each image of `samples`, in which a pixel is black at `black`. Nothing happens to samples
    /// without a shape.
    pub(crate) fn apply(self, samples: &mut Samples, black: f64, random: &mut impl Rng) {
        let Some([h, w, c]) = samples.shape.filter(|_| self.draw > 0) else { return };
        let most = self.shift as usize;
        for image in samples.inputs.chunks_exact_mut(h * w * c) {
            // Both are drawn whatever is asked for, so that one does not change the other.
            let [down, right] = [(); 2].map(|()| random.random_range(0..=2 * most));
            let is_flipped = random.random_bool(0.5) && self.flip;
            let old = image.to_vec();
            for (at, pixel) in image.chunks_exact_mut(c).enumerate() {
                // Shifted by `most` less than is drawn, so that no number is negative.
                let row = (at / w + most).checked_sub(down).filter(|&row| row < h);
                let column = (at % w + most).checked_sub(right).filter(|&column| column < w);
                let (Some(row), Some(column)) = (row, column) else {
                    pixel.fill(black);
                    continue;
                };
                let column = if is_flipped { w - 1 - column } else { column };
                let from = (row * w + column) * c;
                pixel.copy_from_slice(&old[from..from + c]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use stage::Seed;

    use super::*;

    /// `count` images of 3 × 4 pixels and two channels, the pixel at row r and column k of each 10 r + k + 1 and
    /// its negative.
    fn images(count: usize) -> Samples {
        let image = (0..12).flat_map(|at| {
            let level = f64::from(10 * (at / 4) + at % 4 + 1);
            [level, -level]
        });
        let image: Vec<f64> = image.collect();
        Samples {
            input_dim: 24,
            shape: Some([3, 4, 2]),
            output_dim: 1,
            inputs: image.repeat(count),
            targets: vec![0.0; count],
            ..Samples::default()
        }
    }

    fn drawn(augment: Augment, count: usize) -> Vec<Vec<f64>> {
        let mut samples = images(count);
        let name = format!("draw/{}", augment.draw);
        augment.apply(&mut samples, 0.5, &mut Seed(3).stream(&name));
        samples.inputs.chunks_exact(24).map(<[f64]>::to_vec).collect()
    }

    /// The image moved by hand: the level at each pixel.
    fn moved(down: i32, right: i32, is_flipped: bool) -> Vec<f64> {
        let level = |row: i32, column: i32| {
            let (row, column) = (row - down, column - right);
            let inside = (0..3).contains(&row) && (0..4).contains(&column);
            let column = if is_flipped { 3 - column } else { column };
            inside.then(|| f64::from(10 * row + column + 1))
        };
        (0..12)
            .flat_map(|at| level(at / 4, at % 4).map_or([0.5; 2], |level| [level, -level]))
            .collect()
    }

    #[test]
    fn the_first_draw_is_the_split_as_it_is_and_others_differ() {
        let augment = Augment { shift: 2, flip: true, draw: 0 };
        assert_eq!(drawn(augment, 5).concat(), images(5).inputs);
        let one = drawn(Augment { draw: 1, ..augment }, 20);
        assert_eq!(one, drawn(Augment { draw: 1, ..augment }, 20));
        assert_ne!(one, drawn(Augment { draw: 2, ..augment }, 20));
    }

    #[test]
    fn every_shift_and_both_sides_come_as_often_as_they_should() {
        let count = 9_000;
        let found = drawn(Augment { shift: 1, flip: true, draw: 1 }, count);
        // Of 18 outcomes each 500 times, standard deviation 21.7: five of them.
        for (down, right) in (-1..=1).flat_map(|down| (-1..=1).map(move |right| (down, right))) {
            for is_flipped in [false, true] {
                let wanted = moved(down, right, is_flipped);
                let times = found.iter().filter(|image| **image == wanted).count();
                assert!((391..=609).contains(&times), "{down} {right} {is_flipped}: {times}");
            }
        }
    }

    #[test]
    fn without_a_flip_images_are_shifted_as_with_it() {
        let both = drawn(Augment { shift: 1, flip: true, draw: 1 }, 50);
        let shifted = drawn(Augment { shift: 1, flip: false, draw: 1 }, 50);
        let is_black =
            |image: &[f64]| image.iter().map(|&v| (v - 0.5).abs() < 1e-9).collect::<Vec<_>>();
        assert!(both.iter().zip(&shifted).all(|(a, b)| is_black(a) == is_black(b)));
        assert!(shifted.iter().all(|image| {
            let mut shifts = (-1..=1).flat_map(|down| (-1..=1).map(move |right| (down, right)));
            shifts.any(|(down, right)| moved(down, right, false) == *image)
        }));
    }

    #[test]
    fn a_shift_leaves_part_of_the_image_in_view() {
        let problems = |shift| Augment { shift, flip: false, draw: 1 }.problems([3, 4, 1]);
        assert!(problems(2).is_empty());
        let (at, message) = &problems(3)[0];
        assert_eq!(*at, "/shift");
        assert_eq!(message, "images of 3 × 4 cannot be shifted by 3 pixels; give 0 to 2");
    }
}
