//! What the variants came to at the end, against an axis of the sweep that has numbers.

use super::super::figure;
use super::lines::named;
use crate::figure::{Arrangement, Axis, Content, Figure, Panel, Series, Stroke, Weight};
use crate::findings::ends;
use crate::measures::Measures;
use crate::statistics::Mean;
use crate::variant::{Group, joined};

/// Range of an axis, as a ratio, from which on it is logarithmic.
const WIDE: f64 = 8.0;

type End = fn(&Measures) -> Option<f64>;

/// Energy of the target, kernel distance, λ₁ and test loss at the end against the first axis whose
/// values are numbers.
pub(super) fn figure_of(groups: &[Group]) -> Option<Figure> {
    let axis = numeric_axis(groups)?;
    let top = super::top(groups);
    let values = || groups.iter().filter_map(|group| group.number(&axis));
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let x = if low > 0.0 && high / low >= WIDE {
        Axis::log(axis.as_str())
    } else {
        Axis::linear(axis.as_str())
    };
    let measures: [(&str, Axis, End); 5] = [
        ("energy of the target", Axis::linear(format!("E(ȳ, {top})")), ends::target_energy),
        ("on test points", Axis::linear(format!("E(ȳ, {top})")), ends::target_energy_on_test),
        ("kernel distance", Axis::linear("S(0, T)"), ends::kernel_distance),
        ("largest eigenvalue", Axis::log("λ₁"), ends::largest_eigenvalue),
        ("test loss", Axis::log("loss"), |run| run.history.last()?.test_loss),
    ];
    let panels = measures
        .into_iter()
        .map(|(title, y, end)| Panel::new(title, x.clone(), y, series(groups, &axis, end)));
    figure(
        "sweep_ends",
        format!("What every variant came to, against {axis}"),
        "At the last checkpoint. Dots are single runs, lines go through their means.",
        "In the paper: finding 6, that deeper networks align more, and its variations of the main experiment.",
        &[
            ("energy.parquet", "step, split, signal, k, relative_energy"),
            ("alignment.parquet", "step, metric, reference_step, value"),
            ("dynamics.parquet", "step, largest_eigenvalue"),
            ("history.parquet", "step, test_loss"),
        ],
        Content::plot(Arrangement::Columns, panels),
    )
}

/// The first axis of which two values or more are numbers, and all are.
fn numeric_axis(groups: &[Group]) -> Option<String> {
    let axes = &groups.first()?.axes;
    let found = axes.iter().find(|axis| {
        let values: Option<Vec<f64>> =
            groups.iter().map(|group| group.number(&axis.name)).collect();
        values.is_some_and(|mut values| {
            values.sort_by(f64::total_cmp);
            values.dedup();
            values.len() > 1
        })
    });
    found.map(|axis| axis.name.clone())
}

/// For the groups of each combination of the other axes, dots and the line through their means.
fn series(groups: &[Group], axis: &str, end: End) -> Vec<Series> {
    let mut lines: Vec<Vec<&Group>> = Vec::new();
    for group in groups {
        let others = group.without(axis);
        match lines.iter_mut().find(|line| line[0].without(axis) == others) {
            Some(line) => line.push(group),
            None => lines.push(vec![group]),
        }
    }
    let firsts: Vec<&Group> = lines.iter().map(|line| line[0]).collect();
    let mut series = Vec::new();
    for (mut line, (_, colour)) in lines.into_iter().zip(named(&firsts, false)) {
        line.sort_by(|a, b| {
            a.number(axis).partial_cmp(&b.number(axis)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let name = match joined(&line[0].without(axis), ", ").as_str() {
            "" => "mean".to_owned(),
            others => others.to_owned(),
        };
        let (mut dots, mut means) = (Vec::new(), Vec::new());
        for group in line {
            let Some(x) = group.number(axis) else { continue };
            let ends: Vec<f64> =
                group.members.iter().filter_map(|run| end(&run.measures)).collect();
            dots.extend(ends.iter().map(|&y| (x, y)));
            means.extend(Mean::of(&ends).map(|mean| (x, mean.value)));
        }
        let dots = Series::new(name.clone(), colour, dots).stroke(Stroke::Marks);
        series.push(dots.weight(Weight::Thin));
        series.push(Series::new(name, colour, means).weight(Weight::Thick));
    }
    series
}
