//! The networks of cases.

use std::fmt;

use network::{Activation, Architecture, Conv, Initialization, LayerSpec, Padding};
use network::{Norm, Pool, Projected, Residual, Shape};

/// Slope of the leaky relus of dense networks for z ≤ 0.
pub const SLOPE: f64 = 0.01;
/// Channels of images.
const COLOURS: usize = 3;

/// The network of a case but for its outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// `depth` hidden layers of `width` units on points of the plane: leaky relu of slope 0.01,
    /// Glorot's initialization, biases.
    Dense {
        /// Hidden layers.
        depth: usize,
        /// Units of each.
        width: usize,
    },
    /// Four convolutions of 3 × 3 on images, an average of 2 × 2 after the second, from which on there
    /// are twice the channels, and the mean of the image: relu, He's initialization, biases.
    Convolutional {
        /// Rows and columns of an image.
        side: usize,
        /// Channels of the first convolution.
        width: usize,
    },
    /// A convolution and three residual sums of two convolutions on images; the second and third double
    /// the channels and halve the image, for which a convolution of 1 × 1 is their shortcut. Relu, He's
    /// initialization; biases, or a batch norm after each convolution.
    Residual {
        /// Rows and columns of an image.
        side: usize,
        /// Channels of the first convolution.
        width: usize,
        /// Whether there are batch norms.
        norm: bool,
    },
}

impl Model {
    /// The same at a size for `--quick`.
    #[must_use]
    pub fn small(self) -> Self {
        let (eighth, quarter) = (|width: usize| (width / 8).max(4), |side: usize| side / 4);
        match self {
            Self::Dense { depth, width } => Self::Dense { depth, width: eighth(width) },
            Self::Convolutional { side, width } => {
                Self::Convolutional { side: quarter(side), width: eighth(width) }
            }
            // At an eighth oneDNN 3.13, in PyTorch 2.15, has a wrong gradient by the weights of the shortcuts.
            Self::Residual { side, width, norm } => {
                Self::Residual { side: quarter(side), width: width / 2, norm }
            }
        }
    }

    /// The shape of an input: points of the plane, as in the paper, or images.
    #[must_use]
    pub fn input(self) -> Shape {
        match self {
            Self::Dense { .. } => Shape::Vector(2),
            Self::Convolutional { side, .. } | Self::Residual { side, .. } => {
                Shape::Image([side, side, COLOURS])
            }
        }
    }

    /// Units of each hidden layer, or channels of the widest.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::Dense { width, .. } => width,
            Self::Convolutional { width, .. } => 2 * width,
            Self::Residual { width, .. } => 4 * width,
        }
    }

    /// Layers with weights on the longest way, but for the last.
    #[must_use]
    pub fn depth(self) -> usize {
        match self {
            Self::Dense { depth, .. } => depth,
            Self::Convolutional { .. } => 4,
            Self::Residual { .. } => 7,
        }
    }

    /// The network with `outputs` outputs.
    #[must_use]
    pub fn architecture(self, outputs: usize) -> Architecture {
        match self {
            Self::Dense { depth, width } => Architecture {
                hidden: vec![width; depth],
                activation: Activation::LeakyRelu(SLOPE),
                init: Initialization::Glorot,
                ..Architecture::default()
            },
            Self::Convolutional { width, .. } => {
                let (first, second) = (conv(width, 3, 1), conv(2 * width, 3, 1));
                let layers = vec![
                    first.clone(),
                    LayerSpec::Relu,
                    first,
                    LayerSpec::Relu,
                    LayerSpec::AveragePool(Pool::Side(2)),
                    second.clone(),
                    LayerSpec::Relu,
                    second,
                    LayerSpec::Relu,
                    LayerSpec::GlobalAveragePool,
                    LayerSpec::Dense(outputs),
                ];
                of_layers(layers, true)
            }
            Self::Residual { width, norm, .. } => {
                let normed = |layer: LayerSpec| {
                    let norm = norm.then_some(LayerSpec::BatchNorm(Norm { epsilon: EPSILON }));
                    std::iter::once(layer).chain(norm)
                };
                let mut layers: Vec<LayerSpec> = normed(conv(width, 3, 1)).collect();
                layers.push(LayerSpec::Relu);
                for (width, stride) in [(width, 1), (2 * width, 2), (4 * width, 2)] {
                    let inner = normed(conv(width, 3, stride))
                        .chain([LayerSpec::Relu])
                        .chain(normed(conv(width, 3, 1)))
                        .collect();
                    let sum = if stride == 1 {
                        Residual::Layers(inner)
                    } else {
                        let shortcut = normed(conv(width, 1, stride)).collect();
                        Residual::Projected(Projected { layers: inner, shortcut })
                    };
                    layers.extend([LayerSpec::Residual(sum), LayerSpec::Relu]);
                }
                layers.extend([LayerSpec::GlobalAveragePool, LayerSpec::Dense(outputs)]);
                // A norm takes a bias before it away again.
                of_layers(layers, !norm)
            }
        }
    }
}

/// What batch norms add to the variance, as everywhere.
const EPSILON: f64 = 1e-5;

fn of_layers(layers: Vec<LayerSpec>, bias: bool) -> Architecture {
    Architecture { layers, init: Initialization::He, bias, ..Architecture::default() }
}

fn conv(channels: usize, kernel: usize, stride: usize) -> LayerSpec {
    LayerSpec::Conv(Conv { channels, kernel, stride, padding: Padding::Same })
}

impl fmt::Display for Model {
    /// As people write it: `6 × 256`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Dense { depth, width } => write!(f, "{depth} × {width}"),
            Self::Convolutional { side, width } => {
                write!(f, "{side} × {side} × {COLOURS}, 4 conv {width} to {}", 2 * width)
            }
            Self::Residual { side, width, norm } => {
                let norm = if norm { ", batch norm" } else { "" };
                write!(f, "{side} × {side} × {COLOURS}, 3 residual {width} to {}{norm}", 4 * width)
            }
        }
    }
}
