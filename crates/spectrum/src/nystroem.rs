//! Eigenfunctions at new points, by the Nyström formula.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatRef};

use crate::columns::Columns;
use crate::eigen::{Eigenpairs, parallelism};
use crate::precision::Real;
use crate::sum;

/// υᵢ(x) = (1/λᵢ) Σⱼ g(x, xⱼ) υᵢ(xⱼ) at each test row x, for the first `count` eigenpairs.
///
/// `test` is test rows × training rows, row-major. The first `count` eigenvalues must be resolved:
/// the division by a smaller one returns noise. At the training points the formula gives υᵢ back.
pub fn extended<T: Real>(test: &[T], pairs: &Eigenpairs<T>, count: usize) -> Columns<f64> {
    let columns = pairs.vectors.rows();
    let rows = test.len() / columns;
    let test = MatRef::from_column_major_slice(test, columns, rows).transpose();
    let mut products = Columns::filled(rows, count, T::nearest(0.0));
    if rows > 0 && count > 0 {
        matmul(
            products.matrix_mut(0, count),
            Accum::Replace,
            test,
            pairs.vectors.matrix(0, count),
            T::nearest(1.0),
            parallelism(),
        );
    }
    let mut extended = Columns::empty(rows);
    for (product, &eigenvalue) in products.iter().zip(&pairs.values) {
        extended.push(product.iter().map(|&entry| entry.into() / eigenvalue));
    }
    extended
}

/// The leading vectors made orthonormal in their order, as far as they are independent.
///
/// Gram-Schmidt, twice for each vector, in f64. Ends before the first vector of which no more than
/// `tolerance` of its norm is left outside the span of those before it; so there are never more
/// than rows.
#[must_use]
pub fn orthonormalized(vectors: &Columns<f64>, tolerance: f64) -> Columns<f64> {
    let mut basis: Columns<f64> = Columns::empty(vectors.rows());
    for vector in vectors.iter() {
        let norm = sum::norm_squared(vector).sqrt();
        let mut rest = vector.to_vec();
        for _ in 0..2 {
            for direction in basis.iter() {
                let along = sum::dot(direction, &rest);
                rest.iter_mut().zip(direction).for_each(|(rest, entry)| *rest -= along * entry);
            }
        }
        let left = sum::norm_squared(&rest).sqrt();
        if left.is_nan() || left <= tolerance * norm {
            break;
        }
        basis.push(rest.iter().map(|entry| entry / left));
    }
    basis
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eigen::all;
    use crate::eigen::tests::{gramian, matrix};

    #[test]
    fn at_the_training_points_the_eigenvectors_come_back() {
        let factor: Vec<f64> = (0..24).map(|i| f64::from(i * i % 17) - 8.0).collect();
        let gram = gramian(8, &factor);
        let mut store: Vec<f64> = Vec::new();
        let pairs = all(matrix(&gram, 8, 8, &mut store)).unwrap();
        // Three columns: three resolved eigenvalues. The last rows are left out: order of rows.
        let extended = extended(&store[..5 * 8], &pairs, 3);
        assert_eq!((extended.rows(), extended.count()), (5, 3));
        for i in 0..3 {
            for (new, old) in extended.column(i).iter().zip(pairs.vectors.column(i)) {
                assert!((new - old).abs() <= 1e-12, "{new} {old}");
            }
        }
    }

    #[test]
    fn no_test_points_have_no_values() {
        let mut store: Vec<f64> = Vec::new();
        let pairs = all(matrix(&[2.0], 1, 1, &mut store)).unwrap();
        assert_eq!(extended(&[], &pairs, 1).count(), 0);
    }

    #[test]
    fn orthonormalizing_keeps_spans_and_ends_at_dependence() {
        let mut vectors = Columns::empty(3);
        vectors.push([2.0, 0.0, 0.0]);
        vectors.push([1.0, 1.0, 0.0]);
        vectors.push([5.0, -3.0, 0.0]);
        vectors.push([0.0, 0.0, 1.0]);
        let basis = orthonormalized(&vectors, 1e-12);
        assert_eq!(basis.count(), 2);
        assert_eq!(basis.column(0), [1.0, 0.0, 0.0]);
        assert_eq!(basis.column(1), [0.0, 1.0, 0.0]);
    }
}
