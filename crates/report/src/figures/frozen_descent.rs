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
        let fixed = |step: u64, name: &str, colour| {
            let rows = measures.frozen_descent.iter().filter(move |row| {
                row.kernel_step == step && row.split == split && row.rates == FrozenRates::Stable
            });
            Series::new(name, colour, rows.filter_map(|row| Some((at(row.step), row.loss?))))
        };
        let own = measures.history.iter().filter_map(|row| {
            let loss = match split {
                Split::Train => Some(row.train_loss),
                Split::Test => row.test_loss,
            };
            Some((at(row.step), loss?))
        });
        let series = vec![
            Series::new("the run itself", Colour::Grey, own).stroke(Stroke::Dashed),
            fixed(measures.first_step, "first kernel G₀ fixed", Colour::Blue),
            fixed(measures.last_step, "last kernel G_T fixed", Colour::Vermillion),
        ];
        Panel::new(title, Axis::steps(), Axis::log("loss"), series)
    });
    figure(
        "frozen_descent",
        "Descent with the first and with the last kernel held fixed",
        "The loss of gradient descent on the linear model of each kernel, from the outputs at the start and with learning rates at which neither overshoots. The last kernel's line below the first one's means that alignment makes descent faster. Dashed: the run itself, with its own rates.",
        "In the paper: finding 4, that the alignment speeds up optimization.",
        &[
            ("frozen_descent.parquet", "kernel_step, rates = 'stable', step, split, loss"),
            ("history.parquet", "step, train_loss, test_loss"),
        ],
        Content::plot(Arrangement::Columns, panels),
    )
}
