//! Fourier content of the leading eigenvectors.

use super::{figure, following};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;
use crate::number::grouped;

/// Radial-frequency centroid of eigenvectors against index at a few checkpoints.
pub fn figure_of(measures: &Measures) -> Option<Figure> {
    let at_step = |step: u64| {
        let rows = measures.eigenvalues.iter().filter(move |row| row.step == step && row.resolved);
        rows.filter_map(|row| Some((f64::from(row.index), row.frequency_centroid?)))
    };
    let count = measures.shown.len();
    let mut series: Vec<Series> = (0..)
        .zip(&measures.shown)
        .map(|(position, &step)| {
            let name = format!("step {}", grouped(step));
            Series::new(name, Colour::ordered(position, count), at_step(step))
        })
        .collect();
    series.push(following(measures, |step| at_step(step).collect()));
    let x = Axis::log("index i");
    let y = Axis::linear("mean |κ| of υᵢ (cycles per box)");
    figure(
        "frequency",
        "Frequency of the eigenvectors",
        "The mean radial frequency of each leading eigenvector, weighted by its energy on the sinusoids of the inputs' bounding box. A curve that rises means that the top eigenvectors are the smooth ones.",
        "In the paper: its Fourier analysis of eigenfunctions; the top ones are of low frequency at the start.",
        &[("eigenvalues.parquet", "step, index, frequency_centroid, resolved")],
        Content::plot(Arrangement::Columns, [Panel::new("", x, y, series)]),
    )
}
