//! A network as the steps that compute it.
//!
//! Each step makes one value from one or two earlier ones and may end in an activation, so that this
//! runs while the value is in cache. Steps are cut into phases: within one a block of rows passes
//! through all of its steps before the next block comes; a phase ends where vectors follow images,
//! whose blocks are smaller, and before each batch norm, which must have seen all rows.

use std::ops::Range;

use crate::activation::Activation;
use crate::architecture::{Architecture, ArchitectureError};
use crate::factors::Part;
use crate::layers::{Conv, LayerSpec, Projected, Residual};
use crate::normalization::{Norm, Over};
use crate::shape::Shape;
use crate::window::{Padding, Window};

/// A network for data of one shape, as steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Shape of an input.
    pub input: Shape,
    /// o.
    pub outputs: usize,
    /// Its steps, in order; value 0 is the input, value i + 1 that of step i.
    pub steps: Vec<Step>,
    /// What of the steps has parameters, in their order.
    pub layers: Vec<LayerShape>,
    pub(crate) phases: Vec<Phase>,
    /// Its layers, for whoever looks at it.
    pub summary: Vec<LayerSummary>,
}

/// A layer for whoever looks at a network: what it is, its shapes and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSummary {
    /// What it is, as people say it: `conv 3 × 3, 32, stride 2`.
    pub name: String,
    /// Shapes of its input and output.
    pub shapes: [Shape; 2],
    /// Its trained numbers, those of its branches included.
    pub parameters: usize,
    /// Multiplications and additions of a forward pass of one sample, its branches included; those
    /// of activations are not counted.
    pub flops: u64,
    /// The summands of a residual sum: its layers, and those of its shortcut.
    pub branches: Vec<Vec<LayerSummary>>,
}

/// One step: value number `i + 1` of step `i`, from earlier values; 0 is the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it computes.
    pub op: Op,
    /// Values that it is made from; only a sum has two.
    pub inputs: Vec<usize>,
    /// Whether a later step has sent a signal to the same input before.
    pub(crate) accumulate: Vec<bool>,
    /// What its result goes through.
    pub activation: Activation,
    /// Its parameters, where it has some.
    pub layer: Option<usize>,
    /// Shape of its input, and of its output.
    pub shapes: [Shape; 2],
}

/// What a step computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// All inputs to each output.
    Dense,
    /// The same weights at each window.
    Convolution(Window),
    /// Weights of its own at each window.
    Local(Window),
    /// Means of windows.
    AveragePool(Window),
    /// Maxima of windows.
    MaxPool(Window),
    /// The mean of each channel.
    GlobalAverage,
    /// A normalization.
    Norm(Norm),
    /// The sum of two values.
    Sum,
    /// The value itself, for an activation that cannot be part of the step before.
    Identity,
}

/// The parameters of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerShape {
    /// Its place: `layers.0`, within a residual sum `layers.2.layers.0` or `layers.2.shortcut.0`.
    pub name: String,
    /// Shape of the weights; of a norm γ.
    pub weight: Vec<usize>,
    /// Biases; of a norm β.
    pub bias: usize,
    /// Inputs of a unit, and outputs that an input meets.
    pub fans: [usize; 2],
    /// Whether it is a norm, and whether of batches.
    pub norm: Option<Over>,
}

impl LayerShape {
    /// Numbers of its weights.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.weight.iter().copied().fold(1, usize::saturating_mul)
    }
}

/// Steps through which one block of rows passes after the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phase {
    pub steps: Range<usize>,
    /// Rows of a block.
    pub rows: usize,
}

/// Rows of a block of vectors: input, output and gradient of a layer of 256 fit the L2 cache together.
/// Longer blocks make Hᵀ B slower, 74 GFLOP/s a core at 512 rows against 87 at 128 (Zen 3), for faer
/// reads H in steps of a whole row; shorter ones make H W slower.
const BLOCK_ROWS: usize = 128;
/// Numbers of the largest value of a step and its input in a block of images: they stay in the L2
/// cache beside the weights.
const BLOCK_NUMBERS: usize = 64 * 1024;

