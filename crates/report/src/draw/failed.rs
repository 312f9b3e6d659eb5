//! The loss of training runs that failed, until they did.

use crate::drawing::{Arrangement, Axis, Colour, Content, Drawing, Panel, Series, Source};
use crate::failed::Failed;

/// Training loss against step, a line for each variant that has a history.
#[must_use]
pub fn drawing(failed: &[Failed]) -> Option<Drawing> {
    let runs: Vec<&Failed> = failed.iter().filter(|run| !run.history.is_empty()).collect();
    let colour = |position| {
        if runs.len() > Colour::ORDER.len() {
            Colour::ordered(position, runs.len())
        } else {
            Colour::of(position)
        }
    };
    let line = |(position, run): (usize, &&Failed)| {
        let points = run.history.iter().map(|row| (row.step as f64, row.train_loss));
        Series::new(run.label(), colour(position), points)
    };
    let series = runs.iter().enumerate().map(line).collect();
    let panel = Panel::new("", Axis::steps(), Axis::log("training loss"), series);
    Some(Drawing {
        name: "failed_loss".to_owned(),
        title: "Loss of the variants that failed".to_owned(),
        caption:
            "The mean loss over the training split at every recorded step until the run failed."
                .to_owned(),
        citation: String::new(),
        sources: vec![Source {
            table: "history".to_owned(),
            is_gathered: true,
            columns: "step, train_loss".to_owned(),
        }],
        headline: false,
        content: Content::plot(Arrangement::Rows, [panel])?,
    })
}
