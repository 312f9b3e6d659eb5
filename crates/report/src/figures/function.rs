//! The target, the learned function and the leading eigenfunctions, as pictures or as lines.

use artifact::tables::{Signal, Split};

use super::figure;
use crate::error::ReportError;
use crate::figure::{
    Arrangement, Axis, Colour, Content, Figure, Panel, Picture, PictureRow, Series, Stroke,
};
use crate::functions::{Eigenfunctions, Functions};
use crate::measures::Measures;
use crate::number::{grouped, measured, subscript};
use crate::picture::{ColourMap, Raster};

const FUNCTION_SOURCES: &[(&str, &str)] = &[
    ("samples.parquet", "split, sample, x, y"),
    ("outputs.parquet", "step, split, sample, output"),
];
const EIGENFUNCTION_SOURCES: &[(&str, &str)] = &[
    ("samples.parquet", "split, sample, x"),
    ("eigenvectors.parquet", "step, index, split, values"),
];

/// What was to be learned, what was, and the leading eigenfunctions: pictures for two inputs,
/// lines for one.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn figures(
    functions: &Functions,
    measures: &Measures,
    picture_width: u32,
) -> Result<Vec<Figure>, ReportError> {
    let (learned, eigenfunctions) = if functions.input_dim == 2 {
        let points: Vec<[f32; 2]> =
            functions.points.iter().map(|point| [point[0], point[1]]).collect();
        match Raster::new(&points, picture_width) {
            Some(raster) => (
                learned_pictures(functions, &raster)?,
                eigenfunction_pictures(functions, measures, &raster)?,
            ),
            None => (None, None),
        }
    } else {
        (learned_lines(functions), eigenfunction_lines(functions))
    };
    let step = grouped(measures.last_step);
    let samples = match functions.split {
        Split::Train => "training samples",
        Split::Test => "test samples",
    };
    let (drawn, colours) = if functions.input_dim == 2 {
        (
            format!(
                " Each pixel has the value of the nearest of the {} {samples}.",
                grouped(functions.points.len() as u64)
            ),
            " Blue is negative, white zero, orange positive; each picture has its own range, without its outermost percent.",
        )
    } else {
        (format!(" Drawn at the {} {samples}.", grouped(functions.points.len() as u64)), "")
    };
    let nystrom = match functions.split {
        Split::Train => "",
        Split::Test => " On test samples they are the Nyström extension.",
    };
    let error = if functions.input_dim == 2 {
        " Target and learned function share one grey scale; in the error blue is too low, orange too high."
    } else {
        ""
    };
    Ok([
        figure(
            "function",
            "The target and what was learned",
            format!("The target, and the network's output at step {step}.{error}{drawn}"),
            FUNCTION_SOURCES,
            learned,
        ),
        figure(
            "eigenfunctions",
            "Leading eigenfunctions of the kernel",
            format!("The leading eigenfunctions at the first and the last checkpoint, with their eigenvalues and their share of the target's energy.{colours}{nystrom}"),
            EIGENFUNCTION_SOURCES,
            eigenfunctions,
        ),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// One row of pictures for each output: target, learned function, error.
fn learned_pictures(
    functions: &Functions,
    raster: &Raster,
) -> Result<Option<Content>, ReportError> {
    let several = functions.target.len() > 1;
    let mut rows = Vec::new();
    for (output, (target, learned)) in functions.target.iter().zip(&functions.learned).enumerate() {
        let error: Vec<f32> = learned.iter().zip(target).map(|(f, y)| f - y).collect();
        let shades = ColourMap::grey(target);
        let signs = ColourMap::diverging(&error);
        let ColourMap::Diverging(bound) = signs else { continue };
        let name = |what: &str| {
            if several { format!("{what}-output-{output}") } else { what.to_owned() }
        };
        rows.push(PictureRow {
            title: if several { format!("output {output}") } else { String::new() },
            pictures: vec![
                raster.picture(name("target"), "target".to_owned(), target, shades)?,
                raster.picture(name("learned"), "learned".to_owned(), learned, shades)?,
                raster.picture(
                    name("error"),
                    format!("error, ±{}", measured(f64::from(bound))),
                    &error,
                    signs,
                )?,
            ],
        });
    }
    Ok((!rows.is_empty()).then_some(Content::Pictures(rows)))
}

/// One row of pictures for each checkpoint.
fn eigenfunction_pictures(
    functions: &Functions,
    measures: &Measures,
    raster: &Raster,
) -> Result<Option<Content>, ReportError> {
    let mut rows = Vec::new();
    for at_step in &functions.eigenfunctions {
        let pictures: Vec<Picture> = at_step
            .functions
            .iter()
            .map(|(index, values)| {
                raster.picture(
                    format!("eigenfunction-{index:02}-step-{:010}", at_step.step),
                    eigenfunction_label(measures, at_step.step, *index),
                    values,
                    ColourMap::diverging(values),
                )
            })
            .collect::<Result<_, _>>()?;
        if !pictures.is_empty() {
            let title = format!("step {}", grouped(at_step.step));
            rows.push(PictureRow { title, pictures });
        }
    }
    Ok((!rows.is_empty()).then_some(Content::Pictures(rows)))
}

/// `λ₁ = 2,120` and on a second line `71.3 % of ȳ`, as far as they are known.
fn eigenfunction_label(measures: &Measures, step: u64, index: u32) -> String {
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
        found.map(|row| row.relative_energy)
    };
    let below = if index == 1 { Some(0.0) } else { energy(index - 1) };
    let share = match (energy(index), below) {
        (Some(to), Some(from)) => format!("\n{:.1} % of ȳ", 100.0 * (to - from).max(0.0)),
        _ => String::new(),
    };
    format!("λ{}{eigenvalue}{share}", subscript(index))
}

/// Target and learned function of one variable.
fn learned_lines(functions: &Functions) -> Option<Content> {
    let several = functions.target.len() > 1;
    let panels = functions.target.iter().zip(&functions.learned).enumerate().map(
        |(output, (target, learned))| {
            let title = if several { format!("output {output}") } else { String::new() };
            let series = vec![
                Series::new("target", Colour::Grey, line(functions, target)),
                Series::new("learned", Colour::Blue, line(functions, learned)),
            ];
            Panel::new(title, Axis::linear("x"), Axis::linear("f(x)"), series)
        },
    );
    Content::plot(Arrangement::Columns, panels)
}

/// Eigenfunctions of one variable, a panel for each checkpoint.
fn eigenfunction_lines(functions: &Functions) -> Option<Content> {
    let panels =
        functions.eigenfunctions.iter().map(|Eigenfunctions { step, functions: at_step }| {
            let series = at_step.iter().enumerate().map(|(position, (index, values))| {
                // The colours come round after six lines; then dashes tell them apart.
                let stroke =
                    if position < Colour::ORDER.len() { Stroke::Solid } else { Stroke::Dashed };
                let name = format!("υ{}", subscript(*index));
                Series::new(name, Colour::of(position), line(functions, values)).stroke(stroke)
            });
            let title = format!("step {}", grouped(*step));
            Panel::new(title, Axis::linear("x"), Axis::linear("υ(x)"), series.collect())
        });
    Content::plot(Arrangement::Columns, panels)
}

/// The points of a function of one variable, by rising x.
fn line(functions: &Functions, values: &[f32]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = functions
        .points
        .iter()
        .zip(values)
        .map(|(x, &y)| (f64::from(x[0]), f64::from(y)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}
