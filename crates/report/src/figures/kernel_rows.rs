//! Rows of the kernel, g_t(X, ·), as pictures or as lines.

use super::drawing::{Drawing, line, where_drawn};
use super::figure;
use crate::error::ReportError;
use crate::figure::{
    Arrangement, Axis, Colour, Content, Figure, Panel, PictureRow, Pictures, Series, Shades,
};
use crate::functions::{Drawn, Frame};
use crate::measures::Measures;
use crate::number::{grouped, measured};
use crate::picture::ColourMap;

/// g(X, ·) for a few samples X at the first and the last checkpoint and at the slider.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn figure_of(
    drawn: &Drawn,
    drawing: Option<&Drawing>,
    measures: &Measures,
) -> Result<Option<Figure>, ReportError> {
    if drawn.pairs == 0 {
        return Ok(None);
    }
    let content = match drawing {
        Some(drawing) => Some(pictures(drawing)?),
        None if drawn.input_dim == 1 => lines(drawn),
        None => None,
    };
    let colours = if drawing.is_some() {
        " Blue is negative, white zero, orange positive; each picture has its own range, and its largest value stands below."
    } else {
        ""
    };
    Ok(figure(
        "kernel_rows",
        "Rows of the kernel",
        format!(
            "g(X, x) over x for training samples X near the centre and the quarters of the box: how much an update at X moves the function at x. Not the stored kernel itself but its sum over the {} leading eigenpairs, Σ λᵢ υᵢ(X) υᵢ(x){}.{colours} {}",
            drawn.pairs,
            share_of_trace(drawn, measures),
            where_drawn(drawn)
        ),
        "In the paper: the pictures of g(X, ·) for five X at the start and at t = 50,000, finding 1.",
        &[
            ("eigenvectors.parquet", "step, index, split, values"),
            ("eigenvalues.parquet", "step, index, eigenvalue, resolved"),
        ],
        content,
    ))
}

/// How much of the kernel's trace the eigenpairs have at the ends, as far as it is known.
fn share_of_trace(drawn: &Drawn, measures: &Measures) -> String {
    let share = |step: u64| {
        let eigenvalues = measures
            .eigenvalues
            .iter()
            .filter(|row| row.step == step && row.resolved && row.index as usize <= drawn.pairs);
        let trace = measures.dynamics.iter().find(|row| row.step == step)?.trace;
        let sum: f64 = eigenvalues.map(|row| row.eigenvalue).sum();
        (trace > 0.0).then(|| format!("{:.1} %", 100.0 * sum / trace))
    };
    match (share(measures.first_step), share(measures.last_step)) {
        (Some(first), Some(last)) => format!(
            ", which have {first} of its trace at the first checkpoint and {last} at the last"
        ),
        _ => String::new(),
    }
}

/// The checkpoints that stand on the page.
fn standing(drawn: &Drawn) -> Vec<&Frame> {
    let mut frames: Vec<&Frame> = drawn.frames.first().into_iter().collect();
    if drawn.frames.len() > 1 {
        frames.extend(drawn.frames.last());
    }
    frames
}

/// `X = (0.25, 0.5)` and on a second line `max 3.1`.
fn label(drawn: &Drawn, row: usize, values: &[f32]) -> String {
    let largest = values.iter().copied().fold(f32::MIN, f32::max);
    format!("X = ({})\nmax {}", place(drawn, row), measured(f64::from(largest)))
}

fn place(drawn: &Drawn, row: usize) -> String {
    let sample = drawn.rows_of.get(row).and_then(|&sample| drawn.samples.get(sample));
    let point: &[f32] = sample.map_or(&[], |(point, _)| point);
    point.iter().map(|x| format!("{x:.2}").replace('-', "−")).collect::<Vec<_>>().join(", ")
}

fn pictures(drawing: &Drawing) -> Result<Content, ReportError> {
    let drawn = drawing.drawn;
    let mut rows = Vec::new();
    for frame in standing(drawn) {
        let mut pictures = Vec::new();
        for (row, values) in frame.kernel_rows.iter().enumerate() {
            pictures.push(drawing.picture(
                format!("kernel-row-{row}-step-{:010}", frame.step),
                label(drawn, row, values),
                values,
                ColourMap::diverging(values),
            )?);
        }
        rows.push(PictureRow { title: format!("step {}", grouped(frame.step)), pictures });
    }
    let films = (0..drawn.rows_of.len()).filter_map(|row| {
        drawing.film(Shades::Diverging, |frame| {
            let values = frame.kernel_rows.get(row)?;
            Some((values.clone(), ColourMap::diverging(values), label(drawn, row, values)))
        })
    });
    Ok(Content::Pictures(Pictures {
        rows,
        films: drawing.row("", films.collect()),
        columns: drawn.rows_of.len().max(1),
        rows_in_print: false,
    }))
}

fn lines(drawn: &Drawn) -> Option<Content> {
    let mut panels = Vec::new();
    for frame in standing(drawn) {
        let series = frame.kernel_rows.iter().enumerate().map(|(row, values)| {
            Series::new(format!("X = {}", place(drawn, row)), Colour::of(row), line(drawn, values))
        });
        let title = format!("step {}", grouped(frame.step));
        panels.push(Panel::new(
            title,
            Axis::linear("x"),
            Axis::linear("g(X, x)"),
            series.collect(),
        ));
    }
    Content::plot(Arrangement::Columns, panels)
}
