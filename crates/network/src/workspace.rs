//! Outputs and gradients of a network over many rows, without allocation after the first call.

use std::ops::Range;

use rayon::prelude::*;

use crate::activation::Activation;
use crate::block::Block;
use crate::gemm::{Gemm, gemm, gemm_columns};
use crate::loops::add_rows;
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
/// Rows up to which the signals of all layers are kept, so that each part of the gradient is computed
/// once, over all rows: there a gradient is larger than all that it is made of, and to sum one a lane,
/// as many rows want it, costs more than the products (64 rows of 5 × 256: a fifth of the step).
const FEW_ROWS: usize = 2 * BLOCK_ROWS;
/// Entries of a gradient that a task computes or sums: enough to be worth waking a thread.
const PART: usize = 16_384;

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
    /// Signals at the pre-activations of each layer, n × fan_out; with many rows at two neighbouring
    /// layers of a block, by turns.
    signals: Vec<Vec<T>>,
    /// Gradient of each layer's weights and biases over the lane's rows; empty with few rows, and
    /// until the first backward pass, since many networks are only looked at.
    weight_gradients: Vec<Vec<T>>,
    bias_gradients: Vec<Vec<T>>,
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
        let lanes = lanes(rows).into_iter().map(|lane| {
            let block =
                |rows: Range<usize>| Block::new(activation, &widths, rows.start, rows.len());
            let blocks: Vec<Block<T>> = lane.into_iter().map(block).collect();
            let most = blocks.iter().map(|block| block.rows).max().unwrap_or(0);
            let signal = |width: usize| vec![T::zero(); most * width];
            let signals = if rows <= FEW_ROWS {
                widths[1..].iter().map(|&width| signal(width)).collect()
            } else {
                let widest = widths.iter().copied().max().unwrap_or(0);
                vec![signal(widest), signal(widest)]
            };
            Lane { blocks, signals, weight_gradients: Vec::new(), bias_gradients: Vec::new() }
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

    /// Sends m = ∂L/∂f (`output_gradient`, n × o) back through all layers, for the `x` of the last
    /// [`Self::forward`].
    ///
    /// The gradient of Σ ⟨m, f⟩ by the parameters is read with [`Self::write_weight_gradient`]
    /// and [`Self::write_bias_gradient`].
    ///
    /// # Panics
    /// Where a slice has another shape than the workspace was made for.
    pub fn backward(&mut self, layers: &[LayerView<'_, T>], x: &[T], output_gradient: &[T]) {
        assert_eq!(output_gradient.len(), self.outputs.len(), "m has n × o entries");
        let (activation, few) = (self.activation, self.rows <= FEW_ROWS);
        let o = self.widths[self.widths.len() - 1];
        self.lanes.par_iter_mut().for_each(|lane| {
            for b in 0..lane.blocks.len() {
                let (start, rows) = (lane.blocks[b].start, lane.blocks[b].rows);
                let m = &output_gradient[start * o..(start + rows) * o];
                if few {
                    lane.keep_signals(activation, layers, m);
                } else {
                    lane.add_gradient(activation, layers, x, m, b);
                }
            }
        });
    }

    /// Writes the gradient by the weights of layer `l` to `weight`, fan_in × fan_out, for the `x` and the
    /// m of the last [`Self::backward`].
    ///
    /// # Panics
    /// Where a slice has another length than its shape says.
    pub fn write_weight_gradient(
        &self,
        l: usize,
        layer: &LayerView<'_, T>,
        x: &[T],
        weight: &mut [T],
    ) {
        assert_eq!(weight.len(), layer.weight.len(), "the gradient by W has its shape");
        if self.rows > FEW_ROWS {
            return self.sum_lanes(|lane| &lane.weight_gradients[l], weight);
        }
        let d = self.widths[0];
        let each = PART.div_ceil(layer.fan_out).min(layer.fan_in);
        weight.par_chunks_mut(each * layer.fan_out).enumerate().for_each(|(part, gradient)| {
            let columns = part * each..part * each + gradient.len() / layer.fan_out;
            for (at, (block, signal)) in self.kept_signals(l, layer).enumerate() {
                let sides = [(block.input(l, x, d), layer.fan_in), (signal, layer.fan_out)];
                gemm_columns(sides, columns.clone(), layer.weight_scale, at > 0, gradient);
            }
        });
    }

    /// Writes the gradient by the biases of layer `l` to `bias`, as [`Self::write_weight_gradient`]
    /// does for its weights; without biases `bias` is empty.
    ///
    /// # Panics
    /// Where `bias` has another length than the layer's.
    pub fn write_bias_gradient(&self, l: usize, layer: &LayerView<'_, T>, bias: &mut [T]) {
        assert_eq!(bias.len(), layer.bias.len(), "the gradient by c has its shape");
        if self.rows > FEW_ROWS {
            return self.sum_lanes(|lane| &lane.bias_gradients[l], bias);
        }
        bias.fill(T::zero());
        for (_, signal) in self.kept_signals(l, layer) {
            add_bias_gradient(signal, layer, bias);
        }
    }

    /// With few rows each block and its signals at layer `l`.
    fn kept_signals(
        &self,
        l: usize,
        layer: &LayerView<'_, T>,
    ) -> impl Iterator<Item = (&Block<T>, &[T])> {
        let fan_out = layer.fan_out;
        self.lanes.iter().map(move |lane| {
            let block = &lane.blocks[0];
            (block, &lane.signals[l][..block.rows * fan_out])
        })
    }

    /// Writes the sum of a tensor over all lanes, in their order.
    fn sum_lanes<'a>(&'a self, tensor: impl Fn(&'a Lane<T>) -> &'a Vec<T> + Sync, sum: &mut [T]) {
        sum.par_chunks_mut(PART).enumerate().for_each(|(part, sum)| {
            let range = part * PART..part * PART + sum.len();
            let mut lanes = self.lanes.iter().map(|lane| &tensor(lane)[range.clone()]);
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

    /// The gradient by all parameters as one vector, W_0, c_0, W_1, …, for the `layers` and the `x` of
    /// the last [`Self::backward`].
    #[must_use]
    pub fn gradient(&self, layers: &[LayerView<'_, T>], x: &[T]) -> Vec<T> {
        let entries = |layer: &LayerView<'_, T>| layer.weight.len() + layer.bias.len();
        let mut all = vec![T::zero(); layers.iter().map(entries).sum()];
        let mut rest = all.as_mut_slice();
        for (l, layer) in layers.iter().enumerate() {
            let (mine, after) = rest.split_at_mut(entries(layer));
            let (weight, bias) = mine.split_at_mut(layer.weight.len());
            self.write_weight_gradient(l, layer, x, weight);
            self.write_bias_gradient(l, layer, bias);
            rest = after;
        }
        all
    }
}

impl<T: Scalar> Lane<T> {
    /// Computes the signals of all layers from m of the lane's only block.
    fn keep_signals(&mut self, activation: Activation, layers: &[LayerView<'_, T>], m: &[T]) {
        let Self { blocks, signals, .. } = self;
        let (block, last) = (&blocks[0], layers.len() - 1);
        signals[last][..m.len()].copy_from_slice(m);
        for l in (1..layers.len()).rev() {
            let (earlier, later) = signals.split_at_mut(l);
            let signal = &later[0][..block.rows * layers[l].fan_out];
            let before = &mut earlier[l - 1][..block.rows * layers[l].fan_in];
            block.signal_before(activation, l, &layers[l], signal, before);
        }
    }

    /// Adds the gradient of block `b` to the lane's, from m of its rows.
    fn add_gradient(
        &mut self,
        activation: Activation,
        layers: &[LayerView<'_, T>],
        x: &[T],
        m: &[T],
        b: usize,
    ) {
        self.allocate_gradients(layers);
        let block = &self.blocks[b];
        let (n, d) = (block.rows, layers[0].fan_in);
        let [signal, before] = self.signals.as_mut_slice() else { return };
        let (mut signal, mut before) = (signal, before);
        signal[..m.len()].copy_from_slice(m);
        for (l, layer) in layers.iter().enumerate().rev() {
            let here = &signal[..n * layer.fan_out];
            // The first block overwrites what the step before left.
            let accumulate = b > 0;
            let shape = [layer.fan_in, n, layer.fan_out];
            gemm(
                Gemm::LeftTransposed,
                shape,
                layer.weight_scale,
                block.input(l, x, d),
                here,
                accumulate,
                &mut self.weight_gradients[l],
            );
            let bias = &mut self.bias_gradients[l];
            if !accumulate {
                bias.fill(T::zero());
            }
            add_bias_gradient(here, layer, bias);
            if l > 0 {
                let to = &mut before[..n * layer.fan_in];
                block.signal_before(activation, l, layer, here, to);
                std::mem::swap(&mut signal, &mut before);
            }
        }
    }

    fn allocate_gradients(&mut self, layers: &[LayerView<'_, T>]) {
        if self.weight_gradients.is_empty() {
            let zeros = |values: &[T]| vec![T::zero(); values.len()];
            self.weight_gradients = layers.iter().map(|layer| zeros(layer.weight)).collect();
            self.bias_gradients = layers.iter().map(|layer| zeros(layer.bias)).collect();
        }
    }
}

/// Adds s_b times the sum of `signal` over its rows to `bias`, which is empty without biases.
fn add_bias_gradient<T: Scalar>(signal: &[T], layer: &LayerView<'_, T>, bias: &mut [T]) {
    if !bias.is_empty() {
        add_rows(signal, layer.bias_scale, bias);
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
            d in 1_usize..4, o in 1_usize..4, n in prop::sample::select(vec![1_usize, 2, 3, 64, 256, 257, 777]),
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
            let gradient = workspace.gradient(&network.views(), &x);
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
                workspace
                    .gradient(&network.views(), &x)
                    .iter()
                    .map(|g| g.to_bits())
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(gradient(1), gradient(2));
        assert_eq!(gradient(1), gradient(5));
    }
}
