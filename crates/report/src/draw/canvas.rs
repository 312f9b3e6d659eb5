//! Where functions of two variables are drawn.

use std::collections::BTreeSet;

use artifact::tables::Split;
use study::number::grouped;

use super::picture::{ColourMap, Raster};
use crate::drawing::{Film, FilmRow, Picture, Shades};
use crate::error::ReportError;

/// Pixels at most along the width of a picture that follows the slider.
const FILM_WIDTH: u32 = 64;
/// Bytes that all films of a page may take together, before they are made text.
const FILM_BYTES: usize = 2_000_000;

/// The points at which functions are known, and the rasters on which they are drawn.
pub struct Canvas {
    fine: Raster,
    coarse: Raster,
}

impl Canvas {
    /// A canvas for functions known at `points` of two dimensions, whose pictures are `width` pixels wide,
    /// on a page with `frames` pictures that follow the slider; `None` without points.
    #[must_use]
    pub fn new(points: &[Vec<f32>], width: u32, frames: usize) -> Option<Self> {
        let points: Vec<[f32; 2]> = points.iter().map(|point| [point[0], point[1]]).collect();
        let fine = Raster::new(&points, width)?;
        let across: BTreeSet<u32> = points.iter().map(|point| point[0].to_bits()).collect();
        // A grid has a pixel for each of its points; scattered points have as many as are cheap.
        let grid = across.len() * across.len() <= 4 * points.len();
        let native = if grid { across.len() as u32 } else { FILM_WIDTH };
        let pixels = FILM_BYTES / frames.max(1);
        let cheap = (pixels as f64 / f64::from(fine.size().1) * f64::from(width)).sqrt();
        #[expect(clippy::cast_sign_loss, reason = "a root is not negative")]
        let coarse = native.min(FILM_WIDTH).min(width).min(cheap as u32).max(8);
        Some(Self { coarse: Raster::new(&points, coarse)?, fine })
    }

    /// A picture that stands still.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn picture(
        &self,
        name: String,
        label: String,
        values: &[f32],
        map: ColourMap,
    ) -> Result<Picture, ReportError> {
        self.fine.picture(name, label, values, map)
    }

    /// `samples` of a function as dots.
    ///
    /// # Errors
    /// Where the picture cannot be encoded.
    pub fn dots(
        &self,
        samples: &[(Vec<f32>, f32)],
        map: ColourMap,
    ) -> Result<Picture, ReportError> {
        let label = format!("the {} samples", grouped(samples.len() as u64));
        self.fine.dots("samples".to_owned(), label, samples, map)
    }

    /// A picture that follows the slider: for each checkpoint the values, their colours and the label.
    #[must_use]
    pub fn film(&self, shades: Shades, frames: Vec<(Vec<f32>, ColourMap, String)>) -> Film {
        let mut film =
            Film { labels: Vec::new(), frames: Vec::new(), shades, size: self.coarse.size() };
        for (values, map, label) in frames {
            film.labels.push(label);
            film.frames.push(self.coarse.bytes(&values, map));
        }
        film
    }
}

/// A row of films at `steps`; none of a run with one checkpoint, where nothing moves.
#[must_use]
pub fn film_row(title: &str, steps: &[u64], films: Vec<Film>) -> Option<FilmRow> {
    let films: Vec<Film> =
        films.into_iter().filter(|film| film.frames.len() == steps.len()).collect();
    let moves = steps.len() > 1 && !films.is_empty();
    moves.then(|| FilmRow { title: title.to_owned(), steps: steps.to_vec(), films })
}

/// At which samples functions are drawn, in a sentence.
#[must_use]
pub fn where_drawn(split: Split, dimensions: usize, points: usize) -> String {
    let samples = match split {
        Split::Train => "training samples",
        Split::Test => "test samples",
    };
    let count = grouped(points as u64);
    if dimensions == 2 {
        format!("Each pixel has the value of the nearest of the {count} {samples}.")
    } else {
        format!("Drawn at the {count} {samples}.")
    }
}

/// The points of a function of one variable, by rising x.
#[must_use]
pub fn line(points: &[Vec<f32>], values: &[f32]) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> =
        points.iter().zip(values).map(|(x, &y)| (f64::from(x[0]), f64::from(y))).collect();
    line.sort_by(|a, b| a.0.total_cmp(&b.0));
    line
}
