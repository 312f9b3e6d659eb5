//! The network's parameters as dfdx tensors.

use dfdx::prelude::*;
use network::Network;

use crate::loss::Matrix;

/// A vector on dfdx's CPU device whose length is known when the program runs.
pub(crate) type Vector = Tensor<(usize,), f32, Cpu>;

/// The parameters of a network as dfdx keeps them.
pub(crate) struct Model {
    /// Weights (`fan_in × fan_out`) and, where the network has them, biases of every layer.
    pub layers: Vec<(Matrix, Option<Vector>)>,
}

impl Model {
    /// The parameters of `network` on `device`.
    pub fn new(network: &Network<f32>, device: &Cpu) -> Self {
        let layers = network.layers.iter().map(|layer| {
            let shape = (layer.fan_in, layer.fan_out);
            let weight = device.tensor_from_vec(layer.weight.clone(), shape);
            let bias = (!layer.bias.is_empty())
                .then(|| device.tensor_from_vec(layer.bias.clone(), (layer.fan_out,)));
            (weight, bias)
        });
        Self { layers: layers.collect() }
    }
}
