//! What a fully connected network is: widths, activation, initialization, biases.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::initialization::Initialization;

/// A fully connected network without its input and output widths, which come from the data.
///
/// Layer l maps h_l to z_l = s_w h_l W_l + s_b c_l; all but the last are followed by the
/// activation. s_w = s_b = 1 unless the initialization is the NTK parameterization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Widths of the hidden layers, from the input on.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub hidden: Vec<usize>,
    /// Function between two layers.
    #[serde(default = "leaky_relu")]
    pub activation: Activation,
    /// How parameters are drawn.
    #[serde(default)]
    pub init: Initialization,
    /// Whether layers have biases.
    #[serde(default = "yes")]
    pub bias: bool,
}

fn leaky_relu() -> Activation {
    Activation::LeakyRelu(0.01)
}

fn yes() -> bool {
    true
}

/// Why an architecture is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchitectureError {
    /// There is no hidden layer.
    #[error("the network has no hidden layer; give at least one width, as in `hidden: [256]`")]
    NoHiddenLayer,
    /// A layer without units.
    #[error("hidden layer {index} has width 0; a layer needs at least one unit")]
    ZeroWidth {
        /// Which entry of `hidden`, from 0.
        index: usize,
    },
    /// A slope that makes activations meaningless.
    #[error("the slope {0} of leaky_relu is not a finite number")]
    Slope(String),
    /// A scale of the NTK parameterization that is not positive or not finite.
    #[error("{name} is {value}; it must be a finite number, {bound}")]
    Scale {
        /// The parameter's name.
        name: &'static str,
        /// Its value.
        value: String,
        /// The bound it breaks.
        bound: &'static str,
    },
}

impl Architecture {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// Every way in which this is no network, with the JSON Pointer of the field at fault.
    pub fn check(&self) -> Result<(), Vec<(String, ArchitectureError)>> {
        let mut errors = Vec::new();
        if self.hidden.is_empty() {
            errors.push(("/hidden".to_owned(), ArchitectureError::NoHiddenLayer));
        }
        for (index, _) in self.hidden.iter().enumerate().filter(|&(_, &width)| width == 0) {
            errors.push((format!("/hidden/{index}"), ArchitectureError::ZeroWidth { index }));
        }
        if let Activation::LeakyRelu(slope) = self.activation
            && !slope.is_finite()
        {
            let error = ArchitectureError::Slope(slope.to_string());
            errors.push(("/activation/leaky_relu".to_owned(), error));
        }
        if let Initialization::Ntk { weight_std, bias_std } = self.init {
            if !(weight_std.is_finite() && weight_std > 0.0) {
                let (name, value) = ("weight_std", weight_std.to_string());
                let error = ArchitectureError::Scale { name, value, bound: "above 0" };
                errors.push(("/init/ntk/weight_std".to_owned(), error));
            }
            if !(bias_std.is_finite() && bias_std >= 0.0) {
                let (name, value) = ("bias_std", bias_std.to_string());
                let error = ArchitectureError::Scale { name, value, bound: "0 or above" };
                errors.push(("/init/ntk/bias_std".to_owned(), error));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Widths of all layers, `[d, hidden…, o]`.
    #[must_use]
    pub fn widths(&self, input_dim: usize, output_dim: usize) -> Vec<usize> {
        let mut widths = vec![input_dim];
        widths.extend(&self.hidden);
        widths.push(output_dim);
        widths
    }

    /// P, the number of parameters; `usize::MAX` where it is beyond that.
    #[must_use]
    pub fn parameter_count(&self, input_dim: usize, output_dim: usize) -> usize {
        let widths = self.widths(input_dim, output_dim);
        let layers = widths
            .windows(2)
            .map(|pair| pair[1].saturating_mul(pair[0].saturating_add(usize::from(self.bias))));
        layers.fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_network_has_264193_parameters() {
        let architecture: Architecture =
            serde_json::from_str(r#"{"hidden": [256, 256, 256, 256, 256]}"#).expect("parses");
        assert_eq!(architecture.parameter_count(2, 1), 264_193);
    }

    #[test]
    fn every_error_is_found_at_once() {
        let architecture = Architecture {
            hidden: vec![3, 0, 0],
            activation: Activation::LeakyRelu(f64::NAN),
            init: Initialization::Ntk { weight_std: 0.0, bias_std: -1.0 },
            bias: true,
        };
        let errors = architecture.check().expect_err("is no network");
        let at: Vec<&str> = errors.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(
            at,
            [
                "/hidden/1",
                "/hidden/2",
                "/activation/leaky_relu",
                "/init/ntk/weight_std",
                "/init/ntk/bias_std"
            ]
        );
    }
}
