//! Outputs and gradients of a network over many rows, without allocation after the first call.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::convolution::{self, Turned};
use crate::gemm::{Gemm, gemm, gemm_columns};
use crate::lane::{Lane, Receiver, Setting};
use crate::local;
use crate::loops::add_rows;
use crate::model::{LayerView, Network};
use crate::normalization::{Moments, Norm, add_gradient};
use crate::program::{Op, Program, Step};
use crate::scalar::Scalar;

/// Rows that are worth a lane of their own.
const LANE_ROWS: usize = 256;
/// The same of images.
const LANE_IMAGES: usize = 4;
/// Most lanes: each holds a gradient of all parameters.
const MOST_LANES: usize = 16;
/// Numbers that the gradients of all lanes may have together, beyond those of two.
const LANE_NUMBERS: usize = 1 << 26;
/// Rows up to which the signals of all dense layers are kept, so that each part of the gradient is
/// computed once, over all rows: there a gradient is larger than all that it is made of, and to sum one a
/// lane, as many rows want it, costs more than the products (64 rows of 5 × 256: a fifth of the step).
const FEW_ROWS: usize = 256;
/// Entries of a gradient that a task computes or sums: enough to be worth waking a thread.
const PART: usize = 16_384;

/// What a batch norm normalizes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Mean and variance of the rows at hand.
    Training,
    /// Its fixed statistics: every row by itself.
    Inference,
}

/// Buffers for the forward and backward pass over a fixed number of rows.
///
/// The rows are cut into lanes, by their number and the network alone; each lane sums its own gradient,
/// block by block, and the lanes are summed in order. So the result has the same bits on any number of
/// threads.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    program: Arc<Program>,
    mode: Mode,
    rows: usize,
    lanes: Vec<(Lane<T>, Gradients<T>)>,
    outputs: Vec<T>,
    turned: Vec<Turned<T>>,
    /// Of each step that is a batch norm the moments of its channels, mean and variance among them.
    batch: Vec<Vec<Moments<T>>>,
    statistics: Vec<[Vec<T>; 2]>,
    batch_means: Vec<Vec<[T; 2]>>,
}

/// Gradients by each layer's weights and biases over a lane's rows; empty where each part is computed
/// once, and until the first backward pass, since many networks are only looked at.
#[derive(Clone, Debug, Default)]
struct Gradients<T> {
    weights: Vec<Vec<T>>,
    biases: Vec<Vec<T>>,
}

/// The rows of each lane; a function of the network and the number of rows alone.
fn lanes(program: &Program, rows: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let worth = if program.has_images() { LANE_IMAGES } else { LANE_ROWS };
    let most = (LANE_NUMBERS / program.parameter_count().max(1)).clamp(2, MOST_LANES);
    let most = if program.is_dense() { MOST_LANES } else { most };
    let count = rows.div_ceil(worth).clamp(2, most).min(rows.max(1));
    (0..count).map(move |i| i * rows / count..(i + 1) * rows / count)
}

impl<T: Scalar> Workspace<T> {
    /// Buffers for `rows` rows of a network like `network`, as it is in training.
    #[must_use]
    pub fn new(network: &Network<T>, rows: usize) -> Self {
        Self::in_mode(network, rows, Mode::Training)
    }

    /// Buffers for `rows` rows of a network like `network`.
    #[must_use]
    pub fn in_mode(network: &Network<T>, rows: usize, mode: Mode) -> Self {
        let program = Arc::clone(network.program());
        let keep = program.is_dense() && rows <= FEW_ROWS;
        let lanes = lanes(&program, rows)
            .map(|rows| (Lane::new(&program, rows, keep), Gradients::default()))
            .collect();
        let steps = program.steps.len();
        Self {
            mode,
            rows,
            lanes,
            outputs: vec![T::zero(); rows * program.outputs],
            turned: (0..steps).map(|_| Turned::default()).collect(),
            batch: vec![Vec::new(); steps],
            statistics: vec![[Vec::new(), Vec::new()]; steps],
            batch_means: vec![Vec::new(); steps],
            program,
        }
    }

    /// Rows that this workspace is for.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether each part of the gradient is computed once, over all rows.
    fn keeps_signals(&self) -> bool {
        self.program.is_dense() && self.rows <= FEW_ROWS
    }

