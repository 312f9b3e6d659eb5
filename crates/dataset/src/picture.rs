//! A picture file as a function on [0, 1]².

use std::path::Path;

use image::{DynamicImage, ImageReader};

use crate::error::DatasetError;

/// A grey picture, a function on [0, 1]² by bilinear interpolation.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Grey levels in [0, 1], row-major from the top.
    levels: Vec<f32>,
}

/// Weights of red, green and blue in grey, on gamma-coded values (Rec. 601, as PIL and `OpenCV`).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

impl Picture {
    /// Reads a PNG or JPEG file.
    ///
    /// A grey file keeps its levels, 8 or 16 bits over [0, 1]; colour becomes
    /// 0.299 R + 0.587 G + 0.114 B of the stored values; transparency is ignored.
    ///
    /// # Errors
    /// Where the file is missing, is no PNG or JPEG, or is damaged.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::Open { path: path.to_owned(), source };
        let not_an_image = |source| DatasetError::NotAnImage { path: path.to_owned(), source };
        let reader = ImageReader::open(path).map_err(io)?.with_guessed_format().map_err(io)?;
        let image = reader.decode().map_err(not_an_image)?;
        let (width, height) = (image.width() as usize, image.height() as usize);
        Ok(Self { width, height, levels: grey_levels(&image) })
    }

    /// Grey level in [0, 1] at (u, v) ∈ [0, 1]², u to the right and v down.
    ///
    /// The centre of the pixel in column i and row j lies at ((i + ½)/width, (j + ½)/height) and
    /// has exactly the pixel's level; between centres the level is bilinear, beyond the outermost
    /// ones it stays what it is there.
    #[must_use]
    pub fn grey(&self, u: f64, v: f64) -> f64 {
        let (left, right, across) = neighbours(u, self.width);
        let (above, below, down) = neighbours(v, self.height);
        let level = |i: usize, j: usize| f64::from(self.levels[j * self.width + i]);
        let top = mix(level(left, above), level(right, above), across);
        let bottom = mix(level(left, below), level(right, below), across);
        mix(top, bottom, down)
    }
}

/// The two pixels around a coordinate in [0, 1], and how far it lies from the first to the second.
#[expect(clippy::cast_sign_loss, reason = "the position is clamped to pixels")]
fn neighbours(coordinate: f64, pixels: usize) -> (usize, usize, f64) {
    let last = pixels - 1;
    let position = (coordinate * pixels as f64 - 0.5).clamp(0.0, last as f64);
    let first = position.floor();
    (first as usize, (first as usize + 1).min(last), position - first)
}

fn mix(from: f64, to: f64, share: f64) -> f64 {
    from * (1.0 - share) + to * share
}

