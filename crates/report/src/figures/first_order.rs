//! How well the kernel foretells one update.

use super::at;
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};
use crate::measures::Measures;

/// First-order error and cosine against step.
pub fn figure(measures: &Measures) -> Option<Figure> {
    let dynamics = &measures.dynamics;
    let errors = dynamics.iter().filter_map(|row| Some((at(row.step), row.first_order_error?)));
    let cosines = dynamics.iter().filter_map(|row| Some((at(row.step), row.first_order_cosine?)));
    let panels = [
        Panel::new(
            "",
            Axis::steps(),
            Axis::log("‖a − b‖ / ‖a‖"),
            vec![Series::new("error", Colour::Blue, errors)],
        ),
        Panel::new(
            "",
            Axis::steps(),
            Axis::linear("cos ∠(a, b)"),
            vec![Series::new("cosine", Colour::Green, cosines)],
        ),
    ];
    super::figure(
        "first_order_error",
        "How well the kernel foretells an update",
        "The change of the outputs in one update, a, against its first-order prediction b = −(δ/N) G m̄. An error of 0 and a cosine of 1 mean that the kernel alone tells what happens.",
        "In the paper: the first-order dynamics f̄ₜ₊₁ ≈ f̄ₜ − (δ/N) G m̄ that all its findings rest on.",
        &[("dynamics.parquet", "step, first_order_error, first_order_cosine")],
        Content::plot(Arrangement::Columns, panels),
    )
}
