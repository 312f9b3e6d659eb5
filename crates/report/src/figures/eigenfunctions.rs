//! The leading eigenfunctions, as pictures or as lines.

use artifact::tables::{Signal, Split};

use super::drawing::{Drawing, line, where_drawn};
use super::{energy, figure};
use crate::error::ReportError;
use crate::figure::{
    Arrangement, Axis, Colour, Content, Figure, Film, Panel, Picture, PictureRow, Pictures, Series,
    Shades, Stroke,
};
use crate::functions::{Drawn, Frame};
use crate::measures::Measures;
use crate::number::{grouped, measured, subscript};
use crate::picture::ColourMap;

/// The leading eigenfunctions at the first and the last checkpoint, at one between, and at the
/// slider.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn figure_of(
    drawn: &Drawn,
    drawing: Option<&Drawing>,
    measures: &Measures,
) -> Result<Option<Figure>, ReportError> {
    let content = match drawing {
        Some(drawing) => pictures(drawing, measures)?,
        None if drawn.input_dim == 1 => lines(drawn, measures),
        None => None,
    };
    let colours = if drawing.is_some() {
        " Blue is negative, white zero, orange positive; each picture has its own range, without its outermost percent. The sign of an eigenfunction means nothing."
    } else {
        ""
    };
    let nystrom = match drawn.split {
        Split::Train => "",
        Split::Test => " On test samples they are the Nyström extension.",
    };
    Ok(figure(
        "eigenfunctions",
        "Leading eigenfunctions of the kernel",
        format!(
            "The leading eigenfunctions along the optimization, with their eigenvalues and their share of the target's energy.{colours}{nystrom}{} {}",
            energy::resolved(measures),
            where_drawn(drawn)
        ),
        "In the paper: finding 2, and the pictures of the first six eigenfunctions at the start and at t = 20,000; fans around the centre at first, parts of the portrait later.",
        &[
            ("samples.parquet", "split, sample, x"),
            ("eigenvectors.parquet", "step, index, split, values"),
        ],
        content,
    ))
}

/// Checkpoints of which eigenfunctions stand on the page: the first, one between, the last.
fn standing<'a>(drawn: &'a Drawn, measures: &Measures) -> Vec<&'a Frame> {
    let middle = measures.shown.get(measures.shown.len() / 2).copied();
    let nearest =
        middle.and_then(|step| drawn.frames.iter().min_by_key(|frame| frame.step.abs_diff(step)));
    let mut frames: Vec<&Frame> = drawn.frames.first().into_iter().collect();
    frames.extend(nearest);
    frames.extend(drawn.frames.last());
    frames.dedup_by_key(|frame| frame.step);
    frames
}

/// One row of pictures for each checkpoint.
fn pictures(drawing: &Drawing, measures: &Measures) -> Result<Option<Content>, ReportError> {
    let drawn = drawing.drawn;
    let mut rows = Vec::new();
    for frame in standing(drawn, measures) {
        let pictures: Vec<Picture> = frame
            .eigenfunctions
            .iter()
            .map(|(index, values)| {
                drawing.picture(
                    format!("eigenfunction-{index:02}-step-{:010}", frame.step),
                    label(measures, frame.step, *index),
                    values,
                    ColourMap::diverging(values),
                )
            })
            .collect::<Result<_, _>>()?;
        if !pictures.is_empty() {
            let title = format!("step {}", grouped(frame.step));
            rows.push(PictureRow { title, pictures });
        }
    }
    let Some(columns) = rows.iter().map(|row| row.pictures.len()).min() else { return Ok(None) };
    let films = (0..columns).filter_map(|position| film(drawing, measures, position)).collect();
    Ok(Some(Content::Pictures(Pictures {
        rows,
        films: drawing.row("", films),
        columns: columns.min(6),
        rows_in_print: false,
    })))
}

/// The eigenfunction at `position` along the optimization.
pub(super) fn film(drawing: &Drawing, measures: &Measures, position: usize) -> Option<Film> {
    drawing.film(Shades::Diverging, |frame| {
        let (index, values) = frame.eigenfunctions.get(position)?;
        let label = label(measures, frame.step, *index);
        Some((values.clone(), ColourMap::diverging(values), label))
    })
}

/// `λ₁ = 2,120` and on a second line `71.3 % of ȳ`, as far as they are known.
fn label(measures: &Measures, step: u64, index: u32) -> String {
    let eigenvalue = measures
        .eigenvalues
        .iter()
        .find(|row| row.step == step && row.index == index)
        .map(|row| format!(" = {}", measured(row.eigenvalue)))
        .unwrap_or_default();
    let energy = |k: u32| {
        let found = measures.energy.iter().find(|row| {
            row.step == step
                && row.split == Split::Train
                && row.signal == Signal::Target
                && row.k == k
        });
        found.and_then(|row| row.relative_energy)
    };
    let below = if index == 1 { Some(0.0) } else { energy(index - 1) };
    let share = match (energy(index), below) {
        (Some(to), Some(from)) => format!("\n{:.1} % of ȳ", 100.0 * (to - from).max(0.0)),
        _ => String::new(),
    };
    format!("λ{}{eigenvalue}{share}", subscript(index))
}

/// Eigenfunctions of one variable, a panel for each checkpoint and one for the slider.
fn lines(drawn: &Drawn, measures: &Measures) -> Option<Content> {
    let named = |position: usize, index: u32, points| {
        // The colours come round after six lines; then dashes tell them apart.
        let stroke = if position < Colour::ORDER.len() { Stroke::Solid } else { Stroke::Dashed };
        let name = format!("υ{}", subscript(index));
        Series::new(name, Colour::of(position), points).stroke(stroke)
    };
    let panel = |title, series| Panel::new(title, Axis::linear("x"), Axis::linear("υ(x)"), series);
    let mut panels: Vec<Option<Panel>> = standing(drawn, measures)
        .into_iter()
        .map(|frame| {
            let series = frame.eigenfunctions.iter().enumerate();
            let series = series.map(|(place, (i, values))| named(place, *i, line(drawn, values)));
            panel(format!("step {}", grouped(frame.step)), series.collect())
        })
        .collect();
    if let [_, .., last] = &drawn.frames[..] {
        let moving = last.eigenfunctions.iter().enumerate().map(|(place, (index, values))| {
            let film = drawn.frames.iter().filter_map(|frame| {
                let (_, values) = frame.eigenfunctions.get(place)?;
                Some((frame.step, line(drawn, values)))
            });
            named(place, *index, line(drawn, values)).following(film.collect())
        });
        panels.push(panel("at the slider".to_owned(), moving.collect()));
    }
    Content::plot(Arrangement::Columns, panels)
}
