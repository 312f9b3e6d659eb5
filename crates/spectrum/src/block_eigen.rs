//! The top eigenpairs of a Gramian, by block Krylov iteration on matrix-matrix products.
//!
//! The basis of span{S, GS, G²S, …} is kept orthonormal throughout; the Ritz pairs of G in it are
//! accepted once every residual ‖Gυ − λυ‖ is small. That alone could miss a pair: a start that is
//! perpendicular to an eigenvector never meets it. So the count is proved by a Cholesky
//! factorization, see [`none_is_missing`].
//!
//! Source: Musco & Musco 2015, randomized block Krylov methods.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj,
};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::qr::no_pivoting::factor::{
    qr_in_place, qr_in_place_scratch, recommended_block_size,
};
use faer::{Accum, Conj, Mat, MatRef};

use crate::columns::Columns;
use crate::eigen::{self, Eigenpairs, parallelism};
use crate::error::SpectrumError;
use crate::precision::Real;
use crate::sum;

/// Random vectors that a start has beyond those that are hoped to converge from it, which meet what
/// is new since the previous checkpoint.
pub const OVERSAMPLING: usize = 16;

/// Vectors of a random start for the top `k`: fewer need more products in turn, more a larger basis.
#[must_use]
pub const fn start_columns(k: usize) -> usize {
    k / 2 + OVERSAMPLING
}

/// Basis vectors up to which the top `k` are searched for.
const fn basis_limit(k: usize) -> usize {
    4 * k + 8 * OVERSAMPLING
}

/// Whether the block method is worth trying: its largest basis is small beside the matrix.
///
/// With k = 200 of 4,000 rows on two cores the block method took a sixth of the full decomposition's
/// time from a random start (examples/decompose.rs); below 512 rows either takes milliseconds. The
/// basis bound keeps its memory under that of the full decomposition.
pub const fn pays(rows: usize, k: usize) -> bool {
    rows >= 512 && 2 * basis_limit(k) <= rows
}

/// The top `k` eigenpairs of the symmetric matrix `gram`, or `None` where that is in doubt.
///
/// `start` holds vectors of any span, at least one: eigenvectors of a matrix like this one, random
/// vectors, or both. Accepted pairs have ‖Gυ − λυ‖ ≤ `tolerance` λ₁, are orthonormal to 1e-5, and
/// leave no eigenvalue above λ_k + `tolerance` λ₁ outside their span.
///
/// # Errors
/// Where memory lacks, or the small decomposition fails.
pub fn top<T: Real>(
    gram: MatRef<'_, T>,
    k: usize,
    start: &Columns<T>,
    tolerance: f64,
) -> Result<Option<Eigenpairs<T>>, SpectrumError> {
    let limit = basis_limit(k).min(gram.nrows());
    if start.count() > limit {
        return Ok(None);
    }
    let mut krylov = Krylov::new(gram, limit);
    krylov.extend(start.matrix(0, start.count()))?;
    loop {
        if krylov.size >= k {
            let (mut ritz, residuals) = krylov.ritz_pairs(k)?;
            let bound = tolerance * ritz.values[0];
            // Residuals alone prove little where λ_k is below the tolerance, for any vector of the
            // noise has a small one; so a failed count means a larger basis, not the end.
            if residuals.iter().all(|&residual| residual <= bound)
                && orthonormal(&ritz.vectors)
                && none_is_missing(gram, &ritz, tolerance)?
            {
                eigen::orient(&mut ritz.vectors);
                return Ok(Some(ritz));
            }
        }
        if krylov.size + krylov.last > limit {
            return Ok(None);
        }
        krylov.extend_by_images()?;
    }
}

/// An orthonormal basis Q, its images G Q, and the projection Qᵀ G Q.
struct Krylov<'a, T> {
    gram: MatRef<'a, T>,
    basis: Columns<T>,
    images: Columns<T>,
    projection: Mat<T>,
    size: usize,
    last: usize,
}

impl<'a, T: Real> Krylov<'a, T> {
    fn new(gram: MatRef<'a, T>, limit: usize) -> Self {
        let (rows, zero) = (gram.nrows(), T::nearest(0.0));
        Self {
            gram,
            basis: Columns::filled(rows, limit, zero),
            images: Columns::filled(rows, limit, zero),
            projection: Mat::zeros(limit, limit),
            size: 0,
            last: 0,
        }
    }

