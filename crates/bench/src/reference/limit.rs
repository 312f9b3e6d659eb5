//! Both kernels of a network in the limit of infinite width, in f64: pair of samples by pair, pixel by pixel.
//!
//! With q, q' the variances of a pixel of each sample, K their covariance and a = arccos(K / √(qq')), relu has
//!
//! ```text
//! E[φφ'] = √(qq') (sin a + (π − a) cos a) / 2π        E[φ'φ'] = (π − a) / 2π
//! ```
//!
//! Sources: Cho & Saul 2009; Jacot et al. 2018; Arora et al. 2019 for convolutions.

use std::f64::consts::PI;

use network::{Architecture, Conv, Initialization, LayerSpec, Padding, Shape};
use rayon::prelude::*;

use crate::error::BenchError;

/// A network of relus in the NTK parameterization.
#[derive(Clone, Debug)]
pub struct Limit {
    layers: Vec<Layer>,
    /// Rows, columns and channels; a vector is one pixel.
    input: [usize; 3],
    /// σ_w².
    weight: f64,
    /// σ_b².
    bias: f64,
}

#[derive(Clone, Copy, Debug)]
enum Layer {
    /// A window of so many rows and columns around each pixel, zeros beyond the image.
    Conv(usize),
    Relu,
    /// The mean of an image.
    Pool,
    /// Reads all pixels, each with weights of its own.
    Dense,
}

/// What a pair of samples is on its way.
struct Pair {
    places: [usize; 2],
    /// K and Θ between each pixel of one and each of the other.
    covariances: Vec<f64>,
    tangents: Vec<f64>,
    /// Variances of the pixels of either.
    variances: [Vec<f64>; 2],
}

impl Limit {
    /// The limit of `architecture` on inputs of the shape `input`.
    ///
    /// # Errors
    /// [`BenchError::Reference`] where it has a layer or an initialization that is unknown here.
    pub fn new(architecture: &Architecture, input: Shape) -> Result<Self, BenchError> {
        let unknown =
            |what: String| BenchError::Reference { message: format!("{what} is unknown") };
        let Initialization::Ntk { weight_std, bias_std } = architecture.init else {
            return Err(unknown(format!("the limit of {:?}", architecture.init)));
        };
        let layer = |layer: &LayerSpec| match *layer {
            LayerSpec::Conv(Conv { kernel, stride: 1, padding: Padding::Same, .. })
                if kernel % 2 == 1 =>
            {
                Ok(Some(Layer::Conv(kernel)))
            }
            LayerSpec::Relu => Ok(Some(Layer::Relu)),
            LayerSpec::GlobalAveragePool => Ok(Some(Layer::Pool)),
            LayerSpec::Dense(_) => Ok(Some(Layer::Dense)),
            LayerSpec::Flatten => Ok(None),
            ref other => Err(unknown(format!("the limit of {other:?}"))),
        };
        let layers = architecture.layers.iter().filter_map(|spec| layer(spec).transpose());
        let input = match input {
            Shape::Vector(length) => [1, 1, length],
            Shape::Image(sizes) => sizes,
        };
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            input,
            weight: weight_std.powi(2),
            bias: bias_std.powi(2),
        })
    }

    /// Terms of the sums along the longest way from an input to an output.
    pub fn terms(&self) -> usize {
        let [h, w, channels] = self.input;
        let of = |layer: &Layer| match layer {
            Layer::Conv(kernel) => kernel * kernel + 1,
            Layer::Relu => 0,
            Layer::Pool => (h * w).pow(2),
            Layer::Dense => 2,
        };
        channels + self.layers.iter().map(of).sum::<usize>()
    }

    /// K and Θ over the samples of `x`, each n × n.
    ///
    /// A correlation of more than 1 − `slack` counts as 1 − `slack`: with 0 the kernels are exact.
    pub fn kernels(&self, x: &[f64], slack: f64) -> [Vec<f64>; 2] {
        let size: usize = self.input.iter().product();
        let n = x.len() / size;
        let sample = |i: usize| &x[i * size..(i + 1) * size];
        let pairs: Vec<(usize, usize)> =
            (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
        let entries = pairs.par_iter().map(|&(i, j)| self.pair(sample(i), sample(j), slack));
        let entries: Vec<[f64; 2]> = entries.collect();
        let mut kernels = [vec![0.0; n * n], vec![0.0; n * n]];
        for ((i, j), entries) in pairs.into_iter().zip(entries) {
            for (kernel, entry) in kernels.iter_mut().zip(entries) {
                kernel[i * n + j] = entry;
                kernel[j * n + i] = entry;
            }
        }
        kernels
    }

    /// K and Θ of two samples.
    fn pair(&self, x: &[f64], other: &[f64], slack: f64) -> [f64; 2] {
        let mut pair = Pair::of_inputs(x, other, self.input);
        for &layer in &self.layers {
            match layer {
                Layer::Conv(kernel) => pair.convolve(kernel),
                Layer::Relu => pair.relu(slack),
                Layer::Pool => pair.pool(),
                Layer::Dense => pair.read(),
            }
            if matches!(layer, Layer::Conv(_) | Layer::Dense) {
                for (k, t) in pair.covariances.iter_mut().zip(&mut pair.tangents) {
                    *k = self.weight * *k + self.bias;
                    *t = *k + self.weight * *t;
                }
                for q in pair.variances.iter_mut().flatten() {
                    *q = self.weight * *q + self.bias;
                }
            }
        }
        [pair.covariances[0], pair.tangents[0]]
    }
}

