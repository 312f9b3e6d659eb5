//! Pictures of functions of two variables, known at scattered points.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use crate::drawing::Picture;
use crate::error::ReportError;

/// Ratios of height to width beyond which a picture is drawn as a square.
const SLIM: f64 = 4.0;
/// Behind dots: a blue that no grey and no sign has.
const GROUND: [u8; 3] = [198, 214, 234];

/// Which point is nearest to each pixel of a picture.
///
/// The picture spans the box around the points; y points down, as in pictures. Nothing is
/// interpolated: a pixel has the value of its nearest sample.
pub struct Raster {
    width: u32,
    height: u32,
    nearest: Vec<usize>,
    /// Low end and extent of the box along each axis.
    bounds: [(f64, f64); 2],
}

/// How values become colours.
#[derive(Clone, Copy, Debug)]
pub enum ColourMap {
    /// Black at the first value to white at the second.
    Grey(f32, f32),
    /// Blue at −bound, white at 0, vermillion at +bound: readers of every colour vision tell
    /// these apart.
    Diverging(f32),
}

impl ColourMap {
    /// A diverging map whose bound leaves out the outermost percent of `values`, so that one
    /// outlier does not wash out the rest.
    #[must_use]
    pub fn diverging(values: &[f32]) -> Self {
        let mut magnitudes: Vec<f32> = values.iter().map(|value| value.abs()).collect();
        magnitudes.sort_by(f32::total_cmp);
        let rank = (magnitudes.len() * 99 / 100).min(magnitudes.len().saturating_sub(1));
        Self::Diverging(magnitudes.get(rank).copied().unwrap_or(0.0))
    }

    /// A grey map over the range of `values`.
    #[must_use]
    pub fn grey(values: &[f32]) -> Self {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self::Grey(low, high)
    }

    /// A value as one byte, as the films of the page hold it: black at 0 and white at 255, or
    /// −bound at 1, zero at 128 and +bound at 255.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "shares lie in [0, 1]")]
    pub fn byte(self, value: f32) -> u8 {
        match self {
            Self::Grey(..) => self.rgb(value)[0],
            Self::Diverging(bound) => {
                let share = if bound > 0.0 { (value / bound).clamp(-1.0, 1.0) } else { 0.0 };
                (128.0 + 127.0 * share).round() as u8
            }
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "shares lie in [0, 1], ends in [0, 255]")]
    fn rgb(self, value: f32) -> [u8; 3] {
        match self {
            Self::Grey(low, high) => {
                let share = if high > low { (value - low) / (high - low) } else { 0.5 };
                [(share.clamp(0.0, 1.0) * 255.0).round() as u8; 3]
            }
            Self::Diverging(bound) => {
                let share = if bound > 0.0 { (value / bound).clamp(-1.0, 1.0) } else { 0.0 };
                let end: [f32; 3] =
                    if share < 0.0 { [0.0, 90.0, 160.0] } else { [190.0, 70.0, 0.0] };
                end.map(|end| (255.0 + (end - 255.0) * share.abs()).round() as u8)
            }
        }
    }
}

