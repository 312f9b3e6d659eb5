//! A picture file as a function on [0, 1]².

use std::io::{Cursor, Read};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use crate::error::DatasetError;
use crate::file;
use crate::parameters::ImageSource;

/// A grey picture, a function on [0, 1]² by bilinear interpolation.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Grey levels in [0, 1], row-major from the top.
    levels: Vec<f32>,
    /// Bytes of memory that reading took.
    pub bytes: u64,
}

/// Weights of red, green and blue in grey, on gamma-coded values (Rec. 601, as PIL and `OpenCV`).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

impl Picture {
    /// Reads a PNG or JPEG file within `memory` bytes, upright as its Exif orientation says.
    ///
    /// A grey file keeps its levels, 8 or 16 bits over [0, 1]; colour becomes
    /// 0.299 R + 0.587 G + 0.114 B of the stored values, and a transparent pixel lies before the
    /// source's background.
    ///
    /// # Errors
    /// Where the file is missing, is no PNG or JPEG, is damaged or cut off, takes more memory, or has
    /// transparent pixels before an unknown background.
    pub fn open(source: &ImageSource, memory: u64) -> Result<Self, DatasetError> {
        let path = &source.path;
        let io = |source| DatasetError::Open { path: path.clone(), source };
        let not_an_image = |source| DatasetError::NotAnImage { path: path.clone(), source };
        let fits = |needed: u64| {
            if needed <= memory {
                return Ok(needed);
            }
            Err(DatasetError::TooLarge { path: path.clone(), needed, free: memory })
        };
        let mut file = file::open(path)?;
        let length = fits(file.metadata().map_err(io)?.len())?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let format = image::guess_format(&bytes).map_err(not_an_image)?;
        let layout = if format == ImageFormat::Jpeg { jpeg_layout(&bytes) } else { Layout::Plain };
        if layout == Layout::Cut {
            return Err(DatasetError::CutImage { path: path.clone() });
        }
        let mut reader = ImageReader::with_format(Cursor::new(&bytes), format);
        reader.no_limits();
        let mut decoder = reader.into_decoder().map_err(not_an_image)?;
        let orientation = match format {
            // The decoder sees no Exif behind the pixels.
            ImageFormat::Png => png_orientation(&bytes).unwrap_or(Orientation::NoTransforms),
            _ => decoder.orientation().map_err(not_an_image)?,
        };
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        // The decoder keeps the file; a progressive JPEG the coefficients of all its colours, too.
        let coefficients = if layout == Layout::Progressive { pixels.saturating_mul(6) } else { 0 };
        let decoded = decoder.total_bytes();
        let levels = pixels.saturating_mul(size_of::<f32>() as u64);
        let parts = [2 * length, decoded.max(levels), coefficients, levels];
        let needed = fits(parts.into_iter().fold(0, u64::saturating_add))?;
        let image = DynamicImage::from_decoder(decoder).map_err(not_an_image)?;
        drop(bytes);
        let (width, height) = (width as usize, height as usize);
        let levels = grey_levels(&image, source.background.map(|level| level as f32));
        drop(image);
        let levels = levels.map_err(|pixel| DatasetError::Transparent {
            path: path.clone(),
            row: pixel / width + 1,
            column: pixel % width + 1,
        })?;
        Ok(upright(Self { width, height, levels, bytes: needed }, orientation))
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

/// Grey levels before a background; the first transparent pixel where none is given.
fn grey_levels(image: &DynamicImage, background: Option<f32>) -> Result<Vec<f32>, usize> {
    let bits8 = |level: u8| f32::from(level) / f32::from(u8::MAX);
    let bits16 = |level: u16| f32::from(level) / f32::from(u16::MAX);
    let over = |(index, (level, alpha)): (usize, (f32, f32))| {
        if alpha >= 1.0 {
            return Ok(level);
        }
        let behind = background.ok_or(index)?;
        Ok(level * alpha + behind * (1.0 - alpha))
    };
    let grey = |levels: &mut dyn Iterator<Item = f32>| Ok(levels.collect());
    let layered =
        |levels: &mut dyn Iterator<Item = (f32, f32)>| levels.enumerate().map(over).collect();
    match image {
        DynamicImage::ImageLuma8(image) => grey(&mut image.pixels().map(|p| bits8(p[0]))),
        DynamicImage::ImageLuma16(image) => grey(&mut image.pixels().map(|p| bits16(p[0]))),
        DynamicImage::ImageLumaA8(image) => {
            layered(&mut image.pixels().map(|p| (bits8(p[0]), bits8(p[1]))))
        }
        DynamicImage::ImageLumaA16(image) => {
            layered(&mut image.pixels().map(|p| (bits16(p[0]), bits16(p[1]))))
        }
        DynamicImage::ImageRgb8(image) => grey(&mut image.pixels().map(|p| luma(p.0.map(bits8)))),
        DynamicImage::ImageRgb16(image) => grey(&mut image.pixels().map(|p| luma(p.0.map(bits16)))),
        DynamicImage::ImageRgba16(image) => {
            layered(&mut image.pixels().map(|p| of_colour(p.0.map(bits16))))
        }
        other => layered(&mut other.to_rgba8().pixels().map(|p| of_colour(p.0.map(bits8)))),
    }
}

/// Grey level of a colour, and its alpha.
fn of_colour([r, g, b, alpha]: [f32; 4]) -> (f32, f32) {
    (luma([r, g, b]), alpha)
}

fn luma([r, g, b]: [f32; 3]) -> f32 {
    // The weights add up to 1 but for rounding.
    (LUMA[0] * r + LUMA[1] * g + LUMA[2] * b).clamp(0.0, 1.0)
}

/// The picture as a viewer shows it.
fn upright(stored: Picture, orientation: Orientation) -> Picture {
    if orientation == Orientation::NoTransforms {
        return stored;
    }
    let Picture { width: w, height: h, levels, bytes } = stored;
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if is_turned { (h, w) } else { (w, h) };
    // Where the pixel in column i and row j of the upright picture is stored: column, row.
    let place = |i: usize, j: usize| match orientation {
        Orientation::NoTransforms => (i, j),
        Orientation::FlipHorizontal => (w - 1 - i, j),
        Orientation::Rotate180 => (w - 1 - i, h - 1 - j),
        Orientation::FlipVertical => (i, h - 1 - j),
        Orientation::Rotate90FlipH => (j, i),
        Orientation::Rotate90 => (j, h - 1 - i),
        Orientation::Rotate270FlipH => (w - 1 - j, h - 1 - i),
        Orientation::Rotate270 => (w - 1 - j, i),
    };
    let rows = (0..height).flat_map(|j| (0..width).map(move |i| (i, j)));
    let turned = rows.map(|(i, j)| {
        let (column, row) = place(i, j);
        levels[row * w + column]
    });
    Picture { width, height, levels: turned.collect(), bytes }
}

/// What the Exif chunk of a PNG says of its orientation.
fn png_orientation(bytes: &[u8]) -> Option<Orientation> {
    const SIGNATURE: usize = 8;
    /// Length, kind and checksum.
    const AROUND: usize = 12;
    let mut rest = bytes.get(SIGNATURE..)?;
    loop {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let data = rest.get(8..)?.get(..length)?;
        if rest.get(4..8)? == b"eXIf" {
            return Orientation::from_exif_chunk(data);
        }
        rest = rest.get(length.checked_add(AROUND)?..)?;
    }
}

/// How a JPEG is coded, and whether it has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// All of it, in one go.
    Plain,
    /// All of it, in passes over the whole picture.
    Progressive,
    /// No end: what is missing would be grey.
    Cut,
}

/// Goes through the markers of a JPEG.
///
/// Source: ITU-T T.81, annex B.
fn jpeg_layout(bytes: &[u8]) -> Layout {
    /// End of the image.
    const END: u8 = 0xd9;
    let mut layout = Layout::Plain;
    let mut at = 0;
    loop {
        // In coded data 0xff stands before 0 where it is no marker.
        let is_marker = |pair: &[u8]| pair[0] == 0xff && pair[1] != 0 && pair[1] != 0xff;
        let Some(next) = bytes.get(at..).and_then(|rest| rest.windows(2).position(is_marker))
        else {
            return Layout::Cut;
        };
        at += next + 2;
        match bytes[at - 1] {
            END => return layout,
            // TEM, RST and SOI have no length.
            0x01 | 0xd0..=0xd8 => continue,
            0xc2 | 0xc6 | 0xca | 0xce => layout = Layout::Progressive,
            _ => {}
        }
        let Some(&[high, low]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return Layout::Cut;
        };
        at += usize::from(u16::from_be_bytes([high, low]));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn picture(width: usize, height: usize) -> Picture {
        let levels = (0..width * height).map(|i| (i * 37 % 101) as f32 / 100.0).collect();
        Picture { width, height, levels, bytes: 0 }
    }

    fn open(path: &Path) -> Result<Picture, DatasetError> {
        open_before(path, None)
    }

    fn open_before(path: &Path, background: Option<f64>) -> Result<Picture, DatasetError> {
        Picture::open(&ImageSource { path: path.to_owned(), background }, 1 << 30)
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
        let single = Picture { width: 1, height: 1, levels: vec![0.5], bytes: 0 };
        assert!((single.grey(0.3, 0.9) - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn v_runs_down_and_u_to_the_right() {
        let picture = Picture { width: 2, height: 2, levels: vec![0.0, 0.25, 0.5, 1.0], bytes: 0 };
        assert!((picture.grey(0.75, 0.25) - 0.25).abs() < f64::EPSILON);
        assert!((picture.grey(0.25, 0.75) - 0.5).abs() < f64::EPSILON);
        assert!((picture.grey(0.5, 0.5) - 0.4375).abs() < f64::EPSILON);
    }

    #[test]
    fn colour_becomes_grey_by_rec_601() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("colour.png");
        let mut pixels = image::RgbaImage::new(1, 1);
        pixels.put_pixel(0, 0, image::Rgba([255, 51, 102, 255]));
        pixels.save(&path).unwrap();
        let expected = 0.299 + 0.587 * 0.2 + 0.114 * 0.4;
        let found = open(&path).unwrap().grey(0.5, 0.5);
        assert!((found - expected).abs() < 4.0 * f64::from(f32::EPSILON), "{found}");
    }

    #[test]
    fn a_transparent_pixel_lies_before_the_background_that_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alpha.png");
        let mut pixels = image::GrayAlphaImage::from_pixel(3, 2, image::LumaA([255, 255]));
        pixels.put_pixel(1, 1, image::LumaA([51, 102]));
        pixels.save(&path).unwrap();
        let refused = open(&path).unwrap_err();
        assert!(refused.to_string().contains("the first in row 2, column 2"), "{refused}");
        assert!(refused.hint().unwrap().contains("`background: 1`"));
        for (background, expected) in [(0.0, 0.2 * 0.4), (1.0, 0.2 * 0.4 + 0.6)] {
            let found = open_before(&path, Some(background)).unwrap().grey(0.5, 0.75);
            assert!((found - expected).abs() < 4.0 * f64::from(f32::EPSILON), "{found}");
        }
    }

    #[test]
    fn a_picture_is_turned_as_its_orientation_says() {
        // 1 2 3
        // 4 5 6, as it is stored.
        let levels = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|level| level / 8.0).to_vec();
        let stored = || Picture { width: 3, height: 2, levels: levels.clone(), bytes: 0 };
        for (exif, rows) in [
            (1, "123 456"),
            (2, "321 654"),
            (3, "654 321"),
            (4, "456 123"),
            (5, "14 25 36"),
            (6, "41 52 63"),
            (7, "63 52 41"),
            (8, "36 25 14"),
        ] {
            let shown = upright(stored(), Orientation::from_exif(exif).unwrap());
            let row = |row: &[f32]| row.iter().map(|level| (level * 8.0).to_string()).collect();
            let found: Vec<String> = shown.levels.chunks(shown.width).map(row).collect();
            assert_eq!(found.join(" "), rows, "orientation {exif}");
            assert_eq!(shown.levels.len(), shown.width * shown.height);
        }
    }

    #[test]
    fn a_jpeg_without_its_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.jpg");
        image::GrayImage::from_fn(64, 64, |i, j| image::Luma([(i * j) as u8])).save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(open(&path).is_ok());
        for length in [bytes.len() / 2, bytes.len() - 2, 30] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(open(&path).unwrap_err().to_string().contains("is cut off"), "{length}");
        }
        // What a phone appends after the picture is none of it.
        std::fs::write(&path, [bytes.as_slice(), &[7; 100]].concat()).unwrap();
        assert!(open(&path).is_ok());
    }