impl Program {
    /// The steps of `architecture` for inputs of a shape and `outputs` outputs.
    ///
    /// # Errors
    /// The first layer that does not fit, with the JSON Pointer of the field at fault.
    pub fn new(
        architecture: &Architecture,
        input: Shape,
        outputs: usize,
    ) -> Result<Self, (String, ArchitectureError)> {
        let mut builder = Builder {
            bias: architecture.bias,
            steps: Vec::new(),
            layers: Vec::new(),
            pinned: vec![0],
        };
        let summary = if architecture.layers.is_empty() {
            builder.fully_connected(architecture, input, outputs)
        } else {
            let (end, summary) = builder.list(&architecture.layers, "/layers", (0, input))?;
            let last = architecture.layers.len() - 1;
            let at = format!("/layers/{last}");
            match end.1 {
                Shape::Image(_) => {
                    let shape = end.1.to_string();
                    return Err((at, ArchitectureError::EndsInImage { shape, outputs }));
                }
                Shape::Vector(length) if length != outputs => {
                    let at = match architecture.layers[last] {
                        LayerSpec::Dense(_) => format!("{at}/dense"),
                        _ => at,
                    };
                    return Err((at, ArchitectureError::Outputs { length, outputs }));
                }
                Shape::Vector(_) => {}
            }
            if builder.steps.is_empty() || end.0 == 0 {
                builder.identity(end);
            }
            summary
        };
        let Builder { mut steps, layers, .. } = builder;
        let mut met = vec![false; steps.len() + 1];
        for step in steps.iter_mut().rev() {
            step.accumulate =
                step.inputs.iter().map(|&v| std::mem::replace(&mut met[v], true)).collect();
        }
        let phases = phases(&steps);
        let program = Self { input, outputs, steps, layers, phases, summary };
        if program.parameter_count() == usize::MAX {
            return Err((String::new(), ArchitectureError::TooLarge));
        }
        Ok(program)
    }

    /// P, the number of parameters; `usize::MAX` where it is beyond that.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        let layers = self.layers.iter().map(|layer| layer.weights().saturating_add(layer.bias));
        layers.fold(0, usize::saturating_add)
    }

    /// Numbers of all values of a sample but its input, in floating point: absurd layers have an absurd
    /// number, not one that wrapped around.
    #[must_use]
    pub fn value_count(&self) -> f64 {
        self.steps.iter().map(|step| step.shapes[1].len() as f64).sum()
    }

    /// Whether all layers are dense: the networks of `hidden`.
    pub(crate) fn is_dense(&self) -> bool {
        self.steps.iter().all(|step| step.op == Op::Dense)
    }

    /// Whether the outputs are those of a dense layer that is the last of `parts`.
    #[must_use]
    pub fn ends_dense_with(&self, parts: &[Part]) -> bool {
        self.steps.last().is_some_and(|step| {
            let is_plain = step.op == Op::Dense && step.activation == Activation::Linear;
            is_plain && step.layer.is_some() && parts.last().map(Part::layer) == step.layer
        })
    }

    /// Whether a layer normalizes over a batch, and so is another function in training.
    #[must_use]
    pub fn has_batch_norm(&self) -> bool {
        self.steps.iter().any(Step::is_batch_norm)
    }

    /// Whether some value is an image.
    #[must_use]
    pub fn has_images(&self) -> bool {
        self.steps.iter().any(|step| step.shapes.iter().any(|shape| shape.positions() > 1))
    }

    /// Numbers of a row of `value`.
    pub(crate) fn width(&self, value: usize) -> usize {
        match value.checked_sub(1) {
            Some(step) => self.steps[step].shapes[1].len(),
            None => self.input.len(),
        }
    }
}

impl Step {
    /// Whether it normalizes over a batch.
    #[must_use]
    pub fn is_batch_norm(&self) -> bool {
        matches!(self.op, Op::Norm(Norm { over: Over::Batch, .. }))
    }

    /// Multiplications and additions for one sample.
    #[must_use]
    pub fn flops(&self, layers: &[LayerShape]) -> u64 {
        let [input, output] = self.shapes.map(|shape| shape.len() as u64);
        match (self.op, self.layer) {
            (Op::Dense | Op::Convolution(_) | Op::Local(_), Some(layer)) => {
                output.saturating_mul(2).saturating_mul(layers[layer].fans[0] as u64)
            }
            (Op::AveragePool(window) | Op::MaxPool(window), _) => {
                output.saturating_mul((window.kernel * window.kernel) as u64)
            }
            (Op::GlobalAverage, _) => input,
            (Op::Norm(_), _) => output.saturating_mul(8),
            (Op::Sum, _) => output,
            _ => 0,
        }
    }
}

