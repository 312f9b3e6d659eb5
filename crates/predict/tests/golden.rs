//! Predictions beside those of scikit-learn and neural-tangents (`golden.py` makes `golden.json`).

use artifact::Precision;
use faer::{Mat, MatRef};
use predict::filter::Filter;
use predict::regression::{Regression, Task};
use predict::variance::{self, Covariance};
use serde::Deserialize;

type Rows = Vec<Vec<f64>>;

#[derive(Deserialize)]
struct Golden {
    targets: Rows,
    nngp: Kernel,
    ntk: Kernel,
    ridges: Vec<Ridge>,
    times: Vec<Time>,
}

#[derive(Deserialize)]
struct Kernel {
    train: Rows,
    cross: Rows,
    #[serde(default)]
    diagonal: Vec<f64>,
}

#[derive(Deserialize)]
struct Ridge {
    #[serde(rename = "ridge")]
    relative: f64,
    nngp: Moments,
    ntk: Moments,
    scikit_nngp: Scikit,
    scikit_ntk: Scikit,
}

#[derive(Deserialize)]
struct Time {
    tau: f64,
    nngp: Moments,
    ntk: Moments,
    descent_ntk: Rows,
}

#[derive(Deserialize)]
struct Moments {
    mean: Rows,
    variance: Vec<f64>,
}

#[derive(Deserialize)]
struct Scikit {
    mean: Rows,
    left_out: Rows,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

fn matrix(rows: &Rows) -> Mat<f64> {
    Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

fn assert_close(found: MatRef<'_, f64>, expected: &Rows) {
    assert_eq!((found.nrows(), found.ncols()), (expected.len(), expected[0].len()));
    for (i, row) in expected.iter().enumerate() {
        for (j, &value) in row.iter().enumerate() {
            let entry = found[(i, j)];
            assert!(entry.is_finite() && (entry - value).abs() <= 1e-8, "{entry} is not {value}");
        }
    }
}

fn assert_variances(found: &[f64], expected: &[f64]) {
    let rows = |values: &[f64]| values.iter().map(|&value| vec![value]).collect::<Rows>();
    assert_close(matrix(&rows(found)).as_ref(), &rows(expected));
}

fn spectral(kernel: &Kernel, targets: &Rows) -> Regression {
    let (train, cross, targets) = (matrix(&kernel.train), matrix(&kernel.cross), matrix(targets));
    let task =
        Task { kernel: train.as_ref(), cross: cross.as_ref(), targets: targets.as_ref(), cell: 1 };
    Regression::spectral(task, Precision::F64).unwrap()
}

fn direct(kernel: &Kernel, targets: &Rows, lambda: f64) -> Regression {
    let (train, cross, targets) = (matrix(&kernel.train), matrix(&kernel.cross), matrix(targets));
    let task =
        Task { kernel: train.as_ref(), cross: cross.as_ref(), targets: targets.as_ref(), cell: 1 };
    Regression::direct(task, lambda, Precision::F64).unwrap()
}

fn covariance(golden: &Golden, regression: &Regression) -> Covariance {
    let (train, cross) = (matrix(&golden.nngp.train), matrix(&golden.nngp.cross));
    let diagonal = golden.nngp.diagonal.clone();
    Covariance::new(regression, train.as_ref(), cross.as_ref(), diagonal)
}

fn lambda(kernel: &Kernel, ridge: f64) -> f64 {
    let n = kernel.train.len();
    ridge * (0..n).map(|i| kernel.train[i][i]).sum::<f64>() / n as f64
}

#[test]
fn ridges_are_those_of_scikit_learn_and_neural_tangents() {
    let golden = golden();
    for of in &golden.ridges {
        for (kernel, moments, scikit, is_process) in [
            (&golden.nngp, &of.nngp, &of.scikit_nngp, true),
            (&golden.ntk, &of.ntk, &of.scikit_ntk, false),
        ] {
            let lambda = lambda(kernel, of.relative);
            let filter = Filter::Ridge { lambda };
            let regressions =
                [spectral(kernel, &golden.targets), direct(kernel, &golden.targets, lambda)];
            for regression in &regressions {
                let fit = regression.fit(&filter).unwrap();
                assert_close(fit.test.as_ref(), &moments.mean);
                assert_close(fit.test.as_ref(), &scikit.mean);
                assert_close(fit.left_out.unwrap().as_ref(), &scikit.left_out);
                let found = if is_process {
                    variance::of_process(regression, &filter, &golden.nngp.diagonal)
                } else {
                    covariance(&golden, regression).of_ensemble(regression, &filter)
                };
                assert_variances(&found.unwrap(), &moments.variance);
            }
        }
    }
}

#[test]
fn flows_are_those_of_neural_tangents() {
    let golden = golden();
    let (nngp, ntk) =
        (spectral(&golden.nngp, &golden.targets), spectral(&golden.ntk, &golden.targets));
    let covariance = covariance(&golden, &ntk);
    for of in &golden.times {
        let filter = Filter::Flow { tau: of.tau };
        assert_close(nngp.fit(&filter).unwrap().test.as_ref(), &of.nngp.mean);
        let found = variance::of_process(&nngp, &filter, &golden.nngp.diagonal).unwrap();
        assert_variances(&found, &of.nngp.variance);
        let fit = ntk.fit(&filter).unwrap();
        assert_close(fit.test.as_ref(), &of.ntk.mean);
        assert_close(fit.test.as_ref(), &of.descent_ntk);
        let found = covariance.of_ensemble(&ntk, &filter).unwrap();
        assert_variances(&found, &of.ntk.variance);
    }
}
