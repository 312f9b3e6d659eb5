//! Rows of a Gramian over the same samples in tiles, each computed and stored once: of all rows the
//! lower triangle, half the memory of the matrix.

use std::ops::Range;

use network::Scalar;
use rayon::prelude::*;

use super::factors::Factors;
use super::tile::{Place, Task, Tile, compute};

/// Rows of a strip that are put together at once: of a tile above the diagonal, which is a
/// transposed one below, each cache line is read once.
const LINES: usize = 16;
/// The side down to which a tile on the diagonal is cut, so that little is computed above it.
const LEAF: usize = 48;

/// Strips of whole rows of a symmetric matrix, perhaps all.
///
/// Tile (I, J ≤ I) holds the entries between the samples of strip I and those of strip J, row-major.
/// Stored is each that holds entries of the strips' rows, or, transposed, those above the diagonal.
#[derive(Clone, Debug)]
pub struct Symmetric<S> {
    /// Samples.
    samples: usize,
    /// Rows a sample takes.
    cell: usize,
    /// Samples of a strip, but for the last one.
    side: usize,
    /// Strips whose rows there are.
    strips: Range<usize>,
    /// For each of them its tiles from J = 0 to I, one after the other, and then the tiles (I′, I) of
    /// all strips I′ behind the last one.
    tiles: Vec<Vec<S>>,
}

impl<S: Scalar> Symmetric<S> {
    /// Rows of the Gramians over the samples of `factors`, those of `strips`, in tiles of `side`
    /// samples.
    pub(super) fn of_strips<T: Scalar>(
        factors: &Factors<T>,
        side: usize,
        strips: Range<usize>,
    ) -> Vec<Self> {
        let (blocks, cell) = factors.blocks();
        let mut all: Vec<Self> =
            (0..blocks).map(|_| Self::zeros(factors.rows(), cell, side, strips.clone())).collect();
        Self::add(&mut all, factors, false);
        all
    }

    /// Writes the entries of `all` that `factors` give, on top of what is there if `accumulate`.
    pub(super) fn add<T: Scalar>(all: &mut [Self], factors: &Factors<T>, accumulate: bool) {
        let Some(Self { samples, cell, side, strips, .. }) = all.first() else { return };
        let (samples, cell, side, strips) = (*samples, *cell, *side, strips.clone());
        let blocks = all.len();
        let mut parts: Vec<Vec<&mut [S]>> = strips.clone().map(|_| Vec::new()).collect();
        for matrix in all {
            for (part, tiles) in parts.iter_mut().zip(&mut matrix.tiles) {
                part.push(tiles);
            }
        }
        let behind = strips.end..samples.div_ceil(side);
        let mut tasks = Vec::new();
        for (strip, mut rest) in strips.zip(parts).rev() {
            let before = (0..=strip).map(|other| (strip, other));
            for (strip, other) in before.chain(behind.clone().map(|other| (other, strip))) {
                let rows = strip_samples(samples, side, strip);
                let columns = strip_samples(samples, side, other);
                let entries = rows.1 * columns.1 * cell * cell;
                let mut to = Vec::with_capacity(blocks);
                for rest in &mut rest {
                    let (tile, after) = std::mem::take(rest).split_at_mut(entries);
                    to.push(tile.chunks_exact_mut(columns.1 * cell).collect());
                    *rest = after;
                }
                tasks.push(Task { place: Place { rows, columns }, to });
            }
        }
        compute(tasks, |tile: &mut Tile<T>, Task { place, to }| {
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

    fn zeros(samples: usize, cell: usize, side: usize, strips: Range<usize>) -> Self {
        let behind = samples.saturating_sub(strips.end * side);
        let tiles = |strip: usize| {
            let (first, count) = strip_samples(samples, side, strip);
            vec![S::zero(); count * (first + count + behind) * cell * cell]
        };
        Self { samples, cell, side, tiles: strips.clone().map(tiles).collect(), strips }
    }

    /// Entries of a row, as many as the whole matrix has rows.
    #[must_use]
    pub fn width(&self) -> usize {
        self.samples * self.cell
    }

    /// Strips in which [`Self::copy_strip`] gives the rows.
    #[must_use]
    pub fn strips(&self) -> Range<usize> {
        self.strips.clone()
    }

    /// Rows of one strip.
    #[must_use]
    pub fn strip_rows(&self, strip: usize) -> usize {
        strip_samples(self.samples, self.side, strip).1 * self.cell
    }

    /// Puts the whole rows of one strip, row-major, into `rows`.
    ///
    /// # Panics
    /// Where `rows` has not [`Self::strip_rows`] times [`Self::width`] entries, or it is none of
    /// [`Self::strips`].
    pub fn copy_strip(&self, strip: usize, rows: &mut [S]) {
        assert_eq!(rows.len(), self.strip_rows(strip) * self.width(), "the rows of a strip");
        rows.par_chunks_mut(LINES * self.width())
            .enumerate()
            .for_each(|(part, rows)| self.copy_lines(strip, part * LINES, rows));
    }

    /// Rows of a strip from `first` on.
    fn copy_lines(&self, strip: usize, first: usize, rows: &mut [S]) {
        let width = self.width();
        for other in 0..self.samples.div_ceil(self.side) {
            let (tile, columns) = self.tile(strip.max(other), strip.min(other));
            let from = other * self.side * self.cell;
            if other <= strip {
                for (row, entries) in
                    rows.chunks_exact_mut(width).zip(tile[first * columns..].chunks_exact(columns))
                {
                    row[from..from + columns].copy_from_slice(entries);
                }
            } else {
                // Squares: whole cache lines are read and written, and rows of the matrix, which may
                // be a power of two apart, do not push each other out of the cache.
                for (square, entries) in tile.chunks(LINES * columns).enumerate() {
                    let from = from + square * LINES;
                    let count = entries.len() / columns;
                    for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                        let column = entries[first + i..].iter().step_by(columns);
                        for (to, &entry) in row[from..from + count].iter_mut().zip(column) {
                            *to = entry;
                        }
                    }
                }
            }
        }
    }

    /// A tile on or below the diagonal, and its columns.
    fn tile(&self, strip: usize, other: usize) -> (&[S], usize) {
        let (first, rows) = strip_samples(self.samples, self.side, strip);
        let (left, columns) = strip_samples(self.samples, self.side, other);
        let (home, start) = if strip < self.strips.end {
            (strip, rows * left)
        } else {
            // Behind the tiles of its columns' own strip.
            (other, columns * (left + columns + first - self.strips.end * self.side))
        };
        let start = start * self.cell * self.cell;
        let entries = rows * columns * self.cell * self.cell;
        (&self.tiles[home - self.strips.start][start..start + entries], columns * self.cell)
    }

    /// The rows, row-major.
    #[must_use]
    pub fn to_dense(&self) -> Vec<S> {
        let rows: usize = self.strips().map(|strip| self.strip_rows(strip)).sum();
        let mut dense = vec![S::zero(); rows * self.width()];
        let mut rest = dense.as_mut_slice();
        for strip in self.strips() {
            let (rows, after) = rest.split_at_mut(self.strip_rows(strip) * self.width());
            self.copy_strip(strip, rows);
            rest = after;
        }
        dense
    }
}

/// First sample of a strip, and how many it has.
fn strip_samples(samples: usize, side: usize, strip: usize) -> (usize, usize) {
    (strip * side, side.min(samples - strip * side))
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
