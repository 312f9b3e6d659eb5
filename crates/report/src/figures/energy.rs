//! Relative energies in the leading eigenvectors, against step and against k.

use artifact::tables::{Signal, Split};

use super::{at, figure};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series, Stroke};
use crate::measures::Measures;
use crate::number::grouped;

const SPLITS: [(Split, &str); 2] = [(Split::Train, "train"), (Split::Test, "test (Nyström)")];

/// E(φ, top) of target, output and residual against step.
pub fn over_steps(measures: &Measures) -> Option<Figure> {
    let top = measures.top;
    let signals = [
        (Signal::Target, "target ȳ", Colour::Blue),
        (Signal::Output, "output f̄", Colour::Green),
        (Signal::Residual, "residual m̄", Colour::Vermillion),
    ];
    let panels = SPLITS.map(|(split, title)| {
        let series = signals.map(|(signal, name, colour)| {
            let rows = measures
                .energy
                .iter()
                .filter(|row| row.split == split && row.signal == signal && row.k == top);
            Series::new(name, colour, rows.map(|row| (at(row.step), row.relative_energy)))
        });
        Panel::new(title, Axis::steps(), Axis::linear(format!("E(φ, {top})")), series.to_vec())
    });
    figure(
        "energy_over_steps",
        format!("Energy in the top {top} eigenvectors"),
        format!(
            "The share of each signal that lies in the {top} leading eigenvectors, E(φ, {top}), at each checkpoint: findings 2 and 3 of the paper are about target and output."
        ),
        &[("energy.parquet", "step, split, signal, k, relative_energy")],
        Content::plot(Arrangement::Columns, panels),
    )
}

/// E(ȳ, k) of the target against k at the first and the last checkpoint.
pub fn over_k(measures: &Measures) -> Option<Figure> {
    let mut steps = vec![(measures.first_step, Stroke::Dashed)];
    if measures.last_step != measures.first_step {
        steps.push((measures.last_step, Stroke::Solid));
    }
    let panels = SPLITS.map(|(split, title)| {
        let series = steps.iter().enumerate().map(|(position, &(step, stroke))| {
            let rows = measures.energy.iter().filter(|row| {
                row.step == step && row.split == split && row.signal == Signal::Target
            });
            let points = rows.map(|row| (f64::from(row.k), row.relative_energy));
            let name = format!("step {}", grouped(step));
            Series::new(name, Colour::of(position), points).stroke(stroke)
        });
        Panel::new(title, Axis::log("k"), Axis::linear("E(ȳ, k)"), series.collect())
    });
    figure(
        "energy_over_k",
        "Energy of the target in the leading eigenvectors",
        "The share of the target that lies in the k leading eigenvectors. A curve that has moved up and to the left means that the kernel has aligned with the target.",
        &[("energy.parquet", "step, split, signal, k, relative_energy")],
        Content::plot(Arrangement::Columns, panels),
    )
}
