//! A growing subspace, and the eigenpairs of G as seen from within.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef};

use crate::columns::Columns;
use crate::eigen::{self, Eigenpairs, parallelism};
use crate::error::SpectrumError;
use crate::orthonormal::{basis_of, remove};
use crate::precision::Real;
use crate::sum;

/// An orthonormal basis Q, its images A Q, and the projection Qᵀ A Q, for A = (I − VVᵀ) G (I − VVᵀ)
/// with orthonormal vectors V that may be none.
pub struct Krylov<'a, T> {
    gram: MatRef<'a, T>,
    without: MatRef<'a, T>,
    basis: Columns<T>,
    images: Columns<T>,
    projection: Mat<T>,
    size: usize,
    last: usize,
}

/// Ritz pairs (θ, Qs), the best that the subspace knows of A's eigenpairs.
pub struct RitzPairs<T> {
    /// θ in falling order and Qs.
    pub pairs: Eigenpairs<T>,
    /// A Qs − θ Qs.
    pub residuals: Columns<T>,
    /// ‖A Qs − θ Qs‖.
    pub norms: Vec<f64>,
}

impl<'a, T: Real> Krylov<'a, T> {
    /// An empty subspace of up to `limit` dimensions; `without` are V.
    pub fn new(gram: MatRef<'a, T>, without: MatRef<'a, T>, limit: usize) -> Self {
        let (rows, zero) = (gram.nrows(), T::nearest(0.0));
        Self {
            gram,
            without,
            basis: Columns::filled(rows, limit, zero),
            images: Columns::filled(rows, limit, zero),
            projection: Mat::zeros(limit, limit),
            size: 0,
            last: 0,
        }
    }

    /// Dimensions so far.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Dimensions that may still be added.
    pub fn room(&self) -> usize {
        self.basis.count() - self.size
    }

    /// The images of what was added last.
    pub fn last_images(&self) -> Mat<T> {
        self.images.matrix(self.size - self.last, self.size).to_owned()
    }

    /// Adds the part of `block` outside the basis and V; `false` where there is none. There must be
    /// room for its columns.
    ///
    /// # Errors
    /// Where memory lacks.
    pub fn extend(&mut self, mut block: Mat<T>) -> Result<bool, SpectrumError> {
        let (one, par) = (T::nearest(1.0), parallelism());
        let from = self.size;
        // Twice: what the first pass leaves of the basis in a block that lies almost within it, the
        // second one removes.
        for _ in 0..2 {
            remove(&mut block, self.without);
            remove(&mut block, self.basis.matrix(0, from));
            block = basis_of(block.as_ref())?;
        }
        let to = from + block.ncols();
        self.basis.matrix_mut(from, to).copy_from(&block);
        let mut image = Mat::zeros(block.nrows(), block.ncols());
        matmul(&mut image, Accum::Replace, self.gram, &block, one, par);
        remove(&mut image, self.without);
        let mut corner = self.projection.as_mut().submatrix_mut(0, from, to, to - from);
        let basis = self.basis.matrix(0, to).transpose();
        matmul(corner.as_mut(), Accum::Replace, basis, image.as_ref(), one, par);
        self.images.matrix_mut(from, to).copy_from(&image);
        // faer reads the lower half.
        for column in from..to {
            for row in 0..=column {
                self.projection[(column, row)] = self.projection[(row, column)];
            }
        }
        (self.size, self.last) = (to, to - from);
        Ok(to > from)
    }

    /// The `k` leading Ritz pairs; the subspace has as many dimensions at least.
    ///
    /// # Errors
    /// Where the small decomposition fails.
    pub fn ritz_pairs(&self, k: usize) -> Result<RitzPairs<T>, SpectrumError> {
        let (rows, zero, one) = (self.gram.nrows(), T::nearest(0.0), T::nearest(1.0));
        let projection = self.projection.as_ref().submatrix(0, 0, self.size, self.size);
        let inner = eigen::all(projection)?.leading(k);
        let mut vectors = Columns::filled(rows, k, zero);
        let mut residuals = Columns::filled(rows, k, zero);
        let (from, turn) = (Accum::Replace, inner.vectors.matrix(0, k));
        let (basis, images) = (self.basis.matrix(0, self.size), self.images.matrix(0, self.size));
        matmul(vectors.matrix_mut(0, k), from, basis, turn, one, parallelism());
        matmul(residuals.matrix_mut(0, k), from, images, turn, one, parallelism());
        let parts = residuals.iter_mut().zip(vectors.iter()).zip(&inner.values);
        let norms = parts.map(|((residual, vector), &value)| {
            let value = T::nearest(value);
            for (residual, &entry) in residual.iter_mut().zip(vector) {
                *residual -= value * entry;
            }
            sum::norm_squared(residual).sqrt()
        });
        let norms = norms.collect();
        let (values, accepted_residual) = (inner.values, 0.0);
        Ok(RitzPairs { pairs: Eigenpairs { values, vectors, accepted_residual }, residuals, norms })
    }
}
