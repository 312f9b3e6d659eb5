//! Covariances of pairs of samples from the input to the outputs.

use pulp::{Arch, Simd, WithSimd};

use crate::dual::Real;
use crate::limit::{Limit, Linear, Pointwise};

/// Buffers of one thread.
#[derive(Debug)]
pub(crate) struct Pass<T> {
    /// K and Θ of the values, by buffer.
    covariances: Vec<Vec<T>>,
    tangents: Vec<Vec<T>>,
    /// A block of sums on its way.
    block: Vec<T>,
    /// Another summand.
    other: Vec<T>,
}

/// The numbers of both sides, spread over entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides<'a, T> {
    pub left: &'a [T],
    pub right: &'a [T],
}

/// What a pass gives of each pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// K alone.
    Covariance,
    /// Θ.
    Tangent,
}

impl<T: Real> Pass<T> {
    pub fn new(limit: &Limit<T>, wanted: Wanted) -> Self {
        let longest = limit.values.iter().map(|value| value.length(limit.lanes)).max();
        let buffers = || vec![vec![T::zero(); limit.entries()]; limit.buffers()];
        Self {
            covariances: buffers(),
            tangents: match wanted {
                Wanted::Covariance => Vec::new(),
                Wanted::Tangent => buffers(),
            },
            block: vec![T::zero(); longest.unwrap_or(0)],
            other: vec![T::zero(); longest.unwrap_or(0)],
        }
    }

    /// Where the covariances of the inputs are to be written: blocks of [`Limit::input`].
    pub fn inputs(&mut self, limit: &Limit<T>) -> &mut [T] {
        let value = limit.values[0];
        &mut self.covariances[value.buffer][..value.blocks() * value.length(limit.lanes)]
    }

    /// K or Θ of the outputs, one for each lane, from the covariances of the inputs.
    pub fn run(&mut self, limit: &Limit<T>, sides: Sides<'_, T>) -> &[T] {
        let mut at = 0;
        for (s, step) in limit.steps.iter().enumerate() {
            self.linear(limit, step, s + 1);
            for pointwise in &limit.pointwise[step.pointwise.clone()] {
                at = self.pointwise(limit, pointwise, sides, at);
            }
        }
        let last = limit.values[limit.steps.len()];
        let of = if self.tangents.is_empty() { &self.covariances } else { &self.tangents };
        &of[last.buffer][..limit.lanes]
    }

    /// The numbers of one sample, from the covariances of its input with itself, and its variance at the
    /// outputs. `limit` has one lane.
    pub fn run_alone(&mut self, limit: &Limit<T>, numbers: &mut [T]) -> T {
        for (s, step) in limit.steps.iter().enumerate() {
            self.linear(limit, step, s + 1);
            for pointwise in &limit.pointwise[step.pointwise.clone()] {
                self.prepare(limit, pointwise, numbers);
                let (mut left, mut right) = (Vec::new(), Vec::new());
                spread_left(limit, pointwise, numbers, &mut left);
                spread_right(limit, pointwise, &[numbers], &mut right);
                self.pointwise(limit, pointwise, Sides { left: &left, right: &right }, 0);
            }
        }
        let last = limit.values[limit.steps.len()];
        self.covariances[last.buffer][0]
    }

    /// Writes the numbers of the variances of one value, which are its covariances with itself at equal places.
    fn prepare(&self, limit: &Limit<T>, pointwise: &Pointwise, numbers: &mut [T]) {
        let value = limit.values[pointwise.value];
        let [h, w] = value.places;
        let covariances = &self.covariances[value.buffer];
        let variance = |place: usize| {
            if value.all_pairs {
                let (row, column) = (place / w, place % w);
                covariances[row * (h + 1) * w * w + column * (w + 1)]
            } else {
                covariances[place]
            }
        };
        let places = h * w;
        let mut mean = T::zero();
        for place in 0..places {
            mean += variance(place);
        }
        mean = mean / T::of(places as f64);
        for place in 0..places {
            let q = if pointwise.of_all_places { mean } else { variance(place) };
            pointwise.dual.prepare(q, places, &mut numbers[pointwise.first + place..]);
        }
    }

    /// Computes the value `to` by `step`, up to its pointwise maps.
    fn linear(&mut self, limit: &Limit<T>, step: &Linear<T>, to: usize) {
        let value = limit.values[to];
        let mut covariances = std::mem::take(&mut self.covariances[value.buffer]);
        let tangents = self.tangents.get_mut(value.buffer).map(std::mem::take);
        let mut tangents = tangents.unwrap_or_default();
        let length = value.length(limit.lanes);
        Arch::new().dispatch(Sum {
            pass: self,
            limit,
            step,
            covariances: &mut covariances[..value.blocks() * length],
            tangents: &mut tangents,
            length,
        });
        if step.is_local {
            let [h, w] = value.places;
            let is_equal = |entry: usize| {
                (entry / length).is_multiple_of(h + 1) && (entry % length).is_multiple_of(w + 1)
            };
            for entry in (0..value.blocks() * length).filter(|&entry| !is_equal(entry)) {
                covariances[entry] = T::zero();
                if let Some(tangent) = tangents.get_mut(entry) {
                    *tangent = T::zero();
                }
            }
        }
        self.covariances[value.buffer] = covariances;
        if let Some(buffer) = self.tangents.get_mut(value.buffer) {
            *buffer = tangents;
        }
    }

