//! Principal angles between leading eigenspaces.

use artifact::tables::spectrum::AlignmentMetric;

use super::{at, figure, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;

/// The largest and the mean principal angle from the first checkpoint on, against step.
pub fn figure_of(measures: &Measures) -> Option<Figure> {
    let metrics = [
        (AlignmentMetric::LargestPrincipalAngle, "largest", Colour::Vermillion),
        (AlignmentMetric::MeanPrincipalAngle, "mean", Colour::Blue),
    ];
    let mut sizes: Vec<u32> = measures
        .alignment
        .iter()
        .filter(|row| row.metric == AlignmentMetric::MeanPrincipalAngle)
        .filter_map(|row| row.k)
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let panels = sizes.into_iter().map(|k| {
        let series = metrics.map(|(metric, name, colour)| {
            let rows = measures.alignment.iter().filter(move |row| {
                row.metric == metric
                    && row.k == Some(k)
                    && row.reference_step == Some(measures.first_step)
            });
            let points = rows.map(|row| (at(row.step), or_gap(row.value).to_degrees()));
            Series::new(name, colour, points)
        });
        let y = Axis::linear("angle (degrees)");
        Panel::new(format!("k = {k}"), Axis::steps(), y, series.to_vec())
    });
    figure(
        "principal_angles",
        "Angles between the leading eigenspaces and those at the start",
        "Principal angles between the spaces that the k leading eigenvectors span now and at the first checkpoint: 0° where they are the same, 90° where some direction has left wholly.",
        "In the paper: finding 1, that the kernel changes.",
        &[("alignment.parquet", "step, metric, reference_step, k, value")],
        Content::plot(Arrangement::Columns, panels),
    )
}