    #[test]
    fn a_picture_that_memory_cannot_hold_is_not_decoded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.png");
        image::GrayImage::new(2000, 1000).save(&path).unwrap();
        let source = ImageSource { path, background: None };
        let error = Picture::open(&source, 1 << 20).unwrap_err().to_string();
        assert!(error.ends_with("takes 0.0 GB of memory; 0.0 GB are free"), "{error}");
        // Levels as stored and as f32.
        assert!(Picture::open(&source, 20 << 20).unwrap().bytes >= 10_000_000);
    }

    #[test]
    fn sixteen_bits_stay_sixteen_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep.png");
        let mut pixels = image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::new(1, 1);
        pixels.put_pixel(0, 0, image::Luma([12_345]));
        pixels.save(&path).unwrap();
        let found = open(&path).unwrap().grey(0.5, 0.5);
        assert!((found - 12_345.0 / 65_535.0).abs() < f64::from(f32::EPSILON));
    }

    #[test]
    fn what_is_no_picture_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.png");
        let message = open(&missing).unwrap_err().to_string();
        assert!(message.contains("none.png") && message.starts_with("opening"), "{message}");
        let text = folder.path().join("text.png");
        std::fs::write(&text, "no picture at all").unwrap();
        let message = open(&text).unwrap_err().to_string();
        assert!(message.contains("text.png") && message.contains("PNG or JPEG"), "{message}");
        let cut = folder.path().join("cut.png");
        image::GrayImage::new(40, 40).save(&cut).unwrap();
        let bytes = std::fs::read(&cut).unwrap();
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        assert!(open(&cut).is_err());
    }

    #[test]
    fn a_real_picture_is_read_upright() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mona-lisa.png");
        if !path.exists() {
            eprintln!("skipped: {} is not here", path.display());
            return;
        }
        let picture = open(&path).unwrap();
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
