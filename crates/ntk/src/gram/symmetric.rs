//! Rows of a Gramian over the same samples, each tile computed once.

use std::ops::Range;

use kernel::Symmetric;
use network::Scalar;

use super::factors::Factors;
use super::tile::{Place, Task, Tile, compute};

/// The side down to which a tile on the diagonal is cut, so that little is computed above it.
const LEAF: usize = 48;

/// Rows of the Gramians over the samples of `factors`, those of `strips`, in tiles of `side` samples.
pub(super) fn of_strips<T: Scalar, S: Scalar>(
    factors: &Factors<T>,
    side: usize,
    strips: Range<usize>,
) -> Vec<Symmetric<S>> {
    let (blocks, cell) = factors.blocks();
    let zeros = |_| Symmetric::zeros(factors.rows(), cell, side, strips.clone());
    let mut all: Vec<Symmetric<S>> = (0..blocks).map(zeros).collect();
    add(&mut all, factors, false);
    all
}

/// Writes the entries of `all` that `factors` give, on top of what is there if `accumulate`.
pub(super) fn add<T: Scalar, S: Scalar>(
    all: &mut [Symmetric<S>],
    factors: &Factors<T>,
    accumulate: bool,
) {
    let cell = factors.blocks().1;
    compute(Symmetric::tasks(all), |tile: &mut Tile<T>, Task { place, to }| {
        if place.rows == place.columns {
            lower(tile, factors, place.rows, (to, accumulate), place.rows.0);
            for matrix in to {
                mirror(matrix);
            }
        } else {
            tile.compute(factors, factors, *place);
            tile.store(place.columns.1 * cell, (to, accumulate), [0, 0]);
        }
    });
}

/// Computes the lower triangle of the tile of `samples` with themselves, in smaller tiles, and parts
/// above the diagonal only within the smallest; the rows `to` begin with sample `origin`.
fn lower<T: Scalar, S: Scalar>(
    tile: &mut Tile<T>,
    factors: &Factors<T>,
    samples: (usize, usize),
    (to, accumulate): (&mut [Vec<&mut [S]>], bool),
    origin: usize,
) {
    let (first, count) = samples;
    let cell = factors.blocks().1;
    if count == 1 || count * cell <= LEAF {
        tile.compute(factors, factors, Place { rows: samples, columns: samples });
        tile.store(count * cell, (to, accumulate), [(first - origin) * cell; 2]);
        return;
    }
    let half = count / 2;
    let (before, after) = ((first, half), (first + half, count - half));
    lower(tile, factors, before, (to, accumulate), origin);
    tile.compute(factors, factors, Place { rows: after, columns: before });
    let corner = [after.0 - origin, first - origin].map(|sample| sample * cell);
    tile.store(half * cell, (to, accumulate), corner);
    lower(tile, factors, after, (to, accumulate), origin);
}

/// Copies what is below the diagonal above it.
fn mirror<S: Scalar>(rows: &mut [&mut [S]]) {
    for i in 1..rows.len() {
        let (above, below) = rows.split_at_mut(i);
        for (row, &entry) in above.iter_mut().zip(below[0].iter()) {
            row[i] = entry;
        }
    }
}
