//! What the forms of a convolution's factors cost.

use super::OutputSignal;
use super::part::Form;
use crate::window::Window;

/// Samples of the Gramian whose costs are compared. Fixed, so that all pieces of one, and all sizes, take
/// the same form: factors cost N and products N².
const SAMPLES: f64 = 1024.0;

/// Time of the products of each form, as a multiple of that of as many fused products in large matrices.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Of gradients of all outputs.
    pub gradient: f64,
    /// Of one gradient, channel by channel: thin matrices.
    pub channels: f64,
    /// Of positions, pair by pair of samples.
    pub positions: f64,
}

impl Rates {
    /// Rounded guesses that were held against measurements afterwards (AVX2, f32): positions took 1.3 to 1.7
    /// for most layers and 2.4 to 2.8 for the smallest; channels 1.1 to 1.4, so that 3 keeps gradients for
    /// a few layers of two outputs that one gradient would serve faster.
    pub const MEASURED: Self = Self { gradient: 1.0, channels: 3.0, positions: 2.0 };

    /// Time of a pair of samples in a convolution with so many channels and biases.
    ///
    /// With K = k² c + 1 weights of a channel, D positions, o outputs that are differentiated and q
    /// products of these, gradients cost q K c', one gradient K c' + q c', and positions
    /// (h w)² c + k² D² + o D² c' + q D c'; a gradient itself D K c' a sample.
    pub(super) fn cost(
        &self,
        form: Form,
        window: &Window,
        [channels, bias]: [usize; 2],
        signal: OutputSignal,
        outputs: usize,
    ) -> f64 {
        let channels = channels as f64;
        let weights = window.patch() as f64 + if bias > 0 { 1.0 } else { 0.0 };
        let [h, w, c] = window.input.map(|size| size as f64);
        let positions = window.positions() as f64;
        let outputs = signal.families(outputs) as f64;
        let products = if signal == OutputSignal::Pairs { outputs * outputs } else { outputs };
        let gradient = weights * channels;
        let of_samples = 2.0 * positions * gradient / SAMPLES;
        match form {
            Form::Product => 0.0,
            Form::Gradient => self.gradient * products * gradient + outputs * of_samples,
            Form::Channels if signal == OutputSignal::Trace => {
                self.gradient * gradient + of_samples
            }
            Form::Channels => self.channels * gradient + products * channels + of_samples,
            Form::Positions(_) => {
                let windows =
                    (h * w).powi(2) * c + (window.kernel * positions as usize).pow(2) as f64;
                let signals =
                    outputs * positions.powi(2) * channels + products * positions * channels;
                self.positions * (windows + signals)
            }
        }
    }
}