impl Raster {
    /// A raster `width` pixels wide over the box around `points`.
    ///
    /// `None` where there is no point.
    #[must_use]
    pub fn new(points: &[[f32; 2]], width: u32) -> Option<Self> {
        let box_of = |axis: usize| {
            let values = || points.iter().map(|point| f64::from(point[axis]));
            let low = values().fold(f64::INFINITY, f64::min);
            let high = values().fold(f64::NEG_INFINITY, f64::max);
            (low, if high > low { high - low } else { 1.0 })
        };
        if points.is_empty() {
            return None;
        }
        let ((left, across), (top, down)) = (box_of(0), box_of(1));
        let ratio = down / across;
        let ratio = if (SLIM.recip()..=SLIM).contains(&ratio) { ratio } else { 1.0 };
        #[expect(clippy::cast_sign_loss, reason = "width and ratio are positive")]
        let height = ((f64::from(width) * ratio).round() as u32).max(1);
        // Points in units of pixels, by rising y, so that a pixel looks at few of them.
        let mut sorted: Vec<(f64, f64, usize)> = points
            .iter()
            .enumerate()
            .map(|(i, point)| {
                let x = (f64::from(point[0]) - left) / across * f64::from(width);
                let y = (f64::from(point[1]) - top) / down * f64::from(height);
                (x, y, i)
            })
            .collect();
        sorted.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.2.cmp(&b.2)));
        let mut pixels = Vec::with_capacity((width * height) as usize);
        for row in 0..height {
            for column in 0..width {
                let (x, y) = (f64::from(column) + 0.5, f64::from(row) + 0.5);
                pixels.push(nearest(&sorted, x, y));
            }
        }
        let bounds = [(left, across), (top, down)];
        Some(Self { width, height, nearest: pixels, bounds })
    }

    /// The picture of the function with `values` at the points.
    ///
    /// # Errors
    /// Where the encoder fails.
    pub fn picture(
        &self,
        name: String,
        label: String,
        values: &[f32],
        map: ColourMap,
    ) -> Result<Picture, ReportError> {
        let pixels: Vec<u8> =
            self.nearest.iter().flat_map(|&point| map.rgb(values[point])).collect();
        encoded(name, label, &pixels, self.size())
    }

    /// The function with `values` at the points as bytes, row by row.
    #[must_use]
    pub fn bytes(&self, values: &[f32], map: ColourMap) -> Vec<u8> {
        self.nearest.iter().map(|&point| map.byte(values[point])).collect()
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// A picture of `samples` of a function, each a dot where it lies, on a ground of its own.
    ///
    /// # Errors
    /// Where the encoder fails.
    #[expect(clippy::cast_sign_loss, reason = "samples outside of the box are left out")]
    pub fn dots(
        &self,
        name: String,
        label: String,
        samples: &[(Vec<f32>, f32)],
        map: ColourMap,
    ) -> Result<Picture, ReportError> {
        let (width, height) = (self.width as usize, self.height as usize);
        let mut pixels: Vec<u8> = GROUND.iter().copied().cycle().take(3 * width * height).collect();
        for (point, value) in samples {
            let along = |axis: usize, size: f64| {
                let (low, extent) = self.bounds[axis];
                (f64::from(point[axis]) - low) / extent * size
            };
            let (x, y) = (along(0, f64::from(self.width)), along(1, f64::from(self.height)));
            // Two pixels square; samples may lie beyond the box of the points.
            for (dx, dy) in [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)] {
                let (x, y) = (x + dx, y + dy);
                if x >= 0.0 && y >= 0.0 && (x as usize) < width && (y as usize) < height {
                    let at = 3 * (y as usize * width + x as usize);
                    pixels[at..at + 3].copy_from_slice(&map.rgb(*value));
                }
            }
        }
        encoded(name, label, &pixels, self.size())
    }
}

/// The picture of `pixels`, three bytes each, row by row.
///
/// # Errors
/// Where the encoder fails.
pub fn encoded(
    name: String,
    label: String,
    pixels: &[u8],
    size: (u32, u32),
) -> Result<Picture, ReportError> {
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new(&mut png)
        .write_image(pixels, size.0, size.1, ExtendedColorType::Rgb8)
        .map_err(|source| ReportError::Picture { name: name.clone(), source })?;
    Ok(Picture { name, label, png: png.into_inner(), size, moves: false })
}

