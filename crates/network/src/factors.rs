//! The matrices of which gradients of single samples are made.

use rayon::prelude::*;

use crate::block::Block;
use crate::model::Network;
use crate::scalar::Scalar;

/// Rows that one task sends through the network.
const BLOCK_ROWS: usize = 256;

/// Which output is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputSignal {
    /// Each output by itself: one family of signals an output.
    Each,
    /// The sum of all outputs.
    Sum,
}

/// Inputs and signals of every layer: the gradient of output a at sample i by (W_l, c_l) is the
/// outer product of row i of H_l (with a 1 for the bias) and row i of B_l^a.
#[derive(Clone, Debug)]
pub struct Factors<T> {
    /// n, the samples.
    pub rows: usize,
    /// One entry a layer.
    pub layers: Vec<LayerFactors<T>>,
}

/// Inputs and signals of one layer.
#[derive(Clone, Debug)]
pub struct LayerFactors<T> {
    /// Width of H.
    pub fan_in: usize,
    /// Width of B.
    pub fan_out: usize,
    /// H_l, n × fan_in.
    pub inputs: Vec<T>,
    /// B_l^a, n × fan_out, one for each differentiated output.
    pub signals: Vec<Vec<T>>,
    /// s_w², the factor of H Hᵀ in the kernel.
    pub weight_factor: T,
    /// s_b² where the layer has biases, 0 where not: the factor of 1 1ᵀ.
    pub bias_factor: T,
}

impl<T: Scalar> Factors<T> {
    /// The factors of `network` at the rows of `x`, n × d.
    ///
    /// Source: the structured derivatives of Novak, Sohl-Dickstein & Schoenholz 2022
    /// (2206.08720), section 3.3, for fully connected layers.
    #[must_use]
    pub fn new(network: &Network<T>, x: &[T], signal: OutputSignal) -> Self {
        let d = network.input_dim();
        let rows = x.len() / d.max(1);
        let starts: Vec<usize> = (0..rows).step_by(BLOCK_ROWS).collect();
        let parts: Vec<Self> = starts
            .into_par_iter()
            .map(|start| Self::of_block(network, x, signal, start, BLOCK_ROWS.min(rows - start)))
            .collect();
        let mut all = Self::of_block(network, x, signal, 0, 0);
        all.rows = rows;
        for part in parts {
            for (layer, new) in all.layers.iter_mut().zip(part.layers) {
                layer.inputs.extend(new.inputs);
                for (signals, new) in layer.signals.iter_mut().zip(new.signals) {
                    signals.extend(new);
                }
            }
        }
        all
    }

    fn of_block(
        network: &Network<T>,
        x: &[T],
        signal: OutputSignal,
        start: usize,
        rows: usize,
    ) -> Self {
        let views = network.views();
        let activation = network.architecture.activation;
        let (d, o) = (network.input_dim(), network.output_dim());
        let widths = network.architecture.widths(d, o);
        let mut block = Block::new(activation, &widths, start, rows);
        if rows > 0 {
            block.forward(activation, &views, x);
        }
        let mut layers: Vec<LayerFactors<T>> = network
            .layers
            .iter()
            .enumerate()
            .map(|(l, layer)| LayerFactors {
                fan_in: layer.fan_in,
                fan_out: layer.fan_out,
                inputs: block.input(l, x, d).to_vec(),
                signals: Vec::new(),
                weight_factor: layer.weight_scale * layer.weight_scale,
                bias_factor: if layer.bias.is_empty() {
                    T::zero()
                } else {
                    layer.bias_scale * layer.bias_scale
                },
            })
            .collect();
        let seeds: Vec<Vec<T>> = match signal {
            OutputSignal::Sum => vec![vec![T::one(); rows * o]],
            OutputSignal::Each => (0..o)
                .map(|a| {
                    (0..rows * o).map(|e| if e % o == a { T::one() } else { T::zero() }).collect()
                })
                .collect(),
        };
        for seed in seeds {
            let mut current = seed;
            for l in (0..layers.len()).rev() {
                let mut before = Vec::new();
                if l > 0 {
                    before = vec![T::zero(); rows * layers[l].fan_in];
                    if rows > 0 {
                        block.signal_before(activation, l, &views[l], &current, &mut before);
                    }
                }
                layers[l].signals.push(current);
                current = before;
            }
        }
        Self { rows, layers }
    }
}
