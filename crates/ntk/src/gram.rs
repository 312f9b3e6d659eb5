//! The Gramian G = J Jᵀ of a fully connected network, layer by layer.
//!
//! With H_l the inputs of layer l and B_l^a the signals ∂f_a/∂z_l, one row a sample,
//!
//! ```text
//! G^{ab} = Σ_l (s_w² H_l H_lᵀ + s_b² 1 1ᵀ) ∘ (B_l^a B_l^bᵀ)
//! ```
//!
//! which costs N² Σ(widths) multiplications where the explicit Jacobian needs N² P.
//! Source: Novak, Sohl-Dickstein & Schoenholz 2022, *Fast Finite Width Neural Tangent Kernel*
//! (2206.08720), structured derivatives.

use artifact::tables::kernel::Reduction;
use network::{Factors, Gemm, LayerFactors, Network, OutputSignal, Scalar, gemm};
use rayon::prelude::*;

/// Rows and columns of a tile: its products and sums stay in the L2 cache.
const TILE: usize = 128;

/// Which signals a reduction needs.
#[must_use]
pub fn output_signal(reduction: Reduction) -> OutputSignal {
    match reduction {
        Reduction::SummedLogit => OutputSignal::Sum,
        Reduction::Full | Reduction::Trace | Reduction::PerOutput => OutputSignal::Each,
    }
}

/// The factors of `network` at `x` (n × d) that [`square`] and [`cross`] take.
#[must_use]
pub fn factors<T: Scalar>(network: &Network<T>, x: &[T], reduction: Reduction) -> Factors<T> {
    Factors::new(network, x, output_signal(reduction))
}

/// G over the samples of `factors`: one matrix, or one for each output under `PerOutput`.
///
/// Each is (n·r) × (n·r), row-major and exactly symmetric, r = o under `Full` and 1 otherwise,
/// rows and columns sample-major. The bits do not depend on the number of threads.
#[must_use]
pub fn square<T: Scalar>(factors: &Factors<T>, reduction: Reduction) -> Vec<Vec<T>> {
    let mut blocks = blocks(factors, factors, reduction, true);
    let outputs = factors.layers.last().map_or(0, |layer| layer.signals.len());
    let width = factors.rows * reduction.blocks(outputs).1;
    for block in &mut blocks {
        mirror(block, width);
    }
    blocks
}

/// G between the samples of `rows` and those of `columns`: (n·r) × (m·r), as [`square`].
#[must_use]
pub fn cross<T: Scalar>(
    rows: &Factors<T>,
    columns: &Factors<T>,
    reduction: Reduction,
) -> Vec<Vec<T>> {
    blocks(rows, columns, reduction, false)
}

/// Which pairs of outputs (a, b) are summed into which matrix, and where in a sample's cell.
struct Pairs {
    /// Matrices.
    blocks: usize,
    /// Rows (and columns) a sample takes in each.
    cell: usize,
    /// `(a, b, block, row within the cell, column within the cell)`.
    terms: Vec<(usize, usize, usize, usize, usize)>,
}

impl Pairs {
    fn of(reduction: Reduction, signals: usize) -> Self {
        let terms = match reduction {
            Reduction::Full => {
                (0..signals).flat_map(|a| (0..signals).map(move |b| (a, b, 0, a, b))).collect()
            }
            Reduction::Trace => (0..signals).map(|a| (a, a, 0, 0, 0)).collect(),
            Reduction::PerOutput => (0..signals).map(|a| (a, a, a, 0, 0)).collect(),
            Reduction::SummedLogit => vec![(0, 0, 0, 0, 0)],
        };
        let (blocks, cell) = match reduction {
            Reduction::Full => (1, signals),
            Reduction::PerOutput => (signals, 1),
            Reduction::Trace | Reduction::SummedLogit => (1, 1),
        };
        Self { blocks, cell, terms }
    }
}

/// All tiles, or those on and below the diagonal.
fn blocks<T: Scalar>(
    rows: &Factors<T>,
    columns: &Factors<T>,
    reduction: Reduction,
    lower: bool,
) -> Vec<Vec<T>> {
    let signals = rows.layers.last().map_or(0, |layer| layer.signals.len());
    let pairs = Pairs::of(reduction, signals);
    let (cell, width) = (pairs.cell, columns.rows * pairs.cell);
    let mut results = vec![vec![T::zero(); rows.rows * cell * width]; pairs.blocks];
    if rows.rows == 0 || columns.rows == 0 {
        return results;
    }
    // One strip of rows of every matrix is one task; the longest strips of a triangle first.
    let mut strips: Vec<(usize, Vec<&mut [T]>)> =
        (0..rows.rows).step_by(TILE).map(|start| (start, Vec::new())).collect();
    for result in &mut results {
        for (strip, part) in strips.iter_mut().zip(result.chunks_mut(TILE * cell * width)) {
            strip.1.push(part);
        }
    }
    strips.reverse();
    strips.into_par_iter().with_max_len(1).for_each(|(start, mut parts)| {
        let n = TILE.min(rows.rows - start);
        let end = if lower { start + n } else { columns.rows };
        let mut tile = Tile::new(pairs.terms.len());
        for column in (0..end).step_by(TILE) {
            let m = TILE.min(columns.rows - column);
            tile.compute(rows, columns, &pairs, [start, n, column, m]);
            tile.scatter(&pairs, &mut parts, [n, column, m], width);
        }
    });
    results
}

