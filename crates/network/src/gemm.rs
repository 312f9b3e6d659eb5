//! Products of row-major matrices on faer.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, MatMut, MatRef, Par};

use crate::scalar::Scalar;

/// Which product [`gemm`] computes; the result is n × m, the inner dimension k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gemm {
    /// A B with A n × k and B k × m.
    Plain,
    /// A Bᵀ with A n × k and B m × k.
    RightTransposed,
    /// Aᵀ B with A k × n and B k × m.
    LeftTransposed,
}

/// The product of two matrices, or the rows of one.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a, T> {
    /// What is transposed.
    pub gemm: Gemm,
    /// n, k, m.
    pub shape: [usize; 3],
    /// A, row-major.
    pub a: &'a [T],
    /// Entries of a row of A and the first of them that is used: of the columns of
    /// [`Gemm::LeftTransposed`] only n from there on.
    pub(crate) a_columns: (usize, usize),
    /// B, row-major.
    pub b: &'a [T],
}

impl<'a, T> Product<'a, T> {
    /// The whole product of `a` and `b`.
    pub(crate) fn new(gemm: Gemm, shape: [usize; 3], a: &'a [T], b: &'a [T]) -> Self {
        let [n, k, _] = shape;
        let width = if gemm == Gemm::LeftTransposed { n } else { k };
        Self { gemm, shape, a, a_columns: (width, 0), b }
    }
}

/// result ← result · `accumulate` + `alpha` · product, for row-major slices, on this thread.
///
/// `shape` is `[n, k, m]`. One thread, because callers split work by rows or tiles in an order
/// that does not depend on the number of threads.
///
/// # Panics
/// Where a slice has another length than its shape says.
pub fn gemm<T: Scalar>(
    gemm: Gemm,
    shape: [usize; 3],
    alpha: T,
    a: &[T],
    b: &[T],
    accumulate: bool,
    result: &mut [T],
) {
    T::product(&Product::new(gemm, shape, a, b), alpha, accumulate, result);
}

/// result ← result · `accumulate` + `alpha` · (rows `columns` of Aᵀ B), on this thread: what
/// [`gemm`] gives for [`Gemm::LeftTransposed`], but only for some columns of A.
///
/// `sides` are A and B, each with the entries of a row; both have as many rows.
pub(crate) fn gemm_columns<T: Scalar>(
    [(a, width), (b, m)]: [(&[T], usize); 2],
    columns: Range<usize>,
    alpha: T,
    accumulate: bool,
    result: &mut [T],
) {
    let product = Product {
        gemm: Gemm::LeftTransposed,
        shape: [columns.len(), b.len() / m, m],
        a,
        a_columns: (width, columns.start),
        b,
    };
    T::product(&product, alpha, accumulate, result);
}

/// [`Scalar::product`] for the numbers that faer knows.
pub(crate) fn faer_product<T: Scalar + RealField>(
    product: &Product<'_, T>,
    alpha: T,
    accumulate: bool,
    result: &mut [T],
) {
    let Product { gemm, shape: [n, k, m], a, a_columns: (width, first), b } = *product;
    let accum = if accumulate { Accum::Add } else { Accum::Replace };
    let result = MatMut::from_row_major_slice_mut(result, n, m);
    let a = match gemm {
        Gemm::Plain | Gemm::RightTransposed => MatRef::from_row_major_slice(a, n, k),
        Gemm::LeftTransposed => {
            MatRef::from_row_major_slice(a, k, width).subcols(first, n).transpose()
        }
    };
    let b = match gemm {
        Gemm::Plain | Gemm::LeftTransposed => MatRef::from_row_major_slice(b, k, m),
        Gemm::RightTransposed => MatRef::from_row_major_slice(b, m, k).transpose(),
    };
    // Transposed throughout: faer is column-major at heart, so Rᵀ = Bᵀ Aᵀ needs no reordering.
    matmul(result.transpose_mut(), accum, b.transpose(), a.transpose(), alpha, Par::Seq);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(product: Gemm, [n, k, m]: [usize; 3], a: &[f64], b: &[f64]) -> Vec<f64> {
        let a_at = |i: usize, j: usize| match product {
            Gemm::LeftTransposed => a[j * n + i],
            _ => a[i * k + j],
        };
        let b_at = |i: usize, j: usize| match product {
            Gemm::RightTransposed => b[j * k + i],
            _ => b[i * m + j],
        };
        (0..n * m).map(|e| (0..k).map(|j| a_at(e / m, j) * b_at(j, e % m)).sum()).collect()
    }

    proptest! {
        #[test]
        fn products_equal_their_definition(
            n in 1_usize..20, k in 1_usize..20, m in 1_usize..20, seed in 0_u32..100,
        ) {
            let entry = |i: usize| f64::from((i as u32 * 7919 + seed * 104_729) % 997) / 997.0 - 0.5;
            let a: Vec<f64> = (0..n * k).map(entry).collect();
            let b: Vec<f64> = (0..k * m).map(|i| entry(i + 31)).collect();
            for product in [Gemm::Plain, Gemm::RightTransposed, Gemm::LeftTransposed] {
                let expected = plain(product, [n, k, m], &a, &b);
                let mut result = vec![1.0; n * m];
                gemm(product, [n, k, m], 2.0, &a, &b, true, &mut result);
                for (r, e) in result.iter().zip(&expected) {
                    // |entries| ≤ ½, so a sum of k products errs by at most k²ε/4.
                    let bound = 4.0 * f64::EPSILON * (k * k) as f64;
                    prop_assert!((r - 1.0 - 2.0 * e).abs() <= bound);
                }
            }
            // Each row of the result by itself, on top of what is there.
            let expected = plain(Gemm::LeftTransposed, [n, k, m], &a, &b);
            for row in 0..n {
                let mut result = vec![1.0; m];
                gemm_columns([(&a, n), (&b, m)], row..row + 1, 2.0, true, &mut result);
                for (r, e) in result.iter().zip(&expected[row * m..]) {
                    let bound = 4.0 * f64::EPSILON * (k * k) as f64;
                    prop_assert!((r - 1.0 - 2.0 * e).abs() <= bound);
                }
            }
        }
    }
}