    /// Adds the part of `block` outside the basis. There must be room for its columns.
    fn extend(&mut self, block: MatRef<'_, T>) -> Result<(), SpectrumError> {
        let (one, minus, par) = (T::nearest(1.0), T::nearest(-1.0), parallelism());
        let (from, to) = (self.size, self.size + block.ncols());
        let mut block = block.to_owned();
        // Twice: what the first pass leaves of the basis in a block that lies almost within it, the
        // second one removes.
        for _ in 0..2 {
            if from > 0 {
                let basis = self.basis.matrix(0, from);
                let mut along = Mat::zeros(from, block.ncols());
                matmul(&mut along, Accum::Replace, basis.transpose(), &block, one, par);
                matmul(&mut block, Accum::Add, basis, &along, minus, par);
            }
            block = orthonormal_basis(block)?;
        }
        self.basis.matrix_mut(from, to).copy_from(&block);
        let mut images = self.images.matrix_mut(from, to);
        matmul(images.as_mut(), Accum::Replace, self.gram, &block, one, par);
        let mut corner = self.projection.as_mut().submatrix_mut(0, from, to, to - from);
        let basis = self.basis.matrix(0, to).transpose();
        matmul(corner.as_mut(), Accum::Replace, basis, images.as_ref(), one, par);
        // faer reads the lower half.
        for column in from..to {
            for row in 0..=column {
                self.projection[(column, row)] = self.projection[(row, column)];
            }
        }
        (self.size, self.last) = (to, to - from);
        Ok(())
    }

    /// Adds the images of the last block. There must be room for its columns.
    fn extend_by_images(&mut self) -> Result<(), SpectrumError> {
        let block = self.images.matrix(self.size - self.last, self.size).to_owned();
        self.extend(block.as_ref())
    }

    /// The k leading Ritz pairs (θ, Qs), and ‖G Qs − θ Qs‖ of each.
    fn ritz_pairs(&self, k: usize) -> Result<(Eigenpairs<T>, Vec<f64>), SpectrumError> {
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
            for (residual, &entry) in residual.iter_mut().zip(vector) {
                *residual = T::nearest((*residual).into() - value * entry.into());
            }
            sum::norm_squared(residual).sqrt()
        });
        let norms = norms.collect();
        let (values, accepted_residual) = (inner.values, 0.0);
        Ok((Eigenpairs { values, vectors, accepted_residual }, norms))
    }
}

/// An orthonormal basis of the columns' span, by Householder reflections.
///
/// `Mat::qr` does the same, but splits the work by the number of threads.
///
/// # Errors
/// Where memory lacks.
fn orthonormal_basis<T: Real>(mut block: Mat<T>) -> Result<Mat<T>, SpectrumError> {
    let (rows, columns, par) = (block.nrows(), block.ncols(), parallelism());
    let size = recommended_block_size::<T>(rows, columns);
    let mut coefficients = Mat::zeros(size, rows.min(columns));
    let request = StackReq::any_of(&[
        qr_in_place_scratch::<T>(rows, columns, size, par, faer::Spec::default()),
        apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(rows, size, columns),
    ]);
    let mut scratch = MemBuffer::try_new(request)
        .map_err(|_| SpectrumError::Memory { bytes: request.size_bytes() })?;
    let stack = MemStack::new(&mut scratch);
    qr_in_place(block.as_mut(), coefficients.as_mut(), par, stack, faer::Spec::default());
    let mut basis = Mat::identity(rows, columns);
    apply_block_householder_sequence_on_the_left_in_place_with_conj(
        block.as_ref(),
        coefficients.as_ref(),
        Conj::No,
        basis.as_mut(),
        par,
        stack,
    );
    Ok(basis)
}

/// Whether max |VᵀV − I| ≤ 1e-5.
fn orthonormal<T: Real>(vectors: &Columns<T>) -> bool {
    let k = vectors.count();
    let v = vectors.matrix(0, k);
    let mut products = Mat::zeros(k, k);
    let one = T::nearest(1.0);
    matmul(&mut products, Accum::Replace, v.transpose(), v, one, parallelism());
    (0..k).all(|j| {
        (0..k).all(|i| {
            let product: f64 = products[(i, j)].into();
            (product - f64::from(u8::from(i == j))).abs() <= 1e-5
        })
    })
}

