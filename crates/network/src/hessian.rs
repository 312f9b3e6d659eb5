//! The Hessian of a loss of the outputs, as a product with vectors.

use std::ops::Range;

use rayon::prelude::*;

use crate::activation::Activation;
use crate::gemm::{Gemm, gemm};
use crate::model::{LayerView, Network};
use crate::scalar::Scalar;
use crate::workspace::lanes;

/// H = ∂²L/∂θ² at the parameters of a network, for a loss L of its outputs at n rows.
///
/// [`Self::product`] is exact, no difference of gradients. With S_l = ∂L/∂z_l, R{·} the derivative
/// as the parameters move along v = (V, c'), and R{h_0} = R{x} = 0, it computes for each layer
///
/// ```text
/// forward     R{z} = s_w (R{h} W + h V) + s_b c',    R{φ(z)} = φ'(z) ∘ R{z}
/// at f        R{S} = (∂²L/∂f²) R{f}
/// backward    (Hv)_W = s_w (R{h}ᵀ S + hᵀ R{S}),      (Hv)_c = s_b Σ_rows R{S}
///             R{S_{l−1}} = φ'(z) ∘ s_w (R{S} Wᵀ + S Vᵀ) + φ''(z) ∘ (s_w S Wᵀ) ∘ R{z}
/// ```
///
/// which is six matrix products a layer where a gradient is three: what does not depend on v is
/// kept from [`Self::new`], up to four numbers a row and hidden unit. At the kink of a relu φ'' is
/// taken as 0, so H is that of the piece on which θ lies.
///
/// Rows are cut into lanes as in [`crate::Workspace`]: the same bits on any number of threads.
///
/// Source: Pearlmutter 1994, *Fast exact multiplication by the Hessian*.
pub struct LossHessian<'a, T, C> {
    network: &'a Network<T>,
    x: &'a [T],
    output_hessian: C,
    /// Where each layer's weights and biases lie among the P parameters.
    tensors: Vec<(Range<usize>, Range<usize>)>,
    lanes: Vec<Lane<T>>,
}

/// A run of rows that one thread works through.
struct Lane<T> {
    blocks: Vec<Block<T>>,
    /// These rows' part of H v, P entries.
    image: Vec<T>,
    /// R{z} of each layer and R{h} of each hidden one, for one block.
    moved_z: Vec<Vec<T>>,
    moved_h: Vec<Vec<T>>,
    /// R{S} at two neighbouring layers, for one block.
    moved_signal: Vec<T>,
    before: Vec<T>,
}

/// What does not depend on v, for rows that stay in cache together.
struct Block<T> {
    rows: Range<usize>,
    /// φ(z) and φ'(z) of each hidden layer.
    values: Vec<Vec<T>>,
    slopes: Vec<Vec<T>>,
    /// φ''(z) ∘ ∂L/∂h of each hidden layer; empty where φ'' = 0.
    bends: Vec<Vec<T>>,
    /// S of each layer.
    signals: Vec<Vec<T>>,
}

impl<'a, T, C> LossHessian<'a, T, C>
where
    T: Scalar,
    C: Fn(usize, &[T], &mut [T]) + Sync,
{
    /// The Hessian at `network`'s parameters for the rows of `x` (n × d).
    ///
    /// The loss enters by its derivatives at the outputs f: `output_gradient` is ∂L/∂f, n × o, and
    /// `output_hessian(i, t, image)` writes (∂²L/∂fᵢ²) t, o numbers. Both hold whatever factor
    /// makes L of the losses of the rows, as 1/N.
    ///
    /// # Panics
    /// Where `x` or `output_gradient` do not fit the network.
    #[must_use]
    pub fn new(
        network: &'a Network<T>,
        x: &'a [T],
        output_gradient: &[T],
        output_hessian: C,
    ) -> Self {
        let layers = network.views();
        let rows = x.len() / network.input_dim();
        assert_eq!(x.len(), rows * network.input_dim(), "x has n × d entries");
        assert_eq!(output_gradient.len(), rows * network.output_dim(), "∂L/∂f has n × o entries");
        let mut end = 0;
        let mut next = |len: usize| {
            end += len;
            end - len..end
        };
        let tensors =
            layers.iter().map(|layer| (next(layer.weight.len()), next(layer.bias.len()))).collect();
        let activation = network.architecture.activation;
        let lanes = lanes(rows).into_par_iter().map(|lane| {
            let block = |rows| Block::new(activation, &layers, x, output_gradient, rows);
            Lane::new(&layers, lane.into_iter().map(block).collect(), network.parameter_count())
        });
        let lanes = lanes.collect();
        Self { network, x, output_hessian, tensors, lanes }
    }

    /// Writes H v to `image`; both have P entries in the order of [`Network::tensors`].
    ///
    /// # Panics
    /// Where `v` or `image` have not P entries.
    pub fn product(&mut self, v: &[T], image: &mut [T]) {
        /// Entries that a task sums: enough to be worth waking a thread.
        const PART: usize = 16_384;
        assert_eq!(v.len(), self.network.parameter_count(), "v has P entries");
        assert_eq!(image.len(), v.len(), "H v has P entries");
        let layers = self.network.views();
        let (x, tensors, output_hessian) = (self.x, &self.tensors, &self.output_hessian);
        self.lanes.par_iter_mut().for_each(|lane| {
            lane.image.fill(T::zero());
            for b in 0..lane.blocks.len() {
                lane.forward(&layers, tensors, x, v, b);
                lane.at_outputs(output_hessian, b);
                lane.backward(&layers, tensors, x, v, b);
            }
        });
        let lanes = &self.lanes;
        image.par_chunks_mut(PART).enumerate().for_each(|(part, sum)| {
            sum.fill(T::zero());
            let range = part * PART..part * PART + sum.len();
            for lane in lanes {
                for (s, &value) in sum.iter_mut().zip(&lane.image[range.clone()]) {
                    *s += value;
                }
            }
        });
    }
}

