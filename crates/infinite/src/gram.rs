//! Kernels of many samples, tile by tile.

use kernel::{Place, Symmetric};
use rayon::prelude::*;

use crate::dual::Real;
use crate::limit::Limit;
use crate::pass::{Pass, Sides, Wanted};
use crate::samples::{Right, Samples};

/// Samples along the side of a tile, of a limit whose pairs have entries of places or not.
///
/// Whole lanes, so that no tile has less work than its time; of pairs of places so few that a strip of
/// tiles is soon done, and what a run has to make again when it is killed is little.
#[must_use]
pub fn side<T: Real>(limit: &Limit<T>) -> usize {
    if limit.lanes > 1 { limit.lanes } else { 16 }
}

/// Computes kernels between samples, K or Θ.
#[derive(Clone, Copy, Debug)]
pub struct Kernel<'a, T> {
    limit: &'a Limit<T>,
    wanted: Wanted,
}

impl<'a, T: Real> Kernel<'a, T> {
    /// The covariance kernel K of the outputs, the NNGP.
    #[must_use]
    pub fn nngp(limit: &'a Limit<T>) -> Self {
        Self { limit, wanted: Wanted::Covariance }
    }

    /// The tangent kernel Θ.
    #[must_use]
    pub fn ntk(limit: &'a Limit<T>) -> Self {
        Self { limit, wanted: Wanted::Tangent }
    }

    /// The kernel over `samples`, one triangle of tiles.
    ///
    /// Exactly symmetric; its bits do not depend on the number of threads.
    #[must_use]
    pub fn symmetric(&self, samples: &Samples<'_, T>) -> Symmetric<T> {
        let [matrix] = symmetric(self.limit, [self.wanted], samples);
        matrix
    }

    /// Whole rows: of the samples `rows` of `left`, from the first on so many, with all of `right`.
    #[must_use]
    pub fn rows(
        &self,
        left: &Samples<'_, T>,
        rows: (usize, usize),
        right: &Samples<'_, T>,
    ) -> Vec<T> {
        let width = right.len();
        let mut all = vec![T::zero(); rows.1 * width];
        if width == 0 {
            return all;
        }
        let side = side(self.limit);
        let mut parts: Vec<(usize, Vec<&mut [T]>)> =
            (0..width).step_by(side).map(|first| (first, Vec::new())).collect();
        for row in all.chunks_exact_mut(width) {
            for (part, to) in parts.iter_mut().zip(row.chunks_mut(side)) {
                part.1.push(to);
            }
        }
        parts.into_par_iter().for_each(|(first, mut to)| {
            let columns = (first, side.min(width - first));
            self.tile(left, right, Place { rows, columns }, std::slice::from_mut(&mut to));
        });
        all
    }

    /// Computes the entries at `place`, of one matrix.
    pub(crate) fn tile(
        &self,
        left: &Samples<'_, T>,
        right: &Samples<'_, T>,
        place: Place,
        to: &mut [Vec<&mut [T]>],
    ) {
        tile(self.limit, &[self.wanted], [left, right], place, to);
    }
}

/// K and Θ over `samples`, both as [`Kernel::symmetric`] has them, in the time of Θ alone.
#[must_use]
pub fn both<T: Real>(limit: &Limit<T>, samples: &Samples<'_, T>) -> [Symmetric<T>; 2] {
    symmetric(limit, [Wanted::Covariance, Wanted::Tangent], samples)
}

/// The kernels `wanted` over `samples`, from one pass.
fn symmetric<T: Real, const K: usize>(
    limit: &Limit<T>,
    wanted: [Wanted; K],
    samples: &Samples<'_, T>,
) -> [Symmetric<T>; K] {
    let side = side(limit);
    let strips = 0..samples.len().div_ceil(side);
    let mut matrices = wanted.map(|_| Symmetric::zeros(samples.len(), 1, side, strips.clone()));
    Symmetric::tasks(&mut matrices).into_par_iter().for_each(|mut task| {
        tile(limit, &wanted, [samples, samples], task.place, &mut task.to);
    });
    matrices
}

/// Computes the entries at `place` of each kernel `wanted`; those of a sample with itself and later ones of the
/// same tile follow by symmetry where both sides are the same samples.
fn tile<T: Real>(
    limit: &Limit<T>,
    wanted: &[Wanted],
    [left, right]: [&Samples<'_, T>; 2],
    place: Place,
    to: &mut [Vec<&mut [T]>],
) {
    let (rows, columns) = (place.rows, place.columns);
    let is_symmetric = std::ptr::eq(left, right) && rows == columns;
    let mut pass = Pass::new(limit, wanted);
    let mut lefts = Vec::with_capacity(rows.1 * limit.spread()[0]);
    for row in rows.0..rows.0 + rows.1 {
        left.spread_left(limit, row, &mut lefts);
    }
    let [spread, _] = limit.spread();
    for first in (columns.0..columns.0 + columns.1).step_by(limit.lanes) {
        let count = limit.lanes.min(columns.0 + columns.1 - first);
        let of = Right::new(limit, right, first, count);
        let of_same = std::ptr::eq(left, right).then_some(first);
        let products = of.products(limit, left, rows, of_same);
        let from = if is_symmetric { first - columns.0 } else { 0 };
        for row in from..rows.1 {
            let products = products.get(row * count..(row + 1) * count).unwrap_or(&[]);
            of.covariances(limit, left, rows.0 + row, products, pass.inputs(limit));
            let sides =
                Sides { left: &lefts[row * spread..(row + 1) * spread], right: &of.numbers };
            pass.run(limit, sides);
            let at = first - columns.0;
            for (to, &wanted) in to.iter_mut().zip(wanted) {
                to[row][at..at + count].copy_from_slice(&pass.outputs(limit, wanted)[..count]);
            }
        }
    }
    if is_symmetric {
        for to in to {
            for i in 1..to.len() {
                let (above, below) = to.split_at_mut(i);
                for (row, &entry) in above.iter_mut().zip(below[0].iter()) {
                    row[i] = entry;
                }
            }
        }
    }
}
