//! How many eigenvalues carry the kernel.

use super::at;
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;

/// Effective rank and participation ratio against step.
pub fn figure(measures: &Measures) -> Option<Figure> {
    let dynamics = &measures.dynamics;
    let ranks = dynamics.iter().filter_map(|row| Some((at(row.step), row.effective_rank_entropy?)));
    let ratios = dynamics.iter().filter_map(|row| Some((at(row.step), row.participation_ratio?)));
    let series = vec![
        Series::new("exp H(λ/Σλ)", Colour::Blue, ranks),
        Series::new("(Σλ)²/Σλ²", Colour::Vermillion, ratios),
    ];
    let panel = Panel::new("", Axis::steps(), Axis::linear("effective rank"), series);
    super::figure(
        "effective_rank",
        "Effective rank of the kernel",
        "How many eigenvalues carry the kernel: the exponential of the entropy of λ/Σλ, and the participation ratio. Both are 1 for a single eigenvalue and N for N equal ones.",
        "Not in the paper; the measure is of Roy & Vetterli 2007.",
        &[("dynamics.parquet", "step, effective_rank_entropy, participation_ratio")],
        Content::plot(Arrangement::Columns, [panel]),
    )
}
