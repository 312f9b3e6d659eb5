//! Loss, accuracy and learning rate along the optimization.

use artifact::tables::training::HistoryRow;

use super::at;
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series, Stroke};
use crate::measures::Measures;

/// Loss and learning rate against step; accuracy too where targets are classes.
pub fn figure(measures: &Measures) -> Option<Figure> {
    let history = &measures.history;
    let line = |name: &str, colour, value: fn(&HistoryRow) -> Option<f64>| {
        let points = history.iter().filter_map(|row| Some((at(row.step), value(row)?)));
        Series::new(name, colour, points)
    };
    let losses = Panel::new(
        "",
        Axis::steps(),
        Axis::log("loss"),
        vec![
            line("train", Colour::Blue, |row| Some(row.train_loss)),
            line("test", Colour::Vermillion, |row| row.test_loss),
        ],
    );
    let accuracies = Panel::new(
        "",
        Axis::steps(),
        Axis::linear("accuracy"),
        vec![
            line("train", Colour::Blue, |row| row.train_accuracy),
            line("test", Colour::Vermillion, |row| row.test_accuracy),
        ],
    );
    let rates = Panel::new(
        "",
        Axis::steps(),
        Axis::log("learning rate δ"),
        vec![
            Series::new(
                "learning rate",
                Colour::Grey,
                measures.learning_rates().map(|(step, rate)| (at(step), rate)),
            )
            .stroke(Stroke::DashedSteps),
        ],
    );
    super::figure(
        "loss",
        "Loss and learning rate",
        "The mean loss over each split, and the learning rate of the update that leaves each step.",
        "In the paper: the main experiment, full-batch gradient descent with a learning rate that is halved again and again.",
        &[("history.parquet", "step, train_loss, test_loss, learning_rate")],
        Content::plot(Arrangement::Rows, [losses, accuracies, rates]),
    )
}
