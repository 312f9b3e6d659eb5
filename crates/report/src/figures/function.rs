//! The target, the samples and the learned function, as pictures or as lines.

use super::drawing::{Drawing, line, where_drawn};
use super::figure;
use crate::error::ReportError;
use crate::figure::{
    Arrangement, Axis, Colour, Content, Figure, Panel, PictureRow, Pictures, Series, Shades, Stroke,
};
use crate::functions::{Drawn, Frame};
use crate::number::{grouped, measured};
use crate::picture::ColourMap;

const PAPER: &str = "In the paper: the main experiment, whose target is a grey portrait.";

/// What was to be learned and what was, as pictures where there is a `drawing`.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn figure_of(drawn: &Drawn, drawing: Option<&Drawing>) -> Result<Option<Figure>, ReportError> {
    let Some(last) = drawn.frames.last() else { return Ok(None) };
    let content = match drawing {
        Some(drawing) => Some(pictures(drawing, last)?),
        None if drawn.input_dim == 1 => lines(drawn, last),
        None => None,
    };
    let error = if drawing.is_some() {
        " Target and learned function share one grey scale; in the error blue is too low, orange too high."
    } else {
        ""
    };
    let step = grouped(last.step);
    Ok(figure(
        "function",
        "The target and what was learned",
        format!(
            "The target, and the network's output at step {step}.{error} {}",
            where_drawn(drawn)
        ),
        PAPER,
        &[
            ("samples.parquet", "split, sample, x, y"),
            ("outputs.parquet", "step, split, sample, output"),
        ],
        content,
    ))
}

/// One row of pictures for each output: samples, target, learned function, error.
fn pictures(drawing: &Drawing, last: &Frame) -> Result<Content, ReportError> {
    let drawn = drawing.drawn;
    let several = drawn.target.len() > 1;
    let (mut rows, mut films) = (Vec::new(), Vec::new());
    for (output, (target, learned)) in drawn.target.iter().zip(&last.learned).enumerate() {
        let error = difference(learned, target);
        let shades = ColourMap::grey(target);
        let name = |what: &str| {
            if several { format!("{what}-output-{output}") } else { what.to_owned() }
        };
        let title = if several { format!("output {output}") } else { String::new() };
        let mut row = Vec::new();
        if output == 0 {
            row.push(drawing.samples(shades)?);
        }
        row.push(drawing.picture(name("target"), "the target".to_owned(), target, shades)?);
        let label = format!("learned, step {}", grouped(last.step));
        row.push(drawing.picture(name("learned"), label, learned, shades)?);
        let signs = ColourMap::diverging(&error);
        row.push(drawing.picture(name("error"), error_label(signs), &error, signs)?);
        rows.push(PictureRow { title: title.clone(), pictures: row });
        let output_of = |frame: &Frame| frame.learned.get(output).cloned();
        let learned = drawing
            .film(Shades::Grey, |frame| Some((output_of(frame)?, shades, "learned".to_owned())));
        let error = drawing.film(Shades::Diverging, |frame| {
            let error = difference(&output_of(frame)?, target);
            let signs = ColourMap::diverging(&error);
            Some((error, signs, error_label(signs)))
        });
        films.extend(drawing.row(&title, learned.into_iter().chain(error).collect()));
    }
    Ok(Content::Pictures(Pictures { rows, films, columns: 4, rows_in_print: false }))
}

fn difference(learned: &[f32], target: &[f32]) -> Vec<f32> {
    learned.iter().zip(target).map(|(f, y)| f - y).collect()
}

fn error_label(signs: ColourMap) -> String {
    match signs {
        ColourMap::Diverging(bound) => format!("error, ±{}", measured(f64::from(bound))),
        ColourMap::Grey(..) => "error".to_owned(),
    }
}

/// Target, samples and learned function of one variable.
fn lines(drawn: &Drawn, last: &Frame) -> Option<Content> {
    let several = drawn.target.len() > 1;
    let panels =
        drawn.target.iter().zip(&last.learned).enumerate().map(|(output, (target, learned))| {
            let title = if several { format!("output {output}") } else { String::new() };
            let samples = drawn.samples.iter().map(|(x, y)| (f64::from(x[0]), f64::from(*y)));
            let mut samples: Vec<(f64, f64)> = samples.collect();
            samples.sort_by(|a, b| a.0.total_cmp(&b.0));
            let film = |frame: &Frame| {
                let values = frame.learned.get(output)?;
                Some((frame.step, line(drawn, values)))
            };
            let mut series = vec![
                Series::new("target", Colour::Grey, line(drawn, target)),
                Series::new("learned", Colour::Blue, line(drawn, learned)),
            ];
            if output == 0 {
                let samples = Series::new("samples", Colour::Orange, samples);
                series.push(samples.stroke(Stroke::Marks));
            }
            if drawn.frames.len() > 1 {
                series.push(Series::film(drawn.frames.iter().filter_map(film).collect()));
            }
            Panel::new(title, Axis::linear("x"), Axis::linear("f(x)"), series)
        });
    Content::plot(Arrangement::Columns, panels)
}