/// Buffers of one task.
struct Tile<T> {
    /// s_w² H Hᵀ + s_b².
    inputs: Vec<T>,
    /// B^a B^bᵀ.
    signals: Vec<T>,
    /// Sum over layers, one for each pair of outputs.
    sums: Vec<Vec<T>>,
}

impl<T: Scalar> Tile<T> {
    fn new(pairs: usize) -> Self {
        let empty = || vec![T::zero(); TILE * TILE];
        Self { inputs: empty(), signals: empty(), sums: (0..pairs).map(|_| empty()).collect() }
    }

    /// Computes the tile of rows `start..start + n` and columns `column..column + m`.
    fn compute(
        &mut self,
        rows: &Factors<T>,
        columns: &Factors<T>,
        pairs: &Pairs,
        [start, n, column, m]: [usize; 4],
    ) {
        for sum in &mut self.sums {
            sum[..n * m].fill(T::zero());
        }
        for (left, right) in rows.layers.iter().zip(&columns.layers) {
            let LayerFactors { fan_in, fan_out, weight_factor, bias_factor, .. } = *left;
            let inputs = &mut self.inputs[..n * m];
            let part = |values, from: usize, count: usize, width: usize| -> &[T] {
                let values: &Vec<T> = values;
                &values[from * width..(from + count) * width]
            };
            gemm(
                Gemm::RightTransposed,
                [n, fan_in, m],
                weight_factor,
                part(&left.inputs, start, n, fan_in),
                part(&right.inputs, column, m, fan_in),
                false,
                inputs,
            );
            for value in inputs.iter_mut() {
                *value += bias_factor;
            }
            for (&(a, b, ..), sum) in pairs.terms.iter().zip(&mut self.sums) {
                let signals = &mut self.signals[..n * m];
                gemm(
                    Gemm::RightTransposed,
                    [n, fan_out, m],
                    T::one(),
                    part(&left.signals[a], start, n, fan_out),
                    part(&right.signals[b], column, m, fan_out),
                    false,
                    signals,
                );
                for ((sum, &input), &signal) in sum.iter_mut().zip(&*inputs).zip(&*signals) {
                    *sum += input * signal;
                }
            }
        }
    }

    /// Adds the tile's sums to the strips of the result, one for each matrix.
    fn scatter(
        &self,
        pairs: &Pairs,
        strips: &mut [&mut [T]],
        [n, column, m]: [usize; 3],
        width: usize,
    ) {
        for (&(_, _, block, row_in_cell, column_in_cell), sum) in pairs.terms.iter().zip(&self.sums)
        {
            for i in 0..n {
                let row = &mut strips[block][(i * pairs.cell + row_in_cell) * width..][..width];
                for j in 0..m {
                    row[(column + j) * pairs.cell + column_in_cell] += sum[i * m + j];
                }
            }
        }
    }
}

