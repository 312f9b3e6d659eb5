//! Gram matrices between the positions of a convolution, for pairs of samples.

use crate::gemm::{Gemm, gemm};
use crate::scalar::Scalar;
use crate::tile::Sums;
use crate::window::{Padding, Window};

/// Numbers of the products between the pixels of one image and of others that are held at once: they
/// stay in the L2 cache.
const PIXELS: usize = 64 * 1024;

/// Q(p, q) = s_w² ⟨window p of h, window q of h'⟩ + s_b² for one sample h and others h', and its
/// products with their signals.
///
/// With it the Gramian of a convolution is Σ_{p,q} Q(p, q) ⟨Bᵃ_p, B'ᵇ_q⟩. The products of windows are sums
/// over those of pixels, H H'ᵀ, which are k² times fewer.
///
/// Source: Novak et al. 2019, *Bayesian deep convolutional networks with many channels are Gaussian
/// processes* (1810.05148), where the covariance of pixels passes through convolutions in this way.
#[derive(Clone, Debug)]
pub struct Positions<T> {
    window: Window,
    channels: usize,
    /// Of each place in a window, those positions for which it lies in the image: the first of some that
    /// follow count other, the pixel that it sees there, and how many there are.
    runs: Vec<Vec<[usize; 3]>>,
    /// H H'ᵀ, pixels × (samples · pixels).
    pixels: Vec<T>,
    samples: usize,
    /// Q, positions × positions.
    gram: Vec<T>,
    /// Q B', outputs × positions × channels.
    images: Vec<T>,
}

impl<T: Scalar> Positions<T> {
    /// For a convolution with `channels` channels.
    #[must_use]
    pub fn new(window: &Window, channels: usize) -> Self {
        let k = window.kernel;
        let runs = (0..k * k).map(|place| runs(window, [place / k, place % k])).collect();
        let (pixels, gram, images) = (Vec::new(), Vec::new(), Vec::new());
        Self { window: *window, channels, runs, pixels, samples: 0, gram, images }
    }

    /// Samples h' that are taken at once.
    #[must_use]
    pub fn at_once(&self) -> usize {
        let [h, w, _] = self.window.input;
        (PIXELS / (h * w * h * w)).max(1)
    }

    /// Takes the image `left` and the images `right`, row-major, and s_w².
    pub fn set_images(&mut self, left: &[T], right: &[T], weight_factor: T) {
        let [h, w, c] = self.window.input;
        self.samples = right.len() / (h * w * c);
        self.pixels.resize(h * w * right.len() / c, T::zero());
        let shape = [h * w, c, right.len() / c];
        gemm(Gemm::RightTransposed, shape, weight_factor, left, right, false, &mut self.pixels);
    }

    /// Q B' for sample `right` of those taken and its `signals`, outputs × positions × channels.
    pub fn product(&mut self, right: usize, bias_factor: T, signals: &[T]) -> &[T] {
        let [h, w, _] = self.window.input;
        let (count, line) = (self.window.positions(), self.samples * h * w);
        self.gram.clear();
        self.gram.resize(count * count, bias_factor);
        for runs in &self.runs {
            for &[first, pixel, length] in runs {
                for p in 0..length {
                    let row = &self.pixels[(pixel + p) * line + right * h * w..][..h * w];
                    let to = &mut self.gram[(first + p) * count..][..count];
                    for &[first, pixel, length] in runs {
                        let to = &mut to[first..first + length];
                        for (to, &product) in to.iter_mut().zip(&row[pixel..pixel + length]) {
                            *to += product;
                        }
                    }
                }
            }
        }
        self.images.resize(signals.len(), T::zero());
        let channels = self.channels;
        let sums = Sums {
            lines: 1,
            rows: count,
            columns: channels,
            segments: 1,
            length: count,
            a_line: 0,
            a_row: count,
            a_segment: 0,
            a_step: 1,
            b_segment: 0,
            b_step: channels,
            result_line: 0,
            result_row: channels,
        };
        let images = self.images.chunks_exact_mut(count * channels);
        for (signals, images) in signals.chunks_exact(count * channels).zip(images) {
            T::sums(&sums, T::one(), &self.gram, signals, false, images);
        }
        &self.images
    }
}

/// The positions for which `place` of a window lies in the image.
fn runs(window: &Window, place: [usize; 2]) -> Vec<[usize; 3]> {
    let [_, across] = window.output;
    let pixel = |position: usize| {
        let corner = [position / across, position % across];
        let side = |side: usize| {
            let (at, size) = (corner[side] * window.stride + place[side], window.input[side]);
            let before = window.before[side];
            if window.padding == Padding::Circular {
                Some((at + size * before - before) % size)
            } else {
                at.checked_sub(before).filter(|&at| at < size)
            }
        };
        Some(side(0)? * window.input[1] + side(1)?)
    };
    let mut runs: Vec<[usize; 3]> = Vec::new();
    for position in 0..window.positions() {
        let Some(pixel) = pixel(position) else { continue };
        let follows = |[first, start, length]: &&mut [usize; 3]| {
            *first + *length == position && *start + *length == pixel
        };
        match runs.last_mut().filter(follows) {
            Some(run) => run[2] += 1,
            None => runs.push([position, pixel, 1]),
        }
    }
    runs
}
