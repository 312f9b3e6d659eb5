//! What a spectrum says of gradient descent.

use artifact::Precision;

use crate::signal::STORED;
use crate::sum;

/// 2N/δ: full-batch gradient descent on least squares is stable along υ₁ exactly when λ₁ is below.
///
/// `samples` is N, `learning_rate` δ > 0.
pub fn stability_bound(samples: usize, learning_rate: f64) -> f64 {
    2.0 * samples as f64 / learning_rate
}

/// 1 − |1 − δλ/N|: the share of a mode of the residual that one step of gradient descent on least
/// squares takes away; 1 where it is gone at once, negative where it grows, λ > 2N/δ.
///
/// `samples` is N, `learning_rate` δ.
pub fn mode_speed(eigenvalue: f64, samples: usize, learning_rate: f64) -> f64 {
    1.0 - (1.0 - learning_rate * eigenvalue / samples as f64).abs()
}

/// How well the first-order dynamics foretell one update of gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstOrder {
    /// ‖a − b‖/‖a‖.
    pub error: f64,
    /// cos∠(a, b); absent where b is no more than rounding leaves of zero.
    pub cosine: Option<f64>,
}

/// Compares a = f̄_{t+1} − f̄_t with b = −(δ/N) G m̄.
///
/// `gram` is row-major, stands beside its ‖G‖_F and is stored in `stored`, `residual` m̄, `before` f̄_t and `after` f̄_{t+1}, all
/// over its rows; `samples` is N, `learning_rate` δ. `None` where the update changed the outputs by no
/// more than the rounding in which they are stored.
///
/// Source: Kopitkov & Indelman 2019, first-order dynamics.
pub fn first_order<T: Copy + Into<f64> + Sync>(
    (gram, frobenius): (&[T], f64),
    stored: Precision,
    residual: &[f64],
    before: &[f64],
    after: &[f64],
    samples: usize,
    learning_rate: f64,
) -> Option<FirstOrder> {
    let rate = learning_rate / samples as f64;
    let change: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let foretold: Vec<f64> =
        sum::product(gram, residual).iter().map(|product| -rate * product).collect();
    let missed: Vec<f64> = change.iter().zip(&foretold).map(|(a, b)| a - b).collect();
    let change_norm = sum::norm_squared(&change).sqrt();
    let foretold_norm = sum::norm_squared(&foretold).sqrt();
    let norm = |values: &[f64]| sum::norm_squared(values).sqrt();
    let change_rounding = STORED * norm(before).hypot(norm(after));
    // The entries of G are right to their precision, and so is no product smaller than that.
    let foretold_rounding = rate * stored.epsilon() * frobenius * norm(residual);
    (change_norm > change_rounding).then(|| FirstOrder {
        error: norm(&missed) / change_norm,
        cosine: (foretold_norm > foretold_rounding)
            .then(|| sum::dot(&change, &foretold) / (change_norm * foretold_norm)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two samples of f(x) = θ·x, where the first order is exact: G = X Xᵀ.
    #[test]
    fn a_linear_model_has_no_first_order_error() {
        let gram = [2.0, 1.0, 1.0, 5.0]; // rows (1, 1) and (-1, 2)
        let (before, target, rate) = ([1.0, -2.0], [0.5, 1.0], 0.5);
        let residual = [before[0] - target[0], before[1] - target[1]];
        // θ' = θ − (δ/N) Xᵀ m̄, written out.
        let step = [
            -rate / 2.0 * (residual[0] - residual[1]),
            -rate / 2.0 * (residual[0] + 2.0 * residual[1]),
        ];
        let after = [before[0] + step[0] + step[1], before[1] - step[0] + 2.0 * step[1]];
        let found = first_order(
            (&gram, 33.0_f64.sqrt()),
            Precision::F32,
            &residual,
            &before,
            &after,
            2,
            rate,
        )
        .unwrap();
        assert!(found.error <= 1e-15, "{found:?}");
        assert!((found.cosine.unwrap() - 1.0).abs() <= 1e-15, "{found:?}");
    }

    #[test]
    fn a_change_against_the_foretold_one_has_error_two_and_cosine_minus_one() {
        let found =
            first_order((&[1.0], 1.0), Precision::F32, &[1.0], &[0.0], &[0.5], 1, 0.5).unwrap();
        assert_eq!(found, FirstOrder { error: 2.0, cosine: Some(-1.0) });
    }

    #[test]
    fn an_update_that_changes_nothing_has_no_first_order_error() {
        assert_eq!(
            first_order((&[1.0], 1.0), Precision::F32, &[0.0], &[3.0], &[3.0], 1, 0.5),
            None
        );
    }

    #[test]
    fn an_update_below_the_digits_of_the_outputs_has_no_first_order_error() {
        let of = |change: f64| {
            first_order((&[1.0], 1.0), Precision::F32, &[1.0], &[3.0], &[3.0 + change], 1, 0.5)
        };
        assert_eq!(of(f64::from(f32::EPSILON)), None);
        assert!(of(1e-5).is_some());
        // A residual that no gradient reaches foretells nothing but rounding.
        let gram = [1.0, 1.0, 1.0, 1.0 + f32::EPSILON];
        let found =
            first_order((&gram, 2.0), Precision::F32, &[1.0, -1.0], &[0.0; 2], &[0.5; 2], 2, 0.5)
                .unwrap();
        assert_eq!(found.cosine, None, "{found:?}");
    }

    #[test]
    fn a_mode_shrinks_by_its_speed_and_grows_beyond_the_bound() {
        let (samples, rate) = (4, 0.5);
        for eigenvalue in [0.0, 1.0, 8.0, 12.0, 16.0, 20.0] {
            // One step along υ with G = λ υυᵀ: m ← m − (δ/N) λ m.
            let after: f64 = 3.0 - rate / samples as f64 * eigenvalue * 3.0;
            let speed = mode_speed(eigenvalue, samples, rate);
            assert!((after.abs() - (1.0 - speed) * 3.0).abs() <= 1e-15, "{eigenvalue}");
            assert_eq!(speed < 0.0, eigenvalue > stability_bound(samples, rate));
        }
    }

    #[test]
    fn the_bound_is_twice_the_samples_by_the_rate() {
        assert!((stability_bound(1024, 0.25) - 8192.0).abs() < f64::EPSILON);
    }
}