/// Whether G has no more than k eigenvalues above σ = λ_k + `tolerance` λ₁: those of `pairs`.
///
/// It has no more if xᵀGx < σ‖x‖² for every x perpendicular to V (Courant-Fischer), and that is so
/// if M = σI − G + V(Λ + s)Vᵀ is positive definite, that is if M has a Cholesky factor. With
/// R = GV − VΛ, M demands of the complement of V a bound smaller by RRᵀ/(σ + s); the lift s makes
/// that at most 1/16 of the slack `tolerance` λ₁, since ‖R‖² ≤ k (`tolerance` λ₁)².
///
/// Unlike the LDLᵀ inertia of G − σI this needs no pivoting, and as most of λ₁ is taken out of M
/// its rounding is far below the slack.
fn none_is_missing<T: Real>(
    gram: MatRef<'_, T>,
    pairs: &Eigenpairs<T>,
    tolerance: f64,
) -> Result<bool, SpectrumError> {
    let (rows, k, par) = (gram.nrows(), pairs.values.len(), parallelism());
    let slack = tolerance * pairs.values[0];
    let (shift, lift) = (pairs.values[k - 1] + slack, 16.0 * k as f64 * slack);
    let mut scaled = pairs.vectors.clone();
    for (vector, &value) in scaled.iter_mut().zip(&pairs.values) {
        for entry in vector {
            *entry = T::nearest((*entry).into() * (value + lift));
        }
    }
    let mut rest = gram.to_owned();
    triangular::matmul(
        rest.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        scaled.matrix(0, k),
        BlockStructure::Rectangular,
        pairs.vectors.matrix(0, k).transpose(),
        BlockStructure::Rectangular,
        T::nearest(-1.0),
        par,
    );
    for j in 0..rows {
        for i in j..rows {
            rest[(i, j)] = -rest[(i, j)];
        }
        rest[(j, j)] += T::nearest(shift);
    }
    let request = cholesky_in_place_scratch::<T>(rows, par, faer::Spec::default());
    let mut scratch = MemBuffer::try_new(request)
        .map_err(|_| SpectrumError::Memory { bytes: request.size_bytes() })?;
    let factor = cholesky_in_place(
        rest.as_mut(),
        LltRegularization::default(),
        par,
        MemStack::new(&mut scratch),
        faer::Spec::default(),
    );
    Ok(factor.is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eigen::all;
    use crate::eigen::tests::{assert_eigenpairs, gramian};

    const TOLERANCE: f64 = 1e-5;

    /// Numbers in [-1, 1) without a pattern, the same on every run.
    fn numbers(count: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn start<T: Real>(rows: usize, columns: usize) -> Columns<T> {
        let mut start = Columns::empty(rows);
        for column in numbers(rows * columns).chunks(rows) {
            start.push(column.iter().map(|&number| T::nearest(number)));
        }
        start
    }

    /// J Jᵀ where feature c of J counts as `scales[c]`: eigenvalues of about rows · scale²/3.
    fn scaled_gramian(rows: usize, scales: &[f64]) -> Vec<f32> {
        let factor: Vec<f64> = numbers(rows * scales.len())
            .iter()
            .enumerate()
            .map(|(i, number)| number * scales[i % scales.len()])
            .collect();
        gramian(rows, &factor)
    }

    fn found<T: Real>(
        gram: &[f32],
        rows: usize,
        k: usize,
        start: &Columns<T>,
    ) -> Option<Eigenpairs<T>> {
        let mut store = Vec::new();
        top(T::matrix(gram, rows, rows, &mut store), k, start, TOLERANCE).unwrap()
    }

    #[test]
    fn the_top_pairs_are_those_of_the_full_decomposition() {
        let (rows, k) = (200, 12);
        let scales: Vec<f64> = (1..=150).map(|i| 1.0 / f64::from(i)).collect();
        let gram = scaled_gramian(rows, &scales);
        let pairs = found::<f32>(&gram, rows, k, &start(rows, start_columns(k))).unwrap();
        assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
        let mut store = Vec::new();
        let whole = all(f64::matrix(&gram, rows, rows, &mut store)).unwrap();
        for (top, full) in pairs.values.iter().zip(&whole.values) {
            assert!((top - full).abs() <= TOLERANCE * whole.values[0], "{top} {full}");
        }
    }

    #[test]
    fn the_exact_eigenvectors_are_a_start_that_needs_nothing_more() {
        let (rows, k) = (120, 6);
        let gram = scaled_gramian(rows, &[3.0, 2.0, 1.0, 0.5, 0.3, 0.2, 0.1]);
        let mut store = Vec::new();
        let whole = all(f64::matrix(&gram, rows, rows, &mut store)).unwrap().leading(k);
        let pairs = found(&gram, rows, k, &whole.vectors).unwrap();
        assert_eigenpairs(&gram, rows, &pairs, 1e-10);
    }

    /// The start is an invariant subspace without υ₁: every residual is zero, and υ₁ never met.
    #[test]
    fn a_pair_that_the_start_cannot_reach_is_never_silently_missing() {
        let (rows, k) = (90, 3);
        let gram = scaled_gramian(rows, &[3.0, 2.0, 1.0, 0.5, 0.3]);
        let mut store = Vec::new();
        let matrix = f64::matrix(&gram, rows, rows, &mut store);
        let whole = all(matrix).unwrap();
        let vectors = whole.leading(4);
        for left_out in 0..k {
            let mut rest = Eigenpairs {
                values: Vec::new(),
                vectors: Columns::empty(rows),
                accepted_residual: 0.0,
            };
            for i in (0..=k).filter(|&i| i != left_out) {
                rest.values.push(vectors.values[i]);
                rest.vectors.push(vectors.vectors.column(i).iter().copied());
            }
            assert!(!none_is_missing(matrix, &rest, TOLERANCE).unwrap(), "without {left_out}");
        }
        assert!(none_is_missing(matrix, &vectors.leading(k), TOLERANCE).unwrap());
    }

    #[test]
    fn a_repeated_eigenvalue_cut_by_k_is_found_as_often_as_asked() {
        let (rows, k) = (64, 5);
        let mut gram = vec![0.0; rows * rows];
        for i in 0..rows {
            gram[i * rows + i] = if i < 8 { 2.0 } else { 0.25 };
        }
        let pairs = found::<f32>(&gram, rows, k, &start(rows, start_columns(k))).unwrap();
        assert!(pairs.values.iter().all(|value| (value - 2.0).abs() <= 1e-5), "{:?}", pairs.values);
        assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
    }

    /// Large enough for faer to split the work.
    #[test]
    fn both_ways_give_the_same_bits_on_any_number_of_threads() {
        let (rows, k) = (700, 20);
        let scales: Vec<f64> = (1..=40).map(|i| 1.0 / f64::from(i)).collect();
        let gram = scaled_gramian(rows, &scales);
        let matrix = MatRef::from_column_major_slice(&gram, rows, rows);
        let bits = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let start = start::<f32>(rows, start_columns(k));
            let whole = pool.install(|| all(matrix)).unwrap();
            let leading = pool.install(|| found(&gram, rows, k, &start)).unwrap();
            (whole.values, whole.vectors, leading.values, leading.vectors)
        };
        let one = bits(1);
        for threads in [2, 5] {
            let other = bits(threads);
            assert!(one.0 == other.0 && one.1 == other.1, "full, {threads} threads");
            assert!(one.2 == other.2 && one.3 == other.3, "block, {threads} threads");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_accepted_holds_for_any_rank_and_offset(
            rows in 20_usize..90,
            k in 1_usize..6,
            rank in 1_i32..40,
            decay in 0.3..1.0_f64,
            offset in prop_oneof![Just(0.0), Just(50.0)],
        ) {
            let mut scales: Vec<f64> = (0..rank).map(|i| decay.powi(i)).collect();
            scales[0] += offset;
            let gram = scaled_gramian(rows, &scales);
            let mut store = Vec::new();
            let whole = all(f64::matrix(&gram, rows, rows, &mut store)).unwrap();
            // `None` is an honest answer; a wrong one is not.
            if let Some(pairs) = found::<f32>(&gram, rows, k, &start(rows, start_columns(k))) {
                assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
                for (top, full) in pairs.values.iter().zip(&whole.values) {
                    prop_assert!((top - full).abs() <= 2.0 * TOLERANCE * whole.values[0]);
                }
            }
        }
    }
}
