//! Kernel regression: one decomposition, and every fit from it.

use artifact::Precision;
use faer::{Mat, MatRef};

use crate::filter::Filter;
use kernel::KernelError;
use kernel::decomposition::{self, Eigenpairs, product};

/// What is to be fitted: one kernel over n rows, and its q columns of targets.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// K, n × n, symmetric, finite.
    pub kernel: MatRef<'a, f64>,
    /// K_*X, m × n; m may be 0.
    pub cross: MatRef<'a, f64>,
    /// Y, n × q.
    pub targets: MatRef<'a, f64>,
    /// Rows that belong to one sample, beside each other: o under `full`, else 1. They are left out together.
    pub cell: usize,
}

/// The predictions of one fit.
#[derive(Clone, Debug)]
pub struct Fit {
    /// f_X, n × q.
    pub train: Mat<f64>,
    /// f_*, m × q.
    pub test: Mat<f64>,
    /// Of each sample what all others predict, n × q; none where that does not exist, as where every
    /// trace of a sample's residual has decayed below the smallest number.
    pub left_out: Option<Mat<f64>>,
}

/// A decomposed task.
pub enum Regression {
    /// By eigenpairs: any filter.
    Spectral(Spectral),
    /// By Cholesky's decomposition: one ridge.
    Direct(Direct),
}

/// U, Uᵀ Y and K_*X U.
pub struct Spectral {
    pairs: Eigenpairs,
    targets: Mat<f64>,
    signal: Mat<f64>,
    cross: Mat<f64>,
    cell: usize,
}

/// (K + λI)⁻¹, where there is one.
pub struct Direct {
    inverse: Option<Mat<f64>>,
    lambda: f64,
    largest: f64,
    targets: Mat<f64>,
    cross: Mat<f64>,
    cell: usize,
}

impl Regression {
    /// Decomposes `task` in `precision`, so that every filter can be asked for.
    ///
    /// # Errors
    /// As [`decomposition::eigenpairs`].
    pub fn spectral(task: Task<'_>, precision: Precision) -> Result<Self, KernelError> {
        let pairs = decomposition::eigenpairs(task.kernel, precision)?;
        let signal = product(pairs.vectors.transpose(), task.targets);
        let cross = product(task.cross, pairs.vectors.as_ref());
        let targets = task.targets.to_owned();
        Ok(Self::Spectral(Spectral { pairs, targets, signal, cross, cell: task.cell }))
    }

    /// Decomposes `task` in `precision` for the ridge λ = `lambda` alone: a third of the work.
    ///
    /// # Errors
    /// Where memory lacks.
    pub fn direct(task: Task<'_>, lambda: f64, precision: Precision) -> Result<Self, KernelError> {
        let inverse = decomposition::inverse(task.kernel, lambda, precision)?;
        Ok(Self::Direct(Direct {
            inverse,
            lambda,
            largest: decomposition::largest_eigenvalue(task.kernel),
            targets: task.targets.to_owned(),
            cross: task.cross.to_owned(),
            cell: task.cell,
        }))
    }

    /// s_min; by Cholesky's decomposition an estimate from above, and −λ where there is none.
    #[must_use]
    pub fn smallest(&self) -> f64 {
        match self {
            Self::Spectral(of) => of.pairs.values.first().copied().unwrap_or(0.0),
            Self::Direct(of) => {
                let inverse = of.inverse.as_ref();
                let reach = inverse.map_or(f64::INFINITY, |inverse| {
                    decomposition::largest_eigenvalue(inverse.as_ref())
                });
                1.0 / reach - of.lambda
            }
        }
    }

    /// s_max.
    #[must_use]
    pub fn largest(&self) -> f64 {
        match self {
            Self::Spectral(of) => of.pairs.values.last().copied().unwrap_or(0.0),
            Self::Direct(of) => of.largest,
        }
    }

    /// The predictions under `filter`; none where they do not exist: K + λI is not positive definite, or
    /// numbers overflow those of the tables. By Cholesky's decomposition `filter` is its one ridge.
    #[must_use]
    pub fn fit(&self, filter: &Filter) -> Option<Fit> {
        let fit = match self {
            Self::Spectral(of) => of.fit(filter)?,
            Self::Direct(of) => of.fit()?,
        };
        let fits = |values: &Mat<f64>| is_storable(values.as_ref());
        (fits(&fit.train) && fits(&fit.test)).then_some(fit)
    }

