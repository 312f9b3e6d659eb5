//! What samples bring to their pairs: inputs, and numbers of their own variances.

use std::borrow::Cow;

use network::{Gemm, gemm};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::dual::Real;
use crate::limit::Limit;
use crate::pass::{Pass, Wanted, spread_left, spread_right};

/// Samples with what of a kernel they decide alone.
#[derive(Debug)]
pub struct Samples<'a, T> {
    /// n × d.
    inputs: &'a [T],
    dimension: usize,
    /// Numbers of each sample's variances, n × [`Limit::numbers`].
    numbers: Vec<T>,
    stride: usize,
    /// K(x, x) of the outputs.
    variances: Vec<T>,
}

impl<'a, T: Real> Samples<'a, T> {
    /// The samples `inputs`, n × d.
    #[must_use]
    pub fn new(limit: &Limit<T>, inputs: &'a [T]) -> Self {
        let alone = limit.alone();
        let dimension = limit.input.len().max(1);
        let count = inputs.len() / dimension;
        let stride = limit.numbers();
        let mut numbers = vec![T::zero(); count * stride];
        let mut variances = vec![T::zero(); count];
        // One number at least, so that there are as many chunks as samples.
        let mut none = vec![T::zero(); if stride == 0 { count } else { 0 }];
        let chunks = if stride == 0 { &mut none } else { &mut numbers };
        chunks
            .par_chunks_mut(stride.max(1))
            .zip(&mut variances)
            .zip(inputs.par_chunks_exact(dimension))
            // Buffers are made for each share, which costs as much as some vectors do.
            .with_min_len(32)
            .for_each_init(
                || Pass::new(&alone, &[Wanted::Covariance]),
                |pass, ((numbers, variance), input)| {
                    let to = pass.inputs(&alone);
                    if has_no_places(&alone) {
                        to.fill(mean_square(input));
                    } else {
                        let right = Right::inputs(&alone, input);
                        let (limit, right) = (&alone, &right);
                        Arch::new().dispatch(Covariances { limit, row: input, right, to });
                    }
                    *variance = pass.run_alone(&alone, numbers);
                },
            );
        Self { inputs, dimension, numbers, stride, variances }
    }

    /// n.
    #[must_use]
    pub fn len(&self) -> usize {
        self.variances.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.variances.is_empty()
    }

    /// The variance K(x, x) of each sample's output, of the NNGP.
    #[must_use]
    pub fn variances(&self) -> &[T] {
        &self.variances
    }

    fn input(&self, sample: usize) -> &'a [T] {
        &self.inputs[sample * self.dimension..(sample + 1) * self.dimension]
    }

    fn numbers(&self, sample: usize) -> &[T] {
        &self.numbers[sample * self.stride..(sample + 1) * self.stride]
    }

    /// What the left sides of pairs with `sample` need, appended to `to`.
    pub(crate) fn spread_left(&self, limit: &Limit<T>, sample: usize, to: &mut Vec<T>) {
        for pointwise in &limit.pointwise {
            spread_left(limit, pointwise, self.numbers(sample), to);
        }
    }
}

/// Rows of a block of a product of samples with themselves.
const HALF_BLOCK: usize = 32;

/// The right sides of pairs with as many samples as there are lanes, or fewer.
#[derive(Debug)]
pub(crate) struct Right<'a, T: Clone> {
    /// Of vectors n × d, of equal places each number of all lanes, of all pairs of places the one image.
    inputs: Cow<'a, [T]>,
    /// Numbers as pointwise maps read them.
    pub numbers: Vec<T>,
}

impl<'a, T: Real> Right<'a, T> {
    /// That of `samples`, from `first` on so many.
    pub fn new(limit: &Limit<T>, samples: &Samples<'a, T>, first: usize, count: usize) -> Self {
        let d = samples.dimension;
        let inputs = &samples.inputs[first * d..(first + count) * d];
        let of: Vec<&[T]> = (first..first + count).map(|i| samples.numbers(i)).collect();
        let mut numbers = Vec::with_capacity(limit.spread()[1]);
        for pointwise in &limit.pointwise {
            spread_right(limit, pointwise, &of, &mut numbers);
        }
        Self { numbers, ..Self::inputs(limit, inputs) }
    }

    /// That of the samples `x` without numbers.
    fn inputs(limit: &Limit<T>, x: &'a [T]) -> Self {
        let d = limit.input.len().max(1);
        let inputs = if are_vectors(limit) || limit.values[0].all_pairs {
            Cow::Borrowed(x)
        } else {
            let last = (x.len() / d).saturating_sub(1);
            let number = |at: usize| (0..limit.lanes).map(move |lane| x[lane.min(last) * d + at]);
            Cow::Owned((0..limit.input.len()).flat_map(number).collect())
        };
        Self { inputs, numbers: Vec::new() }
    }

