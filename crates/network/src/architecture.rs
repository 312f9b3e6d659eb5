//! What a network is: its layers, initialization, biases.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::initialization::Initialization;
use crate::layers::LayerSpec;
use crate::program::Program;
use crate::shape::Shape;

/// A network without its input and output shapes, which come from the data: `hidden` widths of a fully
/// connected one, or a list of `layers`.
///
/// A dense layer maps h to z = s_w h W + s_b c, a convolution each window of h likewise. s_w = s_b = 1
/// unless the initialization is the NTK parameterization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Widths of the hidden layers of a fully connected network, from the input on. Its output layer
    /// follows by itself; images enter as vectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 1)))]
    pub hidden: Vec<usize>,
    /// All layers, from the input on to the outputs:
    /// `[conv: { channels: 32, kernel: 3 }, relu, global_average_pool, dense: 10]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerSpec>,
    /// Function between two of the `hidden` layers; in a list of `layers` each stands by itself.
    #[serde(default = "leaky_relu")]
    pub activation: Activation,
    /// How parameters are drawn.
    #[serde(default)]
    pub init: Initialization,
    /// Whether dense layers and convolutions have biases.
    #[serde(default = "yes")]
    pub bias: bool,
}

fn leaky_relu() -> Activation {
    Activation::LeakyRelu(0.01)
}

fn yes() -> bool {
    true
}

impl Default for Architecture {
    fn default() -> Self {
        Self {
            hidden: Vec::new(),
            layers: Vec::new(),
            activation: leaky_relu(),
            init: Initialization::default(),
            bias: true,
        }
    }
}

/// Why an architecture is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchitectureError {
    /// There is no layer.
    #[error("the network has no layers; give widths, as in `hidden: [256]`, or a list of `layers`")]
    NoLayers,
    /// Two networks in one.
    #[error("`hidden` is the short form of a list of `layers`; give one of the two")]
    Both,
    /// An activation beside a list that has its own.
    #[error("`activation` belongs to `hidden`; in a list of `layers` each activation is a layer")]
    ActivationOfList,
    /// A layer without units.
    #[error("hidden layer {index} has width 0; a layer needs at least one unit")]
    ZeroWidth {
        /// Which entry of `hidden`, from 0.
        index: usize,
    },
    /// A size that cannot be 0.
    #[error("{name} is 0; it must be at least 1")]
    Zero {
        /// The parameter's name.
        name: &'static str,
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
    /// A layer of images that gets a vector.
    #[error("`{layer}` needs an image, but its input is a vector of {length} numbers")]
    NeedsImage {
        /// The layer's key.
        layer: &'static str,
        /// Numbers of its input.
        length: usize,
    },
    /// A layer of vectors that gets an image.
    #[error(
        "`{layer}` needs a vector, but its input is an image of {shape}; put `flatten` or `global_average_pool` before it"
    )]
    NeedsVector {
        /// The layer's key.
        layer: &'static str,
        /// Shape of its input.
        shape: String,
    },
    /// `flatten` of a vector.
    #[error("`flatten` gets a vector of {length} numbers, which is flat already; leave it out")]
    Flat {
        /// Numbers of its input.
        length: usize,
    },
    /// A window larger than the image.
    #[error("a window of {side} × {side} does not fit into an image of {shape}")]
    Window {
        /// Side of the window.
        side: usize,
        /// Shape of the image.
        shape: String,
    },
    /// Groups that do not share the channels evenly.
    #[error("{channels} channels cannot be cut into {groups} groups of as many channels")]
    Groups {
        /// The groups.
        groups: usize,
        /// The channels.
        channels: usize,
    },
    /// Summands of unequal shapes.
    #[error("the layers of this residual sum give {layers}, but its input {shortcut}")]
    Summands {
        /// Shape that the layers give.
        layers: String,
        /// Shape of the other summand.
        shortcut: String,
    },
    /// A residual sum without layers.
    #[error("this residual sum has no layers")]
    NoSummand,
    /// A network that ends in an image.
    #[error(
        "the network ends in an image of {shape}, where {outputs} outputs are wanted; end it with `global_average_pool` or `flatten`, and `dense: {outputs}`"
    )]
    EndsInImage {
        /// Shape of its last layer.
        shape: String,
        /// Outputs that the data needs.
        outputs: usize,
    },
    /// A network with other outputs than the data.
    #[error("the network ends in {length} outputs, but the dataset has {outputs}")]
    Outputs {
        /// Its outputs.
        length: usize,
        /// Outputs that the data needs.
        outputs: usize,
    },
    /// More parameters than can be counted.
    #[error("the network has more parameters than this machine can count")]
    TooLarge,
}

impl ArchitectureError {
    /// What to do about it, where the message does not say it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NeedsImage { .. } => Some(
                "datasets of images state their shape; before it may stand no `flatten`, `global_average_pool` or `dense`",
            ),
            Self::Window { .. } => {
                Some("take a smaller window, fewer pools or strides before it, or larger images")
            }
            Self::Summands { .. } => Some(
                "give the input a projection of that shape: `residual: { layers: […], shortcut: [conv: { channels: …, kernel: 1, stride: … }] }`",
            ),
            Self::Outputs { .. } => Some("the last `dense` has as many units as there are outputs"),
            _ => None,
        }
    }
}