impl Pair {
    /// x·x'/c over the c channels of each two pixels.
    fn of_inputs(x: &[f64], other: &[f64], [h, w, channels]: [usize; 3]) -> Self {
        let mean = |a: &[f64], b: &[f64]| -> f64 {
            a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / channels as f64
        };
        let pixels = |x: &[f64]| x.chunks(channels).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let (left, right) = (pixels(x), pixels(other));
        let variances =
            |pixels: &[Vec<f64>]| pixels.iter().map(|pixel| mean(pixel, pixel)).collect();
        let covariances: Vec<f64> =
            left.iter().flat_map(|p| right.iter().map(|q| mean(p, q))).collect();
        Self {
            places: [h, w],
            tangents: vec![0.0; covariances.len()],
            covariances,
            variances: [variances(&left), variances(&right)],
        }
    }

    /// The pixel `steps` rows and columns from `place`, where there is one.
    fn shifted(&self, place: usize, steps: [isize; 2]) -> Option<usize> {
        let [h, w] = self.places;
        let row = (place / w).checked_add_signed(steps[0]).filter(|&row| row < h)?;
        let column = (place % w).checked_add_signed(steps[1]).filter(|&column| column < w)?;
        Some(row * w + column)
    }

    /// Means over windows that move in both images together.
    fn convolve(&mut self, kernel: usize) {
        let (pixels, reach) = (self.places.iter().product::<usize>(), (kernel / 2).cast_signed());
        let steps: Vec<[isize; 2]> =
            (-reach..=reach).flat_map(|i| (-reach..=reach).map(move |j| [i, j])).collect();
        let window = |place| steps.iter().map(|&step| self.shifted(place, step)).collect();
        let windows: Vec<Vec<Option<usize>>> = (0..pixels).map(window).collect();
        let count = (kernel * kernel) as f64;
        let of_pairs = |values: &[f64]| -> Vec<f64> {
            let entry = |e: usize| {
                let both = windows[e / pixels].iter().zip(&windows[e % pixels]);
                both.filter_map(|(p, q)| Some(values[(*p)? * pixels + (*q)?])).sum::<f64>() / count
            };
            (0..pixels * pixels).map(entry).collect()
        };
        let of_pixels = |values: &[f64]| -> Vec<f64> {
            let mean = |window: &Vec<Option<usize>>| {
                window.iter().flatten().map(|&place| values[place]).sum::<f64>() / count
            };
            windows.iter().map(mean).collect()
        };
        let (covariances, tangents) = (of_pairs(&self.covariances), of_pairs(&self.tangents));
        let variances = self.variances.each_ref().map(|variances| of_pixels(variances));
        (self.covariances, self.tangents, self.variances) = (covariances, tangents, variances);
    }

    fn relu(&mut self, slack: f64) {
        let [left, right] = &self.variances;
        for (e, (k, t)) in self.covariances.iter_mut().zip(&mut self.tangents).enumerate() {
            let deviation = (left[e / right.len()] * right[e % right.len()]).sqrt();
            // `min` and `max` would hide a variance that is no number.
            let correlation = (*k / deviation).clamp(-1.0, 1.0 - slack);
            let angle = correlation.acos();
            *k = deviation * (angle.sin() + (PI - angle) * correlation) / (2.0 * PI);
            *t *= (PI - angle) / (2.0 * PI);
        }
        self.variances.iter_mut().flatten().for_each(|q| *q /= 2.0);
    }

