//! Rows of a Gramian over the same samples in tiles, each computed and stored once: of all rows the
//! lower triangle, half the memory of the matrix.

use std::ops::Range;

use num_traits::Zero;
use rayon::prelude::*;

/// Rows of a strip that are put together at once: of a tile above the diagonal, which is a
/// transposed one below, each cache line is read once.
const LINES: usize = 16;

/// Which samples a tile is of.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// First sample of the rows, and how many.
    pub rows: (usize, usize),
    /// First sample of the columns, and how many.
    pub columns: (usize, usize),
}

/// A tile to be computed, and where it goes.
#[derive(Debug)]
pub struct Task<'a, S> {
    /// Its samples.
    pub place: Place,
    /// For each matrix its rows, each the width of the tile.
    pub to: Vec<Vec<&'a mut [S]>>,
}

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

impl<S: Copy + Zero + Send + Sync> Symmetric<S> {
    /// The tiles of all of `matrices`, matrices of the same strips, each to be computed once; the longest
    /// strips come first.
    ///
    /// A tile on the diagonal needs both of its halves.
    pub fn tasks(matrices: &mut [Self]) -> Vec<Task<'_, S>> {
        let Some(Self { samples, cell, side, strips, .. }) = matrices.first() else {
            return Vec::new();
        };
        let shape = (*samples, *cell, *side, strips.end);
        let mut parts: Vec<Vec<&mut [S]>> = strips.clone().map(|_| Vec::new()).collect();
        let strips = strips.clone();
        for matrix in matrices {
            for (part, tiles) in parts.iter_mut().zip(&mut matrix.tiles) {
                part.push(tiles);
            }
        }
        strips.zip(parts).rev().flat_map(|(strip, parts)| tasks(shape, strip, parts)).collect()
    }

    /// The tiles of one strip of this matrix, as those of [`Self::tasks`].
    ///
    /// # Panics
    /// Where it is none of [`Self::strips`].
    pub fn strip_tasks(&mut self, strip: usize) -> Vec<Task<'_, S>> {
        let shape = (self.samples, self.cell, self.side, self.strips.end);
        tasks(shape, strip, vec![&mut self.tiles[strip - self.strips.start]])
    }

    /// All tiles of one strip, one after the other: what a run may keep of it.
    ///
    /// # Panics
    /// Where it is none of [`Self::strips`].
    #[must_use]
    pub fn tiles(&self, strip: usize) -> &[S] {
        &self.tiles[strip - self.strips.start]
    }

    /// Puts back what [`Self::tiles`] gave; `false` where it is not as long as that.
    ///
    /// # Panics
    /// Where it is none of [`Self::strips`].
    pub fn restore(&mut self, strip: usize, tiles: &[S]) -> bool {
        let own = &mut self.tiles[strip - self.strips.start];
        let fits = own.len() == tiles.len();
        if fits {
            own.copy_from_slice(tiles);
        }
        fits
    }

    /// A matrix of zeros, rows of `strips` strips of `side` samples, of which each has `cell` rows.
    #[must_use]
    pub fn zeros(samples: usize, cell: usize, side: usize, strips: Range<usize>) -> Self {
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

/// The tiles of one strip of matrices of `samples` samples with `cell` rows each in strips of `side`, whose
/// strips end before `end`; `parts` are the strip's entries in each.
fn tasks<S>(
    (samples, cell, side, end): (usize, usize, usize, usize),
    strip: usize,
    mut parts: Vec<&mut [S]>,
) -> Vec<Task<'_, S>> {
    let mut tasks = Vec::new();
    for (strip, other) in tiles_of(strip, end, samples.div_ceil(side)) {
        let rows = strip_samples(samples, side, strip);
        let columns = strip_samples(samples, side, other);
        let mut to = Vec::with_capacity(parts.len());
        for part in &mut parts {
            let (tile, after) = std::mem::take(part).split_at_mut(rows.1 * columns.1 * cell * cell);
            to.push(tile.chunks_exact_mut(columns.1 * cell).collect());
            *part = after;
        }
        tasks.push(Task { place: Place { rows, columns }, to });
    }
    tasks
}

/// The tiles that are kept with `strip` of strips that end before `end`, of `count` in all, as their strips of
/// rows and of columns.
fn tiles_of(strip: usize, end: usize, count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..=strip)
        .map(move |other| (strip, other))
        .chain((end..count).map(move |other| (other, strip)))
}

/// First sample of a strip, and how many it has.
fn strip_samples(samples: usize, side: usize, strip: usize) -> (usize, usize) {
    (strip * side, side.min(samples - strip * side))
}
