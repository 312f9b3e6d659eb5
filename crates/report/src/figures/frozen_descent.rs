//! Descent with a kernel that does not change.

use artifact::tables::Split;
use artifact::tables::spectrum::FrozenRates;

use super::{at, figure};
use crate::figure::{Arrangement, Axis, Colour, Content, Figure, Panel, Series, Stroke};
use crate::measures::Measures;

const SPLITS: [(Split, &str); 2] = [(Split::Train, "train"), (Split::Test, "test")];

/// Loss with the first and the last kernel held fixed, beside the run's own.
pub fn figure_of(measures: &Measures) -> Option<Figure> {
    if measures.frozen_descent.is_empty() {
        return None;
    }
    let panels = SPLITS.map(|(split, title)| {
        let fixed = |step: u64, rates: FrozenRates, name: &str, colour| {
            let rows = measures.frozen_descent.iter().filter(move |row| {
                row.kernel_step == step && row.split == split && row.rates == rates
            });
            Series::new(name, colour, rows.filter_map(|row| Some((at(row.step), row.loss?))))
        };
        let (first, last) = (measures.first_step, measures.last_step);
        let own = measures.history.iter().filter_map(|row| {
            let loss = match split {
                Split::Train => Some(row.train_loss),
                Split::Test => row.test_loss,
            };
            Some((at(row.step), loss?))
        });
        let series = vec![
            Series::new("the run itself", Colour::Grey, own).stroke(Stroke::Dashed),
            fixed(first, FrozenRates::Stable, "first kernel G₀ fixed", Colour::Blue)
                .stroke(Stroke::Dotted),
            fixed(first, FrozenRates::SameTrace, "G₀ scaled to the trace of G_T", Colour::Blue),
            fixed(last, FrozenRates::SameTrace, "last kernel G_T fixed", Colour::Vermillion),
        ];
        Panel::new(title, Axis::steps(), Axis::log("loss"), series)
    });
    figure(
        "frozen_descent",
        "Descent with the first and with the last kernel held fixed",
        "The loss of gradient descent on the linear model of each kernel, from the outputs at the start and with learning rates at which neither overshoots. The last kernel's line below that of the first one scaled to its trace means that alignment makes descent faster. Dotted: the first kernel at its own size. Dashed: the run itself, with its own rates.",
        "In the paper: finding 4, that the alignment speeds up optimization.",
        &[
            ("frozen_descent.parquet", "kernel_step, rates, step, split, loss"),
            ("history.parquet", "step, train_loss, test_loss"),
        ],
        Content::plot(Arrangement::Columns, panels),
    )
}