    /// The mean over all pairs of pixels.
    fn pool(&mut self) {
        let mean = |values: &[f64]| vec![values.iter().sum::<f64>() / values.len() as f64];
        (self.covariances, self.tangents) = (mean(&self.covariances), mean(&self.tangents));
        // Those of a mean need all pairs of one sample's pixels; no relu asks for them.
        self.variances = [vec![f64::NAN], vec![f64::NAN]];
        self.places = [1, 1];
    }

    /// The mean over equal pixels.
    fn read(&mut self) {
        let pixels: usize = self.places.iter().product();
        let mean = |values: &[f64], step: usize| {
            vec![values.iter().step_by(step).sum::<f64>() / pixels as f64]
        };
        self.covariances = mean(&self.covariances, pixels + 1);
        self.tangents = mean(&self.tangents, pixels + 1);
        self.variances = self.variances.each_ref().map(|variances| mean(variances, 1));
        self.places = [1, 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(layers: &str, input: Shape) -> Limit {
        let network = format!(
            r#"{{ "layers": {layers}, "init": {{ "ntk": {{ "weight_std": 1.5, "bias_std": 0.2 }} }} }}"#
        );
        Limit::new(&serde_json::from_str(&network).expect("a network"), input).expect("a limit")
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} is not {b}");
    }

    #[test]
    fn one_hidden_layer_has_the_kernels_on_paper() {
        let limit = limit(r#"[{ "dense": 1 }, "relu", { "dense": 1 }]"#, Shape::Vector(2));
        let [k, t] = limit.kernels(&[1.0, 0.0, 0.0, 2.0], 0.0);
        let (weight, bias): (f64, f64) = (2.25, 0.04);
        // Orthogonal inputs of length 1 and 2.
        let (q, other, c) = (weight / 2.0 + bias, 2.0 * weight + bias, bias);
        let correlation = c / (q * other).sqrt();
        let rest = PI - correlation.acos();
        let sine = (1.0 - correlation * correlation).sqrt();
        let after = (q * other).sqrt() * (sine + rest * correlation) / (2.0 * PI);
        close(k[1], weight * after + bias);
        close(t[1], k[1] + weight * c * rest / (2.0 * PI));
        // E[φφ] = q / 2 and E[φ'φ'] = 1 / 2 of a sample with itself.
        close(k[0], weight * q / 2.0 + bias);
        close(t[0], k[0] + weight * q / 2.0);
        close(k[1], k[2]);
    }

    #[test]
    fn an_image_of_one_row_is_convolved_and_pooled_as_on_paper() {
        let of = |last: &str| {
            let layers = format!(
                r#"[{{ "conv": {{ "channels": 1, "kernel": 3 }} }}, "{last}", {{ "dense": 1 }}]"#
            );
            limit(&layers, Shape::Image([1, 2, 1])).kernels(&[1.0, 2.0, 3.0, 5.0], 0.0)
        };
        let (weight, bias) = (2.25, 0.04);
        // Both pixels see both, so that equal ones have 1·3 + 2·5; the others 1·5 and 2·3 alone.
        let at = |sum: f64| weight * sum / 9.0 + bias;
        let flat = at(13.0);
        close(of("flatten")[0][1], weight * flat + bias);
        let mean = (2.0 * flat + at(5.0) + at(6.0)) / 4.0;
        close(of("global_average_pool")[0][1], weight * mean + bias);
        // No relu: the tangent kernel adds what each layer's own weights give.
        close(of("flatten")[1][1], 2.0 * weight * flat + bias);
    }

    #[test]
    fn slack_matters_where_samples_are_the_same_alone() {
        let limit = limit(r#"[{ "dense": 1 }, "relu", { "dense": 1 }]"#, Shape::Vector(2));
        let x = [1.0, 0.0, 0.0, 2.0];
        let (exact, loose) =
            (limit.kernels(&x, 0.0)[1].clone(), limit.kernels(&x, 1e-6)[1].clone());
        close(loose[1], exact[1]);
        assert!(loose[0] < exact[0] * (1.0 - 1e-4));
    }

    #[test]
    fn what_has_no_limit_here_is_refused() {
        let max_pool =
            r#"{ "layers": [{ "max_pool": 2 }, { "dense": 1 }], "init": { "ntk": {} } }"#;
        for network in [max_pool, r#"{ "layers": [{ "dense": 1 }] }"#] {
            let network = serde_json::from_str(network).expect("a network");
            assert!(Limit::new(&network, Shape::Image([4, 4, 1])).is_err());
        }
    }
}
