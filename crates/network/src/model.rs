//! A network with its parameters.

use std::sync::Arc;

use rand::Rng;

use crate::architecture::{Architecture, ArchitectureError};
use crate::program::Program;
use crate::scalar::Scalar;
use crate::shape::Shape;

/// The parameters of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<T> {
    /// Its place: `layers.0`, within a residual sum `layers.2.layers.0` or `layers.2.shortcut.0`.
    pub name: String,
    /// Inputs of a unit, of a convolution k² c, and outputs that an input meets, k² c'.
    pub fans: [usize; 2],
    /// Whether it is a norm, with γ and β in place of weights and biases.
    pub is_norm: bool,
    /// Inputs of a unit: of a convolution k² c.
    pub fan_in: usize,
    /// Units of a dense layer, channels of a convolution.
    pub fan_out: usize,
    /// Shape of the weights: of a dense layer `[inputs, units]`, of a convolution `[k, k, c, c']`, of a
    /// locally connected layer `[rows, columns, k, k, c, c']`, of a norm `[c]`.
    pub shape: Vec<usize>,
    /// W, row-major; of a norm γ.
    pub weight: Vec<T>,
    /// c, an entry a unit, or none without biases; of a norm β.
    pub bias: Vec<T>,
    /// s_w, by which h W is multiplied.
    pub weight_scale: T,
    /// s_b, by which c is multiplied.
    pub bias_scale: T,
    /// Mean and variance of each channel that a batch norm uses away from training; else empty.
    pub statistics: [Vec<T>; 2],
}

/// A network with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    /// What it is.
    pub architecture: Architecture,
    /// How it is computed.
    program: Arc<Program>,
    /// Its layers that have parameters, from the input on.
    pub layers: Vec<Layer<T>>,
}

impl<T: Scalar> Network<T> {
    /// A network with parameters drawn as its architecture says.
    ///
    /// Draws in f64 and rounds, so that f32 and f64 networks of one seed agree.
    ///
    /// # Errors
    /// Where the architecture does not fit the data, as [`Program::new`] says it.
    pub fn initialize(
        architecture: &Architecture,
        input: impl Into<Shape>,
        outputs: usize,
        random: &mut impl Rng,
    ) -> Result<Self, ArchitectureError> {
        let init = architecture.init;
        let mut network = Self::zeros(architecture, input, outputs)?;
        let program = Arc::clone(&network.program);
        for (layer, shape) in network.layers.iter_mut().zip(&program.layers) {
            if shape.norm.is_some() {
                layer.weight.fill(T::one());
                layer.statistics[1].fill(T::one());
                continue;
            }
            let weights = init.weights(layer.weight.len(), shape.fans, random);
            layer.weight = weights.into_iter().map(T::of).collect();
            if !layer.bias.is_empty() {
                let biases = init.biases(layer.bias.len(), random);
                layer.bias = biases.into_iter().map(T::of).collect();
            }
        }
        Ok(network)
    }

    /// A network whose parameters are all 0, to be filled.
    ///
    /// # Errors
    /// Where the architecture does not fit the data.
    pub fn zeros(
        architecture: &Architecture,
        input: impl Into<Shape>,
        outputs: usize,
    ) -> Result<Self, ArchitectureError> {
        let program =
            Program::new(architecture, input.into(), outputs).map_err(|(_, error)| error)?;
        let layers = program.layers.iter().map(|shape| {
            let (init, is_norm) = (architecture.init, shape.norm.is_some());
            let [fan_in, _] = shape.fans;
            let scale = |scale: f64| if is_norm { T::one() } else { T::of(scale) };
            let channels =
                if shape.norm == Some(crate::normalization::Over::Batch) { shape.bias } else { 0 };
            Layer {
                name: shape.name.clone(),
                fans: shape.fans,
                is_norm,
                fan_in,
                fan_out: shape.weight.last().copied().unwrap_or(0),
                shape: shape.weight.clone(),
                weight: vec![T::zero(); shape.weights()],
                bias: vec![T::zero(); shape.bias],
                weight_scale: scale(init.weight_scale(fan_in)),
                bias_scale: scale(init.bias_scale()),
                statistics: [vec![T::zero(); channels], vec![T::zero(); channels]],
            }
        });
        let layers = layers.collect();
        Ok(Self { architecture: architecture.clone(), program: Arc::new(program), layers })
    }

    /// How it is computed.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// d.
    #[must_use]
    pub fn input_dim(&self) -> usize {
        self.program.input.len()
    }

    /// o.
    #[must_use]
    pub fn output_dim(&self) -> usize {
        self.program.outputs
    }

