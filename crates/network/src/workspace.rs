//! Outputs and gradients of a network over many rows, without allocation after the first call.

use std::ops::Range;

use rayon::prelude::*;

use crate::activation::Activation;
use crate::block::Block;
use crate::gemm::{Gemm, gemm};
use crate::model::{LayerView, Network};
use crate::scalar::Scalar;

/// Rows of a block: input, output and gradient of a layer of 256 fit the L2 cache together. Longer
/// blocks make Hᵀ B slower, 74 GFLOP/s a core at 512 rows against 87 at 128 (Zen 3), for faer reads
/// H in steps of a whole row; shorter ones make H W slower.
const BLOCK_ROWS: usize = 128;
/// Rows that are worth a lane of their own.
const LANE_ROWS: usize = 256;
/// Most lanes: each holds a gradient of all parameters.
const MOST_LANES: usize = 16;

/// Buffers for the forward and backward pass over a fixed number of rows.
///
/// The rows are cut into lanes, by their number alone; each lane sums its own gradient, block by
/// block, and the lanes are summed in order. So the result has the same bits on any number of
/// threads.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    activation: Activation,
    widths: Vec<usize>,
    rows: usize,
    lanes: Vec<Lane<T>>,
    outputs: Vec<T>,
}

/// A run of rows that one thread works through.
#[derive(Clone, Debug)]
struct Lane<T> {
    blocks: Vec<Block<T>>,
    /// Gradient of each layer's weights and biases over the lane's rows; empty until the first
    /// backward pass, since many networks are only looked at.
    weight_gradients: Vec<Vec<T>>,
    bias_gradients: Vec<Vec<T>>,
    /// Signals at two neighbouring layers.
    signal: Vec<T>,
    before: Vec<T>,
}

/// The rows of each block of each lane; a function of the number of rows alone.
pub(crate) fn lanes(rows: usize) -> Vec<Vec<Range<usize>>> {
    let count = rows.div_ceil(LANE_ROWS).clamp(2, MOST_LANES).min(rows.max(1));
    let lane = |i: usize| {
        let (start, end) = (i * rows / count, (i + 1) * rows / count);
        (start..end).step_by(BLOCK_ROWS).map(|row| row..end.min(row + BLOCK_ROWS)).collect()
    };
    (0..count).map(lane).collect()
}

impl<T: Scalar> Workspace<T> {
    /// Buffers for `rows` rows of a network like `network`.
    #[must_use]
    pub fn new(network: &Network<T>, rows: usize) -> Self {
        let activation = network.architecture.activation;
        let widths = network.architecture.widths(network.input_dim(), network.output_dim());
        let widest = widths.iter().copied().max().unwrap_or(0);
        let lanes = lanes(rows).into_iter().map(|lane| {
            let block =
                |rows: Range<usize>| Block::new(activation, &widths, rows.start, rows.len());
            let blocks: Vec<Block<T>> = lane.into_iter().map(block).collect();
            let most = blocks.iter().map(|block| block.rows).max().unwrap_or(0);
            Lane {
                blocks,
                weight_gradients: Vec::new(),
                bias_gradients: Vec::new(),
                signal: vec![T::zero(); most * widest],
                before: vec![T::zero(); most * widest],
            }
        });
        let lanes = lanes.collect();
        let outputs = vec![T::zero(); rows * network.output_dim()];
        Self { activation, widths, rows, lanes, outputs }
    }

