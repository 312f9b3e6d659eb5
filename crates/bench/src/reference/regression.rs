//! Kernel regression in f64: explicit solves of (K + λI) α = Y, and gradient flow.

use faer::{Mat, MatRef, Side};

use super::entries;
use crate::error::BenchError;

/// Largest ‖KU − US‖ / ‖K‖ and ‖UᵀU − I‖ / √n of eigenpairs in f64.
const EIGENPAIRS: f64 = 1e-12;
/// Largest ‖(K + λI) α − Y‖ / ‖Y‖ of a solve.
const RESIDUAL: f64 = 1e-8;

/// Predictions at test samples.
pub struct Predictions {
    /// f_* of each ridge and then of each time, one after the other, each m × q, row-major.
    pub values: Vec<f64>,
    /// The largest ratio of an eigenvalue of K + λI to the least.
    pub condition: f64,
}

/// K_*X (K + λI)⁻¹ Y of `ridges`, and K_*X K⁻¹ (I − e^{−Kτ}) Y of `times`.
///
/// Everything follows from faer's eigenpairs in f64, held to what they must satisfy whoever found them; and each
/// solve to its own equation.
///
/// # Errors
/// [`BenchError::Reference`] where they do not.
pub fn predictions(
    kernel: &Mat<f64>,
    cross: &Mat<f64>,
    targets: &Mat<f64>,
    ridges: &[f64],
    times: &[f64],
) -> Result<Predictions, BenchError> {
    let failed = |message: &str| BenchError::Reference { message: message.to_owned() };
    let n = kernel.nrows();
    let found = kernel.self_adjoint_eigen(Side::Lower);
    let found = found.map_err(|_| failed("the eigenpairs in f64 do not converge"))?;
    let vectors = found.U().to_owned();
    let values: Vec<f64> = (0..n).map(|i| found.S()[i]).collect();
    let scaled = Mat::from_fn(n, n, |i, j| vectors[(i, j)] * values[j]);
    let residual = (kernel * &vectors - &scaled).norm_l2();
    let skew = (vectors.transpose() * &vectors - Mat::<f64>::identity(n, n)).norm_l2();
    let is_right =
        residual <= EIGENPAIRS * kernel.norm_l2() && skew <= EIGENPAIRS * (n as f64).sqrt();
    if !is_right {
        return Err(failed("the eigenpairs in f64 do not solve KU = US"));
    }
    let signal = vectors.transpose() * targets;
    let coefficients = |gain: &dyn Fn(f64) -> f64| -> Mat<f64> {
        &vectors * Mat::from_fn(n, signal.ncols(), |i, c| gain(values[i]) * signal[(i, c)])
    };
    let mut all = Vec::new();
    for &lambda in ridges {
        let alpha = coefficients(&|s| 1.0 / (s + lambda));
        let residual = kernel * &alpha + faer::Scale(lambda) * &alpha - targets;
        if residual.norm_l2().is_nan() || residual.norm_l2() > RESIDUAL * targets.norm_l2() {
            return Err(failed("a ridge in f64 does not solve (K + λI) α = Y"));
        }
        all.extend(predicted(cross, alpha.as_ref()));
    }
    for &tau in times {
        let gain = |s: f64| if s == 0.0 { tau } else { -(-s * tau).exp_m1() / s };
        all.extend(predicted(cross, coefficients(&gain).as_ref()));
    }
    let ends = |lambda: f64| (values[n - 1] + lambda) / (values[0] + lambda);
    let condition = ridges.iter().map(|&lambda| ends(lambda)).fold(1.0, f64::max);
    Ok(Predictions { values: all, condition })
}

/// K_* α, row-major.
fn predicted(cross: &Mat<f64>, alpha: MatRef<'_, f64>) -> Vec<f64> {
    entries(&(alpha.transpose() * cross.transpose())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_those_of_a_small_system_on_paper() {
        // Eigenvalues 3 and 1 along (1, 1) and (1, −1).
        let kernel = Mat::from_fn(2, 2, |i, j| if i == j { 2.0 } else { 1.0 });
        let cross = Mat::from_fn(1, 2, |_, j| if j == 0 { 1.0 } else { 0.5 });
        let targets = Mat::from_fn(2, 1, |i, _| if i == 0 { 4.0 } else { 0.0 });
        let found = predictions(&kernel, &cross, &targets, &[1.0], &[0.5, 1e9]).expect("solves");
        // Y = 2 (1, 1) + 2 (1, −1), and K_* gives 1.5 and 0.5 of them.
        let of = |gain: [f64; 2]| 3.0 * gain[0] + gain[1];
        let flow = |s: f64| (1.0 - (-0.5 * s).exp()) / s;
        let expected = [of([0.25, 0.5]), of([flow(3.0), flow(1.0)]), of([1.0 / 3.0, 1.0])];
        for (found, expected) in found.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
        assert!((found.condition - 2.0).abs() < 1e-12 && found.values.len() == 3);
    }

    #[test]
    fn a_kernel_that_is_no_number_has_no_predictions() {
        let nan = Mat::from_fn(2, 2, |_, _| f64::NAN);
        let ones = Mat::from_fn(2, 1, |_, _| 1.0);
        assert!(predictions(&nan, &ones.transpose().to_owned(), &ones, &[1.0], &[]).is_err());
    }
}