impl Architecture {
    /// A fully connected network.
    #[must_use]
    pub fn fully_connected(
        hidden: Vec<usize>,
        activation: Activation,
        init: Initialization,
    ) -> Self {
        Self { hidden, activation, init, ..Self::default() }
    }

    /// Checks what types cannot, and shapes where `input` and `outputs` are known.
    ///
    /// # Errors
    /// Every way in which this is no network, with the JSON Pointer of the field at fault.
    pub fn check(
        &self,
        data: Option<(Shape, usize)>,
    ) -> Result<(), Vec<(String, ArchitectureError)>> {
        let mut errors = Vec::new();
        match (self.hidden.is_empty(), self.layers.is_empty()) {
            (true, true) => errors.push((String::new(), ArchitectureError::NoLayers)),
            (false, false) => errors.push(("/layers".to_owned(), ArchitectureError::Both)),
            (true, false) if self.activation != leaky_relu() => {
                errors.push(("/activation".to_owned(), ArchitectureError::ActivationOfList));
            }
            _ => {}
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
        if errors.is_empty()
            && let Some((input, outputs)) = data
            && let Err(error) = Program::new(self, input, outputs)
        {
            errors.push(error);
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_network_has_264193_parameters() {
        let architecture: Architecture =
            serde_json::from_str(r#"{"hidden": [256, 256, 256, 256, 256]}"#).expect("parses");
        let program = Program::new(&architecture, 2.into(), 1).expect("a network");
        assert_eq!(program.parameter_count(), 264_193);
    }

    #[test]
    fn every_error_is_found_at_once() {
        let architecture = Architecture {
            hidden: vec![3, 0, 0],
            activation: Activation::LeakyRelu(f64::NAN),
            init: Initialization::Ntk { weight_std: 0.0, bias_std: -1.0 },
            ..Architecture::default()
        };
        let errors = architecture.check(None).expect_err("is no network");
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

    /// What is wrong with a list of layers on images of 8 × 6 × 3 and three outputs.
    fn wrong(layers: &serde_json::Value) -> (String, String) {
        let architecture: Architecture =
            serde_json::from_value(serde_json::json!({ "layers": layers })).expect("parses");
        let data = Some((Shape::Image([8, 6, 3]), 3));
        let mut errors = architecture.check(data).expect_err("is no network");
        let (at, error) = errors.remove(0);
        (at, error.to_string())
    }

    #[test]
    fn shapes_that_do_not_fit_are_told_with_their_layer() {
        let conv =
            |kernel: usize| serde_json::json!({ "conv": { "channels": 4, "kernel": kernel } });
        let cases = [
            (
                serde_json::json!([{ "dense": 3 }]),
                "/layers/0/dense",
                "`dense` needs a vector, but its input is an image of 8 × 6 × 3; put `flatten` or `global_average_pool` before it",
            ),
            (
                serde_json::json!([conv(12), "flatten", { "dense": 3 }]),
                "/layers/0/conv/kernel",
                "a window of 12 × 12 does not fit into an image of 8 × 6 × 3",
            ),
            (
                serde_json::json!(["flatten", "relu", "flatten"]),
                "/layers/2",
                "`flatten` gets a vector of 144 numbers, which is flat already; leave it out",
            ),
            (
                serde_json::json!(["flatten", conv(1)]),
                "/layers/1/conv",
                "`conv` needs an image, but its input is a vector of 144 numbers",
            ),
            (
                serde_json::json!([conv(3), { "average_pool": 7 }]),
                "/layers/1/average_pool",
                "a window of 7 × 7 does not fit into an image of 8 × 6 × 4",
            ),
            (
                serde_json::json!([{ "residual": [conv(3)] }]),
                "/layers/0/residual",
                "the layers of this residual sum give 8 × 6 × 4, but its input 8 × 6 × 3",
            ),
            (
                serde_json::json!([{ "residual": { "layers": ["relu", conv(13)], "shortcut": [] } }]),
                "/layers/0/residual/layers/1/conv/kernel",
                "a window of 13 × 13 does not fit into an image of 8 × 6 × 3",
            ),
            (
                serde_json::json!([{ "residual": [] }]),
                "/layers/0/residual",
                "this residual sum has no layers",
            ),
            (
                serde_json::json!([{ "group_norm": { "groups": 2 } }]),
                "/layers/0/group_norm/groups",
                "3 channels cannot be cut into 2 groups of as many channels",
            ),
            (
                serde_json::json!([{ "conv": { "channels": 4, "kernel": 3, "stride": 0 } }]),
                "/layers/0/conv/stride",
                "the stride is 0; it must be at least 1",
            ),
            (
                serde_json::json!([conv(3), "relu"]),
                "/layers/1",
                "the network ends in an image of 8 × 6 × 4, where 3 outputs are wanted; end it with `global_average_pool` or `flatten`, and `dense: 3`",
            ),
            (
                serde_json::json!(["flatten", { "dense": 4 }]),
                "/layers/1/dense",
                "the network ends in 4 outputs, but the dataset has 3",
            ),
        ];
        for (layers, at, message) in cases {
            assert_eq!(wrong(&layers), (at.to_owned(), message.to_owned()));
        }
    }
}