    /// x·x'/d of vectors: of the samples from `first` on of `left`, `rows` of them, with all of these,
    /// which begin with sample `column` of the same where they are `of_same`; rows × lanes. Nothing where inputs
    /// are images.
    pub fn products(
        &self,
        limit: &Limit<T>,
        left: &Samples<'_, T>,
        (first, rows): (usize, usize),
        of_same: Option<usize>,
    ) -> Vec<T> {
        if !are_vectors(limit) {
            return Vec::new();
        }
        let d = left.dimension;
        let columns = self.inputs.len() / d;
        let mut products = vec![T::zero(); rows * columns];
        let scale = T::of((d as f64).recip());
        let x = &left.inputs[first * d..(first + rows) * d];
        // Of samples with themselves the lower half, which is all that is read: blocks of rows up to the diagonal.
        let is_diagonal = of_same == Some(first) && rows == columns;
        let height = if is_diagonal { HALF_BLOCK } else { rows.max(1) };
        let mut block = Vec::new();
        for start in (0..rows).step_by(height) {
            let height = height.min(rows - start);
            let width = if is_diagonal { start + height } else { columns };
            let to = &mut products[start * columns..(start + height) * columns];
            block.resize(height * width, T::zero());
            let (x, other) = (&x[start * d..(start + height) * d], &self.inputs[..width * d]);
            gemm(Gemm::RightTransposed, [height, d, width], scale, x, other, false, &mut block);
            for (to, from) in to.chunks_exact_mut(columns).zip(block.chunks_exact(width)) {
                to[..width].copy_from_slice(from);
            }
        }
        // A sample with itself as its own variance has it: it must not differ by the rounding of another sum.
        for column in of_same.into_iter().flat_map(|column| column..column + columns) {
            if let Some(row) = column.checked_sub(first).filter(|&row| row < rows) {
                let place = row * columns + column - of_same.unwrap_or(0);
                products[place] = mean_square(left.input(column));
            }
        }
        products
    }

    /// Writes the covariances of the input of `sample` with these, row `row` of `products`, to `to`.
    pub fn covariances(
        &self,
        limit: &Limit<T>,
        left: &Samples<'_, T>,
        sample: usize,
        products: &[T],
        to: &mut [T],
    ) {
        if are_vectors(limit) {
            to.fill(T::zero());
            to[..products.len()].copy_from_slice(products);
            return;
        }
        let row = left.input(sample);
        Arch::new().dispatch(Covariances { limit, row, right: self, to });
    }
}

/// Whether inputs have no places, so that all their covariances are one product of matrices where there are
/// many.
fn are_vectors<T: Real>(limit: &Limit<T>) -> bool {
    has_no_places(limit) && limit.lanes > 1
}

fn has_no_places<T: Real>(limit: &Limit<T>) -> bool {
    limit.values[0].places == [1, 1]
}

/// ‖x‖² / d, summed in f64.
fn mean_square<T: Real>(x: &[T]) -> T {
    const LANES: usize = 8;
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x.wide() * x.wide();
        }
    }
    let rest: f64 = rest.iter().map(|x| x.wide() * x.wide()).sum();
    T::of((sums.iter().sum::<f64>() + rest) / x.len().max(1) as f64)
}

/// x·x'/c over the c channels of an input and of those on the right, by places.
struct Covariances<'a, T: Clone> {
    limit: &'a Limit<T>,
    row: &'a [T],
    right: &'a Right<'a, T>,
    to: &'a mut [T],
}

impl<T: Real> WithSimd for Covariances<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { limit, row, right, to } = self;
        let value = limit.values[0];
        let [h, w] = value.places;
        let channels = (limit.input.len() / (h * w).max(1)).max(1);
        let scale = T::of((channels as f64).recip());
        to.fill(T::zero());
        if !value.all_pairs {
            let pixels = row.chunks_exact(channels);
            let others = right.inputs.chunks_exact(channels * limit.lanes);
            for ((to, pixel), others) in to.chunks_exact_mut(limit.lanes).zip(pixels).zip(others) {
                for (&x, others) in pixel.iter().zip(others.chunks_exact(limit.lanes)) {
                    for (to, &other) in to.iter_mut().zip(others) {
                        *to = (scale * x).fused(other, *to);
                    }
                }
            }
            return;
        }
        let line = w * channels;
        for (block, to) in to.chunks_exact_mut(w * w).enumerate() {
            let (above, below) = (block / h, block % h);
            let left = &row[above * line..(above + 1) * line];
            let right = &right.inputs[below * line..(below + 1) * line];
            for (left, to) in left.chunks_exact(channels).zip(to.chunks_exact_mut(w)) {
                for (right, to) in right.chunks_exact(channels).zip(to) {
                    let mut sum = T::zero();
                    for (&x, &y) in left.iter().zip(right) {
                        sum = x.fused(y, sum);
                    }
                    *to = scale * sum;
                }
            }
        }
    }
}