    /// K_*X U diag(g), in the coordinates of [`Self::rotated`]; none where the fit does not exist.
    #[must_use]
    pub fn weights(&self, filter: &Filter) -> Option<Mat<f64>> {
        match self {
            Self::Spectral(of) => of.weighted(|s| filter.gain(s)),
            Self::Direct(of) => of.inverse.as_ref().map(|c| product(of.cross.as_ref(), c.as_ref())),
        }
    }

    /// By how much k(x, x) of each test row falls where K is the covariance of the prior: for a ridge
    /// K_*X (K + λI)⁻¹ K_X*, its diagonal; else K_*X U diag(2g − s g²) Uᵀ K_X*, which is what an ensemble
    /// that starts from the prior loses by the flow.
    #[must_use]
    pub fn explained(&self, filter: &Filter) -> Option<Vec<f64>> {
        let (weights, cross) = match self {
            Self::Spectral(of) => {
                let gain = |s: f64| match filter {
                    Filter::Ridge { .. } => filter.gain(s),
                    // 2g − s g² = g (1 + (1 − s g)).
                    Filter::Flow { .. } | Filter::Descent { .. } => {
                        filter.gain(s) * (1.0 + filter.left(s))
                    }
                };
                (of.weighted(gain)?, &of.cross)
            }
            Self::Direct(of) => (self.weights(filter)?, &of.cross),
        };
        Some(row_products(weights.as_ref(), cross.as_ref()))
    }

    /// `matrix` Uᵀ-fashion: M U for an m × n `matrix`, in the coordinates of [`Self::weights`].
    #[must_use]
    pub fn rotated(&self, matrix: MatRef<'_, f64>) -> Mat<f64> {
        match self {
            Self::Spectral(of) => product(matrix, of.pairs.vectors.as_ref()),
            Self::Direct(_) => matrix.to_owned(),
        }
    }
}

impl Spectral {
    fn fit(&self, filter: &Filter) -> Option<Fit> {
        let gains = self.gains(|s| filter.gain(s))?;
        let left = self.gains(|s| filter.left(s))?;
        let scaled = |by: &dyn Fn(usize) -> f64| {
            Mat::from_fn(gains.len(), self.signal.ncols(), |i, c| by(i) * self.signal[(i, c)])
        };
        let vectors = self.pairs.vectors.as_ref();
        let train = product(vectors, scaled(&|i| gains[i] * self.pairs.values[i]).as_ref());
        let test = product(self.cross.as_ref(), scaled(&|i| gains[i]).as_ref());
        // Residuals in the coordinates of samples, and the diagonal blocks of what makes them.
        let residual = product(vectors, scaled(&|i| left[i]).as_ref());
        let blocks = self.diagonal_blocks(&left);
        let block = |first: usize, a: usize, b: usize| blocks[(first + a) * self.cell + b];
        let left_out = left_out(&self.targets, &residual, self.cell, block);
        Some(Fit { train, test, left_out })
    }

    fn gains(&self, gain: impl Fn(f64) -> f64) -> Option<Vec<f64>> {
        let gains: Vec<f64> = self.pairs.values.iter().map(|&s| gain(s)).collect();
        gains.iter().all(|gain| gain.is_finite()).then_some(gains)
    }

    /// The `cell` × `cell` blocks on the diagonal of U diag(`weights`) Uᵀ, one after the other, row-major.
    fn diagonal_blocks(&self, weights: &[f64]) -> Vec<f64> {
        let (vectors, cell) = (&self.pairs.vectors, self.cell);
        let mut blocks = vec![0.0; vectors.nrows() * cell];
        // Vector by vector, as they lie in memory.
        for (i, weight) in weights.iter().enumerate() {
            let vector: Vec<f64> = vectors.col(i).iter().copied().collect();
            let samples = vector.chunks(cell).zip(blocks.chunks_mut(cell * cell));
            for (entries, block) in samples {
                for (one, row) in entries.iter().zip(block.chunks_mut(cell)) {
                    let scaled = weight * one;
                    row.iter_mut().zip(entries).for_each(|(sum, other)| *sum += scaled * other);
                }
            }
        }
        blocks
    }