/// Cuts steps where blocks change.
fn phases(steps: &[Step]) -> Vec<Phase> {
    let is_image = |step: &Step| step.shapes.iter().any(|shape| shape.positions() > 1);
    let mut phases: Vec<Phase> = Vec::new();
    for (s, step) in steps.iter().enumerate() {
        let goes_on = s > 0 && !step.is_batch_norm() && is_image(step) == is_image(&steps[s - 1]);
        match phases.last_mut().filter(|_| goes_on) {
            Some(phase) => phase.steps.end = s + 1,
            None => phases.push(Phase { steps: s..s + 1, rows: BLOCK_ROWS }),
        }
    }
    for phase in &mut phases {
        if is_image(&steps[phase.steps.start]) {
            let numbers = |step: &Step| step.shapes.map(Shape::len).iter().sum::<usize>();
            let most = steps[phase.steps.clone()].iter().map(numbers).max().unwrap_or(1);
            phase.rows = (BLOCK_NUMBERS / most.max(1)).clamp(1, BLOCK_ROWS);
        }
    }
    phases
}

type Located = (String, ArchitectureError);

/// A value and its shape.
type Value = (usize, Shape);

struct Builder {
    bias: bool,
    steps: Vec<Step>,
    layers: Vec<LayerShape>,
    /// Values that more than the next layer reads, so that no activation may replace them.
    pinned: Vec<usize>,
}

impl Builder {
    fn fully_connected(
        &mut self,
        architecture: &Architecture,
        input: Shape,
        outputs: usize,
    ) -> Vec<LayerSummary> {
        let mut value = (0, Shape::Vector(input.len()));
        let mut summary = Vec::new();
        let widths = architecture.hidden.iter().chain([&outputs]);
        for (l, &width) in widths.enumerate() {
            let (before, built) = (value, self.built());
            value = self.dense(value, width, format!("layers.{l}"));
            summary.push(self.summary(&LayerSpec::Dense(width), [before.1, value.1], built));
            if l < architecture.hidden.len() {
                if let Some(step) = self.steps.last_mut() {
                    step.activation = architecture.activation;
                }
                let spec = LayerSpec::from(architecture.activation);
                summary.push(self.summary(&spec, [value.1; 2], self.built()));
            }
        }
        summary
    }

    /// Steps and layers so far.
    fn built(&self) -> [usize; 2] {
        [self.steps.len(), self.layers.len()]
    }

    /// The summary of `spec`, which made what was built since `[steps, layers]`.
    fn summary(
        &self,
        spec: &LayerSpec,
        shapes: [Shape; 2],
        [steps, layers]: [usize; 2],
    ) -> LayerSummary {
        let count = |layer: &LayerShape| layer.weights().saturating_add(layer.bias);
        let flops = self.steps[steps..].iter().map(|step| step.flops(&self.layers));
        LayerSummary {
            name: spec.to_string(),
            shapes,
            parameters: self.layers[layers..].iter().map(count).fold(0, usize::saturating_add),
            flops: flops.fold(0, u64::saturating_add),
            branches: Vec::new(),
        }
    }

    fn step(&mut self, op: Op, inputs: Vec<usize>, shapes: [Shape; 2]) -> Value {
        let (accumulate, activation) = (Vec::new(), Activation::Linear);
        self.steps.push(Step { op, inputs, accumulate, activation, layer: None, shapes });
        (self.steps.len(), shapes[1])
    }

    fn with_layer(&mut self, value: Value, layer: LayerShape) -> Value {
        if let Some(step) = self.steps.last_mut() {
            step.layer = Some(self.layers.len());
        }
        self.layers.push(layer);
        value
    }

    fn dense(&mut self, (from, shape): Value, units: usize, name: String) -> Value {
        let inputs = shape.len();
        let value = self.step(Op::Dense, vec![from], [shape, Shape::Vector(units)]);
        let bias = if self.bias { units } else { 0 };
        let (weight, fans) = (vec![inputs, units], [inputs, units]);
        self.with_layer(value, LayerShape { name, weight, bias, fans, norm: None })
    }

    fn identity(&mut self, (from, shape): Value) -> Value {
        self.step(Op::Identity, vec![from], [shape, shape])
    }

    fn list(
        &mut self,
        specs: &[LayerSpec],
        at: &str,
        mut value: Value,
    ) -> Result<(Value, Vec<LayerSummary>), Located> {
        let mut summaries = Vec::new();
        for (index, spec) in specs.iter().enumerate() {
            let (before, built, mut branches) = (value.1, self.built(), Vec::new());
            value = self.layer(spec, &format!("{at}/{index}"), value, &mut branches)?;
            let summary = self.summary(spec, [before, value.1], built);
            summaries.push(LayerSummary { branches, ..summary });
        }
        Ok((value, summaries))
    }

