//! Vectors of one length side by side: eigenvectors, Nyström extensions, Krylov blocks.

use faer::{MatMut, MatRef};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The columns of a matrix, one after the other in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Columns<T> {
    rows: usize,
    values: Vec<T>,
}

impl<T: Copy> Columns<T> {
    /// `columns` vectors of `rows` times `value`.
    #[must_use]
    pub fn filled(rows: usize, columns: usize, value: T) -> Self {
        Self { rows, values: vec![value; rows * columns] }
    }

    /// No vector yet, of `rows` entries each.
    #[must_use]
    pub const fn empty(rows: usize) -> Self {
        Self { rows, values: Vec::new() }
    }

    /// Appends a vector; `column` has as many entries as the others.
    pub fn push(&mut self, column: impl IntoIterator<Item = T>) {
        self.values.extend(column);
        debug_assert!(self.values.len().is_multiple_of(self.rows.max(1)));
    }

    /// Entries of each vector.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Number of vectors.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len().checked_div(self.rows).unwrap_or(0)
    }

    /// Vector `index`, from 0.
    #[must_use]
    pub fn column(&self, index: usize) -> &[T] {
        &self.values[index * self.rows..(index + 1) * self.rows]
    }

    /// The vectors in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.values.chunks_exact(self.rows.max(1))
    }

    /// The vectors in order, to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [T]> {
        self.values.chunks_exact_mut(self.rows.max(1))
    }

    /// The vectors in any order, to change on all threads.
    pub fn par_iter_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [T]>
    where
        T: Send,
    {
        self.values.par_chunks_exact_mut(self.rows.max(1))
    }

    /// The first `count` vectors, all where there are fewer.
    #[must_use]
    pub fn leading(&self, count: usize) -> Self {
        let end = count.min(self.count()) * self.rows;
        Self { rows: self.rows, values: self.values[..end].to_vec() }
    }

    /// Turns the order of the vectors round.
    pub fn reverse(&mut self) {
        let rows = self.rows;
        for left in 0..self.count() / 2 {
            let right = self.count() - 1 - left;
            let (low, high) = self.values.split_at_mut(right * rows);
            low[left * rows..(left + 1) * rows].swap_with_slice(&mut high[..rows]);
        }
    }

    /// Columns `from..to` as a matrix.
    #[must_use]
    pub fn matrix(&self, from: usize, to: usize) -> MatRef<'_, T> {
        let values = &self.values[from * self.rows..to * self.rows];
        MatRef::from_column_major_slice(values, self.rows, to - from)
    }

    /// Columns `from..to` as a matrix to change.
    pub fn matrix_mut(&mut self, from: usize, to: usize) -> MatMut<'_, T> {
        let values = &mut self.values[from * self.rows..to * self.rows];
        MatMut::from_column_major_slice_mut(values, self.rows, to - from)
    }
}
