//! Forward and backward through all layers for one block of rows that stays in cache.

use crate::activation::Activation;
use crate::gemm::{Gemm, gemm};
use crate::model::LayerView;
use crate::scalar::Scalar;

/// What a block of rows leaves behind on its way forward.
#[derive(Clone, Debug)]
pub(crate) struct Block<T> {
    /// First row of the block.
    pub start: usize,
    /// Rows of the block, n.
    pub rows: usize,
    /// h_1 … h_{L−1}: what each hidden layer gives, n × w each.
    pub values: Vec<Vec<T>>,
    /// φ'(z) of each hidden layer, n × w; empty where it follows from the values.
    pub slopes: Vec<Vec<T>>,
    /// f, n × o.
    pub outputs: Vec<T>,
}

impl<T: Scalar> Block<T> {
    /// Buffers for `rows` rows of a network with layer widths `widths` = `[d, hidden…, o]`.
    pub fn new(activation: Activation, widths: &[usize], start: usize, rows: usize) -> Self {
        let hidden = &widths[1..widths.len() - 1];
        let matrices = |needed: bool| {
            hidden.iter().map(|w| vec![T::zero(); if needed { rows * w } else { 0 }]).collect()
        };
        Self {
            start,
            rows,
            values: matrices(true),
            slopes: matrices(!activation.slope_needs_only_value()),
            outputs: vec![T::zero(); rows * widths[widths.len() - 1]],
        }
    }

    /// Runs the block's rows of `x` (all rows, n × d) through the network.
    pub fn forward(&mut self, activation: Activation, layers: &[LayerView<'_, T>], x: &[T]) {
        let n = self.rows;
        let d = layers[0].fan_in;
        let x = &x[self.start * d..(self.start + n) * d];
        let mut shift = Vec::new();
        for (l, layer) in layers.iter().enumerate() {
            let (before, from) = self.values.split_at_mut(l);
            let input = before.last().map_or(x, Vec::as_slice);
            let last = l + 1 == layers.len();
            let result = if last { &mut self.outputs } else { &mut from[0] };
            let shape = [n, layer.fan_in, layer.fan_out];
            gemm(Gemm::Plain, shape, layer.weight_scale, input, layer.weight, false, result);
            shift.clear();
            shift.extend(layer.bias.iter().map(|&c| c * layer.bias_scale));
            let (function, slopes) = if last {
                (Activation::Linear, &mut [][..])
            } else {
                (activation, self.slopes[l].as_mut_slice())
            };
            function.apply(result, layer.fan_out, &shift, slopes);
        }
    }

    /// The input of layer `l` for this block.
    pub fn input<'a>(&'a self, l: usize, x: &'a [T], d: usize) -> &'a [T] {
        match l.checked_sub(1) {
            Some(hidden) => &self.values[hidden],
            None => &x[self.start * d..(self.start + self.rows) * d],
        }
    }

    /// From the signal at the pre-activation of `layer` = layer l ≥ 1, n × fan_out, the signal
    /// at the pre-activation of layer l − 1, n × fan_in: (S W ᵀ s_w) ∘ φ'.
    pub fn signal_before(
        &self,
        activation: Activation,
        l: usize,
        layer: &LayerView<'_, T>,
        signal: &[T],
        before: &mut [T],
    ) {
        let shape = [self.rows, layer.fan_out, layer.fan_in];
        let scale = layer.weight_scale;
        gemm(Gemm::RightTransposed, shape, scale, signal, layer.weight, false, before);
        activation.backpropagate(before, &self.values[l - 1], &self.slopes[l - 1]);
    }
}
