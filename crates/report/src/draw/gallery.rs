//! Functions over images: the samples on which each is largest and smallest.

use study::number::{grouped, measured};

use super::functions::{Course, Known, Style};
use super::picture::ColourMap;
use super::samples::Samples;
use crate::drawing::{Content, PictureRow, Pictures};
use crate::error::ReportError;

/// Functions that are shown.
const FUNCTIONS: usize = 6;
/// Samples at either end of a function.
const SAMPLES: usize = 4;

/// For each of the leading functions at the last checkpoint the samples that carry it, where inputs are
/// grey or RGB images; a sentence on what they are. `None` for any other inputs.
///
/// All images share one scale, so that they can be compared, whatever the range of the inputs.
///
/// # Errors
/// Where the samples have another shape than their dataset states, or a picture cannot be encoded.
pub fn content(
    name: &str,
    known: &Course,
    samples: Option<&Samples>,
    style: Style,
) -> Result<Option<(Content, String)>, ReportError> {
    let (Some(samples), Some(last)) = (samples, known.frames.last()) else { return Ok(None) };
    let Some(shape) = samples.image_shape()? else { return Ok(None) };
    let carried: Vec<(&Known, Vec<usize>)> =
        last.functions.iter().take(FUNCTIONS).map(|it| (it, ends(&it.values))).collect();
    let shown = carried.iter().flat_map(|(_, samples)| samples);
    let shown: Vec<&[f32]> = shown.map(|&sample| known.points[sample].as_slice()).collect();
    let map = ColourMap::grey(&shown.concat());
    let mut rows = Vec::new();
    for (it, ends) in carried {
        let mut pictures = Vec::new();
        for (place, sample) in ends.into_iter().enumerate() {
            let class = samples.label(known.split, sample).map(|label| format!("class {label}\n"));
            let label =
                format!("{}{}", class.unwrap_or_default(), measured(f64::from(it.values[sample])));
            let file = format!("{name}-{:02}-sample-{place}", it.column);
            pictures.push(shape.picture(file, label, &known.points[sample], map, style.width)?);
        }
        let title = it.label.lines().next().unwrap_or_default().to_owned();
        rows.push(PictureRow { title, pictures });
    }
    let channels = if shape.is_colour() { " and their channels" } else { "" };
    let text = format!(
        " For each, at step {}, the samples with its largest entries, and after them those with its smallest. \
         The images{channels} share one scale, dark at the smallest value and bright at the largest.",
        grouped(last.step)
    );
    let content =
        Content::Pictures(Pictures { rows, films: Vec::new(), columns: 2 * SAMPLES, large: false });
    Ok(Some((content, text)))
}

/// The samples with the largest `values`, and after them those with the smallest, the smallest last.
fn ends(values: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let smallest = order.iter().rev().take(SAMPLES).rev();
    order.iter().take(SAMPLES).chain(smallest).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_at_either_end_carry_a_function() {
        let values = [0.0, 9.0, -8.0, 1.0, 7.0, -6.0, 5.0, -4.0, 3.0, -2.0];
        assert_eq!(ends(&values), [1, 4, 6, 8, 9, 7, 5, 2]);
    }
}