    fn layer(
        &mut self,
        spec: &LayerSpec,
        at: &str,
        value: Value,
        branches: &mut Vec<Vec<LayerSummary>>,
    ) -> Result<Value, Located> {
        let (from, shape) = value;
        let key = spec.key();
        let here = |field: &str, error| Err((format!("{at}/{key}{field}"), error));
        if let Some(activation) = spec.activation() {
            if let Activation::LeakyRelu(slope) = activation
                && !slope.is_finite()
            {
                return here("", ArchitectureError::Slope(slope.to_string()));
            }
            return Ok(self.activation(activation, value));
        }
        let image = match shape {
            Shape::Image(image) => Ok(image),
            Shape::Vector(length) => Err(ArchitectureError::NeedsImage { layer: key, length }),
        };
        Ok(match spec {
            LayerSpec::Conv(conv) | LayerSpec::LocallyConnected(conv) => match image {
                Err(error) => return here("", error),
                Ok(image) => {
                    let window = windows_of(conv, image)
                        .map_err(|(field, error)| (format!("{at}/{key}/{field}"), error))?;
                    self.convolution(spec, name_of(at), window, value)
                }
            },
            LayerSpec::AveragePool(pool) | LayerSpec::MaxPool(pool) => match image {
                Err(error) => return here("", error),
                Ok(image) => {
                    let (side, stride) = pool.side_and_stride();
                    if side == 0 || stride == 0 {
                        return here("", ArchitectureError::Zero { name: "a side of the pool" });
                    }
                    let Some(window) = Window::new(image, side, stride, Padding::Valid) else {
                        return here(
                            "",
                            ArchitectureError::Window { side, shape: shape.to_string() },
                        );
                    };
                    let [down, across] = window.output;
                    let op = match spec {
                        LayerSpec::MaxPool(_) => Op::MaxPool(window),
                        _ => Op::AveragePool(window),
                    };
                    self.step(op, vec![from], [shape, Shape::Image([down, across, image[2]])])
                }
            },
            LayerSpec::GlobalAveragePool => match image {
                Err(error) => return Err((at.to_owned(), error)),
                Ok([.., c]) => self.step(Op::GlobalAverage, vec![from], [shape, Shape::Vector(c)]),
            },
            LayerSpec::Flatten => match shape {
                Shape::Image(_) => (from, Shape::Vector(shape.len())),
                Shape::Vector(length) => {
                    return Err((at.to_owned(), ArchitectureError::Flat { length }));
                }
            },
            LayerSpec::Dense(units) => match shape {
                Shape::Vector(_) if *units == 0 => {
                    return here("", ArchitectureError::Zero { name: "the number of units" });
                }
                Shape::Vector(_) => self.dense(value, *units, name_of(at)),
                Shape::Image(_) => {
                    let shape = shape.to_string();
                    return here("", ArchitectureError::NeedsVector { layer: key, shape });
                }
            },
            LayerSpec::Residual(residual) => self.residual(residual, at, value, branches)?,
            LayerSpec::LayerNorm(norm) => self.norm(Over::Channels, norm.epsilon, at, value)?,
            LayerSpec::BatchNorm(norm) => self.norm(Over::Batch, norm.epsilon, at, value)?,
            LayerSpec::GroupNorm(norm) => {
                let (groups, channels) = (norm.groups, shape.channels());
                if groups == 0 || channels % groups != 0 {
                    return here("/groups", ArchitectureError::Groups { groups, channels });
                }
                self.norm(Over::Groups(groups), norm.epsilon, at, value)?
            }
            // All others are activations.
            _ => value,
        })
    }

    /// The activation as the end of the step that made `value`, or as a step of its own.
    fn activation(&mut self, activation: Activation, value: Value) -> Value {
        if activation == Activation::Linear {
            return value;
        }
        let ends = !self.pinned.contains(&value.0)
            && value.0 == self.steps.len()
            && self.steps.last().is_some_and(|step| step.activation == Activation::Linear);
        let value = if ends { value } else { self.identity(value) };
        if let Some(step) = self.steps.last_mut() {
            step.activation = activation;
        }
        value
    }