    /// P.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum()
    }

    /// All parameter tensors in order, W_0, c_0, W_1, …: name, shape, entries.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>, &[T])> {
        self.layers.iter().flat_map(|layer| {
            let weight = Some(("weight", layer.shape.clone(), layer.weight.as_slice()));
            let bias = (!layer.bias.is_empty())
                .then(|| ("bias", layer.bias_shape(), layer.bias.as_slice()));
            let named = |(part, shape, values)| (format!("{}.{part}", layer.name), shape, values);
            [weight, bias].into_iter().flatten().map(named)
        })
    }

    /// The same tensors, to be written to.
    pub fn tensors_mut(&mut self) -> impl Iterator<Item = (String, &mut [T])> {
        self.layers.iter_mut().flat_map(|layer| {
            let tensors = [("weight", &mut layer.weight), ("bias", &mut layer.bias)];
            filled(&layer.name, tensors)
        })
    }

    /// What batch norms use away from training, which is no parameter, `….mean` and `….variance`: name
    /// and an entry a channel.
    pub fn statistics(&self) -> impl Iterator<Item = (String, &[T])> {
        self.layers.iter().flat_map(|layer| {
            let named = ["mean", "variance"].into_iter().zip(&layer.statistics);
            let filled = named.filter(|(_, values)| !values.is_empty());
            filled.map(|(part, values)| (format!("{}.{part}", layer.name), values.as_slice()))
        })
    }

    /// The same, to be written to.
    pub fn statistics_mut(&mut self) -> impl Iterator<Item = (String, &mut [T])> {
        self.layers.iter_mut().flat_map(|layer| {
            let [mean, variance] = &mut layer.statistics;
            filled(&layer.name, [("mean", mean), ("variance", variance)])
        })
    }

    /// The same network in another precision.
    #[must_use]
    pub fn cast<U: Scalar>(&self) -> Network<U> {
        let cast = |values: &[T]| values.iter().map(|v| U::of(v.wide())).collect();
        let layers = self.layers.iter().map(|layer| Layer {
            name: layer.name.clone(),
            fans: layer.fans,
            is_norm: layer.is_norm,
            fan_in: layer.fan_in,
            fan_out: layer.fan_out,
            shape: layer.shape.clone(),
            weight: cast(&layer.weight),
            bias: cast(&layer.bias),
            weight_scale: U::of(layer.weight_scale.wide()),
            bias_scale: U::of(layer.bias_scale.wide()),
            statistics: [cast(&layer.statistics[0]), cast(&layer.statistics[1])],
        });
        let layers = layers.collect();
        Network {
            architecture: self.architecture.clone(),
            program: Arc::clone(&self.program),
            layers,
        }
    }
}

/// A layer whose parameters lie elsewhere, as in the tensors of a training framework.
#[derive(Clone, Copy, Debug)]
pub struct LayerView<'a, T> {
    /// Inputs of a unit.
    pub fan_in: usize,
    /// Units of a dense layer, channels of a convolution.
    pub fan_out: usize,
    /// W, row-major; of a norm γ.
    pub weight: &'a [T],
    /// c, an entry a unit, or none without biases; of a norm β.
    pub bias: &'a [T],
    /// s_w, by which h W is multiplied.
    pub weight_scale: T,
    /// s_b, by which c is multiplied.
    pub bias_scale: T,
    /// Mean and variance of a batch norm away from training.
    pub statistics: [&'a [T]; 2],
}

impl<T: Scalar> Network<T> {
    /// Views of all layers.
    #[must_use]
    pub fn views(&self) -> Vec<LayerView<'_, T>> {
        self.layers.iter().map(Layer::view).collect()
    }
}

/// Those of a layer's tensors that have entries, with their full names.
fn filled<'a, T>(
    layer: &str,
    tensors: [(&str, &'a mut Vec<T>); 2],
) -> impl Iterator<Item = (String, &'a mut [T])> + use<'a, T> {
    let filled = tensors.into_iter().filter(|(_, values)| !values.is_empty());
    let named = filled.map(|(part, values)| (format!("{layer}.{part}"), values.as_mut_slice()));
    named.collect::<Vec<_>>().into_iter()
}

impl<T: Scalar> Layer<T> {
    /// Shape of the biases: of a locally connected layer `[rows, columns, c']`.
    fn bias_shape(&self) -> Vec<usize> {
        match self.shape[..] {
            [rows, columns, _, _, _, channels] => vec![rows, columns, channels],
            _ => vec![self.bias.len()],
        }
    }

    /// A view of this layer.
    #[must_use]
    pub fn view(&self) -> LayerView<'_, T> {
        LayerView {
            fan_in: self.fan_in,
            fan_out: self.fan_out,
            weight: &self.weight,
            bias: &self.bias,
            weight_scale: self.weight_scale,
            bias_scale: self.bias_scale,
            statistics: [&self.statistics[0], &self.statistics[1]],
        }
    }
}
