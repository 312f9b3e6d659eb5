//! The reference: networks, their gradients and kernels in f64, straight from the formulas.
//!
//! Every result is judged by its distance from these numbers. They share no code with what is judged,
//! `network`, `train`, `ntk`, `spectrum` and the peers, but faer's product of two f64 matrices; f64
//! rounds half a billion times finer than f32, so what is left of a distance is the error of the judged.
//! NumPy in f64 would be as independent, but a bench without Python has to judge as well.
//!
//! Samples are columns here: a row-major n × d slice is a d × n matrix, and a layer's W is read as Wᵀ.
//! Networks of layers are in `layers`, where samples are rows; their limits of infinite width in `limit`, and what
//! kernels predict in `regression`.

mod layers;
mod limit;
mod regression;

use faer::{Mat, Side};

use crate::error::BenchError;

pub use layers::Layered;
pub use limit::Limit;
pub use regression::{Predictions, predictions};

/// The network of a case in f64.
#[derive(Clone, Debug)]
pub enum Reference {
    /// Fully connected.
    Plain(Plain),
    /// A list of layers.
    Layered(Layered),
    /// A list of layers of infinite width.
    Limit(Limit),
}

impl Reference {
    /// The samples of `x` (row-major) at which a unit is so near its kink that rounding decides its slope.
    pub fn near_kinks(&self, x: &[f32]) -> Vec<usize> {
        match self {
            Self::Plain(network) => network.near_kinks(&columns(x, network.inputs())),
            Self::Layered(network) => network.near_kinks(&wide(x)),
            // An expectation has none.
            Self::Limit(_) => Vec::new(),
        }
    }
}

/// `values` in f64.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// Least |z| of a hidden unit, in units of the layer's root mean square at that sample, of a sample that
/// no rounding in f32 can carry over the kink: 64 times the last bit, several times the error of z.
const KINK: f64 = 64.0 * f32::EPSILON as f64;

/// A fully connected network of leaky relus with biases, in f64.
#[derive(Clone, Debug)]
pub struct Plain {
    /// Wᵀ (`fan_out × fan_in`) and c of each layer.
    layers: Vec<(Mat<f64>, Vec<f64>)>,
    slope: f64,
}

/// What a forward pass leaves behind.
pub struct Pass {
    /// H_l, the inputs of each layer, one column a sample.
    inputs: Vec<Mat<f64>>,
    /// z_l, what each layer makes of them; the last is f(x).
    pre: Vec<Mat<f64>>,
}

impl Pass {
    /// f(x), o × n.
    pub fn outputs(&self) -> &Mat<f64> {
        &self.pre[self.pre.len() - 1]
    }
}

/// A row-major matrix of `width` columns as its transpose in f64.
pub fn columns(values: &[f32], width: usize) -> Mat<f64> {
    Mat::from_fn(width, values.len() / width, |i, j| f64::from(values[j * width + i]))
}

/// All entries, column by column.
pub fn entries(matrix: &Mat<f64>) -> impl Iterator<Item = f64> {
    (0..matrix.ncols()).flat_map(move |j| (0..matrix.nrows()).map(move |i| matrix[(i, j)]))
}

/// Σ of squares of a column.
fn squares(matrix: &Mat<f64>, column: usize) -> f64 {
    (0..matrix.nrows()).map(|i| matrix[(i, column)].powi(2)).sum()
}

