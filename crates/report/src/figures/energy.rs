//! Relative energies in the leading eigenvectors, against step and against k.

use artifact::tables::{Signal, Split};

use super::{at, end_of_resolved, figure, following, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series, Stroke};
use crate::measures::Measures;
use crate::measures::followed::FOLLOWED_SIZES;
use crate::number::grouped;

const SPLITS: [(Split, &str); 2] = [(Split::Train, "train"), (Split::Test, "test (Nyström)")];

/// E(φ, top) of target, output and residual against step, and E(ȳ, k) of the target for several k.
pub fn over_steps(measures: &Measures) -> Option<Figure> {
    let top = measures.top;
    let signals = [
        (Signal::Target, "target ȳ", Colour::Blue),
        (Signal::Output, "output f̄", Colour::Green),
        (Signal::Residual, "residual m̄", Colour::Vermillion),
        (Signal::ShuffledTarget, "target, shuffled", Colour::Grey),
    ];
    let mut sizes: Vec<u32> = FOLLOWED_SIZES.into_iter().chain([top]).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let of_sizes = SPLITS.map(|(split, title)| {
        let count = sizes.len();
        let series = sizes.iter().enumerate().map(|(position, &k)| {
            let rows = measures.energy.iter().filter(move |row| {
                row.split == split && row.signal == Signal::Target && row.k == k
            });
            let points = rows.map(|row| (at(row.step), or_gap(row.relative_energy)));
            Series::new(format!("k = {k}"), Colour::ordered(position, count), points)
        });
        Panel::new(title, Axis::steps(), Axis::linear("E(ȳ, k)"), series.collect())
    });
    let panels = SPLITS.map(|(split, title)| {
        let series = signals.map(|(signal, name, colour)| {
            let rows = measures
                .energy
                .iter()
                .filter(|row| row.split == split && row.signal == signal && row.k == top);
            let points = rows.map(|row| (at(row.step), or_gap(row.relative_energy)));
            Series::new(name, colour, points)
        });
        Panel::new(title, Axis::steps(), Axis::linear(format!("E(φ, {top})")), series.to_vec())
    });
    figure(
        "energy_over_steps",
        format!("Energy in the top {top} eigenvectors"),
        format!(
            "Above, the share of each signal that lies in the {top} leading eigenvectors, E(φ, {top}), at each checkpoint; the shuffled target has the same values at other samples, in expectation over all orders, and no structure. Below, the share of the target in the k leading ones, for several k.{}",
            resolved(measures)
        ),
        "In the paper: findings 2 (the target moves into the top eigenfunctions), 3 (the output stays in their span) and 6 (the same on test points).",
        &[("energy.parquet", "step, split, signal, k, relative_energy")],
        Content::plot(Arrangement::Columns, panels.into_iter().chain(of_sizes)),
    )
}

/// How many eigenpairs are resolved, where that is fewer than the findings look at; what lies beyond
/// has no energy.
pub(super) fn resolved(measures: &Measures) -> String {
    let counts = || measures.steps.iter().filter_map(|&step| measures.resolved_at(step));
    match (counts().min(), counts().max()) {
        (Some(least), Some(most)) if least < measures.top => {
            let between =
                if least == most { least.to_string() } else { format!("{least} to {most}") };
            format!(
                " Of the {} leading eigenpairs, {between} are resolved; the others are rounding noise of the kernel and are left out.",
                measures.top
            )
        }
        _ => String::new(),
    }
}

/// E(ȳ, k) of the target against k at a few checkpoints, beside the sinusoids'.
pub fn over_k(measures: &Measures) -> Option<Figure> {
    let count = measures.shown.len();
    let panels = SPLITS.map(|(split, title)| {
        let at_step = |step: u64| {
            let rows = measures.energy.iter().filter(move |row| {
                row.step == step && row.split == split && row.signal == Signal::Target
            });
            rows.filter_map(|row| Some((f64::from(row.k), row.relative_energy?)))
        };
        let of_split = measures.energy.iter().filter(|row| row.split == split);
        let most = of_split.map(|row| row.k).max();
        let sinusoids = measures
            .baseline
            .iter()
            .filter(|row| row.split == split && Some(row.k) <= most)
            .map(|row| (f64::from(row.k), row.relative_energy));
        let mut series =
            vec![Series::new("sinusoids", Colour::Grey, sinusoids).stroke(Stroke::Dashed)];
        let mut ends = Vec::new();
        for (position, &step) in measures.shown.iter().enumerate() {
            let (name, colour) =
                (format!("step {}", grouped(step)), Colour::ordered(position, count));
            let points: Vec<(f64, f64)> = at_step(step).collect();
            ends.extend(
                most.and_then(|most| end_of_resolved(measures, step, most, colour, &points)),
            );
            series.push(Series::new(name, colour, points));
        }
        series.extend(ends);
        series.push(following(measures, |step| at_step(step).collect()));
        Panel::new(title, Axis::log("k"), Axis::linear("E(ȳ, k)"), series)
    });
    figure(
        "energy_over_k",
        "Energy of the target in the leading eigenvectors, and in sinusoids",
        format!(
            "The share of the target that lies in the k leading eigenvectors. A curve that has moved up and to the left means that the kernel has aligned with the target. Dashed: the same in the k sinusoids of lowest frequency, a basis that knows nothing of the network.{}",
            resolved(measures)
        ),
        "In the paper: finding 2, the relative energy E(ȳ, k) against k beside the sinusoids' baseline.",
        &[
            ("energy.parquet", "step, split, signal, k, relative_energy"),
            ("baseline.parquet", "split, k, relative_energy"),
        ],
        Content::plot(Arrangement::Columns, panels),
    )
}
