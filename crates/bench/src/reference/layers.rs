//! Networks of layers in f64: a convolution as the product of an image's patches with its weights, all
//! else as loops.
//!
//! A vector is an image of one pixel here, so that a dense layer is a convolution of 1 × 1, and the mean
//! of an image a pool of its size.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use network::{Architecture, LayerSpec, Padding, Residual, Shape};
use rayon::prelude::*;

use super::{KINK, norm};
use crate::error::BenchError;

/// A network of layers with its parameters, in f64.
#[derive(Clone, Debug)]
pub struct Layered {
    layers: Vec<Layer>,
    /// All tensors one after the other, each row-major.
    parameters: Vec<f64>,
    input: [usize; 3],
    /// Whether a batch norm lets samples see each other.
    coupled: bool,
}

#[derive(Clone, Debug)]
enum Layer {
    Conv(Conv),
    /// Means of windows of so many rows and columns, side by side.
    Pool([usize; 2]),
    Relu,
    /// Per channel over all samples and positions. γ is at this place of the parameters, β follows.
    BatchNorm {
        at: usize,
        epsilon: f64,
    },
    Flatten,
    /// The sum of two ways; the second has no layers where it is the input itself.
    Residual([Vec<Layer>; 2]),
}

/// A convolution with its places in the parameters: weights, k × k × c × c', and biases.
#[derive(Clone, Debug)]
struct Conv {
    kernel: usize,
    stride: usize,
    /// Whether zeros around the image make room for ⌈size / stride⌉ windows.
    same: bool,
    channels: usize,
    weight: Range<usize>,
    bias: Range<usize>,
}

/// Images, n × h × w × c.
#[derive(Clone, Debug)]
struct Images {
    shape: [usize; 3],
    values: Vec<f64>,
}

/// What a layer keeps for the way back.
enum Saved {
    /// Its input.
    Input(Images),
    /// What the layers of a residual's two ways keep.
    Ways([Vec<Saved>; 2]),
}

/// What a forward pass leaves behind.
struct Pass {
    saved: Vec<Saved>,
    outputs: Images,
    /// Of each sample, whether a unit is so near its kink that rounding decides its slope.
    near: Vec<bool>,
}

/// Which slope a unit has whose z is so near the kink that rounding decides it.
#[derive(Clone, Copy)]
enum AtKink {
    /// That of z in f64.
    Own,
    Zero,
    One,
}

/// A gradient of the loss.
pub struct Gradient {
    /// By all parameters, tensor by tensor.
    pub values: Vec<f64>,
    /// Σ_n ‖g_n‖ / ‖Σ_n g_n‖ over the samples' parts of it: how far they cancel.
    pub condition: f64,
    /// How far two right gradients may be apart, relative to their norm, for units at their kinks.
    pub kinks: f64,
}

impl Images {
    /// Numbers of an image.
    fn size(&self) -> usize {
        self.shape.iter().product()
    }

    fn each(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.size())
    }

    /// Images of a shape, each made of one of these.
    fn map(&self, shape: [usize; 3], make: impl Fn(&[f64], &mut [f64])) -> Self {
        let size: usize = shape.iter().product();
        let mut values = vec![0.0; self.values.len() / self.size() * size];
        self.each().zip(values.chunks_exact_mut(size)).for_each(|(from, to)| make(from, to));
        Self { shape, values }
    }
}

/// A row-major matrix of `columns` columns.
fn matrix(values: &[f64], columns: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(values, values.len() / columns, columns)
}

/// A B, row-major; on one thread, since samples are what runs side by side.
fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Vec<f64> {
    let mut values = vec![0.0; a.nrows() * b.ncols()];
    let result = MatMut::from_row_major_slice_mut(&mut values, a.nrows(), b.ncols());
    matmul(result, Accum::Replace, a, b, 1.0, Par::Seq);
    values
}

impl Conv {
    /// Windows along a side of `size` pixels, and zeros before it.
    fn along(&self, size: usize) -> (usize, usize) {
        if !self.same {
            return ((size - self.kernel) / self.stride + 1, 0);
        }
        let count = size.div_ceil(self.stride);
        (count, ((count - 1) * self.stride + self.kernel).saturating_sub(size) / 2)
    }

