//! What a user is told when a run diverges.

use network::{Network, largest_ntk_eigenvalue};
use stage::StageError;

use crate::data::Data;
use crate::loss::Loss;
use crate::optimizer::Optimizer;

/// A run that left the region where its loss means anything.
pub(crate) struct Divergence<'a> {
    /// Step whose loss is at fault.
    pub step: u64,
    /// That loss: not finite, or too large.
    pub loss: f64,
    /// δ of the update before.
    pub learning_rate: f64,
    /// The last checkpoint and its step: the network before it went wrong.
    pub checkpoint: (u64, &'a Network<f32>),
}

impl Divergence<'_> {
    /// The message, with the bound 2N/λ₁ where the theory gives one.
    pub fn error(&self, loss: Loss, optimizer: Optimizer, data: &Data) -> StageError {
        let Self { step, loss: value, learning_rate, .. } = self;
        let size = if value.is_finite() {
            format!("rose to {value:.3e}")
        } else {
            "is not finite".to_owned()
        };
        if *step == 0 {
            // Nothing was updated: no learning rate has a part in it.
            let error = StageError::new(format!(
                "the loss {size} at step 0, before any update: {}",
                magnitudes(data)
            ));
            return error.hint(if is_large(data) {
                HOW_TO_SCALE
            } else {
                "the first parameters are too large: take another `init` of the network"
            });
        }
        let message = format!(
            "the training diverged: at step {step} the loss {size}, with learning rate {}",
            significant(*learning_rate)
        );
        let bounded = loss == Loss::LeastSquares && optimizer == Optimizer::GradientDescent;
        let (checkpoint, network) = self.checkpoint;
        let wide: Vec<f64> = data.train.x.iter().map(|&x| f64::from(x)).collect();
        let largest = bounded
            .then(|| largest_ntk_eigenvalue(&network.cast::<f64>(), &wide, 1e-3))
            .flatten()
            .filter(|&largest| largest > 0.0);
        let bound = largest.map(|largest| 2.0 * data.train.rows as f64 / largest);
        let stable = largest.zip(bound).map(|(largest, bound)| {
            format!(
                "full-batch least squares is stable below 2N/λ₁ = {} (N = {}, λ₁ = {} at step {checkpoint})",
                significant(bound),
                data.train.rows,
                significant(largest)
            )
        });
        match (stable, bound) {
            (Some(stable), Some(bound)) if *learning_rate >= 0.9 * bound => {
                let rate = format!(
                    "keep the learning rate of step {} below {}",
                    step.saturating_sub(1),
                    significant(bound * 0.9)
                );
                if is_large(data) {
                    StageError::new(format!("{message}; {stable}; {}", magnitudes(data)))
                        .hint(format!("{HOW_TO_SCALE}; else {rate}"))
                } else {
                    StageError::new(format!("{message}; {stable}")).hint(rate)
                }
            }
            // The rate was small enough for the kernel as it was: it has grown with the weights.
            (Some(stable), _) if is_large(data) => StageError::new(format!(
                "{message}; {stable}, and the rate is: {}, which the weights and with them the kernel have to grow for",
                magnitudes(data)
            ))
            .hint(HOW_TO_SCALE),
            (Some(stable), _) => StageError::new(format!(
                "{message}; {stable}, and the rate is: the kernel has grown since"
            ))
            .hint("lower the learning rate, or set more checkpoints to see how the kernel grows"),
            _ if is_large(data) => StageError::new(format!("{message}; {}", magnitudes(data)))
                .hint(HOW_TO_SCALE),
            _ => StageError::new(message).hint("lower the learning rate"),
        }
    }
}

/// What to do about data of a scale that no network is initialized for.
const HOW_TO_SCALE: &str = "bring inputs and targets to a size of about 1: of a table, `standardize_inputs: true` and `standardize_targets: true` do that";
/// Size of inputs or targets from which the scale of the data is suspected.
const LARGE: f32 = 100.0;

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

fn is_large(data: &Data) -> bool {
    largest(&data.train.x) > LARGE || largest(&data.train.y) > LARGE
}

/// How large inputs and targets are: of those alone that are large, where some are.
fn magnitudes(data: &Data) -> String {
    let both = [("inputs", &data.train.x), ("targets", &data.train.y)];
    let some = both.iter().any(|(_, values)| largest(values) > LARGE);
    let shown = both.iter().filter(|(_, values)| !some || largest(values) > LARGE);
    let shown = shown.map(|(name, values)| {
        format!("{name} as large as {}", significant(f64::from(largest(values))))
    });
    format!("the dataset has {}", shown.collect::<Vec<_>>().join(" and "))
}

/// Three significant digits, with an exponent where the number is very small or large.
pub(crate) fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e5).contains(&value.abs()) {
        return format!("{value:.2e}");
    }
    let digits = (2 - value.abs().log10().floor() as i32).max(0) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_at_any_size() {
        let shown = [0.0, 5.0, 0.25, 123_456.0, 1e30, 3.2e-7, 2118.4].map(significant);
        assert_eq!(shown, ["0", "5.00", "0.250", "1.23e5", "1.00e30", "3.20e-7", "2118"]);
    }
}