    /// Rows that this workspace is for.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// f_θ of every row of `x` (n × d, row-major): n × o.
    ///
    /// # Panics
    /// Where `x` or `layers` have other shapes than the workspace was made for.
    pub fn forward(&mut self, layers: &[LayerView<'_, T>], x: &[T]) -> &[T] {
        assert_eq!(x.len(), self.rows * self.widths[0], "x has n × d entries");
        let activation = self.activation;
        self.lanes.par_iter_mut().for_each(|lane| {
            for block in &mut lane.blocks {
                block.forward(activation, layers, x);
            }
        });
        let mut filled = 0;
        for block in self.lanes.iter().flat_map(|lane| &lane.blocks) {
            self.outputs[filled..filled + block.outputs.len()].copy_from_slice(&block.outputs);
            filled += block.outputs.len();
        }
        &self.outputs
    }

    /// Gradient of Σ ⟨m, f⟩ by all parameters, for the `x` of the last [`Self::forward`].
    ///
    /// `output_gradient` is m = ∂L/∂f, n × o. The result is read with [`Self::copy_gradient`].
    ///
    /// # Panics
    /// Where a slice has another shape than the workspace was made for.
    pub fn backward(&mut self, layers: &[LayerView<'_, T>], x: &[T], output_gradient: &[T]) {
        assert_eq!(output_gradient.len(), self.outputs.len(), "m has n × o entries");
        let activation = self.activation;
        let (d, o) = (self.widths[0], self.widths[self.widths.len() - 1]);
        self.lanes.par_iter_mut().for_each(|lane| {
            lane.allocate_gradients(layers);
            for b in 0..lane.blocks.len() {
                let (start, rows) = (lane.blocks[b].start, lane.blocks[b].rows);
                let m = &output_gradient[start * o..(start + rows) * o];
                lane.signal[..m.len()].copy_from_slice(m);
                lane.backward_block(activation, layers, x, d, b);
            }
        });
    }

    /// Copies the gradient by one parameter tensor, the weights of layer `layer` or its biases, to
    /// `gradient`.
    ///
    /// # Panics
    /// Where `gradient` has another length than the tensor.
    pub fn copy_gradient(&self, layer: usize, bias: bool, gradient: &mut [T]) {
        /// Entries that a task sums: enough to be worth waking a thread.
        const PART: usize = 16_384;
        gradient.par_chunks_mut(PART).enumerate().for_each(|(part, sum)| {
            let range = part * PART..part * PART + sum.len();
            let mut lanes = self.lanes.iter().map(|lane| {
                let tensors = if bias { &lane.bias_gradients } else { &lane.weight_gradients };
                &tensors[layer][range.clone()]
            });
            // Two at a time: a pass over the sum costs as much as one over a lane.
            match (lanes.next(), lanes.next()) {
                (Some(first), Some(second)) => {
                    for ((s, &a), &b) in sum.iter_mut().zip(first).zip(second) {
                        *s = a + b;
                    }
                }
                (Some(only), None) => sum.copy_from_slice(only),
                _ => sum.fill(T::zero()),
            }
            while let Some(next) = lanes.next() {
                match lanes.next() {
                    Some(after) => {
                        for ((s, &a), &b) in sum.iter_mut().zip(next).zip(after) {
                            *s += a + b;
                        }
                    }
                    None => {
                        for (s, &a) in sum.iter_mut().zip(next) {
                            *s += a;
                        }
                    }
                }
            }
        });
    }

    /// The gradient by all parameters as one vector, W_0, c_0, W_1, …
    #[must_use]
    pub fn gradient(&self) -> Vec<T> {
        let mut all = Vec::new();
        for (l, pair) in self.widths.windows(2).enumerate() {
            for (bias, len) in
                [(false, pair[0] * pair[1]), (true, self.lanes[0].bias_gradients[l].len())]
            {
                let start = all.len();
                all.resize(start + len, T::zero());
                self.copy_gradient(l, bias, &mut all[start..]);
            }
        }
        all
    }
}

impl<T: Scalar> Lane<T> {
    fn allocate_gradients(&mut self, layers: &[LayerView<'_, T>]) {
        if self.weight_gradients.is_empty() {
            let zeros = |values: &[T]| vec![T::zero(); values.len()];
            self.weight_gradients = layers.iter().map(|layer| zeros(layer.weight)).collect();
            self.bias_gradients = layers.iter().map(|layer| zeros(layer.bias)).collect();
        }
    }

    /// Adds block `b`'s part of the gradient; `self.signal` holds ∂L/∂f of its rows.
    fn backward_block(
        &mut self,
        activation: Activation,
        layers: &[LayerView<'_, T>],
        x: &[T],
        d: usize,
        b: usize,
    ) {
        let block = &self.blocks[b];
        let n = block.rows;
        for (l, layer) in layers.iter().enumerate().rev() {
            let signal = &self.signal[..n * layer.fan_out];
            // The first block overwrites what the step before left.
            let accumulate = b > 0;
            let shape = [layer.fan_in, n, layer.fan_out];
            gemm(
                Gemm::LeftTransposed,
                shape,
                layer.weight_scale,
                block.input(l, x, d),
                signal,
                accumulate,
                &mut self.weight_gradients[l],
            );
            let bias = &mut self.bias_gradients[l];
            if !bias.is_empty() {
                if !accumulate {
                    bias.fill(T::zero());
                }
                for row in signal.chunks_exact(layer.fan_out) {
                    for (g, &s) in bias.iter_mut().zip(row) {
                        *g += s * layer.bias_scale;
                    }
                }
            }
            if l > 0 {
                let before = &mut self.before[..n * layer.fan_in];
                block.signal_before(activation, l, layer, signal, before);
                std::mem::swap(&mut self.signal, &mut self.before);
            }
        }
    }
}

impl<T: Scalar> Network<T> {
    /// f_θ of every row of `x` (n × d, row-major): n × o.
    #[must_use]
    pub fn forward(&self, x: &[T]) -> Vec<T> {
        let rows = x.len() / self.input_dim().max(1);
        Workspace::new(self, rows).forward(&self.views(), x).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::activation::tests::ALL;
    use crate::architecture::Architecture;
    use crate::initialization::Initialization;

    /// The network written straight from its formula, one row at a time.
    pub fn plain_forward(network: &Network<f64>, x: &[f64]) -> Vec<f64> {
        let mut h = x.to_vec();
        for (l, layer) in network.layers.iter().enumerate() {
            let z = (0..layer.fan_out).map(|j| {
                let sum: f64 =
                    (0..layer.fan_in).map(|i| h[i] * layer.weight[i * layer.fan_out + j]).sum();
                let shift = layer.bias.get(j).map_or(0.0, |c| c * layer.bias_scale);
                let z = sum * layer.weight_scale + shift;
                let last = l + 1 == network.layers.len();
                if last { z } else { network.architecture.activation.value(z) }
            });
            h = z.collect();
        }
        h
    }

    fn network(
        hidden: &[usize],
        activation: usize,
        bias: bool,
        ntk: bool,
        d: usize,
        o: usize,
    ) -> Network<f64> {
        let init = if ntk {
            Initialization::Ntk { weight_std: 1.3, bias_std: 0.4 }
        } else {
            Initialization::Lecun
        };
        let architecture =
            Architecture { hidden: hidden.to_vec(), activation: ALL[activation], init, bias };
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut network = Network::initialize(&architecture, d, o, &mut random);
        for layer in &mut network.layers {
            for (i, c) in layer.bias.iter_mut().enumerate() {
                *c += 0.1 * (i as f64 + 1.0).sin();
            }
        }
        network
    }

    fn inputs(n: usize, d: usize) -> Vec<f64> {
        (0..n * d).map(|i| ((i * 37 % 101) as f64 / 50.0 - 1.0) + 1e-3).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn outputs_equal_the_formula_and_gradients_finite_differences(
            hidden in prop::collection::vec(1_usize..7, 1..4),
            activation in 0_usize..10, bias: bool, ntk: bool,
            d in 1_usize..4, o in 1_usize..4, n in prop::sample::select(vec![1_usize, 2, 3, 300, 777]),
        ) {
            let network = network(&hidden, activation, bias, ntk, d, o);
            let x = inputs(n, d);
            let mut workspace = Workspace::new(&network, n);
            let outputs = workspace.forward(&network.views(), &x).to_vec();
            for i in 0..n {
                let expected = plain_forward(&network, &x[i * d..(i + 1) * d]);
                for a in 0..o {
                    prop_assert!((outputs[i * o + a] - expected[a]).abs() <= 1e-12 * (1.0 + expected[a].abs()));
                }
            }
            let m: Vec<f64> = (0..n * o).map(|i| ((i * 13 % 7) as f64 - 3.0) / n as f64).collect();
            // Twice: what the first pass left must not stay.
            workspace.backward(&network.views(), &x, &m);
            workspace.backward(&network.views(), &x, &m);
            let gradient = workspace.gradient();
            prop_assert_eq!(gradient.len(), network.parameter_count());
            // A random direction: ⟨∇, v⟩ against a central difference of Σ m f.
            let v: Vec<f64> = (0..gradient.len()).map(|i| ((i * 29 % 17) as f64 - 8.0) / 8.0).collect();
            let along = |step: f64| -> f64 {
                let mut moved = network.clone();
                let mut at = 0;
                for (_, tensor) in moved.tensors_mut() {
                    for p in tensor {
                        *p += step * v[at];
                        at += 1;
                    }
                }
                moved.forward(&x).iter().zip(&m).map(|(f, m)| f * m).sum()
            };
            let step = 1e-6;
            let difference = (along(step) - along(-step)) / (2.0 * step);
            let product: f64 = gradient.iter().zip(&v).map(|(g, v)| g * v).sum();
            let size: f64 = gradient.iter().map(|g| g.abs()).sum::<f64>() + 1.0;
            // A relu may cross its kink within the step in a few rows: 1e-4 of the gradient's size.
            prop_assert!((product - difference).abs() <= 1e-4 * size, "{product} against {difference}");
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let network: Network<f32> = network(&[33, 17], 1, true, false, 2, 1).cast();
        let x: Vec<f32> = inputs(1500, 2).iter().map(|&v| v as f32).collect();
        let m: Vec<f32> = (0..1500).map(|i| (i as f32).sin()).collect();
        let gradient = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| {
                let mut workspace = Workspace::new(&network, 1500);
                workspace.forward(&network.views(), &x);
                workspace.backward(&network.views(), &x, &m);
                workspace.gradient().iter().map(|g| g.to_bits()).collect::<Vec<_>>()
            })
        };
        assert_eq!(gradient(1), gradient(2));
        assert_eq!(gradient(1), gradient(5));
    }
}
