//! A network with its parameters.

use rand::Rng;

use crate::architecture::Architecture;
use crate::scalar::Scalar;

/// One fully connected layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<T> {
    /// Width of its input.
    pub fan_in: usize,
    /// Width of its output.
    pub fan_out: usize,
    /// W, `fan_in × fan_out`, row-major.
    pub weight: Vec<T>,
    /// c, `fan_out` entries, or none without biases.
    pub bias: Vec<T>,
    /// s_w, by which h W is multiplied.
    pub weight_scale: T,
    /// s_b, by which c is multiplied.
    pub bias_scale: T,
}

/// A fully connected network with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    /// What it is.
    pub architecture: Architecture,
    /// Its layers, from the input on.
    pub layers: Vec<Layer<T>>,
}

impl<T: Scalar> Network<T> {
    /// A network with parameters drawn as its architecture says.
    ///
    /// Draws in f64 and rounds, so that f32 and f64 networks of one seed agree.
    pub fn initialize(
        architecture: &Architecture,
        input_dim: usize,
        output_dim: usize,
        random: &mut impl Rng,
    ) -> Self {
        let init = architecture.init;
        let mut network = Self::zeros(architecture, input_dim, output_dim);
        for layer in &mut network.layers {
            let weights = init.weights(layer.fan_in, layer.fan_out, random);
            layer.weight = weights.into_iter().map(T::of).collect();
            if !layer.bias.is_empty() {
                let biases = init.biases(layer.fan_out, random);
                layer.bias = biases.into_iter().map(T::of).collect();
            }
        }
        network
    }

    /// A network whose parameters are all 0, to be filled.
    #[must_use]
    pub fn zeros(architecture: &Architecture, input_dim: usize, output_dim: usize) -> Self {
        let widths = architecture.widths(input_dim, output_dim);
        let layers = widths.windows(2).map(|pair| Layer {
            fan_in: pair[0],
            fan_out: pair[1],
            weight: vec![T::zero(); pair[0] * pair[1]],
            bias: vec![T::zero(); if architecture.bias { pair[1] } else { 0 }],
            weight_scale: T::of(architecture.init.weight_scale(pair[0])),
            bias_scale: T::of(architecture.init.bias_scale()),
        });
        Self { architecture: architecture.clone(), layers: layers.collect() }
    }

    /// d.
    #[must_use]
    pub fn input_dim(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.fan_in)
    }

    /// o.
    #[must_use]
    pub fn output_dim(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.fan_out)
    }

    /// P.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum()
    }

    /// All parameter tensors in order, W_0, c_0, W_1, …: name, shape, entries.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>, &[T])> {
        self.layers.iter().enumerate().flat_map(|(l, layer)| {
            let weight = (
                format!("layers.{l}.weight"),
                vec![layer.fan_in, layer.fan_out],
                layer.weight.as_slice(),
            );
            let bias = (!layer.bias.is_empty())
                .then(|| (format!("layers.{l}.bias"), vec![layer.fan_out], layer.bias.as_slice()));
            std::iter::once(weight).chain(bias)
        })
    }

    /// The same tensors, to be written to.
    pub fn tensors_mut(&mut self) -> impl Iterator<Item = (String, &mut [T])> {
        self.layers.iter_mut().enumerate().flat_map(|(l, layer)| {
            let weight = (format!("layers.{l}.weight"), layer.weight.as_mut_slice());
            let bias = (!layer.bias.is_empty())
                .then(|| (format!("layers.{l}.bias"), layer.bias.as_mut_slice()));
            std::iter::once(weight).chain(bias)
        })
    }

    /// The same network in another precision.
    #[must_use]
    pub fn cast<U: Scalar>(&self) -> Network<U> {
        let cast = |values: &[T]| values.iter().map(|v| U::of(v.wide())).collect();
        let layers = self.layers.iter().map(|layer| Layer {
            fan_in: layer.fan_in,
            fan_out: layer.fan_out,
            weight: cast(&layer.weight),
            bias: cast(&layer.bias),
            weight_scale: U::of(layer.weight_scale.wide()),
            bias_scale: U::of(layer.bias_scale.wide()),
        });
        Network { architecture: self.architecture.clone(), layers: layers.collect() }
    }
}

/// A layer whose parameters lie elsewhere, as in the tensors of a training framework.
#[derive(Clone, Copy, Debug)]
pub struct LayerView<'a, T> {
    /// Width of its input.
    pub fan_in: usize,
    /// Width of its output.
    pub fan_out: usize,
    /// W, `fan_in × fan_out`, row-major.
    pub weight: &'a [T],
    /// c, `fan_out` entries, or none without biases.
    pub bias: &'a [T],
    /// s_w, by which h W is multiplied.
    pub weight_scale: T,
    /// s_b, by which c is multiplied.
    pub bias_scale: T,
}

impl<T: Scalar> Network<T> {
    /// Views of all layers.
    #[must_use]
    pub fn views(&self) -> Vec<LayerView<'_, T>> {
        self.layers.iter().map(Layer::view).collect()
    }
}

impl<T: Scalar> Layer<T> {
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
        }
    }
}