/// Copies the lower triangle of a `width` × `width` matrix onto the upper one.
fn mirror<T: Scalar>(matrix: &mut [T], width: usize) {
    // Square by square: a whole column would miss the cache at every entry.
    const SIDE: usize = 32;
    for top in (0..width).step_by(SIDE) {
        for left in (top..width).step_by(SIDE) {
            for i in top..width.min(top + SIDE) {
                for j in left.max(i + 1)..width.min(left + SIDE) {
                    matrix[i * width + j] = matrix[j * width + i];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use artifact::tables::kernel::Reduction;
    use network::{Activation, Architecture, Initialization, Workspace, directional_derivative};
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const ACTIVATIONS: [Activation; 9] = [
        Activation::Relu,
        Activation::LeakyRelu(0.01),
        Activation::Tanh,
        Activation::Erf,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Sine,
        Activation::Linear,
    ];

    fn network(
        hidden: &[usize],
        activation: Activation,
        bias: bool,
        ntk: bool,
        d: usize,
        o: usize,
    ) -> Network<f64> {
        let init = if ntk {
            Initialization::Ntk { weight_std: 1.4, bias_std: 0.3 }
        } else {
            Initialization::Lecun
        };
        let architecture = Architecture { hidden: hidden.to_vec(), activation, init, bias };
        Network::initialize(&architecture, d, o, &mut ChaCha8Rng::seed_from_u64(9))
    }

    fn inputs(n: usize, d: usize, shift: usize) -> Vec<f64> {
        (0..n * d).map(|i| (((i + shift) * 37 % 101) as f64 / 50.0 - 1.0) + 1e-3).collect()
    }

    /// J of all outputs, (n·o) × P, one backward pass an entry.
    fn jacobian(network: &Network<f64>, x: &[f64]) -> Vec<Vec<f64>> {
        let (d, o) = (network.input_dim(), network.output_dim());
        let mut rows = Vec::new();
        for sample in x.chunks(d) {
            for a in 0..o {
                let mut workspace = Workspace::new(network, 1);
                workspace.forward(&network.views(), sample);
                let seed: Vec<f64> = (0..o).map(|b| f64::from(u8::from(a == b))).collect();
                workspace.backward(&network.views(), sample, &seed);
                rows.push(workspace.gradient());
            }
        }
        rows
    }

    /// The reduced Gramian from explicit Jacobians, straight from the definitions.
    fn explicit(
        left: &[Vec<f64>],
        right: &[Vec<f64>],
        o: usize,
        reduction: Reduction,
    ) -> Vec<Vec<f64>> {
        let dot = |u: &Vec<f64>, v: &Vec<f64>| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
        let (n, m) = (left.len() / o, right.len() / o);
        let entry =
            |i: usize, a: usize, j: usize, b: usize| dot(&left[i * o + a], &right[j * o + b]);
        let each = |f: &dyn Fn(usize, usize) -> f64| (0..n * m).map(|e| f(e / m, e % m)).collect();
        match reduction {
            Reduction::Full => {
                vec![left.iter().flat_map(|u| right.iter().map(move |v| dot(u, v))).collect()]
            }
            Reduction::Trace => vec![each(&|i, j| (0..o).map(|a| entry(i, a, j, a)).sum())],
            Reduction::PerOutput => (0..o).map(|a| each(&|i, j| entry(i, a, j, a))).collect(),
            Reduction::SummedLogit => {
                vec![each(&|i, j| (0..o * o).map(|e| entry(i, e / o, j, e % o)).sum())]
            }
        }
    }

    const REDUCTIONS: [Reduction; 4] =
        [Reduction::Full, Reduction::Trace, Reduction::PerOutput, Reduction::SummedLogit];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn the_structured_gramian_is_the_explicit_one(
            hidden in prop::collection::vec(1_usize..6, 1..5),
            activation in 0_usize..9, bias: bool, ntk: bool,
            d in 1_usize..4, o in 1_usize..4,
            n in prop::sample::select(vec![1_usize, 2, 127, 128, 130]), m in 1_usize..5,
        ) {
            let network = network(&hidden, ACTIVATIONS[activation], bias, ntk, d, o);
            let (x, z) = (inputs(n, d, 0), inputs(m, d, 17));
            let (left, right) = (jacobian(&network, &x), jacobian(&network, &z));
            for reduction in REDUCTIONS {
                let (fx, fz) = (factors(&network, &x, reduction), factors(&network, &z, reduction));
                let expected = explicit(&left, &left, o, reduction);
                let found = square(&fx, reduction);
                let size = expected.iter().flatten().fold(0.0_f64, |s, v| s.max(v.abs()));
                prop_assert_eq!(found.len(), expected.len());
                for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                    prop_assert!((f - e).abs() <= 1e-10 * size, "{reduction:?}: {f} is not {e}");
                }
                let expected = explicit(&right, &left, o, reduction);
                let found = cross(&fz, &fx, reduction);
                for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                    prop_assert!((f - e).abs() <= 1e-10 * size, "{reduction:?}: {f} is not {e}");
                }
                // In single precision, against the same in double.
                let single: Network<f32> = network.cast();
                let x32: Vec<f32> = x.iter().map(|&v| v as f32).collect();
                let found = square(&factors(&single, &x32, reduction), reduction);
                let expected = explicit(&left, &left, o, reduction);
                for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                    prop_assert!((f64::from(*f) - e).abs() <= 1e-5 * size, "{reduction:?}: {f} is not {e}");
                }
            }
        }
    }

    #[test]
    fn the_gramian_times_a_vector_is_a_finite_difference_along_its_gradient() {
        let network = network(&[8, 7], Activation::Tanh, true, false, 3, 1);
        let x = inputs(20, 3, 0);
        let v: Vec<f64> = (0..20).map(|i| f64::from(i).cos()).collect();
        let mut workspace = Workspace::new(&network, 20);
        workspace.forward(&network.views(), &x);
        workspace.backward(&network.views(), &x, &v);
        let gradient = workspace.gradient();
        let moved = |step: f64| {
            let mut moved = network.clone();
            let mut direction = gradient.iter();
            for (_, tensor) in moved.tensors_mut() {
                for (p, g) in tensor.iter_mut().zip(&mut direction) {
                    *p += step * g;
                }
            }
            moved.forward(&x)
        };
        let step = 1e-6;
        let (up, down) = (moved(step), moved(-step));
        let gram = &square(&factors(&network, &x, Reduction::Full), Reduction::Full)[0];
        let tangent = directional_derivative(&network, &x, &gradient);
        for i in 0..20 {
            let product: f64 = (0..20).map(|j| gram[i * 20 + j] * v[j]).sum();
            let difference = (up[i] - down[i]) / (2.0 * step);
            // Truncation h² f‴ and rounding ε/h.
            assert!((product - difference).abs() <= 1e-8 * product.abs().max(1.0));
            assert!((product - tangent[i]).abs() <= 1e-12 * product.abs().max(1.0));
        }
    }

    #[test]
    fn a_linear_network_has_its_closed_form() {
        // f = h V with h = x W: G = (x xᵀ) (V Vᵀ) + h hᵀ, and + 2 with biases.
        let network = network(&[5], Activation::Linear, true, false, 3, 1);
        let x = inputs(6, 3, 0);
        let (w, v) = (&network.layers[0].weight, &network.layers[1].weight);
        let hidden: Vec<Vec<f64>> = x
            .chunks(3)
            .map(|x| (0..5).map(|j| (0..3).map(|i| x[i] * w[i * 5 + j]).sum()).collect())
            .collect();
        let gram = &square(&factors(&network, &x, Reduction::Full), Reduction::Full)[0];
        let norm: f64 = v.iter().map(|v| v * v).sum();
        for i in 0..6 {
            for j in 0..6 {
                let xx: f64 = (0..3).map(|k| x[i * 3 + k] * x[j * 3 + k]).sum();
                let hh: f64 = (0..5).map(|k| hidden[i][k] * hidden[j][k]).sum();
                let expected = (xx + 1.0) * norm + hh + 1.0;
                assert!((gram[i * 6 + j] - expected).abs() <= 1e-12 * expected.abs().max(1.0));
            }
        }
    }

    #[test]
    fn a_wide_relu_layer_has_the_arc_cosine_kernel() {
        // Jacot et al. 2018 with the arc-cosine kernels of Cho & Saul 2009:
        // Θ(x, x') = |x||x'| s² (sin a + (π − a) cos a) / 2π + s² (x·x') s² (π − a) / 2π / d.
        let (width, seeds, s) = (512_usize, 48_u64, 1.4_f64);
        let architecture = Architecture {
            hidden: vec![width],
            activation: Activation::Relu,
            init: Initialization::Ntk { weight_std: s, bias_std: 0.0 },
            bias: false,
        };
        let x = [1.0, 0.0, 0.6, 0.8];
        let mut mean = [0.0; 4];
        let mut square_sum = [0.0; 4];
        for seed in 0..seeds {
            let network: Network<f64> =
                Network::initialize(&architecture, 2, 1, &mut ChaCha8Rng::seed_from_u64(seed));
            let gram = &square(&factors(&network, &x, Reduction::Full), Reduction::Full)[0];
            for e in 0..4 {
                mean[e] += gram[e] / seeds as f64;
                square_sum[e] += gram[e] * gram[e] / seeds as f64;
            }
        }
        for e in 0..4 {
            let (i, j) = (e / 2, e % 2);
            let cosine: f64 = (x[2 * i] * x[2 * j] + x[2 * i + 1] * x[2 * j + 1]).clamp(-1.0, 1.0);
            let angle = cosine.acos();
            let pi = std::f64::consts::PI;
            // z = (s/√d) W x, so h·h'/w → (s²/d) (sin a + (π − a) cos a) / 2π, times s².
            let last = s * s * (s * s / 2.0) * (angle.sin() + (pi - angle) * cosine) / (2.0 * pi);
            let first = (s * s / 2.0) * cosine * s * s * (pi - angle) / (2.0 * pi);
            let expected = last + first;
            let deviation = (square_sum[e] - mean[e] * mean[e]).sqrt() / (seeds as f64).sqrt();
            // Four standard errors of the mean over seeds.
            assert!((mean[e] - expected).abs() <= 4.0 * deviation, "{} is not {expected}", mean[e]);
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let network: Network<f32> = network(&[19, 23], Activation::Tanh, true, false, 2, 2).cast();
        let x: Vec<f32> = inputs(300, 2, 0).iter().map(|&v| v as f32).collect();
        let gram = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| square(&factors(&network, &x, Reduction::Full), Reduction::Full))
        };
        let bits =
            |gram: Vec<Vec<f32>>| -> Vec<u32> { gram[0].iter().map(|v| v.to_bits()).collect() };
        assert_eq!(bits(gram(1)), bits(gram(3)));
    }
}
