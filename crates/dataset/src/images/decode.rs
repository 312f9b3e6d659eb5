//! PNG and JPEG bytes as levels.

use image::{DynamicImage, ImageReader};
use std::io::Cursor;

/// h, w, c of an image and its levels, channels last: one channel of grey ones, three of all others. What
/// is transparent keeps its colour.
///
/// # Errors
/// Why the bytes are no PNG or JPEG, or damaged.
pub(super) fn decode(bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), String> {
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| error.to_string())?;
    let image = reader.decode().map_err(|error| error.to_string())?;
    let (h, w) = (image.height() as usize, image.width() as usize);
    Ok(match image {
        DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageLumaA8(_)
        | DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageLumaA16(_) => ([h, w, 1], image.to_luma8().into_raw()),
        _ => ([h, w, 3], image.to_rgb8().into_raw()),
    })
}

/// Images of one size, as they come.
#[derive(Default)]
pub(super) struct Gathered {
    /// h, w, c of the first, and where it came from.
    first: Option<([usize; 3], String)>,
    /// All levels.
    pub values: Vec<u8>,
}

impl Gathered {
    /// Adds the image in `bytes`, which came from `place`; a grey one among colour ones gets three
    /// channels.
    ///
    /// # Errors
    /// Why it cannot be read, or that it has another size than the first.
    pub fn add(&mut self, bytes: &[u8], place: &str) -> Result<(), String> {
        let (shape, mut levels) = decode(bytes)
            .map_err(|error| format!("the image of {place} cannot be read: {error}"))?;
        let (first, where_first) = self.first.get_or_insert_with(|| (shape, place.to_owned()));
        let [h, w, c] = *first;
        if [h, w] != shape[..2] {
            return Err(format!(
                "its images have several sizes: {h} × {w} in {where_first}, {} × {} in {place}; a network takes one: resize the files",
                shape[0], shape[1]
            ));
        }
        match (c, shape[2]) {
            (3, 1) => levels = levels.into_iter().flat_map(|level| [level; 3]).collect(),
            (1, 3) => {
                // The first ones were grey: they get three channels, too.
                *first = [h, w, 3];
                self.values = self.values.iter().flat_map(|&level| [level; 3]).collect();
            }
            _ => {}
        }
        self.values.extend(levels);
        Ok(())
    }

    /// h, w, c of all.
    pub fn shape(&self) -> [usize; 3] {
        self.first.as_ref().map_or([0; 3], |(shape, _)| *shape)
    }
}
