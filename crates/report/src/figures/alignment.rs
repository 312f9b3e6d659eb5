//! Alignment of the kernel with the target, and its distance from earlier kernels.

use artifact::tables::spectrum::AlignmentMetric;

use super::{at, or_gap};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;

/// Kernel-target alignment and kernel distance against step.
pub fn figure(measures: &Measures) -> Option<Figure> {
    let line = |name: &str, colour, metric, reference: Option<u64>| {
        let rows = measures
            .alignment
            .iter()
            .filter(|row| row.metric == metric && row.reference_step == reference);
        Series::new(name, colour, rows.map(|row| (at(row.step), or_gap(row.value))))
    };
    let targets = vec![
        line("KTA", Colour::Blue, AlignmentMetric::KernelTargetAlignment, None),
        line("centred KTA", Colour::Green, AlignmentMetric::CentredKernelTargetAlignment, None),
    ];
    let distances = vec![line(
        "S(0, t)",
        Colour::Vermillion,
        AlignmentMetric::KernelDistance,
        Some(measures.first_step),
    )];
    let panels = [
        Panel::new("", Axis::steps(), Axis::linear("kernel-target alignment"), targets),
        Panel::new("", Axis::steps(), Axis::linear("kernel distance"), distances),
    ];
    super::figure(
        "alignment",
        "Alignment with the target and distance from the start",
        "Left: kernel-target alignment ȳᵀGȳ / (‖G‖ ‖ȳ‖²), plain and centred. Right: the distance of each kernel from the first, 1 minus the cosine between the two matrices; a constant kernel stays at 0.",
        "In the paper: findings 1 and 2, that the kernel changes and aligns with the target; the measures are of Cristianini et al. 2001, Cortes et al. 2012 and Fort et al. 2020.",
        &[("alignment.parquet", "step, metric, reference_step, value")],
        Content::plot(Arrangement::Columns, panels),
    )
}
