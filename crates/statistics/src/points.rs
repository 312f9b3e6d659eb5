//! Points as the rows of a matrix, whatever their coordinates are stored as.

use rayon::prelude::*;

/// Columns of a matrix that a loop over points takes together: two AVX2 registers of f64.
pub(crate) const TOGETHER: usize = 8;
/// Most shares into which a sum over points is cut; each holds a sum of its own.
const MOST_SHARES: usize = 16;
/// Points that are worth a share.
const LEAST: usize = 256;

/// n points of d coordinates, the rows of X.
///
/// Clusters and regressions need X in products alone, so that bits are never unpacked.
pub trait Points: Sync {
    /// n.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// d.
    fn dimension(&self) -> usize;

    /// The coordinates of a point.
    fn point(&self, index: usize) -> Vec<f64>;

    /// ‖x‖² of every point.
    fn squared_norms(&self) -> Vec<f64>;

    /// X W, n × k, of W, d × k; row-major.
    fn times(&self, matrix: &[f64], columns: usize) -> Vec<f64>;

    /// Xᵀ C, d × k, of C, n × k; row-major. Its bits do not depend on the number of threads.
    fn transposed_times(&self, matrix: &[f64], columns: usize) -> Vec<f64>;
}

/// Up to [`TOGETHER`] columns from `first` on of each row of `matrix`, filled up with zeros.
pub(crate) fn panel(matrix: &[f64], columns: usize, first: usize) -> Vec<[f64; TOGETHER]> {
    let count = TOGETHER.min(columns - first);
    let row = |row: &[f64]| {
        let mut block = [0.0; TOGETHER];
        block[..count].copy_from_slice(&row[first..first + count]);
        block
    };
    matrix.chunks_exact(columns).map(row).collect()
}

/// The matrix of rows × `columns` whose panels are `panels`.
pub(crate) fn from_panels(
    panels: &[Vec<[f64; TOGETHER]>],
    rows: usize,
    columns: usize,
) -> Vec<f64> {
    let mut matrix = vec![0.0; rows * columns];
    for (panel, first) in panels.iter().zip((0..columns).step_by(TOGETHER)) {
        let count = TOGETHER.min(columns - first);
        for (row, block) in matrix.chunks_exact_mut(columns).zip(panel) {
            row[first..first + count].copy_from_slice(&block[..count]);
        }
    }
    matrix
}

/// The sum of `of_share` over shares of `0..count`, each a vector of the same length: cut by `count` alone and
/// summed in order.
pub(crate) fn sum_of_shares(
    count: usize,
    of_share: impl Fn(std::ops::Range<usize>) -> Vec<[f64; TOGETHER]> + Sync,
) -> Vec<[f64; TOGETHER]> {
    let shares = count.div_ceil(LEAST).clamp(1, MOST_SHARES);
    let share = |index: usize| index * count / shares..(index + 1) * count / shares;
    let sums: Vec<_> = (0..shares).into_par_iter().map(|index| of_share(share(index))).collect();
    let add = |mut sum: Vec<[f64; TOGETHER]>, other: Vec<[f64; TOGETHER]>| {
        for (sum, other) in sum.iter_mut().zip(other) {
            for (sum, other) in sum.iter_mut().zip(other) {
                *sum += other;
            }
        }
        sum
    };
    sums.into_iter().reduce(add).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Bits, Dense};

    /// Bits that look random, rows × columns.
    pub fn bits(rows: usize, columns: usize, salt: u64) -> Bits {
        let mut bits = Bits::zeros(rows, columns);
        for row in 0..rows {
            let values: Vec<f32> = (0..columns)
                .map(|column| {
                    let mixed = (row as u64 * 7919 + column as u64 + 1)
                        .wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ salt)
                        .rotate_left(29)
                        .wrapping_mul(0xBF58_476D_1CE4_E5B9);
                    if mixed >> 63 == 0 { 1.0 } else { -1.0 }
                })
                .collect();
            bits.set_positive(row, 0, &values);
        }
        bits
    }

    fn close(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len()
            && found.iter().zip(expected).all(|(f, e)| (f - e).abs() <= 1e-11 * (1.0 + e.abs()))
    }

    fn agrees(points: &impl Points, columns: usize) -> Result<(), TestCaseError> {
        let (n, d) = (points.len(), points.dimension());
        let x: Vec<Vec<f64>> = (0..n).map(|i| points.point(i)).collect();
        let wave = |count: usize| (0..count).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<_>>();
        let (w, c) = (wave(d * columns), wave(n * columns));
        let times: Vec<f64> = (0..n * columns)
            .map(|at| (0..d).map(|j| x[at / columns][j] * w[j * columns + at % columns]).sum())
            .collect();
        prop_assert!(close(&points.times(&w, columns), &times));
        let transposed: Vec<f64> = (0..d * columns)
            .map(|at| (0..n).map(|i| x[i][at / columns] * c[i * columns + at % columns]).sum())
            .collect();
        prop_assert!(close(&points.transposed_times(&c, columns), &transposed));
        let norms: Vec<f64> = x.iter().map(|x| x.iter().map(|x| x * x).sum()).collect();
        prop_assert!(close(&points.squared_norms(), &norms));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn products_are_those_of_the_unpacked_matrix(
            n in 0_usize..40, d in 1_usize..150, columns in 1_usize..19, salt in 0_u64..1000,
        ) {
            agrees(&bits(n, d, 2 * salt), columns)?;
            let x: Vec<f32> = (0..n * d).map(|i| (i as f32 * 1.3).cos()).collect();
            agrees(&Dense::new(&x, d), columns)?;
        }

        #[test]
        fn sums_do_not_depend_on_the_number_of_threads(n in 250_usize..1200) {
            let points = bits(n, 70, 5);
            let c: Vec<f64> = (0..n * 3).map(|i| (i as f64).sin()).collect();
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| points.transposed_times(&c, 3))
            };
            prop_assert_eq!(on(1), on(3));
        }
    }
}
