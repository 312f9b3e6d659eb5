//! The lower triangle of a Gramian in tiles: half the memory of the matrix, each tile in one piece.

use network::Scalar;
use rayon::prelude::*;

use super::factors::Factors;
use super::tile::{Place, Task, Tile, compute};

/// Rows of a strip that are put together at once: of a tile above the diagonal, which is a
/// transposed one below, each cache line is read once.
const LINES: usize = 16;
/// The side down to which a tile on the diagonal is cut, so that little is computed above it.
const LEAF: usize = 48;

/// A symmetric matrix whose lower triangle is stored.
///
/// Tile (I, J ≤ I) holds the entries between the samples of strip I and those of strip J, row-major.
#[derive(Clone, Debug)]
pub struct Symmetric<S> {
    /// Samples.
    samples: usize,
    /// Rows a sample takes.
    cell: usize,
    /// Samples of a strip, but for the last one.
    side: usize,
    /// For each strip its tiles from J = 0 to I, one after the other.
    strips: Vec<Vec<S>>,
}

impl<S: Scalar> Symmetric<S> {
    /// The Gramians over the samples of `factors` in tiles of `side` samples.
    pub(super) fn all_of<T: Scalar>(factors: &Factors<T>, side: usize) -> Vec<Self> {
        let (blocks, cell) = factors.blocks();
        let samples = factors.rows();
        let mut all: Vec<Self> = (0..blocks).map(|_| Self::zeros(samples, cell, side)).collect();
        let mut strips: Vec<Vec<&mut [S]>> =
            (0..samples.div_ceil(side)).map(|_| Vec::new()).collect();
        for matrix in &mut all {
            for (strip, tiles) in strips.iter_mut().zip(&mut matrix.strips) {
                strip.push(tiles);
            }
        }
        let mut tasks = Vec::new();
        for (strip, mut rest) in strips.into_iter().enumerate().rev() {
            let rows = strip_samples(samples, side, strip);
            for tile in 0..=strip {
                let columns = strip_samples(samples, side, tile);
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
                lower(tile, factors, place.rows, to, place.rows.0);
                for matrix in to {
                    mirror(matrix);
                }
            } else {
                tile.compute(factors, factors, *place);
                tile.store(place.columns.1 * cell, to, [0, 0]);
            }
        });
        all
    }

    fn zeros(samples: usize, cell: usize, side: usize) -> Self {
        let strip = |strip: usize| {
            let (first, count) = strip_samples(samples, side, strip);
            vec![S::zero(); count * (first + count) * cell * cell]
        };
        Self { samples, cell, side, strips: (0..samples.div_ceil(side)).map(strip).collect() }
    }

    /// Rows of the matrix.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.samples * self.cell
    }

    /// Strips in which [`Self::strip`] gives the matrix.
    #[must_use]
    pub fn strips(&self) -> usize {
        self.strips.len()
    }

    /// Rows of one strip.
    #[must_use]
    pub fn strip_rows(&self, strip: usize) -> usize {
        strip_samples(self.samples, self.side, strip).1 * self.cell
    }

    /// Puts the whole rows of one strip, row-major, into `rows`.
    ///
    /// # Panics
    /// Where `rows` has not [`Self::strip_rows`] times [`Self::rows`] entries.
    pub fn copy_strip(&self, strip: usize, rows: &mut [S]) {
        assert_eq!(rows.len(), self.strip_rows(strip) * self.rows(), "the rows of a strip");
        rows.par_chunks_mut(LINES * self.rows())
            .enumerate()
            .for_each(|(part, rows)| self.copy_lines(strip, part * LINES, rows));
    }

    /// Rows of a strip from `first` on.
    fn copy_lines(&self, strip: usize, first: usize, rows: &mut [S]) {
        let width = self.rows();
        for other in 0..self.strips.len() {
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
        let rows = strip_samples(self.samples, self.side, strip).1 * self.cell;
        let columns = strip_samples(self.samples, self.side, other).1 * self.cell;
        let start = rows * other * self.side * self.cell;
        (&self.strips[strip][start..start + rows * columns], columns)
    }

    /// The matrix, row-major.
    #[must_use]
    pub fn to_dense(&self) -> Vec<S> {
        let mut dense = vec![S::zero(); self.rows() * self.rows()];
        let mut rest = dense.as_mut_slice();
        for strip in 0..self.strips() {
            let (rows, after) = rest.split_at_mut(self.strip_rows(strip) * self.rows());
            self.copy_strip(strip, rows);
            rest = after;
        }
        dense
    }

    /// tr G, in f64.
    #[must_use]
    pub fn trace(&self) -> f64 {
        let tiles = (0..self.strips.len()).map(|strip| self.tile(strip, strip));
        tiles.flat_map(|(tile, columns)| tile.iter().step_by(columns + 1)).map(|v| v.wide()).sum()
    }

    /// ‖G‖_F, summed in f64 tile by tile.
    #[must_use]
    pub fn frobenius_norm(&self) -> f64 {
        let squares = |tile: &[S]| tile.iter().map(|v| v.wide() * v.wide()).sum::<f64>();
        let strips: Vec<f64> = (0..self.strips.len())
            .into_par_iter()
            .map(|strip| {
                let below: f64 = (0..strip).map(|other| squares(self.tile(strip, other).0)).sum();
                2.0 * below + squares(self.tile(strip, strip).0)
            })
            .collect();
        strips.iter().sum::<f64>().sqrt()
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
    to: &mut [Vec<&mut [S]>],
    origin: usize,
) {
    let (first, count) = samples;
    let cell = factors.blocks().1;
    if count == 1 || count * cell <= LEAF {
        tile.compute(factors, factors, Place { rows: samples, columns: samples });
        tile.store(count * cell, to, [(first - origin) * cell; 2]);
        return;
    }
    let half = count / 2;
    let (before, after) = ((first, half), (first + half, count - half));
    lower(tile, factors, before, to, origin);
    tile.compute(factors, factors, Place { rows: after, columns: before });
    tile.store(half * cell, to, [after.0 - origin, first - origin].map(|sample| sample * cell));
    lower(tile, factors, after, to, origin);
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
