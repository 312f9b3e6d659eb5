//! How fast the kernel moves, how fast modes are learned, and where the residual lies.

use artifact::tables::spectrum::{AlignmentMetric, EigenvalueRow};

use super::{at, figure, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;
use crate::number::subscript;

/// Modes whose speed is followed.
const MODES: [u32; 5] = [1, 3, 10, 30, 100];

/// Kernel velocity, mode speeds and spectral position against step.
pub fn figure_of(measures: &Measures) -> Option<Figure> {
    let line = |name: &str, colour, metric| {
        let rows = measures.alignment.iter().filter(|row| row.metric == metric);
        Series::new(name, colour, rows.map(|row| (at(row.step), or_gap(row.value))))
    };
    let velocity = line("velocity", Colour::Blue, AlignmentMetric::KernelVelocity);
    let position = line("position", Colour::Green, AlignmentMetric::SpectralPosition);
    let speeds = MODES.into_iter().enumerate().map(|(place, mode)| {
        let rows = measures.eigenvalues.iter().filter(|row| row.index == mode);
        let speed = |row: &EigenvalueRow| or_gap(row.mode_speed.filter(|_| row.resolved));
        let points = rows.map(|row| (at(row.step), speed(row)));
        Series::new(format!("υ{}", subscript(mode)), Colour::ordered(place, MODES.len()), points)
    });
    let panels = [
        Panel::new(
            "velocity of the kernel",
            Axis::steps(),
            Axis::log("S(t, t+Δ)/Δ (1/step)"),
            vec![velocity],
        ),
        Panel::new(
            "speed of modes",
            Axis::steps(),
            Axis::linear("share learned a step"),
            speeds.collect(),
        ),
        Panel::new(
            "position of the residual",
            Axis::steps(),
            Axis::log("m̄ᵀGm̄ / (tr G ‖m̄‖²)"),
            vec![position],
        ),
    ];
    figure(
        "speeds",
        "How fast the kernel moves and modes are learned",
        "Left: the kernel's distance from the checkpoint before, a step. Middle: 1 − |1 − δλᵢ/N|, the share of mode i of the residual that one step takes away; below 0 the mode grows. Right: where in the spectrum the residual lies, 1 at the very top of a kernel of rank one; it falls as the top is learned.",
        "In the paper: findings 1 and 4; kernel velocity is of Fort et al. 2020.",
        &[
            ("alignment.parquet", "step, metric, value"),
            ("eigenvalues.parquet", "step, index, mode_speed"),
        ],
        Content::plot(Arrangement::Columns, panels),
    )
}
