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
            "the training diverged: at step {step} the loss {size}, with learning rate {learning_rate}"
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
                    "{message}; full-batch least squares is stable below 2N/λ₁ = {bound:.4} (N = {}, λ₁ = {largest:.1} at step {checkpoint})",
                    data.train.rows
                ))
                .hint(format!("set learning_rate.initial below {:.3}", bound * 0.9))
            }
            None => StageError::new(message).hint("lower learning_rate.initial"),
        }
    }
}