    fn output(&self, [h, w, _]: [usize; 3]) -> [usize; 3] {
        [self.along(h).0, self.along(w).0, self.channels]
    }

    /// k² c.
    fn patch(&self) -> usize {
        self.weight.len() / self.channels
    }

    /// Calls `meet` with each entry of the patches, positions × k²c, and the entry of the image that it
    /// is; zeros around the image are left out.
    fn meet(&self, [h, w, c]: [usize; 3], mut meet: impl FnMut(usize, usize)) {
        let ((down, top), (across, left)) = (self.along(h), self.along(w));
        let mut entry = 0;
        for position in 0..down * across {
            let corner = [position / across, position % across].map(|place| place * self.stride);
            for place in 0..self.kernel * self.kernel {
                let (y, x) = (corner[0] + place / self.kernel, corner[1] + place % self.kernel);
                if (top..top + h).contains(&y) && (left..left + w).contains(&x) {
                    let pixel = ((y - top) * w + x - left) * c;
                    (0..c).for_each(|channel| meet(entry + channel, pixel + channel));
                }
                entry += c;
            }
        }
    }

    fn patches(&self, shape: [usize; 3], image: &[f64]) -> Vec<f64> {
        let [down, across, _] = self.output(shape);
        let mut patches = vec![0.0; down * across * self.patch()];
        self.meet(shape, |entry, pixel| patches[entry] = image[pixel]);
        patches
    }
}

/// Of each entry of an image its window's number, for windows that hold it.
fn windows([h, w, c]: [usize; 3], window: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    let (down, across) = (h / window[0], w / window[1]);
    (0..h * w * c).filter_map(move |entry| {
        let (y, x) = (entry / c / w / window[0], entry / c % w / window[1]);
        (y < down && x < across).then(|| (entry, (y * across + x) * c + entry % c))
    })
}

/// Mean, and 1 / √(σ² + ε), of each channel over samples and positions.
fn moments(x: &Images, epsilon: f64) -> Vec<(f64, f64)> {
    let channels = x.shape[2];
    let of = |channel: usize| {
        let values = || x.values.iter().skip(channel).step_by(channels);
        let count = (x.values.len() / channels) as f64;
        let mean = values().sum::<f64>() / count;
        let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        (mean, (variance + epsilon).sqrt().recip())
    };
    (0..channels).map(of).collect()
}

/// Distance from its kink within which rounding decides the slope of a unit of this image.
fn reach(z: &[f64]) -> f64 {
    KINK * norm(z) / (z.len() as f64).sqrt()
}

impl Layered {
    /// The network `architecture` on inputs of a shape, with its tensors one after the other.
    ///
    /// # Errors
    /// [`BenchError::Reference`] where it has what no case has, [`BenchError::Size`] where the tensors
    /// are not its own.
    pub fn new(
        architecture: &Architecture,
        input: Shape,
        parameters: Vec<f64>,
    ) -> Result<Self, BenchError> {
        let input = match input {
            Shape::Image(shape) => shape,
            Shape::Vector(length) => [1, 1, length],
        };
        let mut reading =
            Reading { shape: input, read: 0, bias: architecture.bias, coupled: false };
        let layers = reading.layers(&architecture.layers)?;
        if reading.read != parameters.len() {
            return Err(BenchError::Size { found: parameters.len(), wanted: reading.read });
        }
        Ok(Self { layers, parameters, input, coupled: reading.coupled })
    }

    /// Terms of the sums along the longest way from one of `samples` inputs to an output.
    pub fn terms(&self, samples: usize) -> usize {
        terms(&self.layers, &mut self.input.clone(), samples)
    }