    fn convolution(
        &mut self,
        spec: &LayerSpec,
        name: String,
        window: Window,
        (from, shape): Value,
    ) -> Value {
        let (channels, is_local) = match spec {
            LayerSpec::LocallyConnected(conv) => (conv.channels, true),
            LayerSpec::Conv(conv) => (conv.channels, false),
            _ => (0, false),
        };
        let [down, across] = window.output;
        let (k, c) = (window.kernel, window.input[2]);
        let op = if is_local { Op::Local(window) } else { Op::Convolution(window) };
        let output = Shape::Image([down, across, channels]);
        let value = self.step(op, vec![from], [shape, output]);
        let bias = if is_local { output.len() } else { channels };
        let kernel = [k, k, c, channels];
        let weight =
            if is_local { [&[down, across], &kernel[..]].concat() } else { kernel.to_vec() };
        let fans = [window.patch(), (k * k).saturating_mul(channels)];
        let bias = if self.bias { bias } else { 0 };
        self.with_layer(value, LayerShape { name, weight, bias, fans, norm: None })
    }

    fn norm(
        &mut self,
        over: Over,
        epsilon: f64,
        at: &str,
        (from, shape): Value,
    ) -> Result<Value, Located> {
        if !(epsilon.is_finite() && epsilon > 0.0) {
            let key = match over {
                Over::Channels => "layer_norm",
                Over::Groups(_) => "group_norm",
                Over::Batch => "batch_norm",
            };
            let (name, value) = ("epsilon", epsilon.to_string());
            let error = ArchitectureError::Scale { name, value, bound: "above 0" };
            return Err((format!("{at}/{key}/epsilon"), error));
        }
        let (channels, positions) = (shape.channels(), shape.positions());
        let norm = Norm { over, epsilon, positions, channels };
        let value = self.step(Op::Norm(norm), vec![from], [shape, shape]);
        let (weight, fans, norm) = (vec![channels], [1, 1], Some(over));
        let layer = LayerShape { name: name_of(at), weight, bias: channels, fans, norm };
        Ok(self.with_layer(value, layer))
    }

    fn residual(
        &mut self,
        residual: &Residual,
        at: &str,
        value: Value,
        branches: &mut Vec<Vec<LayerSummary>>,
    ) -> Result<Value, Located> {
        let at = format!("{at}/residual");
        let (layers, within, shortcut): (_, _, &[LayerSpec]) = match residual {
            Residual::Layers(layers) => (layers, at.clone(), &[]),
            Residual::Projected(Projected { layers, shortcut }) => {
                (layers, format!("{at}/layers"), shortcut)
            }
        };
        if layers.is_empty() {
            return Err((at, ArchitectureError::NoSummand));
        }
        self.pinned.push(value.0);
        let (sum, of_layers) = self.list(layers, &within, value)?;
        self.pinned.push(sum.0);
        let (other, of_shortcut) = self.list(shortcut, &format!("{at}/shortcut"), value)?;
        branches.extend([of_layers, of_shortcut]);
        if sum.1 != other.1 {
            let (layers, shortcut) = (sum.1.to_string(), other.1.to_string());
            return Err((at, ArchitectureError::Summands { layers, shortcut }));
        }
        Ok(self.step(Op::Sum, vec![sum.0, other.0], [sum.1, sum.1]))
    }
}

/// The windows of a convolution over an image.
fn windows_of(conv: &Conv, image: [usize; 3]) -> Result<Window, (&'static str, ArchitectureError)> {
    let sizes = [
        ("channels", "the number of channels", conv.channels),
        ("kernel", "the kernel's side", conv.kernel),
        ("stride", "the stride", conv.stride),
    ];
    for (field, name, size) in sizes {
        if size == 0 {
            return Err((field, ArchitectureError::Zero { name }));
        }
    }
    Window::new(image, conv.kernel, conv.stride, conv.padding).ok_or_else(|| {
        let shape = Shape::Image(image).to_string();
        ("kernel", ArchitectureError::Window { side: conv.kernel, shape })
    })
}

/// The name of the layer at a JSON Pointer, the same however its residual sum is written.
fn name_of(at: &str) -> String {
    let mut name: Vec<&str> = Vec::new();
    let mut parts = at.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        if part != "residual" {
            name.push(part);
        } else if parts.peek().is_some_and(|next| next.bytes().all(|byte| byte.is_ascii_digit())) {
            name.push("layers");
        }
    }
    name.join(".")
}
