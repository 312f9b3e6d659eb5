//! Inputs that are images: their shape, and how they become pictures.

use super::picture::{ColourMap, encoded};
use crate::drawing::Picture;
use crate::error::ReportError;

/// Side of a square of pixels from which on inputs of no stated shape are taken for an image.
const SMALLEST: usize = 7;

/// Shape of an image. Its numbers lie row by row, those of one pixel side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    height: usize,
    width: usize,
    /// Numbers of a pixel: 1 where it is grey, 3 where it is red, green and blue.
    channels: usize,
}

impl ImageShape {
    /// The shape of inputs of `numbers` numbers, where these are grey or RGB images: the `stated` one, or
    /// without any that of a square grey image.
    ///
    /// # Errors
    /// Where the stated shape is one of another count of numbers.
    pub fn of(stated: Option<&[u64]>, numbers: usize) -> Result<Option<Self>, ReportError> {
        let Some(stated) = stated else { return Ok(Self::square(numbers)) };
        let product = stated.iter().try_fold(1, |product: u64, &side| product.checked_mul(side));
        if product != Some(numbers as u64) {
            let shape = stated.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ");
            return Err(ReportError::Mismatch {
                problem: format!(
                    "the dataset states the input shape {shape}, its samples have {numbers} numbers"
                ),
            });
        }
        // Each side is at most their product, which is a count of numbers in memory.
        Ok(match stated.iter().map(|&side| side as usize).collect::<Vec<_>>()[..] {
            [height, width, channels @ (1 | 3)] => Some(Self { height, width, channels }),
            _ => None,
        })
    }

    /// A square grey image of so many pixels, where these are enough to recognize anything.
    fn square(pixels: usize) -> Option<Self> {
        let side = pixels.isqrt();
        let is_one = side >= SMALLEST && side * side == pixels;
        is_one.then_some(Self { height: side, width: side, channels: 1 })
    }

    /// Whether its pixels are red, green and blue.
    #[must_use]
    pub fn is_colour(self) -> bool {
        self.channels == 3
    }

    /// The image with these `values`, its longer side enlarged to about `size` pixels without interpolation.
    /// Every channel is as bright as `map` makes its value.
    ///
    /// # Errors
    /// Where `values` are too few, or the encoder fails.
    pub fn picture(
        self,
        name: String,
        label: String,
        values: &[f32],
        map: ColourMap,
        size: u32,
    ) -> Result<Picture, ReportError> {
        let Self { height, width, channels } = self;
        if values.len() != height * width * channels {
            return Err(ReportError::Mismatch {
                problem: format!(
                    "an image of {height} × {width} × {channels} has {} numbers",
                    values.len()
                ),
            });
        }
        let times = (size as usize / height.max(width).max(1)).max(1);
        let mut pixels = Vec::with_capacity(3 * height * width * times * times);
        for row in 0..height * times {
            for column in 0..width * times {
                let at = channels * (row / times * width + column / times);
                let bytes = |channel: usize| map.byte(values[at + channel % channels]);
                pixels.extend([0, 1, 2].map(bytes));
            }
        }
        encoded(name, label, &pixels, ((width * times) as u32, (height * times) as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(stated: &[u64], numbers: usize) -> Option<(usize, usize, usize)> {
        let shape = ImageShape::of(Some(stated), numbers).unwrap();
        shape.map(|of| (of.height, of.width, of.channels))
    }

    fn pixels(picture: &Picture) -> Vec<[u8; 3]> {
        let image = image::load_from_memory(&picture.png).unwrap().to_rgb8();
        image.pixels().map(|pixel| pixel.0).collect()
    }

    #[test]
    fn without_a_stated_shape_inputs_of_a_square_number_are_grey_images() {
        let side =
            |numbers| ImageShape::of(None, numbers).unwrap().map(|of| (of.width, of.channels));
        assert_eq!([64, 784, 63, 36, 2].map(side), [Some((8, 1)), Some((28, 1)), None, None, None]);
    }

    #[test]
    fn a_stated_shape_needs_no_square_and_may_have_three_channels() {
        assert_eq!(shape(&[2, 3, 1], 6), Some((2, 3, 1)));
        assert_eq!(shape(&[32, 32, 3], 3072), Some((32, 32, 3)));
        // Two channels have no colours, and a list of numbers has no rows.
        assert_eq!(shape(&[8, 8, 2], 128), None);
        assert_eq!(shape(&[64], 64), None);
    }

    #[test]
    fn a_shape_of_another_size_is_an_error() {
        for stated in [&[8, 8, 3][..], &[u64::MAX, u64::MAX, 3], &[0, 8, 1]] {
            let error = ImageShape::of(Some(stated), 64).unwrap_err().to_string();
            assert!(error.contains("its samples have 64 numbers"), "{error}");
        }
    }

    #[test]
    fn channels_of_a_pixel_lie_side_by_side_and_share_one_scale() {
        let shape = ImageShape::of(Some(&[1, 2, 3]), 6).unwrap().unwrap();
        // Standardized: below zero, too.
        let values = [-1.0, 0.0, 1.0, 1.0, -1.0, -1.0];
        let map = ColourMap::grey(&values);
        let picture = shape.picture(String::new(), String::new(), &values, map, 1).unwrap();
        assert_eq!(picture.size, (2, 1));
        assert_eq!(pixels(&picture), [[0, 128, 255], [255, 0, 0]]);
    }

    #[test]
    fn a_tall_grey_image_is_enlarged_by_whole_pixels() {
        let shape = ImageShape::of(Some(&[3, 1, 1]), 3).unwrap().unwrap();
        let map = ColourMap::Grey(0.0, 2.0);
        let values = [0.0, 1.0, 2.0];
        let picture = shape.picture(String::new(), String::new(), &values, map, 7).unwrap();
        assert_eq!(picture.size, (2, 6));
        let shades: Vec<u8> = pixels(&picture).chunks(4).map(|rows| rows[3][0]).collect();
        assert_eq!(shades, [0, 128, 255]);
        assert!(shape.picture(String::new(), String::new(), &values[1..], map, 7).is_err());
    }
}
