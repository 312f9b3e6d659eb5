//! Variance of what is predicted of test samples.

use faer::{Mat, MatRef};

use crate::filter::Filter;
use crate::regression::{Regression, row_products};
use kernel::decomposition::product;

/// Variance of the Gaussian process whose kernel is K itself, for each test row: for a ridge the posterior
/// K_** − K_*X (K + λI)⁻¹ K_X*, for a time that of an ensemble that starts from the prior.
///
/// `diagonal` is K_** of the test rows. Rounding may leave a variance of 0 a little below it. None where
/// the fit does not exist.
///
/// Source: Rasmussen & Williams 2006, equation 2.24; Lee et al. 2019, equation 16, with K for both kernels.
#[must_use]
pub fn of_process(regression: &Regression, filter: &Filter, diagonal: &[f64]) -> Option<Vec<f64>> {
    let explained = regression.explained(filter)?;
    Some(diagonal.iter().zip(explained).map(|(prior, explained)| prior - explained).collect())
}

/// The covariance of the outputs at initialization, K, in the coordinates of a regression with Θ.
pub struct Covariance {
    kernel: Mat<f64>,
    cross: Mat<f64>,
    diagonal: Vec<f64>,
}

impl Covariance {
    /// K (n × n), K_*X (m × n) and K_** (m) of the rows of `regression`.
    #[must_use]
    pub fn new(
        regression: &Regression,
        kernel: MatRef<'_, f64>,
        cross: MatRef<'_, f64>,
        diagonal: Vec<f64>,
    ) -> Self {
        // Uᵀ K U = ((K U)ᵀ U)ᵀ for a symmetric K.
        let half = regression.rotated(kernel);
        let kernel = regression.rotated(half.transpose());
        Self { kernel, cross: regression.rotated(cross), diagonal }
    }

    /// Variance of an infinite ensemble of networks with this covariance at initialization and the
    /// regression's kernel Θ, for each test row: K_** + A K Aᵀ − 2 A K_X*, A = Θ_*X U diag(g) Uᵀ.
    ///
    /// Source: Lee et al. 2019, equation 16; for a ridge A = Θ_*X (Θ + λI)⁻¹.
    #[must_use]
    pub fn of_ensemble(&self, regression: &Regression, filter: &Filter) -> Option<Vec<f64>> {
        let weights = regression.weights(filter)?;
        let moved = product(weights.as_ref(), self.kernel.as_ref());
        let spread = row_products(moved.as_ref(), weights.as_ref());
        let shared = row_products(weights.as_ref(), self.cross.as_ref());
        let terms = self.diagonal.iter().zip(spread).zip(shared);
        Some(terms.map(|((prior, spread), shared)| prior + spread - 2.0 * shared).collect())
    }
}

#[cfg(test)]
mod tests {
    use artifact::Precision;

    use super::*;
    use crate::regression::Task;
    use crate::regression::tests::{column, solved};

    const N: usize = 6;
    const M: usize = 3;

    /// Two kernels over N training and M test samples, as whole matrices.
    fn kernels() -> [Mat<f64>; 2] {
        let at = |i: usize| (i * 5 % 9) as f64 / 3.0;
        [1.0, 2.5].map(|width| {
            Mat::from_fn(N + M, N + M, |i, j| {
                (-(at(i) - at(j)).powi(2) / width).exp() + if i == j { 0.2 } else { 0.0 }
            })
        })
    }

    fn regressions(theta: &Mat<f64>, lambda: f64) -> [Regression; 2] {
        let targets = column(&[1.0; N]);
        let task = Task {
            kernel: theta.as_ref().submatrix(0, 0, N, N),
            cross: theta.as_ref().submatrix(N, 0, M, N),
            targets: targets.as_ref(),
            cell: 1,
        };
        [
            Regression::spectral(task, Precision::F64).unwrap(),
            Regression::direct(task, lambda, Precision::F64).unwrap(),
        ]
    }

    fn assert_variances(found: &[f64], dense: &Mat<f64>) {
        for (j, found) in found.iter().enumerate() {
            assert!((found - dense[(j, j)]).abs() <= 1e-10, "{j}: {found} {}", dense[(j, j)]);
        }
        assert_eq!(found.len(), M);
    }

    fn diagonal(of: &Mat<f64>) -> Vec<f64> {
        (N..N + M).map(|j| of[(j, j)]).collect()
    }

    #[test]
    fn the_posterior_is_that_of_the_dense_formula() {
        let [k, _] = kernels();
        let lambda = 0.3;
        let noisy = Mat::from_fn(N, N, |i, j| k[(i, j)] + if i == j { lambda } else { 0.0 });
        let cross = k.as_ref().submatrix(N, 0, M, N);
        let solved = solved(noisy.as_ref(), cross.transpose());
        let explained = product(cross, solved.as_ref());
        let dense = Mat::from_fn(M, M, |i, j| k[(N + i, N + j)] - explained[(i, j)]);
        for regression in regressions(&k, lambda) {
            let found = of_process(&regression, &Filter::Ridge { lambda }, &diagonal(&k)).unwrap();
            assert_variances(&found, &dense);
        }
    }

    /// (A, −A on the training rows beside 1 on the test rows): f_* − A f_X of all rows of `k`, dense.
    fn ensemble(k: &Mat<f64>, a: &Mat<f64>) -> Mat<f64> {
        let map = Mat::from_fn(M, N + M, |i, j| match j.checked_sub(N) {
            None => -a[(i, j)],
            Some(test) => f64::from(u8::from(test == i)),
        });
        product(product(map.as_ref(), k.as_ref()).as_ref(), map.transpose())
    }

    #[test]
    fn an_ensemble_is_a_linear_map_of_its_start() {
        let [k, theta] = kernels();
        let lambda = 0.15;
        let noisy = Mat::from_fn(N, N, |i, j| theta[(i, j)] + if i == j { lambda } else { 0.0 });
        let cross = theta.as_ref().submatrix(N, 0, M, N);
        let a = solved(noisy.as_ref(), cross.transpose()).transpose().to_owned();
        let dense = ensemble(&k, &a);
        for regression in regressions(&theta, lambda) {
            let covariance = Covariance::new(
                &regression,
                k.as_ref().submatrix(0, 0, N, N),
                k.as_ref().submatrix(N, 0, M, N),
                diagonal(&k),
            );
            let found = covariance.of_ensemble(&regression, &Filter::Ridge { lambda }).unwrap();
            assert_variances(&found, &dense);
        }
    }

    #[test]
    fn a_flow_from_the_prior_has_the_variance_of_the_ensemble_with_one_kernel() {
        let [k, _] = kernels();
        let [regression, _] = regressions(&k, 1.0);
        let covariance = Covariance::new(
            &regression,
            k.as_ref().submatrix(0, 0, N, N),
            k.as_ref().submatrix(N, 0, M, N),
            diagonal(&k),
        );
        for tau in [0.01, 1.0, 50.0] {
            let filter = Filter::Flow { tau };
            let one = of_process(&regression, &filter, &diagonal(&k)).unwrap();
            let other = covariance.of_ensemble(&regression, &filter).unwrap();
            for (one, other) in one.iter().zip(&other) {
                assert!((one - other).abs() <= 1e-10, "{tau}: {one} {other}");
            }
        }
    }
}