    /// Most positions that share a weight.
    pub fn positions(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// P.
    pub fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    /// f(x), n × o, of `x`, n × h × w × c.
    #[cfg(test)]
    pub fn outputs(&self, x: &[f64]) -> Vec<f64> {
        self.forward(x).outputs.values
    }

    /// The samples of `x` at which a unit is so near its kink that rounding decides its slope; none with
    /// batch norms, where another sample would move all units of the others.
    pub fn near_kinks(&self, x: &[f64]) -> Vec<usize> {
        if self.coupled {
            return Vec::new();
        }
        let images: Vec<&[f64]> = x.chunks(self.input.iter().product()).collect();
        let near: Vec<bool> = images.par_iter().map(|image| self.forward(image).near[0]).collect();
        (0..near.len()).filter(|&i| near[i]).collect()
    }

    fn forward(&self, x: &[f64]) -> Pass {
        let x = Images { shape: self.input, values: x.to_vec() };
        let mut near = vec![false; x.values.len() / x.size()];
        let (saved, outputs) = self.through(&self.layers, x, &mut near);
        Pass { saved, outputs, near }
    }

    /// What `layers` make of `x`, and what they keep.
    fn through(&self, layers: &[Layer], x: Images, near: &mut [bool]) -> (Vec<Saved>, Images) {
        let (mut kept, mut x) = (Vec::new(), x);
        for layer in layers {
            let (saved, result) = match layer {
                Layer::Residual(ways) => {
                    let (long, mut sum) = self.through(&ways[0], x.clone(), near);
                    let (short, other) = self.through(&ways[1], x, near);
                    sum.values.iter_mut().zip(other.values).for_each(|(sum, other)| *sum += other);
                    (Saved::Ways([long, short]), sum)
                }
                layer => {
                    let result = self.result(layer, &x);
                    if matches!(layer, Layer::Relu) {
                        let at_kink = |z: &[f64]| {
                            let reach = reach(z);
                            z.iter().any(|value| value.abs() <= reach)
                        };
                        near.iter_mut().zip(x.each()).for_each(|(near, z)| *near |= at_kink(z));
                    }
                    (Saved::Input(x), result)
                }
            };
            kept.push(saved);
            x = result;
        }
        (kept, x)
    }

    /// What a layer makes of `x`.
    fn result(&self, layer: &Layer, x: &Images) -> Images {
        match layer {
            Layer::Conv(conv) => {
                let weight = matrix(&self.parameters[conv.weight.clone()], conv.channels);
                let bias = &self.parameters[conv.bias.clone()];
                x.map(conv.output(x.shape), |image, z| {
                    let patches = conv.patches(x.shape, image);
                    z.copy_from_slice(&product(matrix(&patches, conv.patch()), weight));
                    for pixel in z.chunks_exact_mut(conv.channels) {
                        pixel.iter_mut().zip(bias).for_each(|(z, c)| *z += c);
                    }
                })
            }
            Layer::Pool(window) => {
                let [h, w, c] = x.shape;
                let count = (window[0] * window[1]) as f64;
                x.map([h / window[0], w / window[1], c], |image, means| {
                    windows(x.shape, *window)
                        .for_each(|(from, to)| means[to] += image[from] / count);
                })
            }
            Layer::Relu => x.map(x.shape, |z, h| {
                h.iter_mut().zip(z).for_each(|(h, &z)| *h = z.max(0.0));
            }),
            Layer::BatchNorm { at, epsilon } => {
                let (moments, c) = (moments(x, *epsilon), x.shape[2]);
                let [scale, offset] = self.norm_parameters(*at, c);
                x.map(x.shape, |z, h| {
                    for (e, (h, z)) in h.iter_mut().zip(z).enumerate() {
                        let (mean, inverse) = moments[e % c];
                        *h = scale[e % c] * (z - mean) * inverse + offset[e % c];
                    }
                })
            }
            Layer::Flatten => Images { shape: [1, 1, x.size()], values: x.values.clone() },
            // Both ways are gone by the caller, which keeps them.
            Layer::Residual(_) => x.clone(),
        }
    }

    fn norm_parameters(&self, at: usize, channels: usize) -> [&[f64]; 2] {
        let (scale, offset) = self.parameters[at..at + 2 * channels].split_at(channels);
        [scale, offset]
    }

    /// The signal before `layers`, from `signal` after them; adds what each sample has of the gradient to
    /// one of `gradients`.
    fn back(
        &self,
        layers: &[Layer],
        saved: &[Saved],
        signal: Images,
        at_kink: AtKink,
        gradients: &mut [&mut [f64]],
    ) -> Images {
        let mut signal = signal;
        for (layer, saved) in layers.iter().zip(saved).rev() {
            signal = match (layer, saved) {
                (Layer::Residual(ways), Saved::Ways([long, short])) => {
                    let other = signal.clone();
                    let mut sum = self.back(&ways[0], long, signal, at_kink, gradients);
                    let other = self.back(&ways[1], short, other, at_kink, gradients);
                    sum.values.iter_mut().zip(other.values).for_each(|(sum, other)| *sum += other);
                    sum
                }
                (layer, Saved::Input(x)) => self.before(layer, x, &signal, at_kink, gradients),
                (_, Saved::Ways(_)) => signal,
            };
        }
        signal
    }

    /// The signal at the input `x` of a layer, from `signal` at its result.
    fn before(
        &self,
        layer: &Layer,
        x: &Images,
        signal: &Images,
        at_kink: AtKink,
        gradients: &mut [&mut [f64]],
    ) -> Images {
        let mut before = Images { shape: x.shape, values: vec![0.0; x.values.len()] };
        let samples = before.values.chunks_exact_mut(x.size()).zip(x.each()).zip(signal.each());
        match layer {
            Layer::Conv(conv) => {
                let weight = matrix(&self.parameters[conv.weight.clone()], conv.channels);
                for (((before, image), b), gradient) in samples.zip(gradients) {
                    let patches = conv.patches(x.shape, image);
                    let b = matrix(b, conv.channels);
                    let by_weight = product(matrix(&patches, conv.patch()).transpose(), b);
                    add(&mut gradient[conv.weight.clone()], by_weight);
                    let by_bias = conv.bias.clone().enumerate();
                    by_bias.for_each(|(j, place)| gradient[place] += b.col(j).iter().sum::<f64>());
                    let unfolded = product(b, weight.transpose());
                    conv.meet(x.shape, |entry, pixel| before[pixel] += unfolded[entry]);
                }
            }
            Layer::Pool(window) => {
                let count = (window[0] * window[1]) as f64;
                for ((before, _), b) in samples {
                    windows(x.shape, *window).for_each(|(to, from)| before[to] = b[from] / count);
                }
            }
            Layer::Relu => {
                for ((before, z), b) in samples {
                    let kink = match at_kink {
                        AtKink::Own => 0.0,
                        AtKink::Zero => reach(z),
                        AtKink::One => -reach(z),
                    };
                    for ((before, &z), &b) in before.iter_mut().zip(z).zip(b) {
                        *before = if z > kink { b } else { 0.0 };
                    }
                }
            }
            Layer::BatchNorm { at, epsilon } => {
                let (moments, c) = (moments(x, *epsilon), x.shape[2]);
                let [scale, _] = self.norm_parameters(*at, c);
                let normed = |e: usize, z: f64| (z - moments[e % c].0) * moments[e % c].1;
                // Means of b and of b ẑ over samples and positions.
                let mut means = vec![(0.0, 0.0); c];
                let count = (x.values.len() / c) as f64;
                for (e, (&z, &b)) in x.values.iter().zip(&signal.values).enumerate() {
                    means[e % c].0 += b / count;
                    means[e % c].1 += b * normed(e, z) / count;
                }
                for (((before, z), b), gradient) in samples.zip(gradients) {
                    for (e, ((before, &z), &b)) in before.iter_mut().zip(z).zip(b).enumerate() {
                        let (channel, z) = (e % c, normed(e, z));
                        gradient[at + channel] += b * z;
                        gradient[at + c + channel] += b;
                        let (mean, along) = means[channel];
                        *before = scale[channel] * moments[channel].1 * (b - mean - z * along);
                    }
                }
            }
            Layer::Flatten | Layer::Residual(_) => before.values.copy_from_slice(&signal.values),
        }
        before
    }

    /// What each sample has of the gradient of a scalar whose derivative by the outputs of sample i is
    /// `last(i, f_i)`.
    fn parts(
        &self,
        x: &[f64],
        last: impl Fn(usize, &[f64]) -> Vec<f64> + Sync,
        at_kink: AtKink,
    ) -> Vec<Vec<f64>> {
        let size: usize = self.input.iter().product();
        // Samples that see each other go through the network together.
        let together = if self.coupled { x.len() / size } else { 1 };
        let blocks = x.par_chunks(together * size).enumerate();
        let parts = blocks.map(|(block, x)| {
            let pass = self.forward(x);
            let outputs = pass.outputs.each().enumerate();
            let signal = outputs.flat_map(|(i, f)| last(block * together + i, f)).collect();
            let signal = Images { values: signal, ..pass.outputs };
            let mut gradients = vec![vec![0.0; self.parameters.len()]; x.len() / size];
            let mut rows: Vec<&mut [f64]> = gradients.iter_mut().map(Vec::as_mut_slice).collect();
            self.back(&self.layers, &pass.saved, signal, at_kink, &mut rows);
            gradients
        });
        parts.flatten().collect()
    }

    /// The gradient of L = ‖f − y‖² / 2n, `y` being n × o.
    pub fn gradient(&self, x: &[f64], y: &[f64]) -> Gradient {
        let samples = x.len() / self.input.iter().product::<usize>();
        let outputs = y.len() / samples;
        let residual = |i: usize, f: &[f64]| {
            let targets = &y[i * outputs..(i + 1) * outputs];
            f.iter().zip(targets).map(|(f, y)| (f - y) / samples as f64).collect()
        };
        let gradient = |at_kink| {
            let parts = self.parts(x, residual, at_kink);
            let mut sum = vec![0.0; self.parameters.len()];
            for part in &parts {
                add(&mut sum, part.iter().copied());
            }
            (sum, parts.iter().map(|part| norm(part)).sum::<f64>())
        };
        let (values, each) = gradient(AtKink::Own);
        let size = norm(&values);
        let kinks = if self.coupled {
            let (zero, one) = (gradient(AtKink::Zero).0, gradient(AtKink::One).0);
            let apart: Vec<f64> = zero.iter().zip(one).map(|(zero, one)| one - zero).collect();
            norm(&apart) / size
        } else {
            0.0
        };
        Gradient { values, condition: each / size, kinks }
    }

    /// G = J Jᵀ of the samples of `x`, row-major with rows and columns sample-major, and tr G / ‖G‖, which
    /// bounds how far its terms may cancel. There is none where samples see each other.
    pub fn gramian(&self, x: &[f64], outputs: usize) -> (Vec<f64>, f64) {
        let (size, width) = (self.input.iter().product(), self.parameters.len());
        let rows = x.len() / size * outputs;
        let mut jacobian = vec![0.0; rows * width];
        let of_samples = jacobian.par_chunks_mut(outputs * width).zip(x.par_chunks(size));
        of_samples.for_each(|(jacobian, x)| {
            let pass = self.forward(x);
            for (a, row) in jacobian.chunks_mut(width).enumerate() {
                let unit = (0..outputs).map(|b| f64::from(u8::from(a == b))).collect();
                let signal = Images { shape: pass.outputs.shape, values: unit };
                self.back(&self.layers, &pass.saved, signal, AtKink::Own, &mut [row]);
            }
        });
        let j = matrix(&jacobian, width);
        let mut gram = Mat::<f64>::zeros(rows, rows);
        let (lower, all) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        let par = Par::rayon(0);
        triangular::matmul(&mut gram, lower, Accum::Replace, j, all, j.transpose(), all, 1.0, par);
        let entry = |e: usize| gram[((e / rows).max(e % rows), (e / rows).min(e % rows))];
        let values: Vec<f64> = (0..rows * rows).map(entry).collect();
        let trace: f64 = (0..rows).map(|i| gram[(i, i)]).sum();
        let condition = trace / norm(&values);
        (values, condition)
    }
}

fn add(sums: &mut [f64], values: impl IntoIterator<Item = f64>) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// Terms of the longest way through `layers`; `shape` becomes that of their result.
fn terms(layers: &[Layer], shape: &mut [usize; 3], samples: usize) -> usize {
    let of = |layer: &Layer| match layer {
        Layer::Conv(conv) => {
            *shape = conv.output(*shape);
            conv.patch() + 1
        }
        Layer::Pool(window) => {
            *shape = [shape[0] / window[0], shape[1] / window[1], shape[2]];
            window[0] * window[1]
        }
        Layer::BatchNorm { .. } => samples * shape[0] * shape[1],
        Layer::Flatten => {
            *shape = [1, 1, shape.iter().product()];
            0
        }
        Layer::Relu => 0,
        Layer::Residual([long, short]) => {
            let short = terms(short, &mut shape.clone(), samples);
            short.max(terms(long, shape, samples)) + 1
        }
    };
    layers.iter().map(of).sum()
}

/// How far a list of layers has been read.
struct Reading {
    /// Shape after the layers read so far.
    shape: [usize; 3],
    /// Parameters read so far.
    read: usize,
    bias: bool,
    coupled: bool,
}

impl Reading {
    fn layers(&mut self, given: &[LayerSpec]) -> Result<Vec<Layer>, BenchError> {
        given.iter().map(|layer| self.layer(layer)).collect()
    }

