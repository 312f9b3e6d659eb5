//! What pictures of functions of two variables have in common.

use artifact::tables::Split;

use crate::error::ReportError;
use crate::figure::{Film, FilmRow, Picture, Shades};
use crate::functions::{Drawn, Frame};
use crate::number::grouped;
use crate::picture::{ColourMap, Raster};

/// Pixels at most along the width of a picture that follows the slider.
const FILM_WIDTH: u32 = 64;
/// Bytes that all films of a page may take together, before they are made text.
const FILM_BYTES: usize = 2_000_000;

/// The functions of a run with the rasters that they are drawn on.
pub struct Drawing<'a> {
    /// The functions.
    pub drawn: &'a Drawn,
    fine: Raster,
    coarse: Raster,
}

impl<'a> Drawing<'a> {
    /// A drawing of functions of two variables whose pictures are `width` pixels wide, on a page
    /// with `films` films; `None` for one variable, or no points.
    #[must_use]
    pub fn new(drawn: &'a Drawn, width: u32, films: usize) -> Option<Self> {
        if drawn.input_dim != 2 {
            return None;
        }
        let points: Vec<[f32; 2]> = drawn.points.iter().map(|point| [point[0], point[1]]).collect();
        let fine = Raster::new(&points, width)?;
        let mut across: Vec<f32> = points.iter().map(|point| point[0]).collect();
        across.sort_by(f32::total_cmp);
        across.dedup();
        // A grid has a pixel for each of its points; scattered points have as many as are cheap.
        let grid = across.len() * across.len() <= 4 * points.len();
        let native = if grid { across.len() as u32 } else { FILM_WIDTH };
        let pixels = FILM_BYTES / (films * drawn.frames.len()).max(1);
        let cheap = (pixels as f64 / f64::from(fine.size().1) * f64::from(width)).sqrt();
        #[expect(clippy::cast_sign_loss, reason = "a root is not negative")]
        let coarse = native.min(FILM_WIDTH).min(width).min(cheap as u32).max(8);
        Some(Self { drawn, coarse: Raster::new(&points, coarse)?, fine })
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

    /// The training samples as dots.
    ///
    /// # Errors
    /// Where the picture cannot be encoded.
    pub fn samples(&self, map: ColourMap) -> Result<Picture, ReportError> {
        let label = format!("the {} samples", grouped(self.drawn.samples.len() as u64));
        self.fine.dots("samples".to_owned(), label, &self.drawn.samples, map)
    }

    /// A picture that follows the slider: of each checkpoint the values, their colours and the
    /// label.
    pub fn film<'f>(
        &'f self,
        shades: Shades,
        of: impl Fn(&'f Frame) -> Option<(Vec<f32>, ColourMap, String)>,
    ) -> Option<Film> {
        let mut film =
            Film { labels: Vec::new(), frames: Vec::new(), shades, size: self.coarse.size() };
        for frame in &self.drawn.frames {
            let (values, map, label) = of(frame)?;
            film.labels.push(label);
            film.frames.push(self.coarse.bytes(&values, map));
        }
        Some(film)
    }

    /// A row of films; none of a run with one checkpoint, where nothing moves.
    #[must_use]
    pub fn row(&self, title: &str, films: Vec<Film>) -> Vec<FilmRow> {
        let steps: Vec<u64> = self.drawn.frames.iter().map(|frame| frame.step).collect();
        if steps.len() < 2 || films.is_empty() {
            return Vec::new();
        }
        vec![FilmRow { title: title.to_owned(), steps, films }]
    }
}

/// At which samples functions are drawn, in a sentence.
#[must_use]
pub fn where_drawn(drawn: &Drawn) -> String {
    let samples = match drawn.split {
        Split::Train => "training samples",
        Split::Test => "test samples",
    };
    let count = grouped(drawn.points.len() as u64);
    if drawn.input_dim == 2 {
        format!("Each pixel has the value of the nearest of the {count} {samples}.")
    } else {
        format!("Drawn at the {count} {samples}.")
    }
}

/// The points of a function of one variable, by rising x.
#[must_use]
pub fn line(drawn: &Drawn, values: &[f32]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> =
        drawn.points.iter().zip(values).map(|(x, &y)| (f64::from(x[0]), f64::from(y))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}