/// Number of the point nearest to (x, y), the lower one of two equally near.
///
/// `sorted` holds (x, y, number) by rising y. The search goes up and down from y and stops where
/// the distance in y alone is more than the best distance.
fn nearest(sorted: &[(f64, f64, usize)], x: f64, y: f64) -> usize {
    let middle = sorted.partition_point(|point| point.1 < y);
    let mut best = (f64::INFINITY, usize::MAX);
    let mut visit = |point: &(f64, f64, usize)| {
        let away = (point.1 - y) * (point.1 - y);
        let distance = (point.0 - x) * (point.0 - x) + away;
        if (distance, point.2) < best {
            best = (distance, point.2);
        }
        away <= best.0
    };
    let _ = sorted[middle..].iter().all(&mut visit);
    let _ = sorted[..middle].iter().rev().all(&mut visit);
    best.1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pixels(picture: &Picture) -> image::RgbImage {
        image::load_from_memory(&picture.png).unwrap().to_rgb8()
    }

    #[test]
    fn y_points_down_and_x_to_the_right() {
        let points = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
        let raster = Raster::new(&points, 2).unwrap();
        let values = [0.0, 1.0, 2.0, 3.0];
        let picture = raster
            .picture(String::new(), String::new(), &values, ColourMap::grey(&values))
            .unwrap();
        let shades: Vec<u8> = pixels(&picture).pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(shades, [0, 85, 170, 255]);
    }

    #[test]
    fn the_diverging_map_is_white_at_zero_and_symmetric() {
        let map = ColourMap::diverging(&[-2.0, 0.0, 1.0]);
        assert_eq!(map.rgb(0.0), [255; 3]);
        assert_eq!(map.rgb(-2.0), [0, 90, 160]);
        assert_eq!(map.rgb(2.0), [190, 70, 0]);
        assert_eq!(map.rgb(9.0), map.rgb(2.0));
        assert_eq!(ColourMap::diverging(&[0.0]).rgb(0.0), [255; 3]);
    }

    #[test]
    fn bytes_say_where_in_the_colours_a_value_is() {
        let map = ColourMap::Diverging(2.0);
        assert_eq!([-9.0, -2.0, 0.0, 2.0].map(|value| map.byte(value)), [1, 1, 128, 255]);
        let map = ColourMap::Grey(0.0, 10.0);
        assert_eq!([0.0, 10.0].map(|value| map.byte(value)), [0, 255]);
    }

    #[test]
    fn a_sample_is_a_dot_where_it_lies() {
        let raster = Raster::new(&[[0.0, 0.0], [1.0, 1.0]], 10).unwrap();
        let samples = [(vec![0.75, 0.25], 1.0), (vec![9.0, 9.0], 1.0)];
        let map = ColourMap::Grey(0.0, 1.0);
        let picture = raster.dots(String::new(), String::new(), &samples, map).unwrap();
        let white = pixels(&picture)
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0 == [255; 3])
            .map(|(x, y, _)| (x, y))
            .collect::<Vec<_>>();
        assert_eq!(white, [(7, 2), (8, 2), (7, 3), (8, 3)]);
    }

    #[test]
    fn a_picture_keeps_the_proportions_of_its_points() {
        let height = |y: f32| Raster::new(&[[0.0, 0.0], [1.0, y]], 20).unwrap().height;
        assert_eq!((height(0.5), height(2.0), height(100.0)), (10, 40, 20));
        assert!(Raster::new(&[], 20).is_none());
    }

    proptest! {
        #[test]
        fn every_pixel_has_the_value_of_its_nearest_point(
            points in prop::collection::vec(prop::array::uniform2(0_u8..16), 1..60),
        ) {
            let sorted = {
                let mut sorted: Vec<(f64, f64, usize)> = points
                    .iter()
                    .enumerate()
                    .map(|(i, point)| (f64::from(point[0]), f64::from(point[1]), i))
                    .collect();
                sorted.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.2.cmp(&b.2)));
                sorted
            };
            for x in 0..16 {
                for y in 0..16 {
                    let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                    let slow = (0..points.len())
                        .min_by(|&a, &b| {
                            let distance = |i: usize| {
                                (f64::from(points[i][0]) - x).powi(2)
                                    + (f64::from(points[i][1]) - y).powi(2)
                            };
                            distance(a).total_cmp(&distance(b))
                        })
                        .unwrap();
                    prop_assert_eq!(nearest(&sorted, x, y), slow);
                }
            }
        }
    }
}