impl Plain {
    /// The network of `inputs` inputs whose tensors are W_0, c_0, W_1, c_1, …, each row-major.
    pub fn new<'a>(
        inputs: usize,
        slope: f64,
        tensors: impl IntoIterator<Item = &'a [f32]>,
    ) -> Self {
        let mut tensors = tensors.into_iter();
        let (mut layers, mut fan_in) = (Vec::new(), inputs);
        while let (Some(weight), Some(bias)) = (tensors.next(), tensors.next()) {
            let bias: Vec<f64> = bias.iter().copied().map(f64::from).collect();
            let weight = columns(weight, weight.len() / fan_in);
            fan_in = bias.len();
            layers.push((weight, bias));
        }
        Self { layers, slope }
    }

    /// d.
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |(weight, _)| weight.ncols())
    }

    /// Terms of the sums along the longest way from an input to an output.
    pub fn terms(&self) -> usize {
        self.layers.iter().map(|(weight, _)| weight.ncols() + 1).sum()
    }

    /// h_{l+1} = φ(z_l), z_l = W_lᵀ h_l + c_l.
    pub fn forward(&self, x: &Mat<f64>) -> Pass {
        let (mut inputs, mut pre) = (vec![x.clone()], Vec::new());
        for (l, (weight, bias)) in self.layers.iter().enumerate() {
            let mut z = weight * &inputs[l];
            for j in 0..z.ncols() {
                for (i, c) in bias.iter().enumerate() {
                    z[(i, j)] += c;
                }
            }
            if l + 1 < self.layers.len() {
                let value = |z: f64| if z > 0.0 { z } else { self.slope * z };
                inputs.push(Mat::from_fn(z.nrows(), z.ncols(), |i, j| value(z[(i, j)])));
            }
            pre.push(z);
        }
        Pass { inputs, pre }
    }

    /// ‖H_L‖ ‖W_L‖ / ‖f(x)‖ of the last layer L: how far the terms of the outputs cancel.
    pub fn output_condition(&self, x: &Mat<f64>) -> f64 {
        let pass = self.forward(x);
        let (Some(input), Some((weight, _))) = (pass.inputs.last(), self.layers.last()) else {
            return f64::NAN;
        };
        input.norm_l2() * weight.norm_l2() / pass.outputs().norm_l2()
    }

    /// ∂/∂z_l of a scalar whose derivative by the outputs is `last` (o × n), for each layer.
    fn signals(&self, pass: &Pass, last: Mat<f64>) -> Vec<Mat<f64>> {
        let mut signals = vec![last];
        for l in (1..self.layers.len()).rev() {
            let mut signal = self.layers[l].0.transpose() * &signals[signals.len() - 1];
            for j in 0..signal.ncols() {
                for i in 0..signal.nrows() {
                    signal[(i, j)] *= if pass.pre[l - 1][(i, j)] > 0.0 { 1.0 } else { self.slope };
                }
            }
            signals.push(signal);
        }
        signals.reverse();
        signals
    }

    /// The gradient by all parameters, W_0, c_0, …, of a scalar whose derivative by the outputs is
    /// `last`, and Σ_n ‖g_n‖ / ‖Σ_n g_n‖ over the samples' gradients g_n: how far they cancel.
    pub fn gradient(&self, pass: &Pass, last: Mat<f64>) -> (Vec<f64>, f64) {
        let signals = self.signals(pass, last);
        let mut gradient = Vec::new();
        for (signal, input) in signals.iter().zip(&pass.inputs) {
            gradient.extend(entries(&(signal * input.transpose())));
            gradient.extend((0..signal.nrows()).map(|i| signal.row(i).iter().sum::<f64>()));
        }
        let norm_at = |n: usize| {
            let layers = signals.iter().zip(&pass.inputs);
            layers.map(|(b, h)| squares(b, n) * (squares(h, n) + 1.0)).sum::<f64>().sqrt()
        };
        let each: f64 = (0..pass.outputs().ncols()).map(norm_at).sum();
        let condition = each / norm(&gradient);
        (gradient, condition)
    }

    /// L = ‖f − y‖² / 2n of outputs and targets, o × n, and ∂L/∂f.
    pub fn least_squares(outputs: &Mat<f64>, targets: &Mat<f64>) -> (f64, Mat<f64>) {
        let samples = outputs.ncols() as f64;
        let residual = outputs - targets;
        let loss = entries(&residual).map(|r| r * r).sum::<f64>() / (2.0 * samples);
        (loss, residual * faer::Scale(1.0 / samples))
    }

    /// θ − `rate` · `gradient`, the gradient as of [`Self::gradient`].
    pub fn descend(&mut self, gradient: &[f64], rate: f64) {
        let mut rest = gradient.iter();
        for (weight, bias) in &mut self.layers {
            for j in 0..weight.ncols() {
                for i in 0..weight.nrows() {
                    weight[(i, j)] -= rate * rest.next().copied().unwrap_or(f64::NAN);
                }
            }
            for c in bias {
                *c -= rate * rest.next().copied().unwrap_or(f64::NAN);
            }
        }
    }

    /// H_l and B_l at `x`: B_l has a column for each sample and output a, ∂f_a/∂z_l, sample-major.
    fn factors(&self, x: &Mat<f64>) -> Vec<(Mat<f64>, Mat<f64>)> {
        let pass = self.forward(x);
        let (o, n) = (pass.outputs().nrows(), x.ncols());
        let by_output: Vec<Vec<Mat<f64>>> = (0..o)
            .map(|a| {
                let one = |i: usize| f64::from(u8::from(i == a));
                self.signals(&pass, Mat::from_fn(o, n, |i, _| one(i)))
            })
            .collect();
        let signals = |l: usize| {
            let width = by_output[0][l].nrows();
            Mat::from_fn(width, n * o, |i, j| by_output[j % o][l][(i, j / o)])
        };
        let signals: Vec<Mat<f64>> = (0..self.layers.len()).map(signals).collect();
        pass.inputs.into_iter().zip(signals).collect()
    }

    /// G between the samples of `x` and of `others`, Σ_l (H_lᵀH_l' + 1) ∘ (B_lᵀB_l'), row-major with
    /// rows and columns sample-major, and (tr G(x, x) · tr G(others, others))^½ / ‖G‖.
    ///
    /// ‖G‖ times the latter bounds Σ_l of the norms of what is summed: how far G may cancel.
    pub fn gramian(&self, x: &Mat<f64>, others: &Mat<f64>) -> (Vec<f64>, f64) {
        let (left, right) = (self.factors(x), self.factors(others));
        let outputs = left.last().map_or(1, |(_, signals)| signals.ncols() / x.ncols());
        let (rows, width) = (x.ncols() * outputs, others.ncols() * outputs);
        // Column j of G' = Gᵀ is row j of G; so many samples at a time that products stay small.
        let mut gramian = vec![0.0; rows * width];
        let block = (512 / outputs).max(1);
        for ((h, b), (h2, b2)) in left.iter().zip(&right) {
            for start in (0..x.ncols()).step_by(block) {
                let count = block.min(x.ncols() - start);
                let inputs = h2.transpose() * h.subcols(start, count);
                let signals = b2.transpose() * b.subcols(start * outputs, count * outputs);
                let first = start * outputs;
                for (j, row) in gramian[first * width..].chunks_mut(width).enumerate() {
                    if j == count * outputs {
                        break;
                    }
                    for (i, g) in row.iter_mut().enumerate() {
                        *g += (inputs[(i / outputs, j / outputs)] + 1.0) * signals[(i, j)];
                    }
                }
            }
        }
        let trace = |factors: &[(Mat<f64>, Mat<f64>)]| -> f64 {
            let layer = |(h, b): &(Mat<f64>, Mat<f64>)| -> f64 {
                (0..b.ncols()).map(|j| (squares(h, j / outputs) + 1.0) * squares(b, j)).sum()
            };
            factors.iter().map(layer).sum()
        };
        let condition = (trace(&left) * trace(&right)).sqrt() / norm(&gramian);
        (gramian, condition)
    }

    /// The samples of `x` at which a hidden unit is so near its kink that rounding decides its slope.
    pub fn near_kinks(&self, x: &Mat<f64>) -> Vec<usize> {
        let pass = self.forward(x);
        let hidden = &pass.pre[..pass.pre.len() - 1];
        let near = |z: &Mat<f64>, j: usize| {
            let scale = (squares(z, j) / z.nrows() as f64).sqrt();
            (0..z.nrows()).any(|i| z[(i, j)].abs() <= KINK * scale)
        };
        (0..x.ncols()).filter(|&j| hidden.iter().any(|z| near(z, j))).collect()
    }
}