    /// The sums of one block over the inputs of a step.
    #[inline(always)]
    fn summed(
        &mut self,
        limit: &Limit<T>,
        step: &Linear<T>,
        block: usize,
        of_tangents: bool,
        to: &mut [T],
    ) {
        for (number, (input, sums)) in step.inputs.iter().enumerate() {
            let from = limit.values[*input];
            let length = from.length(limit.lanes);
            if of_tangents && from.untrained {
                if number == 0 {
                    to.fill(T::zero());
                }
                continue;
            }
            let all = if of_tangents { &self.tangents } else { &self.covariances };
            let all = &all[from.buffer];
            if number == 0 {
                sums.write(block, all, length, &mut self.block, to);
            } else {
                let other = &mut self.other[..to.len()];
                sums.write(block, all, length, &mut self.block, other);
                for (to, &other) in to.iter_mut().zip(&*other) {
                    *to += other;
                }
            }
        }
    }

    /// Applies a pointwise map whose numbers begin at `at`; gives where those of the next one begin.
    fn pointwise(
        &mut self,
        limit: &Limit<T>,
        pointwise: &Pointwise,
        sides: Sides<'_, T>,
        at: usize,
    ) -> usize {
        let value = limit.values[pointwise.value];
        let length = value.length(limit.lanes);
        let numbers = pointwise.dual.numbers() * length;
        let h = value.places[0];
        let mut no_tangents = Vec::new();
        let tangents = self.tangents.get_mut(value.buffer).unwrap_or(&mut no_tangents);
        for block in 0..value.blocks() {
            let (left, right) =
                if value.all_pairs { (block / h, block % h) } else { (block, block) };
            let of = |side: usize| at + side * numbers..at + (side + 1) * numbers;
            let entries = block * length..(block + 1) * length;
            let covariances = &mut self.covariances[value.buffer][entries.clone()];
            let tangents = if tangents.is_empty() { &mut [] } else { &mut tangents[entries] };
            let (left, right) = (&sides.left[of(left)], &sides.right[of(right)]);
            pointwise.dual.apply(left, right, covariances, tangents);
        }
        at + value.side_blocks() * numbers
    }
}

/// The linear part of a step, all blocks.
struct Sum<'a, T> {
    pass: &'a mut Pass<T>,
    limit: &'a Limit<T>,
    step: &'a Linear<T>,
    covariances: &'a mut [T],
    tangents: &'a mut [T],
    length: usize,
}

impl<T: Real> WithSimd for Sum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pass, limit, step, covariances, tangents, length } = self;
        let [weight, bias, weight_gradient, bias_gradient] = step.factors.map(T::of);
        for (block, k) in covariances.chunks_exact_mut(length).enumerate() {
            pass.summed(limit, step, block, false, k);
            if !tangents.is_empty() {
                let t = &mut tangents[block * length..(block + 1) * length];
                pass.summed(limit, step, block, true, t);
                for (t, &k) in t.iter_mut().zip(&*k) {
                    *t = weight_gradient.fused(k, weight.fused(*t, bias_gradient));
                }
            }
            for k in k {
                *k = weight.fused(*k, bias);
            }
        }
    }
}

/// Appends the `numbers` of one sample that `pointwise` reads on the left side to `to`, spread over entries:
/// of all pairs of places over columns of the other image, of equal ones over lanes.
pub(crate) fn spread_left<T: Real>(
    limit: &Limit<T>,
    pointwise: &Pointwise,
    numbers: &[T],
    to: &mut Vec<T>,
) {
    let value = limit.values[pointwise.value];
    let [h, w] = value.places;
    let own = &numbers[pointwise.first..];
    for block in 0..value.side_blocks() {
        for number in 0..pointwise.dual.numbers() {
            let of_places = &own[number * h * w..];
            if value.all_pairs {
                for column in 0..w {
                    to.extend(std::iter::repeat_n(of_places[block * w + column], w));
                }
            } else {
                to.extend(std::iter::repeat_n(of_places[block], limit.lanes));
            }
        }
    }
}

/// Appends the numbers that `pointwise` reads on the right side: those of one sample, or of as many as there
/// are lanes; lanes beyond the last sample get its numbers.
pub(crate) fn spread_right<T: Real>(
    limit: &Limit<T>,
    pointwise: &Pointwise,
    samples: &[&[T]],
    to: &mut Vec<T>,
) {
    let value = limit.values[pointwise.value];
    let [h, w] = value.places;
    for block in 0..value.side_blocks() {
        for number in 0..pointwise.dual.numbers() {
            let at = pointwise.first + number * h * w;
            if value.all_pairs {
                let row = &samples[0][at + block * w..at + (block + 1) * w];
                (0..w).for_each(|_| to.extend(row));
            } else {
                let lane = |lane: usize| samples[lane.min(samples.len() - 1)][at + block];
                to.extend((0..limit.lanes).map(lane));
            }
        }
    }
}
