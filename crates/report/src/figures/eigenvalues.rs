//! Eigenvalues of the Gramian, against step and against index.

use artifact::tables::spectrum::EigenvalueRow;

use super::{at, end_of_resolved, figure, following, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series, Stroke};
use crate::measures::Measures;
use crate::measures::followed::FOLLOWED_EIGENVALUES;
use crate::number::{grouped, subscript};

/// Leading eigenvalues against step, with the bound 2N/δ drawn in.
pub fn over_steps(measures: &Measures) -> Option<Figure> {
    let mut series = vec![bound(measures)];
    series.extend(FOLLOWED_EIGENVALUES.into_iter().enumerate().map(|(position, index)| {
        let rows = measures.eigenvalues.iter().filter(|row| row.index == index);
        let value = |row: &EigenvalueRow| or_gap(row.resolved.then_some(row.eigenvalue));
        let points = rows.map(|row| (at(row.step), value(row)));
        Series::new(format!("λ{}", subscript(index)), Colour::of(position), points)
    }));
    let bounded = !series[0].points.is_empty();
    let bound = if bounded {
        " The dashed line is 2N/δ: full-batch least squares is stable along υ₁ exactly while λ₁ is below."
    } else {
        ""
    };
    figure(
        "eigenvalues",
        "Eigenvalues along the optimization",
        format!("Leading eigenvalues of the Gramian at each checkpoint.{bound}"),
        "In the paper: finding 5, that eigenvalues grow after each decay of the learning rate, under 2N/δ.",
        &[
            ("eigenvalues.parquet", "step, index, eigenvalue"),
            ("dynamics.parquet", "step, stability_bound"),
        ],
        Content::plot(
            Arrangement::Columns,
            [Panel::new("", Axis::steps(), Axis::log("eigenvalue"), series)],
        ),
    )
}

/// 2N/δ at every step of the history; empty where it does not apply.
fn bound(measures: &Measures) -> Series {
    // 2N: the same at every checkpoint that has a bound.
    let twice_samples =
        measures.dynamics.iter().find_map(|row| Some(row.stability_bound? * row.learning_rate?));
    let points = twice_samples.into_iter().flat_map(|twice_samples| {
        let rates = measures.learning_rates().filter(|(_, rate)| *rate > 0.0);
        rates.map(move |(step, rate)| (at(step), twice_samples / rate))
    });
    Series::new("2N/δ", Colour::Grey, points).stroke(Stroke::DashedSteps)
}

/// The whole spectrum at a few checkpoints.
pub fn over_index(measures: &Measures) -> Option<Figure> {
    let at_step = |step: u64| {
        let rows = measures.eigenvalues.iter().filter(move |row| row.step == step && row.resolved);
        rows.map(|row| (f64::from(row.index), row.eigenvalue))
    };
    let count = measures.shown.len();
    let known = measures.eigenvalues.iter().map(|row| row.index).max().unwrap_or(0);
    let (mut series, mut ends) = (Vec::new(), Vec::new());
    for (position, &step) in measures.shown.iter().enumerate() {
        let (name, colour) = (format!("step {}", grouped(step)), Colour::ordered(position, count));
        let points: Vec<(f64, f64)> = at_step(step).collect();
        ends.extend(end_of_resolved(measures, step, known, colour, &points));
        series.push(Series::new(name, colour, points));
    }
    series.extend(ends);
    series.push(following(measures, |step| at_step(step).collect()));
    let panel = Panel::new("", Axis::log("index i"), Axis::log("eigenvalue λᵢ"), series);
    figure(
        "spectrum",
        "The spectrum at several steps",
        "Eigenvalues in falling order. Those below the rounding noise of the kernel are left out.",
        "In the paper: finding 1, that the kernel changes; its spectrum grows along the optimization.",
        &[("eigenvalues.parquet", "step, index, eigenvalue, resolved")],
        Content::plot(Arrangement::Columns, [panel]),
    )
}
