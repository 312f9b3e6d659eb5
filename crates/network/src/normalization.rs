//! Normalization: y = γ ∘ x̂ + β with x̂ = (x − μ) / √(σ² + ε), γ and β an entry a channel.
//!
//! Layer and group norm take μ and σ² of each sample by itself, batch norm of a channel over all
//! samples; variances are those of the entries, divided by their number.

use crate::scalar::Scalar;

/// Over what a layer normalizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The channels of each place of a sample.
    Channels,
    /// Places and channels of each of so many groups of channels, sample by sample.
    Groups(usize),
    /// Samples and places, channel by channel.
    Batch,
}

/// A normalization of samples with `positions` places of `channels` numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Over what.
    pub over: Over,
    /// ε.
    pub epsilon: f64,
    /// Places of a sample.
    pub positions: usize,
    /// Channels.
    pub channels: usize,
}

/// μ and 1 / √(σ² + ε) of one set of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<T> {
    mean: T,
    inverse: T,
}

impl<T: Scalar> Moments<T> {
    /// From μ and σ².
    pub fn new(mean: T, variance: T, epsilon: f64) -> Self {
        Self { mean, inverse: T::one() / (variance + T::of(epsilon)).root() }
    }
}

impl Norm {
    /// Sets of numbers of a sample that have moments of their own; of batch norm there is one a
    /// channel for all samples.
    pub(crate) fn sets(&self) -> usize {
        match self.over {
            Over::Channels => self.positions,
            Over::Groups(groups) => groups,
            Over::Batch => 0,
        }
    }

    /// Which of a sample's sets, or of batch norm's channels, `position` and `channel` belong to.
    fn set(&self, position: usize, channel: usize) -> usize {
        match self.over {
            Over::Channels => position,
            Over::Groups(groups) => channel / (self.channels / groups),
            Over::Batch => channel,
        }
    }

    /// Numbers of a set of one sample.
    fn set_len(&self) -> usize {
        self.positions * self.channels / self.sets().max(1)
    }

    /// Adds the moments of every set of every sample of `x`, n × positions × channels.
    pub(crate) fn extend_moments<T: Scalar>(&self, x: &[T], moments: &mut Vec<Moments<T>>) {
        let factor = T::one() / T::of(self.set_len() as f64);
        let mut sums = vec![T::zero(); self.sets()];
        for sample in x.chunks_exact(self.positions * self.channels) {
            let first = moments.len();
            sums.fill(T::zero());
            self.add_up(sample, &mut sums, |x, _| x);
            let means = sums.iter().map(|&sum| Moments { mean: sum * factor, inverse: T::one() });
            moments.extend(means);
            sums.fill(T::zero());
            self.add_up(sample, &mut sums, |x, set| {
                let deviation = x - moments[first + set].mean;
                deviation * deviation
            });
            for (moments, &sum) in moments[first..].iter_mut().zip(&sums) {
                *moments = Moments::new(moments.mean, sum * factor, self.epsilon);
            }
        }
    }

    /// Adds a value of every number of a sample to the sum of its set.
    fn add_up<T: Scalar>(&self, sample: &[T], sums: &mut [T], value: impl Fn(T, usize) -> T) {
        for (position, pixel) in sample.chunks_exact(self.channels).enumerate() {
            for (channel, &x) in pixel.iter().enumerate() {
                let set = self.set(position, channel);
                sums[set] += value(x, set);
            }
        }
    }

    /// x̂ of a block, with the `moments` of its sets or, of batch norm, of the channels.
    pub(crate) fn normalized<T: Scalar>(&self, moments: &[Moments<T>], x: &[T], to: &mut [T]) {
        let size = self.positions * self.channels;
        for (sample, (x, to)) in x.chunks_exact(size).zip(to.chunks_exact_mut(size)).enumerate() {
            let pixels = x.chunks_exact(self.channels).zip(to.chunks_exact_mut(self.channels));
            for (position, (x, to)) in pixels.enumerate() {
                for (channel, (&x, to)) in x.iter().zip(to).enumerate() {
                    let set = sample * self.sets() + self.set(position, channel);
                    *to = (x - moments[set].mean) * moments[set].inverse;
                }
            }
        }
    }

    /// The signal at x of a layer or group norm, from that at y and from x̂: on top of `before` or in
    /// place of it.
    ///
    /// With g = γ ∘ signal it is (g − mean g − x̂ · mean (g ∘ x̂)) / √(σ² + ε), means over a set.
    pub(crate) fn backward<T: Scalar>(
        &self,
        moments: &[Moments<T>],
        gamma: &[T],
        (signal, normalized): (&[T], &[T]),
        accumulate: bool,
        before: &mut [T],
    ) {
        let (size, c) = (self.positions * self.channels, self.channels);
        let factor = T::one() / T::of(self.set_len() as f64);
        let mut sums = vec![[T::zero(); 2]; self.sets()];
        let samples = signal.chunks_exact(size).zip(normalized.chunks_exact(size));
        for ((signal, normalized), (before, moments)) in
            samples.zip(before.chunks_exact_mut(size).zip(moments.chunks_exact(self.sets())))
        {
            sums.fill([T::zero(); 2]);
            for (e, (&s, &x)) in signal.iter().zip(normalized).enumerate() {
                let sum = &mut sums[self.set(e / c, e % c)];
                let g = gamma[e % c] * s;
                sum[0] += g;
                sum[1] += g * x;
            }
            for (e, (to, (&s, &x))) in
                before.iter_mut().zip(signal.iter().zip(normalized)).enumerate()
            {
                let set = self.set(e / c, e % c);
                let [sum, along] = sums[set];
                let value = (gamma[e % c] * s - factor * (sum + x * along)) * moments[set].inverse;
                *to = if accumulate { *to + value } else { value };
            }
        }
    }

    /// The signal at x of a batch norm, from that at y: of a trained one with `means` of signal and of
    /// signal ∘ x̂ over all samples, of one with fixed moments without.
    pub(crate) fn batch_backward<T: Scalar>(
        &self,
        moments: &[Moments<T>],
        gamma: &[T],
        means: Option<&[[T; 2]]>,
        (signal, normalized): (&[T], &[T]),
        accumulate: bool,
        before: &mut [T],
    ) {
        let c = self.channels;
        for (e, (to, (&s, &x))) in before.iter_mut().zip(signal.iter().zip(normalized)).enumerate()
        {
            let j = e % c;
            let centred = means.map_or(s, |means| s - means[j][0] - x * means[j][1]);
            let value = gamma[j] * moments[j].inverse * centred;
            *to = if accumulate { *to + value } else { value };
        }
    }
}

/// y ← γ ∘ x̂ + β, in place.
pub(crate) fn scale_and_shift<T: Scalar>(gamma: &[T], beta: &[T], x: &mut [T]) {
    for pixel in x.chunks_exact_mut(gamma.len()) {
        for ((x, &gamma), &beta) in pixel.iter_mut().zip(gamma).zip(beta) {
            *x = gamma * *x + beta;
        }
    }
}

/// Adds Σ signal ∘ x̂ and Σ signal over all places to the gradients by γ and β.
pub(crate) fn add_gradient<T: Scalar>(
    (normalized, signal): (&[T], &[T]),
    by_gamma: &mut [T],
    by_beta: &mut [T],
) {
    let c = by_gamma.len();
    for (signal, normalized) in signal.chunks_exact(c).zip(normalized.chunks_exact(c)) {
        for j in 0..c {
            by_gamma[j] += signal[j] * normalized[j];
            by_beta[j] += signal[j];
        }
    }
}