impl<T: Scalar> Block<T> {
    fn new(
        activation: Activation,
        layers: &[LayerView<'_, T>],
        x: &[T],
        output_gradient: &[T],
        rows: Range<usize>,
    ) -> Self {
        let n = rows.len();
        let (mut values, mut slopes, mut bends) = (Vec::new(), Vec::new(), Vec::new());
        let hidden = &layers[..layers.len() - 1];
        for (l, layer) in hidden.iter().enumerate() {
            let input = input(&values, l, x, layer.fan_in, &rows);
            let mut z = vec![T::zero(); n * layer.fan_out];
            let shape = [n, layer.fan_in, layer.fan_out];
            gemm(Gemm::Plain, shape, layer.weight_scale, input, layer.weight, false, &mut z);
            add_to_rows(&mut z, layer.bias, layer.bias_scale);
            let straight = activation.is_piecewise_linear();
            bends.push(if straight { Vec::new() } else { activation.curvatures(&z) });
            let mut slope = vec![T::one(); z.len()];
            activation.apply(&mut z, layer.fan_out, &[], &mut slope);
            values.push(z);
            slopes.push(slope);
        }
        let o = layers[hidden.len()].fan_out;
        let mut signal = output_gradient[rows.start * o..rows.end * o].to_vec();
        let mut signals = Vec::new();
        for (l, layer) in layers.iter().enumerate().skip(1).rev() {
            let mut before = vec![T::zero(); n * layer.fan_in];
            let shape = [n, layer.fan_out, layer.fan_in];
            let scale = layer.weight_scale;
            gemm(Gemm::RightTransposed, shape, scale, &signal, layer.weight, false, &mut before);
            multiply(&mut bends[l - 1], &before);
            multiply(&mut before, &slopes[l - 1]);
            signals.push(std::mem::replace(&mut signal, before));
        }
        signals.push(signal);
        signals.reverse();
        Self { rows, values, slopes, bends, signals }
    }
}

impl<T: Scalar> Lane<T> {
    fn new(layers: &[LayerView<'_, T>], blocks: Vec<Block<T>>, parameters: usize) -> Self {
        let most = blocks.iter().map(|block| block.rows.len()).max().unwrap_or(0);
        let zeros = |width: usize| vec![T::zero(); most * width];
        let widest = layers.iter().map(|layer| layer.fan_out).max().unwrap_or(0);
        Self {
            blocks,
            image: vec![T::zero(); parameters],
            moved_z: layers.iter().map(|layer| zeros(layer.fan_out)).collect(),
            moved_h: layers.iter().skip(1).map(|layer| zeros(layer.fan_in)).collect(),
            moved_signal: zeros(widest),
            before: zeros(widest),
        }
    }

    /// R{z} and R{h} of block `b` at every layer.
    fn forward(
        &mut self,
        layers: &[LayerView<'_, T>],
        tensors: &[(Range<usize>, Range<usize>)],
        x: &[T],
        v: &[T],
        b: usize,
    ) {
        let block = &self.blocks[b];
        let n = block.rows.len();
        for (l, (layer, (weight, bias))) in layers.iter().zip(tensors).enumerate() {
            let shape = [n, layer.fan_in, layer.fan_out];
            let scale = layer.weight_scale;
            let moved = &mut self.moved_z[l][..n * layer.fan_out];
            let h = input(&block.values, l, x, layer.fan_in, &block.rows);
            gemm(Gemm::Plain, shape, scale, h, &v[weight.clone()], false, moved);
            if l > 0 {
                let moved_h = &self.moved_h[l - 1][..n * layer.fan_in];
                gemm(Gemm::Plain, shape, scale, moved_h, layer.weight, true, moved);
            }
            add_to_rows(moved, &v[bias.clone()], layer.bias_scale);
            if let Some(moved_h) = self.moved_h.get_mut(l) {
                let moved_h = &mut moved_h[..moved.len()];
                moved_h.copy_from_slice(moved);
                multiply(moved_h, &block.slopes[l]);
            }
        }
    }

    /// R{S} of block `b` at the outputs.
    fn at_outputs(&mut self, output_hessian: &impl Fn(usize, &[T], &mut [T]), b: usize) {
        let rows = self.blocks[b].rows.clone();
        let last = self.moved_z.len() - 1;
        let o = self.blocks[b].signals[last].len() / rows.len();
        let tangents = self.moved_z[last].chunks_exact(o);
        for ((row, tangent), image) in rows.zip(tangents).zip(self.moved_signal.chunks_exact_mut(o))
        {
            output_hessian(row, tangent, image);
        }
    }

    /// Adds block `b`'s part of H v; `self.moved_signal` holds R{S} at the outputs.
    fn backward(
        &mut self,
        layers: &[LayerView<'_, T>],
        tensors: &[(Range<usize>, Range<usize>)],
        x: &[T],
        v: &[T],
        b: usize,
    ) {
        let block = &self.blocks[b];
        let n = block.rows.len();
        for (l, (layer, (weight, bias))) in layers.iter().zip(tensors).enumerate().rev() {
            let scale = layer.weight_scale;
            let signal = &block.signals[l];
            let moved_signal = &self.moved_signal[..n * layer.fan_out];
            let shape = [layer.fan_in, n, layer.fan_out];
            let image = &mut self.image[weight.clone()];
            let h = input(&block.values, l, x, layer.fan_in, &block.rows);
            gemm(Gemm::LeftTransposed, shape, scale, h, moved_signal, true, image);
            if l > 0 {
                let moved_h = &self.moved_h[l - 1][..n * layer.fan_in];
                gemm(Gemm::LeftTransposed, shape, scale, moved_h, signal, true, image);
            }
            let image = &mut self.image[bias.clone()];
            for row in moved_signal.chunks_exact(layer.fan_out) {
                for (sum, &s) in image.iter_mut().zip(row) {
                    *sum += s * layer.bias_scale;
                }
            }
            if l > 0 {
                let before = &mut self.before[..n * layer.fan_in];
                let shape = [n, layer.fan_out, layer.fan_in];
                let direction = &v[weight.clone()];
                let product = Gemm::RightTransposed;
                gemm(product, shape, scale, moved_signal, layer.weight, false, before);
                gemm(product, shape, scale, signal, direction, true, before);
                multiply(before, &block.slopes[l - 1]);
                let bent = block.bends[l - 1].iter().zip(&self.moved_z[l - 1]);
                for (s, (&bend, &moved)) in before.iter_mut().zip(bent) {
                    *s += bend * moved;
                }
                std::mem::swap(&mut self.moved_signal, &mut self.before);
            }
        }
    }
}

/// The input of layer `l` for `rows`: those of `x`, n × `width`, or what the layer before gives.
fn input<'a, T>(
    values: &'a [Vec<T>],
    l: usize,
    x: &'a [T],
    width: usize,
    rows: &Range<usize>,
) -> &'a [T] {
    match l.checked_sub(1) {
        Some(hidden) => &values[hidden],
        None => &x[rows.start * width..rows.end * width],
    }
}

/// Adds `scale` · `shift` to every row of `z`; `shift` has a row's length or is empty.
fn add_to_rows<T: Scalar>(z: &mut [T], shift: &[T], scale: T) {
    if !shift.is_empty() {
        for row in z.chunks_exact_mut(shift.len()) {
            for (z, &c) in row.iter_mut().zip(shift) {
                *z += c * scale;
            }
        }
    }
}

/// Multiplies entries by entries.
fn multiply<T: Scalar>(values: &mut [T], factors: &[T]) {
    for (value, &factor) in values.iter_mut().zip(factors) {
        *value *= factor;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::activation::tests::ALL;
    use crate::architecture::Architecture;
    use crate::initialization::Initialization;
    use crate::lanczos::largest_eigenvalue;
    use crate::tangent::largest_ntk_eigenvalue;
    use crate::workspace::Workspace;

    /// A loss of the outputs of one row, for targets that sum to 1.
    #[derive(Clone, Copy, Debug)]
    enum RowLoss {
        LeastSquares,
        CrossEntropy,
    }

    impl RowLoss {
        /// What the gradient compares with the target: f or softmax f.
        fn prediction(self, f: &[f64]) -> Vec<f64> {
            let sum: f64 = f.iter().map(|f| f.exp()).sum();
            match self {
                Self::LeastSquares => f.to_vec(),
                Self::CrossEntropy => f.iter().map(|f| f.exp() / sum).collect(),
            }
        }

        /// I, or diag p − ppᵀ.
        fn hessian(self, p: &[f64], a: usize, b: usize) -> f64 {
            let same = f64::from(u8::from(a == b));
            match self {
                Self::LeastSquares => same,
                Self::CrossEntropy => same * p[a] - p[a] * p[b],
            }
        }
    }

    struct Case {
        network: Network<f64>,
        x: Vec<f64>,
        y: Vec<f64>,
        loss: RowLoss,
    }

    impl Case {
        fn new(hidden: &[usize], activation: Activation, o: usize, n: usize) -> Self {
            // Biases that are not 0 and scales that are not 1.
            let init = Initialization::Ntk { weight_std: 1.3, bias_std: 0.4 };
            let architecture =
                Architecture { hidden: hidden.to_vec(), activation, init, bias: true };
            let mut random = ChaCha8Rng::seed_from_u64(5);
            let network = Network::initialize(&architecture, 2, o, &mut random);
            let x = (0..n * 2).map(|i| (i * 37 % 101) as f64 / 50.0 - 1.0).collect();
            let y = (0..n * o).map(|i| f64::from(u8::from(i % o == i / o % o))).collect();
            let loss = if o > 1 { RowLoss::CrossEntropy } else { RowLoss::LeastSquares };
            Self { network, x, y, loss }
        }

        /// ∂L/∂f and, row by row, what stands in place of f in it.
        fn output_gradient(&self, network: &Network<f64>) -> (Vec<f64>, Vec<Vec<f64>>) {
            let o = network.output_dim();
            let f = network.forward(&self.x);
            let predictions: Vec<_> = f.chunks(o).map(|f| self.loss.prediction(f)).collect();
            let rows = predictions.len() as f64;
            let m = predictions.iter().flatten().zip(&self.y).map(|(p, y)| (p - y) / rows);
            (m.collect(), predictions)
        }

        fn gradient(&self, network: &Network<f64>) -> Vec<f64> {
            let mut workspace = Workspace::new(network, self.x.len() / 2);
            workspace.forward(&network.views(), &self.x);
            workspace.backward(&network.views(), &self.x, &self.output_gradient(network).0);
            workspace.gradient(&network.views(), &self.x)
        }

        /// H v for each of `directions`.
        fn products(&self, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
            let (m, predictions) = self.output_gradient(&self.network);
            let output_hessian = |row: usize, t: &[f64], image: &mut [f64]| {
                let p = &predictions[row];
                for (a, image) in image.iter_mut().enumerate() {
                    let sum: f64 = (0..t.len()).map(|b| self.loss.hessian(p, a, b) * t[b]).sum();
                    *image = sum / predictions.len() as f64;
                }
            };
            let mut hessian = LossHessian::new(&self.network, &self.x, &m, output_hessian);
            let product = |v: &Vec<f64>| {
                let mut image = vec![f64::NAN; v.len()];
                hessian.product(v, &mut image);
                image
            };
            directions.iter().map(product).collect()
        }

        fn moved(&self, step: f64, v: &[f64]) -> Network<f64> {
            let mut network = self.network.clone();
            let mut v = v.iter();
            for (_, tensor) in network.tensors_mut() {
                tensor.iter_mut().zip(&mut v).for_each(|(p, v)| *p += step * v);
            }
            network
        }
    }

    fn direction(len: usize, salt: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 29 + salt) as f64 * 0.9).sin()).collect()
    }

