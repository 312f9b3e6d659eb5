//! The network's parameters as dfdx tensors.

use dfdx::prelude::*;
use network::Network;

/// A vector on dfdx's CPU device whose length is known when the program runs.
pub(crate) type Vector = Tensor<(usize,), f32, Cpu>;

/// The parameters of a network as dfdx keeps them.
pub(crate) struct Model {
    /// Weights, row-major, and, where the network has them, biases of every layer.
    pub layers: Vec<(Vector, Option<Vector>)>,
}

impl Model {
    /// The parameters of `network` on `device`.
    pub fn new(network: &Network<f32>, device: &Cpu) -> Self {
        let layers = network.layers.iter().map(|layer| {
            let vector =
                |values: &Vec<f32>| device.tensor_from_vec(values.clone(), (values.len(),));
            let weight = vector(&layer.weight);
            let bias = (!layer.bias.is_empty()).then(|| vector(&layer.bias));
            (weight, bias)
        });
        Self { layers: layers.collect() }
    }
}