    /// K_*X U diag(gain).
    fn weighted(&self, gain: impl Fn(f64) -> f64) -> Option<Mat<f64>> {
        let gains = self.gains(gain)?;
        let cross = &self.cross;
        Some(Mat::from_fn(cross.nrows(), cross.ncols(), |j, i| cross[(j, i)] * gains[i]))
    }
}

impl Direct {
    fn fit(&self) -> Option<Fit> {
        let inverse = self.inverse.as_ref()?;
        let alpha = product(inverse.as_ref(), self.targets.as_ref());
        let train = Mat::from_fn(alpha.nrows(), alpha.ncols(), |i, c| {
            self.targets[(i, c)] - self.lambda * alpha[(i, c)]
        });
        let test = product(self.cross.as_ref(), alpha.as_ref());
        let block = |first: usize, a: usize, b: usize| inverse[(first + a, first + b)];
        let left_out = left_out(&self.targets, &alpha, self.cell, block);
        Some(Fit { train, test, left_out })
    }
}

/// What all other samples predict of each: y_j − C_jj⁻¹ α_j.
///
/// `residual` is α = C Y and `block(first, a, b)` an entry of C: for a ridge C = (K + λI)⁻¹, and this is
/// exact; for another smoother H it is C = I − H and an approximation, since H of the other samples alone
/// has other weights. `cell` rows are left out together, which takes the inverse of their block of C.
///
/// Source: Rasmussen & Williams 2006, equations 5.10 to 5.12, of one row.
fn left_out(
    targets: &Mat<f64>,
    residual: &Mat<f64>,
    cell: usize,
    block: impl Fn(usize, usize, usize) -> f64,
) -> Option<Mat<f64>> {
    let (rows, columns) = (targets.nrows(), targets.ncols());
    let mut found = Mat::zeros(rows, columns);
    for first in (0..rows).step_by(cell) {
        let matrix = Mat::from_fn(cell, cell, |a, b| block(first, a, b));
        let inverse = decomposition::inverse(matrix.as_ref(), 0.0, Precision::F64).ok()??;
        let own = residual.as_ref().subrows(first, cell);
        let missed = product(inverse.as_ref(), own);
        for a in 0..cell {
            for c in 0..columns {
                found[(first + a, c)] = targets[(first + a, c)] - missed[(a, c)];
            }
        }
    }
    is_storable(found.as_ref()).then_some(found)
}