    /// f_θ of every row of `x` (n × d, row-major): n × o.
    ///
    /// # Panics
    /// Where `x` or `layers` have other shapes than the workspace was made for.
    pub fn forward(&mut self, layers: &[LayerView<'_, T>], x: &[T]) -> &[T] {
        assert_eq!(x.len(), self.rows * self.program.input.len(), "x has n × d entries");
        let program = Arc::clone(&self.program);
        for phase in &program.phases {
            let first = phase.steps.start;
            if let Op::Norm(norm) = program.steps[first].op
                && program.steps[first].is_batch_norm()
            {
                self.set_batch_moments(layers, x, first, &norm);
            }
            let Self { lanes, batch, .. } = self;
            let setting = Setting { batch, ..setting(&program, layers, x) };
            lanes.par_iter_mut().for_each(|(lane, _)| lane.forward(&setting, phase));
        }
        let mut filled = 0;
        for (lane, _) in &self.lanes {
            let outputs = lane.outputs();
            self.outputs[filled..filled + outputs.len()].copy_from_slice(outputs);
            filled += outputs.len();
        }
        &self.outputs
    }

    /// What step `s` made of the rows of the last [`Self::forward`], after its activation: runs of rows in
    /// order, each with its values, n × width.
    ///
    /// # Panics
    /// Where the network has no step `s`.
    pub fn values(&self, s: usize) -> impl Iterator<Item = (Range<usize>, &[T])> {
        self.lanes.iter().map(move |(lane, _)| (lane.rows.clone(), lane.values[s].as_slice()))
    }

    /// Sets the moments of the batch norm at step `s`, whose input is known.
    fn set_batch_moments(&mut self, layers: &[LayerView<'_, T>], x: &[T], s: usize, norm: &Norm) {
        let step = &self.program.steps[s];
        let [mean, variance] = &mut self.statistics[s];
        if self.mode == Mode::Training {
            let setting = setting(&self.program, layers, x);
            let count = T::of((self.rows * norm.positions) as f64);
            let lanes = &self.lanes;
            *mean = mean_of_lanes(lanes, count, |lane, sums: &mut Vec<T>| {
                sums.resize(norm.channels, T::zero());
                add_rows(
                    lane.value(&setting, step.inputs[0], &(0..lane.rows.len())),
                    T::one(),
                    sums,
                );
            });
            let centre = &*mean;
            *variance = mean_of_lanes(lanes, count, |lane, sums| {
                sums.resize(norm.channels, T::zero());
                let input = lane.value(&setting, step.inputs[0], &(0..lane.rows.len()));
                for pixel in input.chunks_exact(norm.channels) {
                    for ((sum, &x), &mean) in sums.iter_mut().zip(pixel).zip(centre) {
                        *sum += (x - mean) * (x - mean);
                    }
                }
            });
        } else if let Some(layer) = step.layer {
            let [of_mean, of_variance] = layers[layer].statistics;
            (*mean, *variance) = (of_mean.to_vec(), of_variance.to_vec());
        }
        let moments = mean.iter().zip(&*variance);
        self.batch[s].clear();
        self.batch[s].extend(moments.map(|(&m, &v)| Moments::new(m, v, norm.epsilon)));
    }

    /// Mean and variance of each channel over the rows of the last [`Self::forward`], of each layer that
    /// is a batch norm: its number, and both.
    pub fn batch_statistics(&self) -> impl Iterator<Item = (usize, &[Vec<T>; 2])> {
        let steps = self.program.steps.iter().zip(&self.statistics);
        steps.filter(|(step, _)| step.is_batch_norm()).filter_map(|(s, of)| Some((s.layer?, of)))
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
        let (program, keep) = (Arc::clone(&self.program), self.keeps_signals());
        turn(&program, layers, &mut self.turned);
        let is_trained = self.mode == Mode::Training;
        self.lanes.par_iter_mut().for_each(|(lane, gradients)| {
            lane.prepare_backward(&program, keep);
            if !keep {
                gradients.reset(layers);
            }
            for (sums, step) in lane.batch_sums.iter_mut().zip(&program.steps) {
                sums.clear();
                if step.is_batch_norm() {
                    sums.resize(step.shapes[1].channels(), [T::zero(); 2]);
                }
            }
        });
        for (number, phase) in program.phases.iter().enumerate().rev() {
            // The first step of the phase behind may be a batch norm whose signals all lanes have
            // added up by now.
            let behind = program.phases.get(number + 1).map(|phase| phase.steps.start);
            let unfinished = behind.filter(|&s| is_trained && program.steps[s].is_batch_norm());
            if let Some(s) = unfinished {
                self.set_batch_means(s);
            }
            let Self { lanes, batch, batch_means, turned, .. } = self;
            let means: &[_] = if is_trained { batch_means } else { &[] };
            let setting =
                Setting { batch, batch_means: means, turned, ..setting(&program, layers, x) };
            let is_last = number + 1 == program.phases.len();
            lanes.par_iter_mut().for_each(|(lane, gradients)| {
                if let Some(s) = unfinished {
                    for block in lane.blocks(&program.phases[number + 1]) {
                        lane.finish_batch_norm(&setting, s, &block);
                    }
                }
                for block in lane.blocks(phase) {
                    if is_last {
                        let o = program.outputs;
                        let start = (lane.rows.start + block.start) * o;
                        let m = &output_gradient[start..start + block.len() * o];
                        lane.set_output_signal(&block, m);
                    }
                    lane.backward(&setting, phase, &block, gradients);
                }
            });
        }
    }

    /// Sets the means of signal and signal ∘ x̂ at the batch norm of step `s` over all lanes.
    fn set_batch_means(&mut self, s: usize) {
        let step = &self.program.steps[s];
        let count = T::of((self.rows * step.shapes[1].positions()) as f64);
        let means = &mut self.batch_means[s];
        means.clear();
        means.resize(step.shapes[1].channels(), [T::zero(); 2]);
        for (lane, _) in &self.lanes {
            for (mean, sum) in means.iter_mut().zip(&lane.batch_sums[s]) {
                mean[0] += sum[0];
                mean[1] += sum[1];
            }
        }
        for mean in means {
            *mean = mean.map(|sum| sum / count);
        }
    }

    /// Writes the gradient by the weights of layer `l` to `weight`, row-major, for the `x` and the m of
    /// the last [`Self::backward`].
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
        if !self.keeps_signals() {
            return self.sum_lanes(|gradients| &gradients.weights[l], weight);
        }
        // Steps and layers of a dense network are the same.
        let setting = setting(&self.program, &[], x);
        let each = PART.div_ceil(layer.fan_out).min(layer.fan_in);
        weight.par_chunks_mut(each * layer.fan_out).enumerate().for_each(|(part, gradient)| {
            let columns = part * each..part * each + gradient.len() / layer.fan_out;
            for (at, (lane, _)) in self.lanes.iter().enumerate() {
                let input = lane.value(&setting, l, &(0..lane.rows.len()));
                let sides = [(input, layer.fan_in), (lane.kept_signal(l), layer.fan_out)];
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
        if !self.keeps_signals() {
            return self.sum_lanes(|gradients| &gradients.biases[l], bias);
        }
        bias.fill(T::zero());
        for (lane, _) in &self.lanes {
            add_bias_gradient(lane.kept_signal(l), layer, bias);
        }
    }

    /// Writes the sum of a tensor over all lanes, in their order.
    fn sum_lanes<'a>(
        &'a self,
        tensor: impl Fn(&'a Gradients<T>) -> &'a Vec<T> + Sync,
        sum: &mut [T],
    ) {
        sum.par_chunks_mut(PART).enumerate().for_each(|(part, sum)| {
            let range = part * PART..part * PART + sum.len();
            let mut lanes = self.lanes.iter().map(|(_, of)| &tensor(of)[range.clone()]);
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

/// What a way forward reads, but for the moments of batch norms.
pub(crate) fn setting<'a, T>(
    program: &'a Program,
    layers: &'a [LayerView<'a, T>],
    x: &'a [T],
) -> Setting<'a, T> {
    Setting { program, layers, x, batch: &[], batch_means: &[], turned: &[] }
}

/// Sets the weights of convolutions as the way back needs them; the first layer's are not.
pub(crate) fn turn<T: Scalar>(
    program: &Program,
    layers: &[LayerView<'_, T>],
    turned: &mut [Turned<T>],
) {
    turned.par_iter_mut().zip(&program.steps).for_each(|(turned, step)| {
        if let (Op::Convolution(window), Some(layer)) = (step.op, step.layer)
            && step.inputs[0] > 0
        {
            turned.set(&window, layers[layer].fan_out, layers[layer].weight);
        }
    });
}

/// The sums that `add` makes of each lane, added up in order and divided by `count`.
fn mean_of_lanes<T: Scalar>(
    lanes: &[(Lane<T>, Gradients<T>)],
    count: T,
    add: impl Fn(&Lane<T>, &mut Vec<T>) + Sync,
) -> Vec<T> {
    let of_lanes: Vec<Vec<T>> = lanes
        .par_iter()
        .map(|(lane, _)| {
            let mut sums = Vec::new();
            add(lane, &mut sums);
            sums
        })
        .collect();
    let channels = of_lanes.first().map_or(0, Vec::len);
    (0..channels).map(|j| of_lanes.iter().map(|sums| sums[j]).sum::<T>() / count).collect()
}

impl<T: Scalar> Gradients<T> {
    fn reset(&mut self, layers: &[LayerView<'_, T>]) {
        if self.weights.is_empty() {
            let zeros = |values: &[T]| vec![T::zero(); values.len()];
            self.weights = layers.iter().map(|layer| zeros(layer.weight)).collect();
            self.biases = layers.iter().map(|layer| zeros(layer.bias)).collect();
        }
    }
}

impl<T: Scalar> Receiver<T> for Gradients<T> {
    fn receive(
        &mut self,
        step: &Step,
        (l, layer): (usize, &LayerView<'_, T>),
        rows: Range<usize>,
        (input, signal): (&[T], &[T]),
        buffer: &mut Vec<T>,
    ) {
        // Where signals are kept each part of the gradient is computed later.
        let Some(weight) = self.weights.get_mut(l) else { return };
        // The first block overwrites what the step before left.
        let accumulate = rows.start > 0;
        let (scale, at) = (layer.weight_scale, (input, signal));
        let bias = &mut self.biases[l];
        if !accumulate {
            bias.fill(T::zero());
        }
        match step.op {
            Op::Convolution(window) => {
                convolution::gradient(
                    &window,
                    layer.fan_out,
                    scale,
                    at,
                    0..window.kernel,
                    buffer,
                    accumulate,
                    weight,
                );
            }
            Op::Local(window) => {
                local::gradient(&window, layer.fan_out, scale, at, buffer, accumulate, weight);
            }
            Op::Norm(_) => {
                if !accumulate {
                    weight.fill(T::zero());
                }
                add_gradient(at, weight, bias);
                return;
            }
            _ => {
                let shape = [layer.fan_in, rows.len(), layer.fan_out];
                gemm(Gemm::LeftTransposed, shape, scale, input, signal, accumulate, weight);
            }
        }
        add_bias_gradient(signal, layer, bias);
    }
}

/// Adds s_b times the sum of `signal` over its rows to `bias`, which is empty without biases.
fn add_bias_gradient<T: Scalar>(signal: &[T], layer: &LayerView<'_, T>, bias: &mut [T]) {
    if !bias.is_empty() {
        add_rows(signal, layer.bias_scale, bias);
    }
}

impl<T: Scalar> Network<T> {
    /// f_θ of every row of `x` (n × d, row-major), n × o, with the fixed statistics of batch norms.
    #[must_use]
    pub fn forward(&self, x: &[T]) -> Vec<T> {
        let rows = x.len() / self.input_dim().max(1);
        Workspace::in_mode(self, rows, Mode::Inference).forward(&self.views(), x).to_vec()
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

    #[test]
    fn values_of_a_step_are_those_of_all_rows_in_order() {
        let network = network(&[5, 4], 0, true, false, 3, 2);
        let x = inputs(9, 3);
        let mut workspace = Workspace::new(&network, 9);
        let outputs = workspace.forward(&network.views(), &x).to_vec();
        let last: Vec<f64> = workspace.values(2).flat_map(|(_, values)| values.to_vec()).collect();
        assert_eq!(last, outputs);
        let rows: Vec<usize> = workspace.values(0).flat_map(|(rows, _)| rows).collect();
        assert_eq!(rows, (0..9).collect::<Vec<_>>());
        // The second hidden layer from the first, by its formula.
        let first: Vec<f64> = workspace.values(0).flat_map(|(_, values)| values.to_vec()).collect();
        let second: Vec<f64> =
            workspace.values(1).flat_map(|(_, values)| values.to_vec()).collect();
        let layer = &network.layers[1];
        for (h, found) in first.chunks(5).zip(second.chunks(4)) {
            for (j, &found) in found.iter().enumerate() {
                let sum: f64 = (0..5).map(|i| h[i] * layer.weight[i * 4 + j]).sum();
                let z = sum * layer.weight_scale + layer.bias[j] * layer.bias_scale;
                assert!((network.architecture.activation.value(z) - found).abs() < 1e-12);
            }
        }
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
        let architecture = Architecture {
            hidden: hidden.to_vec(),
            activation: ALL[activation],
            init,
            bias,
            ..Architecture::default()
        };
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut network = Network::initialize(&architecture, d, o, &mut random).expect("a network");
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
