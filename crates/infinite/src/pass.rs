//! Covariances of pairs of samples from the input to the outputs.

use pulp::{Arch, Simd, WithSimd};

use crate::dual::Real;
use crate::limit::{Limit, Linear, Pointwise, Value};

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

/// A kernel of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// K.
    Covariance,
    /// Θ, on whose way K is.
    Tangent,
}

impl<T: Real> Pass<T> {
    /// Buffers for the kernels `wanted`.
    pub fn new(limit: &Limit<T>, wanted: &[Wanted]) -> Self {
        let longest = limit.values.iter().map(|value| value.length(limit.lanes)).max();
        let sums = limit.steps.iter().flat_map(|step| &step.inputs);
        let margin = sums.map(|(_, sums)| sums.margin()).max().unwrap_or(0);
        let buffers = || vec![vec![T::zero(); limit.entries()]; limit.buffers()];
        Self {
            covariances: buffers(),
            tangents: if wanted.contains(&Wanted::Tangent) { buffers() } else { Vec::new() },
            block: vec![T::zero(); longest.unwrap_or(0) + 2 * margin],
            other: vec![T::zero(); longest.unwrap_or(0)],
        }
    }

    /// Where the covariances of the inputs are to be written: blocks of [`Limit::input`].
    pub fn inputs(&mut self, limit: &Limit<T>) -> &mut [T] {
        let value = limit.values[0];
        &mut self.covariances[value.buffer][..value.blocks() * value.length(limit.lanes)]
    }

    /// Goes from the covariances of the inputs to the outputs.
    pub fn run(&mut self, limit: &Limit<T>, sides: Sides<'_, T>) {
        for (s, step) in limit.steps.iter().enumerate() {
            self.step(limit, step, s + 1, Some(sides));
        }
    }

    /// A kernel of the outputs after [`Self::run`], one entry for each lane.
    pub fn outputs(&self, limit: &Limit<T>, wanted: Wanted) -> &[T] {
        let last = limit.values[limit.steps.len()];
        let of = match wanted {
            Wanted::Covariance => &self.covariances,
            Wanted::Tangent => &self.tangents,
        };
        &of[last.buffer][..limit.lanes]
    }

    /// The numbers of one sample, from the covariances of its input with itself, and its variance at the
    /// outputs. `limit` has one lane.
    pub fn run_alone(&mut self, limit: &Limit<T>, numbers: &mut [T]) -> T {
        for (s, step) in limit.steps.iter().enumerate() {
            self.step(limit, step, s + 1, None);
            for pointwise in &limit.pointwise[step.pointwise.clone()] {
                // Variances of all places come before the map of any pair.
                self.prepare(limit, pointwise, numbers);
                let (mut left, mut right) = (Vec::new(), Vec::new());
                spread_left(limit, pointwise, numbers, &mut left);
                spread_right(limit, pointwise, &[numbers], &mut right);
                let own = Pointwise { spread_from: [0, 0], ..pointwise.clone() };
                let value = limit.values[s + 1];
                let mut covariances = std::mem::take(&mut self.covariances[value.buffer]);
                let length = value.length(1);
                for block in 0..value.blocks() {
                    let entries = &mut covariances[block * length..(block + 1) * length];
                    let sides = Sides { left: &left, right: &right };
                    own.apply(value, 1, block, sides, entries, &mut []);
                }
                self.covariances[value.buffer] = covariances;
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

    /// Computes the value `to` by `step`, with its pointwise maps where `sides` are known.
    fn step(&mut self, limit: &Limit<T>, step: &Linear<T>, to: usize, sides: Option<Sides<'_, T>>) {
        let value = limit.values[to];
        let mut covariances = std::mem::take(&mut self.covariances[value.buffer]);
        let tangents = self.tangents.get_mut(value.buffer).map(std::mem::take);
        let mut tangents = tangents.unwrap_or_default();
        let length = value.length(limit.lanes);
        Arch::new().dispatch(Blocks {
            pass: self,
            limit,
            step,
            value,
            sides,
            covariances: &mut covariances[..value.blocks() * length],
            tangents: &mut tangents,
        });
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
}

/// All blocks of a value.
struct Blocks<'a, T> {
    pass: &'a mut Pass<T>,
    limit: &'a Limit<T>,
    step: &'a Linear<T>,
    value: Value,
    sides: Option<Sides<'a, T>>,
    covariances: &'a mut [T],
    tangents: &'a mut [T],
}

impl<T: Real> WithSimd for Blocks<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pass, limit, step, value, sides, covariances, tangents } = self;
        let length = value.length(limit.lanes);
        let [weight, bias, weight_gradient, bias_gradient] = step.factors.map(T::of);
        for (block, k) in covariances.chunks_exact_mut(length).enumerate() {
            let t: &mut [T] = if tangents.is_empty() {
                &mut []
            } else {
                &mut tangents[block * length..(block + 1) * length]
            };
            pass.summed(limit, step, block, false, k);
            if !t.is_empty() {
                pass.summed(limit, step, block, true, t);
                for (t, &k) in t.iter_mut().zip(&*k) {
                    *t = weight_gradient.fused(k, weight.fused(*t, bias_gradient));
                }
            }
            for k in &mut *k {
                *k = weight.fused(*k, bias);
            }
            if step.is_local {
                let [h, w] = value.places;
                let is_equal =
                    |entry: usize| block.is_multiple_of(h + 1) && entry.is_multiple_of(w + 1);
                for entries in [&mut *k, &mut *t] {
                    for (entry, to) in entries.iter_mut().enumerate() {
                        *to = if is_equal(entry) { *to } else { T::zero() };
                    }
                }
            }
            // A block is in cache now, and will not be before the next step.
            let Some(sides) = sides else { continue };
            for pointwise in &limit.pointwise[step.pointwise.clone()] {
                pointwise.apply(value, limit.lanes, block, sides, k, t);
            }
        }
    }
}

impl Pointwise {
    /// Applies the map to a block of `value`.
    fn apply<T: Real>(
        &self,
        value: Value,
        lanes: usize,
        block: usize,
        sides: Sides<'_, T>,
        covariances: &mut [T],
        tangents: &mut [T],
    ) {
        let h = value.places[0];
        let blocks = if value.all_pairs { [block / h, block % h] } else { [block; 2] };
        let length = value.length(lanes);
        let [left, right] = [0, 1].map(|side| {
            let is_shared = side == 0 && !value.all_pairs;
            let numbers = self.dual.numbers() * if is_shared { 1 } else { length };
            let first = self.spread_from[side] + blocks[side] * numbers;
            first..first + numbers
        });
        self.dual.apply(&sides.left[left], &sides.right[right], covariances, tangents);
    }
}

/// Appends the `numbers` of one sample that `pointwise` reads on the left side to `to`: of all pairs of places
/// spread over the columns of the other image, of equal ones one for all lanes.
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
                to.push(of_places[block]);
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