    fn norm(v: &[f64]) -> f64 {
        v.iter().map(|v| v * v).sum::<f64>().sqrt()
    }

    #[test]
    fn products_are_the_differences_of_gradients() {
        for activation in ALL {
            // Three rows are a lane each of one block and part of one; 300 are several blocks.
            for (hidden, o, n) in
                [(vec![5, 4], 1, 3), (vec![3], 3, 300), (vec![4, 6, 3], 2, 1), (vec![7, 5], 3, 40)]
            {
                let case = Case::new(&hidden, activation, o, n);
                let v = direction(case.network.parameter_count(), 0);
                let product = case.products(std::slice::from_ref(&v)).remove(0);
                // Error h² of the difference and ε/h of rounding are equal near h = ε^⅓.
                let h = f64::EPSILON.cbrt();
                let up = case.gradient(&case.moved(h, &v));
                let down = case.gradient(&case.moved(-h, &v));
                let difference = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * h));
                let error: Vec<f64> = product.iter().zip(difference).map(|(p, d)| p - d).collect();
                // The third derivatives along v, ‖v‖² ≈ P/2, are below a few hundred here.
                let bound = 1e4 * h * h * (1.0 + norm(&product));
                assert!(
                    norm(&error) <= bound,
                    "{activation:?} {hidden:?} {o} {n}: {}",
                    norm(&error)
                );
            }
        }
    }

    #[test]
    fn the_hessian_is_symmetric() {
        for activation in ALL {
            let case = Case::new(&[6, 5, 4], activation, 3, 150);
            let count = case.network.parameter_count();
            let (u, v) = (direction(count, 1), direction(count, 2));
            let images = case.products(&[u.clone(), v.clone()]);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let difference = dot(&v, &images[0]) - dot(&u, &images[1]);
            let size = norm(&v) * norm(&images[0]) + norm(&u) * norm(&images[1]);
            // Sums of at most `count` terms, a few layers deep.
            assert!(
                difference.abs() <= 100.0 * f64::EPSILON * size,
                "{activation:?}: {difference}"
            );
        }
    }

    #[test]
    fn least_squares_of_one_linear_layer_has_the_covariance_of_its_inputs() {
        let architecture = Architecture {
            hidden: Vec::new(),
            activation: Activation::Linear,
            init: Initialization::Lecun,
            bias: false,
        };
        let mut case = Case::new(&[1], Activation::Linear, 1, 200);
        case.network = Network::initialize(&architecture, 2, 3, &mut ChaCha8Rng::seed_from_u64(1));
        case.y = vec![0.3; 600];
        let v = direction(6, 4);
        let product = case.products(std::slice::from_ref(&v)).remove(0);
        for i in 0..2 {
            for a in 0..3 {
                let rows = case.x.chunks(2);
                let sum: f64 = rows.map(|x| x[i] * (x[0] * v[a] + x[1] * v[3 + a])).sum();
                let error = (product[i * 3 + a] - sum / 200.0).abs();
                assert!(error <= 1e-13, "entry {i},{a} is off by {error}");
            }
        }
    }

    #[test]
    fn where_the_residual_is_zero_the_sharpness_is_that_of_the_kernel() {
        for activation in ALL {
            let mut case = Case::new(&[9, 8], activation, 1, 60);
            case.y = case.network.forward(&case.x);
            let start = direction(case.network.parameter_count(), 3);
            let product = |v: &[f64], image: &mut [f64]| {
                image.copy_from_slice(&case.products(&[v.to_vec()])[0]);
            };
            let sharpness = largest_eigenvalue(product, &start, 1e-8, 100).expect("finite numbers");
            assert!(sharpness.converged, "{sharpness:?}");
            // Power iteration stops at relative changes of 1e-13, far above its error.
            let kernel = largest_ntk_eigenvalue(&case.network, &case.x, 1e-13).expect("finite");
            let error = (sharpness.value - kernel / 60.0).abs();
            assert!(error <= 1e-8 * sharpness.value, "{activation:?}: off by {error}");
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let case = Case::new(&[33, 17], Activation::Gelu, 1, 1500);
        let network: Network<f32> = case.network.cast();
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let (x, m) = (single(&case.x), single(&case.output_gradient(&case.network).0));
        let v = single(&direction(network.parameter_count(), 0));
        let sharpness = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| {
                let identity = |_: usize, t: &[f32], image: &mut [f32]| {
                    image[0] = t[0] / 1500.0;
                };
                let mut hessian = LossHessian::new(&network, &x, &m, identity);
                let mut image = vec![0.0; v.len()];
                hessian.product(&v, &mut image);
                let product = |v: &[f32], image: &mut [f32]| hessian.product(v, image);
                let found = largest_eigenvalue(product, &v, 1e-4, 60).expect("finite numbers");
                (image.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), found.value.to_bits())
            })
        };
        assert_eq!(sharpness(1), sharpness(2));
        assert_eq!(sharpness(1), sharpness(5));
    }
}
