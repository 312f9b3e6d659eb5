//! The figures of a report, one file for each thing that they show.
//!
//! A figure exists only where the run has what it shows.

mod drawing;
mod eigenfunctions;
mod function;
mod kernel_rows;

mod alignment;
mod effective_rank;
mod eigenvalues;
mod energy;
mod failed;
mod first_order;
mod frequency;
mod frozen_descent;
mod loss;
mod mode_energy;
mod overlap;
mod overlap_map;
mod principal_angles;
mod sharpness;
mod velocity;

mod across;

use crate::error::ReportError;
use crate::figure::{Colour, Content, Figure, Series, Source, Stroke};
use crate::functions::Functions;
use crate::measures::Measures;

pub use across::across;
pub use failed::figure as of_failed;

/// Films that the figures of one run have at most, for one output.
const FILMS: usize = 13;

/// All figures of a run in the order of the page.
///
/// Where the run has one kernel for each output, the figures show that of output 0.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn of_run(
    measures: &Measures,
    functions: &Functions,
    picture_width: u32,
) -> Result<Vec<Figure>, ReportError> {
    let shown = &measures.of_block(0);
    let mut figures = Vec::new();
    if let Some(drawn) = &functions.drawn {
        let drawing = drawing::Drawing::new(drawn, picture_width, FILMS);
        figures.extend(function::figure_of(drawn, drawing.as_ref())?);
        figures.extend(eigenfunctions::figure_of(drawn, drawing.as_ref(), shown)?);
        figures.extend(kernel_rows::figure_of(drawn, drawing.as_ref(), shown)?);
    }
    figures.extend(
        [
            loss::figure(shown),
            eigenvalues::over_steps(shown),
            sharpness::figure_of(shown),
            eigenvalues::over_index(shown),
            energy::over_steps(shown),
            energy::over_k(shown),
            mode_energy::figure_of(shown),
            frozen_descent::figure_of(shown),
            first_order::figure(shown),
            frequency::figure_of(shown),
            alignment::figure(shown),
            velocity::figure_of(shown),
            effective_rank::figure(shown),
            overlap::figure(shown),
            principal_angles::figure_of(shown),
            overlap_map::figure_of(functions),
        ]
        .into_iter()
        .flatten(),
    );
    Ok(figures)
}

/// A figure, where there is anything to draw.
fn figure(
    name: &'static str,
    title: impl Into<String>,
    caption: impl Into<String>,
    paper: &'static str,
    sources: &[(&'static str, &'static str)],
    content: Option<Content>,
) -> Option<Figure> {
    let sources = sources.iter().map(|&(file, columns)| Source { file, columns }).collect();
    content.map(|content| Figure {
        name,
        title: title.into(),
        caption: caption.into(),
        paper,
        sources,
        content,
    })
}

/// A line that follows the slider over a run's checkpoints, with `points` at each; it takes only
/// followed indices, for it has as many frames as there are checkpoints.
fn following(measures: &Measures, points: impl Fn(u64) -> Vec<(f64, f64)>) -> Series {
    use crate::measures::followed::is_followed;
    #[expect(clippy::cast_sign_loss, reason = "an index is positive")]
    let thin = |step: &u64| {
        let kept = points(*step).into_iter().filter(|(index, _)| is_followed(*index as u32));
        (*step, kept.collect::<Vec<_>>())
    };
    let steps: &[u64] = if measures.steps.len() > 1 { &measures.steps } else { &[] };
    Series::film(steps.iter().map(thin).filter(|(_, points)| !points.is_empty()).collect())
}

/// A mark where the line `points` of one checkpoint ends because no more eigenpairs are resolved;
/// `known` is the largest index or k that the tables have.
fn end_of_resolved(
    measures: &Measures,
    step: u64,
    known: u32,
    colour: Colour,
    points: &[(f64, f64)],
) -> Option<Series> {
    let resolved = measures.resolved_at(step).filter(|&resolved| resolved < known)?;
    let name = format!("resolved {resolved} of {known}");
    let end = points.last().copied();
    end.map(|end| Series::new(name, colour, [end]).stroke(Stroke::Marks))
}

/// A measure as a coordinate; where it is NULL, its line is interrupted.
fn or_gap(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// A step as a coordinate.
fn at(step: u64) -> f64 {
    step as f64
}