    fn parameters(&mut self, count: usize) -> Range<usize> {
        self.read += count;
        self.read - count..self.read
    }

    fn conv(&mut self, channels: usize, [kernel, stride]: [usize; 2], same: bool) -> Layer {
        let weight = self.parameters(kernel * kernel * self.shape[2] * channels);
        let bias = self.parameters(if self.bias { channels } else { 0 });
        let conv = Conv { kernel, stride, same, channels, weight, bias };
        self.shape = conv.output(self.shape);
        Layer::Conv(conv)
    }

    fn pool(&mut self, window: [usize; 2]) -> Layer {
        self.shape = [self.shape[0] / window[0], self.shape[1] / window[1], self.shape[2]];
        Layer::Pool(window)
    }

    fn layer(&mut self, given: &LayerSpec) -> Result<Layer, BenchError> {
        Ok(match given {
            LayerSpec::Conv(conv) if conv.padding != Padding::Circular => {
                let same = conv.padding == Padding::Same;
                self.conv(conv.channels, [conv.kernel, conv.stride], same)
            }
            LayerSpec::Dense(width) => self.conv(*width, [1, 1], false),
            LayerSpec::AveragePool(pool)
                if pool.side_and_stride().0 == pool.side_and_stride().1 =>
            {
                self.pool([pool.side_and_stride().0; 2])
            }
            LayerSpec::GlobalAveragePool => self.pool([self.shape[0], self.shape[1]]),
            LayerSpec::Flatten => {
                self.shape = [1, 1, self.shape.iter().product()];
                Layer::Flatten
            }
            LayerSpec::Relu => Layer::Relu,
            LayerSpec::BatchNorm(norm) => {
                self.coupled = true;
                let at = self.parameters(2 * self.shape[2]).start;
                Layer::BatchNorm { at, epsilon: norm.epsilon }
            }
            LayerSpec::Residual(Residual::Layers(layers)) => {
                Layer::Residual([self.layers(layers)?, Vec::new()])
            }
            LayerSpec::Residual(Residual::Projected(sum)) => {
                let input = self.shape;
                let long = self.layers(&sum.layers)?;
                self.shape = input;
                Layer::Residual([long, self.layers(&sum.shortcut)?])
            }
            other => {
                let message = format!("it knows no layer `{}` as given", other.key());
                return Err(BenchError::Reference { message });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use network::Initialization;
    use serde::Deserialize;

    use super::*;

    /// Networks of layers with results from PyTorch in f64, as `make.py` beside the file says.
    #[derive(Deserialize)]
    struct Golden {
        name: String,
        architecture: Architecture,
        shape: Vec<u64>,
        x: Vec<f64>,
        y: Vec<f64>,
        tensors: Vec<Tensor>,
        outputs: Vec<f64>,
        ntk: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct Tensor {
        values: Vec<f64>,
        gradient: Vec<f64>,
    }

    fn golden() -> Vec<(Golden, Layered)> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../network/tests/golden/networks.json");
        let text = std::fs::read_to_string(path).expect("golden networks");
        let all: Vec<Golden> = serde_json::from_str(&text).expect("golden networks");
        let known = all.into_iter().filter_map(|golden| {
            let parameters = golden.tensors.iter().flat_map(|t| t.values.clone()).collect();
            let length = golden.shape.iter().product::<u64>() as usize;
            let shape = Shape::of_inputs(length, Some(&golden.shape));
            let plain = !matches!(golden.architecture.init, Initialization::Ntk { .. });
            let network = Layered::new(&golden.architecture, shape, parameters).ok()?;
            plain.then_some((golden, network))
        });
        known.collect()
    }

    fn close(name: &str, found: &[f64], exact: &[f64]) {
        assert_eq!(found.len(), exact.len(), "{name}");
        let apart: Vec<f64> = found.iter().zip(exact).map(|(a, b)| a - b).collect();
        let distance = norm(&apart) / norm(exact);
        assert!(distance <= 1e-10, "{name}: {distance:.1e}");
    }

    #[test]
    fn outputs_gradients_and_gramians_are_those_of_pytorch() {
        let golden = golden();
        for what in ["residual projection", "batch norm in a residual", "average pool 2"] {
            // The last has another convolution before; all have relus.
            assert!(golden.iter().any(|(golden, _)| golden.name == what), "no {what}");
        }
        for (golden, network) in golden {
            let samples = golden.x.len() / golden.shape.iter().product::<u64>() as usize;
            close(&golden.name, &network.outputs(&golden.x), &golden.outputs);
            // L is ½ Σ (f − y)² there, without the mean.
            let found = network.gradient(&golden.x, &golden.y);
            let found: Vec<f64> = found.values.iter().map(|g| g * samples as f64).collect();
            let exact: Vec<f64> = golden.tensors.iter().flat_map(|t| t.gradient.clone()).collect();
            close(&golden.name, &found, &exact);
            if !network.coupled {
                let outputs = golden.outputs.len() / samples;
                let (gramian, condition) = network.gramian(&golden.x, outputs);
                close(&golden.name, &gramian, &golden.ntk);
                assert!(condition >= 1.0 - 1e-12);
            }
        }
    }

    /// One convolution of one weight on one pixel: z = w x.
    fn one_weight(norm: bool) -> Layered {
        let norm = if norm { r#"{"batch_norm": {}},"# } else { "" };
        let layers = format!(
            r#"{{"layers": [{{"conv": {{"channels": 1, "kernel": 1}}}}, {norm} "relu",
                "global_average_pool"], "bias": false}}"#
        );
        let architecture = serde_json::from_str(&layers).expect("an architecture");
        let parameters = if norm.is_empty() { vec![2.0] } else { vec![2.0, 1.0, 0.0] };
        Layered::new(&architecture, Shape::Image([1, 2, 1]), parameters).expect("a network")
    }

    #[test]
    fn a_sample_at_a_kink_is_found() {
        let x = [0.5, -1.0, 1e-9, 1.0, 0.5, 1.0];
        assert_eq!(one_weight(false).near_kinks(&x), [1]);
        assert!(one_weight(true).near_kinks(&x).is_empty());
    }

    #[test]
    fn a_kink_that_samples_share_is_a_distance_that_gradients_may_have() {
        let gradient = |x: &[f64]| one_weight(true).gradient(x, &[1.0, 2.0]).kinks;
        assert!(gradient(&[0.5, -1.0, 3.0, 1.0]) == 0.0);
        // The third is 1e-9 above the mean of the four.
        assert!(gradient(&[1.0, -1.5, 1e-9, 0.5]) > 1e-3);
    }

    #[test]
    fn a_layer_that_no_case_has_is_refused() {
        let architecture = serde_json::from_str(r#"{"layers": ["flatten", "tanh"]}"#);
        let found = Layered::new(&architecture.expect("parses"), Shape::Image([1, 1, 1]), vec![]);
        assert_eq!(
            found.expect_err("no tanh").to_string(),
            "no f64 reference: it knows no layer `tanh` as given"
        );
    }
}
