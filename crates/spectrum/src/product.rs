//! Products of stored matrices with f64 vectors, in f64.

use faer::Accum;
use faer::linalg::matmul::matmul;

use crate::columns::Columns;
use crate::eigen::parallelism;
use crate::precision::Real;

/// Vectors of the stored matrix that are turned into f64 at once: a few MiB, never all of it.
const BLOCK: usize = 256;

/// A B for A with the columns `a` and B with the columns `b`, which have as many entries as there
/// are of `a`.
pub fn of_columns<T: Real>(a: &Columns<T>, b: &Columns<f64>) -> Columns<f64> {
    let (rows, inner, columns) = (a.rows(), a.count(), b.count());
    let mut product = Columns::filled(rows, columns, 0.0);
    for from in (0..inner).step_by(BLOCK) {
        let to = inner.min(from + BLOCK);
        let mut wide = Columns::empty(rows);
        for column in a.iter().skip(from).take(to - from) {
            wide.push(column.iter().map(|&entry| entry.into()));
        }
        matmul(
            product.matrix_mut(0, columns),
            Accum::Add,
            wide.matrix(0, to - from),
            b.matrix(0, columns).subrows(from, to - from),
            1.0,
            parallelism(),
        );
    }
    product
}

/// A B for a row-major A whose rows have as many entries as the columns of `b`.
pub fn of_rows<T: Copy + Into<f64> + Sync>(a: &[T], b: &Columns<f64>) -> Columns<f64> {
    let (inner, columns) = (b.rows(), b.count());
    let rows = a.len() / inner;
    let mut product = Columns::filled(rows, columns, 0.0);
    for from in (0..rows).step_by(BLOCK) {
        let to = rows.min(from + BLOCK);
        let mut wide = Columns::empty(inner);
        wide.push(a[from * inner..to * inner].iter().map(|&entry| entry.into()));
        matmul(
            product.matrix_mut(0, columns).subrows_mut(from, to - from),
            Accum::Replace,
            wide.matrix(0, to - from).transpose(),
            b.matrix(0, columns),
            1.0,
            parallelism(),
        );
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition_on_both_sides_of_a_block() {
        for (rows, inner, columns) in
            [(1, 1, 1), (3, BLOCK, 2), (BLOCK + 1, 5, 3), (4, BLOCK + 3, 1)]
        {
            let a = |i: usize, k: usize| ((i * 7 + k * 3 + i * k) % 11) as f32 - 5.0;
            let b = |k: usize, j: usize| ((k * 5 + j * 2) % 9) as f64 - 4.0;
            let (mut left, mut right) = (Columns::empty(rows), Columns::empty(inner));
            (0..inner).for_each(|k| left.push((0..rows).map(|i| a(i, k))));
            (0..columns).for_each(|j| right.push((0..inner).map(|k| b(k, j))));
            let by_rows: Vec<f32> = (0..rows * inner).map(|at| a(at / inner, at % inner)).collect();
            let mut expected = Columns::empty(rows);
            for j in 0..columns {
                let entry = |i| (0..inner).map(|k| f64::from(a(i, k)) * b(k, j)).sum::<f64>();
                expected.push((0..rows).map(entry));
            }
            // Sums of integers are exact.
            assert_eq!(of_columns(&left, &right), expected);
            assert_eq!(of_rows(&by_rows, &right), expected);
        }
    }
}