/// Σ_i a_ji b_ji of each row j.
pub(crate) fn row_products(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Vec<f64> {
    let row = |j: usize| (0..a.ncols()).map(|i| a[(j, i)] * b[(j, i)]).sum();
    (0..a.nrows()).map(row).collect()
}

/// Whether every entry is finite in f32, in which the tables keep it.
fn is_storable(values: MatRef<'_, f64>) -> bool {
    (0..values.ncols()).all(|c| values.col(c).iter().all(|v| (*v as f32).is_finite()))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A symmetric positive semidefinite matrix of `rows` rows, K = J Jᵀ / rank + `jitter` I, and rows of
    /// `test` more samples.
    pub fn kernel(rows: usize, test: usize, jitter: f64, numbers: &[f64]) -> (Mat<f64>, Mat<f64>) {
        let rank = (numbers.len() / (rows + test).max(1)).max(1);
        let factor = Mat::from_fn(rows + test, rank, |i, r| {
            numbers.get(i * rank + r).copied().unwrap_or(0.5)
        });
        let all = product(factor.as_ref(), factor.transpose());
        let own = Mat::from_fn(rows, rows, |i, j| {
            all[(i.max(j), i.min(j))] / rank as f64 + if i == j { jitter } else { 0.0 }
        });
        (own, Mat::from_fn(test, rows, |i, j| all[(rows + i, j)] / rank as f64))
    }

    pub fn column(values: &[f64]) -> Mat<f64> {
        Mat::from_fn(values.len(), 1, |i, _| values[i])
    }

    pub fn assert_close(found: MatRef<'_, f64>, expected: MatRef<'_, f64>, tolerance: f64) {
        assert_eq!((found.nrows(), found.ncols()), (expected.nrows(), expected.ncols()));
        for i in 0..found.nrows() {
            for j in 0..found.ncols() {
                let (a, b) = (found[(i, j)], expected[(i, j)]);
                let is_close =
                    a.is_finite() && b.is_finite() && (a - b).abs() <= tolerance * (1.0 + b.abs());
                assert!(is_close, "({i}, {j}): {a} is not {b}");
            }
        }
    }

    /// x of A x = B by Gaussian elimination with pivots, straight.
    pub fn solved(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
        let (n, q) = (a.nrows(), b.ncols());
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..n).map(|j| a[(i, j)]).chain((0..q).map(|c| b[(i, c)])).collect())
            .collect();
        for k in 0..n {
            let pivot =
                (k..n).max_by(|&i, &j| rows[i][k].abs().total_cmp(&rows[j][k].abs())).unwrap();
            rows.swap(k, pivot);
            let top = rows[k].clone();
            for (i, row) in rows.iter_mut().enumerate() {
                if i != k {
                    let factor = row[k] / top[k];
                    row.iter_mut().zip(&top).for_each(|(entry, top)| *entry -= factor * top);
                }
            }
        }
        Mat::from_fn(n, q, |i, c| rows[i][n + c] / rows[i][i])
    }

    fn shifted(kernel: &Mat<f64>, lambda: f64) -> Mat<f64> {
        Mat::from_fn(kernel.nrows(), kernel.nrows(), |i, j| {
            kernel[(i, j)] + if i == j { lambda } else { 0.0 }
        })
    }

    fn without<'a>(kept: &'a [usize], matrix: &'a Mat<f64>) -> Mat<f64> {
        Mat::from_fn(kept.len(), matrix.ncols(), |i, c| matrix[(kept[i], c)])
    }

    fn task<'a>(
        kernel: &'a Mat<f64>,
        cross: &'a Mat<f64>,
        targets: &'a Mat<f64>,
        cell: usize,
    ) -> Task<'a> {
        Task { kernel: kernel.as_ref(), cross: cross.as_ref(), targets: targets.as_ref(), cell }
    }

    /// What the others predict of each sample of `cell` rows, by solving without it.
    fn really_left_out(
        kernel: &Mat<f64>,
        targets: &Mat<f64>,
        lambda: f64,
        cell: usize,
    ) -> Mat<f64> {
        let n = kernel.nrows();
        let mut found = Mat::zeros(n, targets.ncols());
        for first in (0..n).step_by(cell) {
            let kept: Vec<usize> = (0..n).filter(|&i| i < first || i >= first + cell).collect();
            let part = Mat::from_fn(kept.len(), kept.len(), |i, j| {
                kernel[(kept[i], kept[j])] + if i == j { lambda } else { 0.0 }
            });
            let alpha = solved(part.as_ref(), without(&kept, targets).as_ref());
            for a in 0..cell {
                for c in 0..targets.ncols() {
                    let row = kept.iter().enumerate();
                    found[(first + a, c)] =
                        row.map(|(at, &i)| kernel[(first + a, i)] * alpha[(at, c)]).sum();
                }
            }
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn ridges_solve_their_equation_by_both_decompositions(
            (cell, samples, test) in (1_usize..4, 1_usize..8, 0_usize..5),
            columns in 1_usize..4,
            rank in 1_usize..6,
            lambda in 0.05..2.0_f64,
            numbers in prop::collection::vec(-1.0..1.0_f64, 60 * 6),
        ) {
            let rows = cell * samples;
            let (kernel, cross) = kernel(rows, test, 0.0, &numbers[..(rows + test) * rank]);
            let targets = Mat::from_fn(rows, columns, |i, c| numbers[(i * 3 + c * 7) % 300]);
            let alpha = solved(shifted(&kernel, lambda).as_ref(), targets.as_ref());
            let of = task(&kernel, &cross, &targets, cell);
            let filter = Filter::Ridge { lambda };
            for regression in [
                Regression::spectral(of, Precision::F64).unwrap(),
                Regression::direct(of, lambda, Precision::F64).unwrap(),
            ] {
                let fit = regression.fit(&filter).unwrap();
                assert_close(fit.test.as_ref(), product(cross.as_ref(), alpha.as_ref()).as_ref(), 1e-9);
                assert_close(fit.train.as_ref(), product(kernel.as_ref(), alpha.as_ref()).as_ref(), 1e-9);
                let expected = really_left_out(&kernel, &targets, lambda, cell);
                assert_close(fit.left_out.unwrap().as_ref(), expected.as_ref(), 1e-8);
                prop_assert!(regression.smallest() >= -1e-9);
            }
        }

        #[test]
        fn flow_and_descent_are_small_steps_along_the_gradient(
            (samples, test) in (1_usize..6, 0_usize..4),
            // One number for all makes a kernel of rank one: N − 1 eigenvalues are the same.
            numbers in prop_oneof![
                Just(vec![0.7; 20]),
                prop::collection::vec(-1.0..1.0_f64, 20),
            ],
            tau in 0.05..3.0_f64,
        ) {
            let (kernel, cross) = kernel(samples, test, 0.1, &numbers[..(samples + test) * 2]);
            let targets = column(&numbers[..samples]);
            let updates = 20_000_u64;
            let rate = tau / updates as f64;
            // f ← f − (rate) K (f − y) of all samples together.
            let mut alpha = Mat::<f64>::zeros(samples, 1);
            for _ in 0..updates {
                let f = product(kernel.as_ref(), alpha.as_ref());
                for i in 0..samples {
                    alpha[(i, 0)] -= rate * (f[(i, 0)] - targets[(i, 0)]);
                }
            }
            let expected = product(cross.as_ref(), alpha.as_ref());
            let of = Regression::spectral(task(&kernel, &cross, &targets, 1), Precision::F64).unwrap();
            let descent = of.fit(&Filter::Descent { pieces: vec![(rate, updates)] }).unwrap();
            assert_close(descent.test.as_ref(), expected.as_ref(), 1e-9);
            let flow = of.fit(&Filter::Flow { tau }).unwrap();
            assert_close(flow.test.as_ref(), expected.as_ref(), 2e-3);
            let f = product(kernel.as_ref(), alpha.as_ref());
            assert_close(flow.train.as_ref(), f.as_ref(), 2e-3);
        }
    }

    #[test]
    fn a_kernel_that_is_not_positive_definite_has_no_ridge_of_0_but_a_flow() {
        let kernel = Mat::from_fn(2, 2, |_, _| 1.0);
        let (cross, targets) = (Mat::from_fn(1, 2, |_, _| 1.0), column(&[1.0, 3.0]));
        let of = task(&kernel, &cross, &targets, 1);
        let direct = Regression::direct(of, -0.5, Precision::F64).unwrap();
        assert!(direct.fit(&Filter::Ridge { lambda: -0.5 }).is_none());
        assert!((direct.smallest() - 0.5).abs() <= 1e-15);
        let spectral = Regression::spectral(of, Precision::F64).unwrap();
        assert!(spectral.fit(&Filter::Ridge { lambda: -0.5 }).is_none());
        let flow = spectral.fit(&Filter::Flow { tau: 1e3 }).unwrap();
        assert!((flow.test[(0, 0)] - 2.0).abs() <= 1e-9);
    }

    #[test]
    fn one_sample_left_out_of_one_is_predicted_as_0() {
        let (kernel, cross) = (Mat::from_fn(1, 1, |_, _| 2.0), Mat::zeros(0, 1));
        let targets = column(&[3.0]);
        let of = Regression::spectral(task(&kernel, &cross, &targets, 1), Precision::F64).unwrap();
        let fit = of.fit(&Filter::Ridge { lambda: 0.5 }).unwrap();
        assert!((fit.train[(0, 0)] - 2.4).abs() <= 1e-12);
        assert!(fit.left_out.unwrap()[(0, 0)].abs() <= 1e-12);
        assert_eq!(fit.test.nrows(), 0);
    }

    #[test]
    fn single_precision_is_as_exact_as_single_precision() {
        let numbers: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 19) / 10.0 - 0.9).collect();
        let (kernel, cross) = kernel(10, 2, 0.1, &numbers);
        let targets = column(&numbers[..10]);
        let of = task(&kernel, &cross, &targets, 1);
        let filter = Filter::Ridge { lambda: 0.3 };
        let exact = Regression::spectral(of, Precision::F64).unwrap().fit(&filter).unwrap();
        for regression in [
            Regression::spectral(of, Precision::F32).unwrap(),
            Regression::direct(of, 0.3, Precision::F32).unwrap(),
        ] {
            let found = regression.fit(&filter).unwrap();
            assert_close(found.test.as_ref(), exact.test.as_ref(), 1e-5);
            assert!((found.test[(0, 0)] - exact.test[(0, 0)]).abs() > 1e-14);
        }
    }
}
