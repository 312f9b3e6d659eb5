//! The loss of training runs that failed, until they did.

use super::at;
use crate::failed::Failed;
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series};

/// Training loss against step, a line for each variant that has a history.
pub fn figure(failed: &[Failed]) -> Option<Figure> {
    let runs: Vec<&Failed> = failed.iter().filter(|run| !run.history.is_empty()).collect();
    let colour = |position| {
        if runs.len() > Colour::ORDER.len() {
            Colour::ordered(position, runs.len())
        } else {
            Colour::of(position)
        }
    };
    let line = |(position, run): (usize, &&Failed)| {
        let points = run.history.iter().map(|row| (at(row.step), row.train_loss));
        Series::new(run.label(), colour(position), points)
    };
    let series = runs.iter().enumerate().map(line).collect();
    let panel = Panel::new("", Axis::steps(), Axis::log("training loss"), series);
    super::figure(
        "failed_loss",
        "Loss of the variants that failed",
        "The mean loss over the training split at every recorded step until the run failed.",
        "",
        &[("history.parquet", "step, train_loss")],
        Content::plot(Arrangement::Rows, [panel]),
    )
}
