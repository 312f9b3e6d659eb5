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
        match largest {
            Some(largest) => {
                let bound = 2.0 * data.train.rows as f64 / largest;
                StageError::new(format!(
                    "{message}; full-batch least squares is stable below 2N/λ₁ = {} (N = {}, λ₁ = {} at step {checkpoint})",
                    significant(bound),
                    data.train.rows,
                    significant(largest)
                ))
                .hint(format!(
                    "keep the learning rate of step {} below {}",
                    step.saturating_sub(1),
                    significant(bound * 0.9)
                ))
            }
            None => StageError::new(message).hint("lower the learning rate"),
        }
    }
}

/// Three significant digits, with an exponent where the number is very small or large.
fn significant(value: f64) -> String {
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
        let shown = [5.0, 0.25, 123_456.0, 1e30, 3.2e-7, 2118.4].map(significant);
        assert_eq!(shown, ["5.00", "0.250", "1.23e5", "1.00e30", "3.20e-7", "2118"]);
    }
}