fn grey_levels(image: &DynamicImage) -> Vec<f32> {
    let bits8 = |level: u8| f32::from(level) / f32::from(u8::MAX);
    let bits16 = |level: u16| f32::from(level) / f32::from(u16::MAX);
    match image {
        DynamicImage::ImageLuma8(grey) => grey.pixels().map(|p| bits8(p[0])).collect(),
        DynamicImage::ImageLumaA8(grey) => grey.pixels().map(|p| bits8(p[0])).collect(),
        DynamicImage::ImageLuma16(grey) => grey.pixels().map(|p| bits16(p[0])).collect(),
        DynamicImage::ImageLumaA16(grey) => grey.pixels().map(|p| bits16(p[0])).collect(),
        colour => colour
            .to_rgb32f()
            .pixels()
            .map(|p| LUMA[0] * p[0] + LUMA[1] * p[1] + LUMA[2] * p[2])
            // The weights add up to 1 but for rounding.
            .map(|level| level.clamp(0.0, 1.0))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picture(width: usize, height: usize) -> Picture {
        let levels = (0..width * height).map(|i| (i * 37 % 101) as f32 / 100.0).collect();
        Picture { width, height, levels }
    }

    fn centre(pixel: usize, pixels: usize) -> f64 {
        (pixel as f64 + 0.5) / pixels as f64
    }

    #[test]
    fn a_pixel_centre_has_exactly_the_pixels_level() {
        // Sizes whose centres are binary fractions, so that no rounding enters.
        let picture = picture(8, 4);
        for j in 0..4 {
            for i in 0..8 {
                let level = f64::from(picture.levels[j * 8 + i]);
                assert_eq!(picture.grey(centre(i, 8), centre(j, 4)).to_bits(), level.to_bits());
            }
        }
    }

    #[test]
    fn the_border_continues_the_outermost_pixels() {
        let picture = picture(5, 3);
        let corner = f64::from(picture.levels[0]);
        assert!((picture.grey(0.0, 0.0) - corner).abs() < f64::EPSILON);
        let corner = f64::from(picture.levels[14]);
        assert!((picture.grey(1.0, 1.0) - corner).abs() < f64::EPSILON);
        let single = Picture { width: 1, height: 1, levels: vec![0.5] };
        assert!((single.grey(0.3, 0.9) - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn v_runs_down_and_u_to_the_right() {
        let picture = Picture { width: 2, height: 2, levels: vec![0.0, 0.25, 0.5, 1.0] };
        assert!((picture.grey(0.75, 0.25) - 0.25).abs() < f64::EPSILON);
        assert!((picture.grey(0.25, 0.75) - 0.5).abs() < f64::EPSILON);
        assert!((picture.grey(0.5, 0.5) - 0.4375).abs() < f64::EPSILON);
    }

    #[test]
    fn colour_becomes_grey_by_rec_601_and_alpha_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("colour.png");
        let mut pixels = image::RgbaImage::new(1, 1);
        pixels.put_pixel(0, 0, image::Rgba([255, 51, 102, 0]));
        pixels.save(&path).unwrap();
        let expected = 0.299 + 0.587 * 0.2 + 0.114 * 0.4;
        let found = Picture::open(&path).unwrap().grey(0.5, 0.5);
        assert!((found - expected).abs() < 4.0 * f64::from(f32::EPSILON), "{found}");
    }

    #[test]
    fn sixteen_bits_stay_sixteen_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep.png");
        let mut pixels = image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::new(1, 1);
        pixels.put_pixel(0, 0, image::Luma([12_345]));
        pixels.save(&path).unwrap();
        let found = Picture::open(&path).unwrap().grey(0.5, 0.5);
        assert!((found - 12_345.0 / 65_535.0).abs() < f64::from(f32::EPSILON));
    }

    #[test]
    fn what_is_no_picture_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.png");
        let message = Picture::open(&missing).unwrap_err().to_string();
        assert!(message.contains("none.png") && message.starts_with("opening"), "{message}");
        let text = folder.path().join("text.png");
        std::fs::write(&text, "no picture at all").unwrap();
        let message = Picture::open(&text).unwrap_err().to_string();
        assert!(message.contains("text.png") && message.contains("PNG or JPEG"), "{message}");
        let cut = folder.path().join("cut.png");
        image::GrayImage::new(40, 40).save(&cut).unwrap();
        let bytes = std::fs::read(&cut).unwrap();
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        assert!(Picture::open(&cut).is_err());
    }

    #[test]
    fn a_real_picture_is_read_upright() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mona-lisa.png");
        if !path.exists() {
            eprintln!("skipped: {} is not here", path.display());
            return;
        }
        let picture = Picture::open(&path).unwrap();
        assert_eq!((picture.width, picture.height), (335, 499));
        let mean = |u: f64, v: f64| -> f64 {
            let around = |i: i32| f64::from(i) / 200.0;
            (-4..=4)
                .flat_map(|i| (-4..=4).map(move |j| (i, j)))
                .map(|(i, j)| picture.grey(u + around(i), v + around(j)))
                .sum::<f64>()
                / 81.0
        };
        // The bright sky above, the dark dress below.
        assert!(mean(0.2, 0.1) > mean(0.5, 0.9) + 0.1);
    }

    proptest! {
        #[test]
        fn between_neighbouring_centres_the_level_is_linear(
            i in 0_usize..6, j in 0_usize..4, across in 0.0..1.0_f64, down in 0.0..1.0_f64,
        ) {
            let picture = picture(7, 5);
            let level = |i: usize, j: usize| f64::from(picture.levels[j * 7 + i]);
            let u = (i as f64 + 0.5 + across) / 7.0;
            let v = (j as f64 + 0.5 + down) / 5.0;
            let expected = level(i, j) * (1.0 - across) * (1.0 - down)
                + level(i + 1, j) * across * (1.0 - down)
                + level(i, j + 1) * (1.0 - across) * down
                + level(i + 1, j + 1) * across * down;
            // Rounding of u·width moves the position by a few ε · width.
            prop_assert!((picture.grey(u, v) - expected).abs() <= 100.0 * f64::EPSILON);
        }

        #[test]
        fn levels_stay_in_range(u in 0.0..=1.0_f64, v in 0.0..=1.0_f64) {
            prop_assert!((0.0..=1.0).contains(&picture(7, 5).grey(u, v)));
        }
    }
}
