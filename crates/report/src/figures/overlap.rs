//! How far the leading eigenspaces turn.

use artifact::tables::spectrum::AlignmentMetric;

use super::{at, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;

/// Overlap of the leading eigenspaces with those of the first and of the previous checkpoint.
pub fn figure(measures: &Measures) -> Option<Figure> {
    let rows: Vec<_> = measures
        .alignment
        .iter()
        .filter(|row| row.metric == AlignmentMetric::EigenspaceOverlap)
        .collect();
    let mut sizes: Vec<u32> = rows.iter().filter_map(|row| row.k).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let lines = |wanted: &dyn Fn(u64, u64) -> bool| -> Vec<Series> {
        let line = |(position, &k): (usize, &u32)| {
            let points = rows.iter().filter_map(|row| {
                let reference = row.reference_step?;
                (row.k == Some(k) && wanted(row.step, reference))
                    .then(|| (at(row.step), or_gap(row.value)))
            });
            Series::new(format!("k = {k}"), Colour::of(position), points)
        };
        sizes.iter().enumerate().map(line).collect()
    };
    // One k alone has no legend.
    let label = match sizes[..] {
        [k] => format!("overlap, k = {k}"),
        _ => "overlap".to_owned(),
    };
    let first = measures.first_step;
    // The checkpoint after a single update, kept for the first-order error, would make a saw of
    // the line: next to nothing turns in one update.
    let previous = |step: u64, reference: u64| {
        let newest =
            rows.iter().filter(|row| row.step == step).filter_map(|row| row.reference_step).max();
        newest == Some(reference) && step - reference > 1
    };
    let panels = [
        Panel::new(
            "with the previous checkpoint",
            Axis::steps(),
            Axis::linear(label.as_str()),
            lines(&previous),
        ),
        Panel::new(
            "with the first checkpoint",
            Axis::steps(),
            Axis::linear(label.as_str()),
            lines(&|step, reference| reference == first && step > first),
        ),
    ];
    super::figure(
        "eigenspace_overlap",
        "How far the leading eigenspaces turn",
        "The overlap ‖V(t)ᵀV(t')‖²/k of the spaces that the k leading eigenvectors span at two checkpoints: 1 where they are the same, k/N for unrelated ones.",
        "In the paper: finding 1, that the kernel changes.",
        &[("alignment.parquet", "step, metric, reference_step, k, value")],
        Content::plot(Arrangement::Columns, panels),
    )
}