/// ‖v‖.
pub fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// λ₁ ≥ λ₂ ≥ … of a symmetric matrix of `rows` rows.
///
/// From faer in f64, held to what all eigenvalues must satisfy whoever found them: Σλ = tr G and
/// Σλ² = ‖G‖².
///
/// # Errors
/// [`BenchError::Reference`] where they do not.
pub fn eigenvalues(gram: &Mat<f64>) -> Result<Vec<f64>, BenchError> {
    let failed = |message: &str| BenchError::Reference { message: message.to_owned() };
    let found = gram.self_adjoint_eigenvalues(Side::Lower);
    let mut values = found.map_err(|_| failed("the eigenvalues in f64 do not converge"))?;
    values.reverse();
    let trace: f64 = (0..gram.nrows()).map(|i| gram[(i, i)]).sum();
    let (size, found) = (entries(gram).map(|g| g * g).sum::<f64>(), norm(&values).powi(2));
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    if close(values.iter().sum(), trace) && close(found, size) {
        return Ok(values);
    }
    Err(failed("the eigenvalues in f64 do not have the matrix's trace and norm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: [usize; 4] = [2, 5, 4, 3];

    /// Entries of no pattern in [-1, 1).
    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn tensors() -> Vec<Vec<f32>> {
        let layers = WIDTHS.windows(2).zip(1..);
        layers.flat_map(|(w, seed)| [noise(w[0] * w[1], seed), noise(w[1], seed + 100)]).collect()
    }

    fn plain(tensors: &[Vec<f32>]) -> Plain {
        Plain::new(2, 0.1, tensors.iter().map(Vec::as_slice))
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a} is not {b}");
    }

    /// f(x) by three nested loops over row-major tensors.
    fn looped(tensors: &[Vec<f32>], x: &[f32]) -> Vec<f64> {
        let mut h: Vec<f64> = x.iter().copied().map(f64::from).collect();
        for (l, layer) in tensors.chunks(2).enumerate() {
            let out = layer[1].len();
            let z = (0..out).map(|j| {
                let terms = h.iter().enumerate().map(|(i, h)| h * f64::from(layer[0][i * out + j]));
                terms.sum::<f64>() + f64::from(layer[1][j])
            });
            let last = 2 * (l + 1) == tensors.len();
            h = z.map(|z| if last || z > 0.0 { z } else { 0.1 * z }).collect();
        }
        h
    }

    #[test]
    fn outputs_are_those_of_nested_loops() {
        let (tensors, x) = (tensors(), noise(2 * 7, 9));
        let pass = plain(&tensors).forward(&columns(&x, 2));
        for (n, x) in x.chunks(2).enumerate() {
            for (a, f) in looped(&tensors, x).into_iter().enumerate() {
                close(pass.outputs()[(a, n)], f, 1e-14);
            }
        }
    }

    #[test]
    fn a_gradient_is_the_difference_quotient_of_the_loss() {
        let (tensors, x) = (tensors(), columns(&noise(2 * 7, 9), 2));
        let y = columns(&noise(3 * 7, 5), 3);
        let network = plain(&tensors);
        let loss = |network: &Plain| Plain::least_squares(network.forward(&x).outputs(), &y);
        let (gradient, condition) = network.gradient(&network.forward(&x), loss(&network).1);
        assert!(condition >= 1.0);
        for p in 0..gradient.len() {
            let moved = |by: f64| {
                let mut network = network.clone();
                let unit: Vec<f64> =
                    (0..gradient.len()).map(|q| f64::from(u8::from(p == q))).collect();
                network.descend(&unit, -by);
                loss(&network).0
            };
            close(gradient[p], (moved(1e-6) - moved(-1e-6)) / 2e-6, 1e-8);
        }
    }

    #[test]
    fn a_gramian_is_the_product_of_jacobians() {
        let (network, outputs) = (plain(&tensors()), WIDTHS[3]);
        let (x, others) = (columns(&noise(2 * 6, 9), 2), columns(&noise(2 * 4, 8), 2));
        // The gradient of one output at one sample is a row of the Jacobian.
        let row = |x: &Mat<f64>, r: usize| {
            let one = x.subcols(r / outputs, 1).to_owned();
            let unit = Mat::from_fn(outputs, 1, |a, _| f64::from(u8::from(a == r % outputs)));
            network.gradient(&network.forward(&one), unit).0
        };
        let (gramian, condition) = network.gramian(&x, &others);
        assert!(condition >= 1.0 && gramian.len() == 6 * 4 * outputs * outputs);
        for (e, &g) in gramian.iter().enumerate() {
            let (a, b) = (row(&x, e / (4 * outputs)), row(&others, e % (4 * outputs)));
            close(g, a.iter().zip(&b).map(|(a, b)| a * b).sum(), 1e-12);
        }
    }

    #[test]
    fn a_sample_at_a_kink_is_found() {
        let mut tensors = tensors();
        tensors[1].fill(0.0);
        let network = plain(&tensors);
        // The first hidden unit sees w · x = 0 at sample 1.
        let (a, b) = (tensors[0][0], tensors[0][WIDTHS[1]]);
        let x = [0.3, 0.7, b, -a, -0.4, 0.2];
        assert_eq!(network.near_kinks(&columns(&x, 2)), [1]);
        assert!(network.near_kinks(&columns(&x[..2], 2)).is_empty());
    }

    #[test]
    fn eigenvalues_fall_and_are_those_of_a_known_matrix() {
        // 2 on the diagonal, 1 elsewhere: n + 1, then 1.
        let found = eigenvalues(&Mat::from_fn(6, 6, |i, j| if i == j { 2.0 } else { 1.0 }));
        let found = found.expect("eigenvalues");
        close(found[0], 7.0, 1e-12);
        found[1..].iter().for_each(|&value| close(value, 1.0, 1e-12));
        let wrong = Mat::from_fn(2, 2, |_, _| f64::NAN);
        assert!(eigenvalues(&wrong).is_err());
    }
}
