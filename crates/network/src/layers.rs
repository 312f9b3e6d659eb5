//! Networks as lists of layers: what a user writes.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::window::Padding;

/// One entry of a network's list of layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LayerSpec {
    /// A convolution.
    Conv(Conv),
    /// Windows as of a convolution, each with weights and biases of its own.
    LocallyConnected(Conv),
    /// Means of windows: `average_pool: 2`, or `average_pool: { window: 3, stride: 2 }`.
    AveragePool(Pool),
    /// Maxima of windows; of equal ones the first counts.
    MaxPool(Pool),
    /// Mean of each channel over the whole image, which leaves a vector.
    GlobalAveragePool,
    /// An image as a vector: rows, then columns, then channels.
    Flatten,
    /// All inputs to each of so many outputs: `dense: 10`.
    Dense(#[schemars(range(min = 1))] usize),
    /// The sum of some layers' output and their input: `residual: [conv: …, relu, conv: …]`, or with a
    /// projection of the input `residual: { layers: […], shortcut: […] }` (He et al. 2016).
    Residual(Residual),
    /// Normalizes the channels of each place (Ba et al. 2016); of a vector all of it.
    LayerNorm(Norm),
    /// Normalizes groups of channels, sample by sample (Wu & He 2018).
    GroupNorm(GroupNorm),
    /// Normalizes each channel over the samples of a mini-batch (Ioffe & Szegedy 2015). Away from
    /// training, in recorded outputs and kernels, it uses mean and variance of the whole training
    /// split at the same parameters.
    BatchNorm(Norm),
    /// max(0, z).
    Relu,
    /// z for z > 0, slope · z otherwise: `leaky_relu: 0.01`.
    LeakyRelu(f64),
    /// tanh z.
    Tanh,
    /// erf z, the error function.
    Erf,
    /// 1 / (1 + e^−z).
    Sigmoid,
    /// ln(1 + e^z).
    Softplus,
    /// z Φ(z) with the exact normal distribution function Φ.
    Gelu,
    /// sin z.
    Sine,
    /// z.
    Linear,
}

/// A convolution: `conv: { channels: 32, kernel: 3 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Channels of its output.
    #[schemars(range(min = 1))]
    pub channels: usize,
    /// Side of its square window.
    #[schemars(range(min = 1))]
    pub kernel: usize,
    /// From one window to the next, both ways.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub stride: usize,
    /// What windows see beyond the edge.
    #[serde(default)]
    pub padding: Padding,
}

fn one() -> usize {
    1
}

/// The windows of a pool; they lie within the image, and what no window reaches is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Pool {
    /// Side of the window, and from one to the next.
    Side(#[schemars(range(min = 1))] usize),
    /// Windows that overlap or leave gaps.
    Windows(PoolWindows),
}

/// Windows of a pool that overlap or leave gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolWindows {
    /// Side of the window.
    #[schemars(range(min = 1))]
    pub window: usize,
    /// From one window to the next.
    #[schemars(range(min = 1))]
    pub stride: usize,
}

impl Pool {
    /// Side of the window, and from one to the next.
    #[must_use]
    pub fn side_and_stride(self) -> (usize, usize) {
        match self {
            Self::Side(side) => (side, side),
            Self::Windows(PoolWindows { window, stride }) => (window, stride),
        }
    }
}

/// A residual sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Residual {
    /// Layers, to whose output their input is added.
    Layers(#[schemars(with = "Vec<Within>")] Vec<LayerSpec>),
    /// Layers, to whose output a projection of their input is added.
    Projected(Projected),
}

/// A residual sum with a projection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Projected {
    /// The layers.
    #[schemars(with = "Vec<Within>")]
    pub layers: Vec<LayerSpec>,
    /// What the input goes through on its other way, mostly a convolution of kernel 1.
    #[schemars(with = "Vec<Within>")]
    pub shortcut: Vec<LayerSpec>,
}

/// The schema of a layer within a residual sum: that of any other, but for a residual sum within it, of
/// which it says nothing. A schema that refers to itself has no end, and drivers refuse it.
struct Within;

