//! Pictures whose pixels are the rows of a table.

use study::Layer;
use study::number::grouped;

use super::canvas::film_row;
use super::lines;
use super::picture::encoded;
use super::subject::Found;
use crate::colour::{hued, hued_byte};
use crate::drawing::{Content, Film, Picture, PictureRow, Pictures, Shades};
use crate::error::ReportError;
use crate::table::{Cell, Shown};

/// Pixels at most along each side of a picture.
const MOST_PIXELS: usize = 1000;
/// Pixels at most along each side of a film.
const FILM_PIXELS: usize = 400;
/// The same of one without hues, in which there is less to see.
const GREY_FILM_PIXELS: usize = 160;
/// Bytes that all films of pictures of a page may have together, before they are made text.
const FILM_BYTES: usize = 4_000_000;

/// One picture: of each pixel its hue and lightness, row by row from the top; `None` where no row of the table is.
type Frame = Vec<Option<(Option<f64>, f64)>>;

/// The pictures of one panel.
#[derive(Debug)]
pub struct Panel {
    title: String,
    /// Columns and rows of pixels.
    size: (usize, usize),
    /// By step; the step 0 alone of a layer that does not follow the slider.
    frames: Vec<(u64, Frame)>,
    /// Whether no pixel has a hue.
    is_grey: bool,
    /// Whether it follows the slider.
    moves: bool,
}

/// The pictures that a `layer` of `found` shows of `facet`; `None` where there are no rows.
///
/// # Errors
/// Where a column cannot be read.
pub fn panel(
    title: &str,
    layer: &Layer,
    found: &Found,
    facet: Option<(&str, &Cell)>,
) -> Result<Option<Panel>, ReportError> {
    let (Some(x), Some(y), Some(value)) = (&layer.x, &layer.y, &layer.value) else {
        return Ok(None);
    };
    let columns = &found.columns;
    let shown = lines::rows(layer, columns, facet)?;
    let rows: Vec<usize> = (0..columns.rows()).filter(|&row| shown[row] == Shown::Yes).collect();
    let of = |channel: &study::Channel| -> Result<Vec<f64>, ReportError> {
        let numbers = columns.numbers(&channel.column)?;
        Ok(rows.iter().map(|&row| channel.value(numbers[row])).collect())
    };
    let (across, down, values) = (of(x)?, of(y)?, of(value)?);
    let hues = layer.hue.as_ref().map(of).transpose()?;
    let steps = match &layer.film {
        Some(film) => rows.iter().map(|&row| Ok(columns.numbers(film)?[row])).collect(),
        None => Ok::<_, ReportError>(vec![0.0; rows.len()]),
    }?;
    let (places_across, places_down, all_steps) =
        (distinct(&across), distinct(&down), distinct(&steps));
    if places_across.is_empty() || places_down.is_empty() {
        return Ok(None);
    }
    let size = (places_across.len().min(MOST_PIXELS), places_down.len().min(MOST_PIXELS));
    #[expect(clippy::cast_sign_loss, reason = "a step is not negative")]
    let mut frames: Vec<(u64, Frame)> =
        all_steps.iter().map(|&step| (step as u64, vec![None; size.0 * size.1])).collect();
    for (number, &value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let places = [(&places_across, across[number]), (&places_down, down[number])]
            .map(|(places, at)| places.binary_search_by(|place| place.total_cmp(&at)).ok());
        let step = all_steps.binary_search_by(|step| step.total_cmp(&steps[number])).ok();
        let (Some(step), [Some(column), Some(row)]) = (step, places) else { continue };
        if column < size.0 && row < size.1 {
            let hue = hues.as_ref().map(|hues| hues[number]).filter(|hue| hue.is_finite());
            frames[step].1[row * size.0 + column] = Some((hue, value));
        }
    }
    for (_, frame) in &mut frames {
        spread(frame);
    }
    let (is_grey, moves) = (layer.hue.is_none(), layer.film.is_some());
    Ok(Some(Panel { title: title.to_owned(), size, frames, is_grey, moves }))
}

/// Turns the values of a frame into lightnesses, from 0 at the least to 1 at the greatest.
fn spread(frame: &mut Frame) {
    let known = || frame.iter().flatten().map(|(_, value)| *value);
    let (low, high) = (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max));
    for (_, value) in frame.iter_mut().flatten() {
        *value = if high > low { (*value - low) / (high - low) } else { 0.5 };
    }
}

