//! The share of single modes in target and residual.

use artifact::tables::{Signal, Split};

use super::{at, figure, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;
use crate::number::subscript;

/// Modes that are followed.
const MODES: u32 = 6;

/// ⟨υᵢ, φ⟩²/‖φ‖² of the leading modes against step.
pub fn figure_of(measures: &Measures) -> Option<Figure> {
    let signals = [(Signal::Target, "target ȳ"), (Signal::Residual, "residual m̄")];
    let panels = signals.map(|(signal, title)| {
        let series = (1..=MODES).map(|mode| {
            let rows = measures.energy.iter().filter(move |row| {
                row.split == Split::Train && row.signal == signal && row.k == mode
            });
            let points = rows.map(|row| (at(row.step), or_gap(row.mode_energy)));
            Series::new(
                format!("υ{}", subscript(mode)),
                Colour::ordered(mode as usize - 1, MODES as usize),
                points,
            )
        });
        Panel::new(title, Axis::steps(), Axis::log("⟨υᵢ, φ⟩² / ‖φ‖²"), series.collect())
    });
    figure(
        "mode_energy",
        "Energy of single modes",
        "The share of the target and of the residual along each leading eigenvector of the moment. The modes themselves change from checkpoint to checkpoint.",
        "In the paper: findings 2 and 4; what the residual has along the top is learned first.",
        &[("energy.parquet", "step, split, signal, k, mode_energy")],
        Content::plot(Arrangement::Columns, panels),
    )
}
