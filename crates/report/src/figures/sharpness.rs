//! Curvature of the loss against the edge of stability.

use super::{at, figure};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series, Stroke};
use crate::measures::Measures;

/// Sharpness of the loss, and λ₁/N of the Gramian, against step, with 2/δ drawn in; only where the
/// sharpness was measured.
pub fn figure_of(measures: &Measures) -> Option<Figure> {
    let sharpness = of_loss(measures);
    if sharpness.is_empty() {
        return None;
    }
    let of_kernel = measures.dynamics.iter().filter_map(|row| {
        let samples = row.stability_bound? * row.learning_rate? / 2.0;
        Some((at(row.step), row.largest_eigenvalue / samples))
    });
    let series = vec![
        Series::new("2/δ", Colour::Grey, edge(measures)).stroke(Stroke::DashedSteps),
        Series::new("sharpness of the loss", Colour::Blue, sharpness),
        Series::new("λ₁/N of the kernel", Colour::Vermillion, of_kernel),
    ];
    figure(
        "sharpness",
        "Sharpness and the edge of stability",
        "The largest eigenvalue of the loss Hessian, and that of the Gramian by N, which is the Hessian's but for the curvature of the residual. Dashed: 2/δ. Below it, a step of gradient descent is stable.",
        "Not in the paper; Cohen et al. 2021 (arXiv 2103.00065), beside its finding 5.",
        &[
            ("history.parquet", "step, learning_rate, sharpness"),
            ("dynamics.parquet", "step, largest_eigenvalue, stability_bound, learning_rate"),
        ],
        Content::plot(
            Arrangement::Columns,
            [Panel::new("", Axis::steps(), Axis::log("curvature"), series)],
        ),
    )
}

/// The sharpness at the steps at which it was measured.
pub(super) fn of_loss(measures: &Measures) -> Vec<(f64, f64)> {
    measures.history.iter().filter_map(|row| Some((at(row.step), row.sharpness?))).collect()
}

/// 2/δ at every step of the history; empty where the sharpness was not measured.
pub(super) fn edge(measures: &Measures) -> Vec<(f64, f64)> {
    if of_loss(measures).is_empty() {
        return Vec::new();
    }
    let rates = measures.learning_rates().filter(|(_, rate)| *rate > 0.0);
    rates.map(|(step, rate)| (at(step), 2.0 / rate)).collect()
}