/// The values of a column in rising order.
fn distinct(values: &[f64]) -> Vec<f64> {
    let mut all: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// A lightness as black to white.
#[expect(clippy::cast_sign_loss, reason = "it is from 0 to 1")]
fn grey(lightness: f64) -> u8 {
    (255.0 * lightness).round() as u8
}

/// The panels of the figure `name` beside each other, on a page with as much of so many `details`: a row that follows the
/// slider, then the first and the last step.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn content(
    name: &str,
    panels: &[Panel],
    details: usize,
) -> Result<Option<Content>, ReportError> {
    let Some(first) = panels.first() else { return Ok(None) };
    let steps: Vec<u64> = first.frames.iter().map(|(step, _)| *step).collect();
    let mut ends: Vec<u64> = steps.first().into_iter().chain(steps.last()).copied().collect();
    ends.dedup();
    let mut rows = Vec::new();
    for step in ends {
        let mut pictures = Vec::new();
        for (number, panel) in panels.iter().enumerate() {
            let Some((_, frame)) = panel.frames.iter().find(|(at, _)| *at == step) else {
                continue;
            };
            let name = format!("{name}-{number:02}-step-{step:010}");
            pictures.push(panel.picture(name, frame)?);
        }
        let title = if first.moves { format!("step {}", grouped(step)) } else { String::new() };
        rows.push(PictureRow { title, pictures });
    }
    let coloured = panels.iter().filter(|panel| !panel.is_grey).count().max(1);
    let bytes = FILM_BYTES / (coloured * details).max(1);
    let films = panels.iter().map(|panel| panel.film(bytes)).collect();
    let films = film_row("", &steps, films).into_iter().collect();
    let columns = panels.len().clamp(1, 3);
    Ok(Some(Content::Pictures(Pictures { rows, films, columns, large: true })))
}

impl Panel {
    fn picture(&self, name: String, frame: &Frame) -> Result<Picture, ReportError> {
        let pixels: Vec<u8> = frame
            .iter()
            .flat_map(|pixel| match pixel {
                Some((_, lightness)) if self.is_grey => [grey(*lightness); 3],
                Some((hue, lightness)) => hued(*hue, *lightness),
                None => [u8::MAX; 3],
            })
            .collect();
        let size = (self.size.0 as u32, self.size.1 as u32);
        encoded(name, self.title.clone(), &pixels, size)
    }

    /// The frames with so many pixels left out that they take no more than `most` bytes.
    fn film(&self, most: usize) -> Film {
        let (width, height) = self.size;
        let most_pixels = if self.is_grey { GREY_FILM_PIXELS } else { FILM_PIXELS };
        let least = width.max(height).div_ceil(most_pixels);
        let bytes =
            |every: usize| self.frames.len() * width.div_ceil(every) * height.div_ceil(every);
        let every = (least..width.max(height)).find(|&every| bytes(every) <= most);
        let every = every.unwrap_or(width.max(height));
        let frame = |(_, frame): &(u64, Frame)| {
            let places = (0..height)
                .step_by(every)
                .flat_map(|row| (0..width).step_by(every).map(move |column| row * width + column));
            let byte = |place: usize| match frame[place] {
                Some((_, lightness)) if self.is_grey => grey(lightness),
                Some((hue, lightness)) => hued_byte(hue, lightness),
                None => u8::MAX,
            };
            places.map(byte).collect()
        };
        let size = (width.div_ceil(every) as u32, height.div_ceil(every) as u32);
        let labels = vec![self.title.clone(); self.frames.len()];
        let frames = self.frames.iter().map(frame).collect();
        let shades = if self.is_grey { Shades::Grey } else { Shades::Hues };
        Film { labels, frames, shades, size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panel of two steps, of one row of dark and light pixels over one of pixels without a value.
    fn panel(width: usize, is_grey: bool) -> Panel {
        let pixel = |place: usize| {
            let hue = (!is_grey).then_some(0.25);
            (place < width).then_some((hue, (place % 2) as f64))
        };
        let frame: Frame = (0..2 * width).map(pixel).collect();
        let frames = vec![(0, frame.clone()), (9, frame)];
        Panel { title: "a".to_owned(), size: (width, 2), frames, is_grey, moves: true }
    }

    #[test]
    fn pixels_have_their_hue_and_lightness_and_none_is_white() {
        for (is_grey, dark, light) in
            [(true, [0; 3], [255; 3]), (false, hued(Some(0.25), 0.0), hued(Some(0.25), 1.0))]
        {
            let panel = panel(2, is_grey);
            let picture = panel.picture(String::new(), &panel.frames[0].1).unwrap();
            let image = image::load_from_memory(&picture.png).unwrap().to_rgb8();
            let pixels: Vec<[u8; 3]> = image.pixels().map(|pixel| pixel.0).collect();
            assert_eq!(pixels, [dark, light, [255; 3], [255; 3]]);
        }
    }

    #[test]
    fn a_film_leaves_out_pixels_until_it_fits() {
        let size = |width, is_grey, most| {
            let film = panel(width, is_grey).film(most);
            let (across, down) = film.size;
            assert!(film.frames.iter().all(|frame| frame.len() == (across * down) as usize));
            film.size
        };
        assert_eq!(size(400, false, 10_000), (400, 2));
        assert_eq!(size(401, false, 10_000), (201, 1));
        assert_eq!(size(400, false, 400), (200, 1));
        assert_eq!(size(400, true, 10_000), (134, 1));
        assert_eq!(size(400, false, 0), (1, 1));
    }

    #[test]
    fn the_least_value_of_a_frame_is_dark_and_the_greatest_light() {
        let mut frame: Frame =
            vec![Some((None, -3.0)), None, Some((None, 1.0)), Some((None, -1.0))];
        spread(&mut frame);
        let found: Vec<f64> = frame.iter().flatten().map(|(_, lightness)| *lightness).collect();
        assert_eq!(found, [0.0, 1.0, 0.5]);
        let mut flat: Frame = vec![Some((None, 7.0)); 2];
        spread(&mut flat);
        assert_eq!(flat, [Some((None, 0.5)); 2]);
    }
}