impl JsonSchema for Within {
    fn schema_name() -> Cow<'static, str> {
        "LayerWithin".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = LayerSpec::json_schema(generator);
        let variants = schema.get_mut("oneOf").and_then(|variants| variants.as_array_mut());
        for variant in variants.into_iter().flatten() {
            if let Some(inner) = variant.pointer_mut("/properties/residual") {
                *inner = serde_json::json!({ "description": "A residual sum." });
            }
        }
        schema
    }
}

/// A normalization: `layer_norm: {}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Norm {
    /// Added to the variance.
    #[serde(default = "epsilon")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

/// A normalization of groups: `group_norm: { groups: 8 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupNorm {
    /// Groups, each of as many channels.
    #[schemars(range(min = 1))]
    pub groups: usize,
    /// Added to the variance.
    #[serde(default = "epsilon")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

fn epsilon() -> f64 {
    1e-5
}

impl LayerSpec {
    /// The activation that this layer is, where it is one.
    #[must_use]
    pub fn activation(&self) -> Option<Activation> {
        Some(match self {
            Self::Relu => Activation::Relu,
            Self::LeakyRelu(slope) => Activation::LeakyRelu(*slope),
            Self::Tanh => Activation::Tanh,
            Self::Erf => Activation::Erf,
            Self::Sigmoid => Activation::Sigmoid,
            Self::Softplus => Activation::Softplus,
            Self::Gelu => Activation::Gelu,
            Self::Sine => Activation::Sine,
            Self::Linear => Activation::Linear,
            _ => return None,
        })
    }

    /// Its key in YAML.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Conv(_) => "conv",
            Self::LocallyConnected(_) => "locally_connected",
            Self::AveragePool(_) => "average_pool",
            Self::MaxPool(_) => "max_pool",
            Self::GlobalAveragePool => "global_average_pool",
            Self::Flatten => "flatten",
            Self::Dense(_) => "dense",
            Self::Residual(_) => "residual",
            Self::LayerNorm(_) => "layer_norm",
            Self::GroupNorm(_) => "group_norm",
            Self::BatchNorm(_) => "batch_norm",
            Self::Relu => "relu",
            Self::LeakyRelu(_) => "leaky_relu",
            Self::Tanh => "tanh",
            Self::Erf => "erf",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Gelu => "gelu",
            Self::Sine => "sine",
            Self::Linear => "linear",
        }
    }
}

impl From<Activation> for LayerSpec {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Relu => Self::Relu,
            Activation::LeakyRelu(slope) => Self::LeakyRelu(slope),
            Activation::Tanh => Self::Tanh,
            Activation::Erf => Self::Erf,
            Activation::Sigmoid => Self::Sigmoid,
            Activation::Softplus => Self::Softplus,
            Activation::Gelu => Self::Gelu,
            Activation::Sine => Self::Sine,
            Activation::Linear => Self::Linear,
        }
    }
}

impl fmt::Display for LayerSpec {
    /// As people say it: `conv 3 × 3, 32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key().replace('_', " "))?;
        match self {
            Self::Conv(conv) | Self::LocallyConnected(conv) => {
                write!(f, " {0} × {0}, {1}", conv.kernel, conv.channels)?;
                if conv.stride != 1 {
                    write!(f, ", stride {}", conv.stride)?;
                }
                if conv.padding != Padding::Same {
                    write!(f, ", {}", conv.padding.name())?;
                }
                Ok(())
            }
            Self::AveragePool(pool) | Self::MaxPool(pool) => {
                let (side, stride) = pool.side_and_stride();
                write!(f, " {side} × {side}")?;
                if stride == side { Ok(()) } else { write!(f, ", stride {stride}") }
            }
            Self::Dense(units) => write!(f, " {units}"),
            Self::GroupNorm(norm) => write!(f, " {}", norm.groups),
            Self::LeakyRelu(slope) => write!(f, " {slope}"),
            _ => Ok(()),
        }
    }
}
