//! Functions over images: the samples on which each is largest and smallest.

use study::number::{grouped, measured};

use super::functions::{Course, Style};
use super::picture::grey_image;
use super::samples::Samples;
use crate::drawing::{Content, PictureRow, Pictures};
use crate::error::ReportError;

/// Functions that are shown.
const FUNCTIONS: usize = 6;
/// Samples at either end of a function.
const SAMPLES: usize = 4;
/// Sides of an image from which on it can be recognized.
const SMALLEST: usize = 7;

/// For each of the leading functions at the last checkpoint the samples that carry it, where inputs are
/// square grey images; a sentence on what they are. `None` for any other inputs.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn content(
    name: &str,
    known: &Course,
    samples: Option<&Samples>,
    style: Style,
) -> Result<Option<(Content, String)>, ReportError> {
    let (Some(samples), Some(last)) = (samples, known.frames.last()) else { return Ok(None) };
    let Some(side) = side(known.points.first().map_or(0, Vec::len)) else { return Ok(None) };
    let mut rows = Vec::new();
    for it in last.functions.iter().take(FUNCTIONS) {
        let mut order: Vec<usize> = (0..it.values.len()).collect();
        order.sort_by(|&a, &b| it.values[b].total_cmp(&it.values[a]));
        let ends = order.iter().take(SAMPLES).chain(order.iter().rev().take(SAMPLES).rev());
        let mut pictures = Vec::new();
        for (place, &sample) in ends.enumerate() {
            let class = samples.label(known.split, sample).map(|label| format!("class {label}\n"));
            let label =
                format!("{}{}", class.unwrap_or_default(), measured(f64::from(it.values[sample])));
            let file = format!("{name}-{:02}-sample-{place}", it.column);
            pictures.push(grey_image(file, label, &known.points[sample], side, style.width)?);
        }
        let title = it.label.lines().next().unwrap_or_default().to_owned();
        rows.push(PictureRow { title, pictures });
    }
    let text = format!(
        " For each, at step {}, the samples with its largest entries, and after them those with its smallest.",
        grouped(last.step)
    );
    let content = Content::Pictures(Pictures { rows, films: Vec::new(), columns: 2 * SAMPLES });
    Ok(Some((content, text)))
}

/// The side of a square image of so many pixels.
fn side(pixels: usize) -> Option<usize> {
    let side = pixels.isqrt();
    (side >= SMALLEST && side * side == pixels).then_some(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_of_a_square_number_are_images() {
        assert_eq!([64, 784, 63, 36, 2].map(side), [Some(8), Some(28), None, None, None]);
    }
}
