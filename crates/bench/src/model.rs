//! The networks of cases.

use std::fmt;

use network::{Activation, Architecture, Conv, Initialization, LayerSpec, Padding};
use network::{Norm, Pool, Projected, Residual, Shape};

/// Slope of the leaky relus of dense networks for z ≤ 0.
pub const SLOPE: f64 = 0.01;
/// Channels of images.
const COLOURS: usize = 3;
/// σ_w = 1.4 is near √2, under which relus keep the size of their inputs.
const INFINITE: Initialization = Initialization::Ntk { weight_std: 1.4, bias_std: 0.1 };

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
    /// Hidden layers of infinite width on vectors: relu, the NTK parameterization of weights 1.4 and biases 0.1.
    InfiniteDense {
        /// Hidden layers.
        depth: usize,
        /// Numbers of an input.
        inputs: usize,
    },
    /// Four convolutions of 3 × 3 of infinitely many channels on images, of the same parameterization.
    InfiniteConvolutional {
        /// Rows and columns of an image.
        side: usize,
        /// Channels of an image.
        colours: usize,
        /// Whether the image's mean follows, which needs all pairs of pixels, or all of its pixels.
        pools: bool,
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
            Self::InfiniteDense { depth, inputs } => {
                Self::InfiniteDense { depth, inputs: eighth(inputs) }
            }
            Self::InfiniteConvolutional { side, colours, pools } => {
                Self::InfiniteConvolutional { side: side / 2, colours, pools }
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
            Self::InfiniteDense { inputs, .. } => Shape::Vector(inputs),
            Self::InfiniteConvolutional { side, colours, .. } => {
                Shape::Image([side, side, colours])
            }
        }
    }

    /// Units of each hidden layer, or channels of the widest; 1 of an infinite one, whose layers are written so.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::Dense { width, .. } => width,
            Self::Convolutional { width, .. } => 2 * width,
            Self::Residual { width, .. } => 4 * width,
            Self::InfiniteDense { .. } | Self::InfiniteConvolutional { .. } => 1,
        }
    }

    /// Layers with weights on the longest way, but for the last.
    #[must_use]
    pub fn depth(self) -> usize {
        match self {
            Self::Dense { depth, .. } | Self::InfiniteDense { depth, .. } => depth,
            Self::Convolutional { .. } | Self::InfiniteConvolutional { .. } => 4,
            Self::Residual { .. } => 7,
        }
    }

    /// Whether it is a limit of infinite width, which has kernels and no parameters.
    #[must_use]
    pub fn is_infinite(self) -> bool {
        matches!(self, Self::InfiniteDense { .. } | Self::InfiniteConvolutional { .. })
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
            Self::InfiniteDense { depth, .. } => {
                let hidden = (0..depth).flat_map(|_| [LayerSpec::Dense(1), LayerSpec::Relu]);
                of_limit(hidden.chain([LayerSpec::Dense(outputs)]).collect())
            }
            Self::InfiniteConvolutional { pools, .. } => {
                let hidden = (0..4).flat_map(|_| [conv(1, 3, 1), LayerSpec::Relu]);
                let last = if pools { LayerSpec::GlobalAveragePool } else { LayerSpec::Flatten };
                of_limit(hidden.chain([last, LayerSpec::Dense(outputs)]).collect())
            }
        }
    }
}

/// What batch norms add to the variance, as everywhere.
const EPSILON: f64 = 1e-5;

fn of_layers(layers: Vec<LayerSpec>, bias: bool) -> Architecture {
    Architecture { layers, init: Initialization::He, bias, ..Architecture::default() }
}

/// A network of infinite width; whatever its layers have is no matter.
fn of_limit(layers: Vec<LayerSpec>) -> Architecture {
    Architecture { layers, init: INFINITE, ..Architecture::default() }
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
            Self::InfiniteDense { depth, inputs } => write!(f, "{inputs} inputs, {depth} × ∞"),
            Self::InfiniteConvolutional { side, colours, pools } => {
                let last = if pools { "mean" } else { "flatten" };
                write!(f, "{side} × {side} × {colours}, 4 conv ∞, {last}")
            }
        }
    }
}
