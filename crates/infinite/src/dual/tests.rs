//! Dual activations against expectations by a rule in two dimensions, in f64.

use network::Activation;
use proptest::prelude::*;

use super::*;

const ALL: [Activation; 8] = [
    Activation::Relu,
    Activation::LeakyRelu(0.2),
    Activation::Tanh,
    Activation::Erf,
    Activation::Sigmoid,
    Activation::Softplus,
    Activation::Gelu,
    Activation::Sine,
];

/// K and the factor of Θ of one pair.
fn pair<T: Real>(activation: Activation, c: f64, q: f64, other: f64) -> (f64, f64) {
    let dual = Dual::of::<T>(activation).unwrap();
    let side = |q: f64| {
        let mut numbers = vec![T::zero(); dual.numbers()];
        dual.prepare(T::of(q), 1, &mut numbers);
        numbers
    };
    let (mut k, mut t) = ([T::of(c)], [T::one()]);
    dual.apply(&side(q), &side(other), &mut k, &mut t);
    (k[0].wide(), t[0].wide())
}

/// E[f(u)g(v)] by the trapezoidal rule.
fn expectation(f: impl Fn(f64) -> f64, [c, q, other]: [f64; 3]) -> f64 {
    let step = 0.1;
    let nodes: Vec<f64> = (-110..=110).map(|i| step * f64::from(i)).collect();
    let weight = |z: f64| step * (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
    let rho = c / (q * other).sqrt();
    let across = (1.0 - rho * rho).sqrt();
    let mut sum = 0.0;
    for &z in &nodes {
        let left = weight(z) * f(q.sqrt() * z);
        for &w in &nodes {
            sum += left * weight(w) * f(other.sqrt() * (rho * z + across * w));
        }
    }
    sum
}

#[test]
fn smooth_activations_have_their_expectations() {
    for activation in
        ALL.into_iter().filter(|a| !matches!(a, Activation::Relu | Activation::LeakyRelu(_)))
    {
        for [rho, q, other] in
            [[0.5_f64, 1.0_f64, 1.5_f64], [-0.8, 2.0, 0.7], [0.0, 0.3, 3.0], [0.95, 1.7, 1.7]]
        {
            let c = rho * (q * other).sqrt();
            let (value, slope) = pair::<f64>(activation, c, q, other);
            let of_values = expectation(|z| activation.value(z), [c, q, other]);
            let of_slopes = expectation(|z| activation.slope(z), [c, q, other]);
            for (found, expected) in [(value, of_values), (slope, of_slopes)] {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{activation:?} {rho} {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn values_at_the_same_point_are_those_of_one_dimension() {
    // ρ = 1, where series converge slowest.
    for activation in ALL {
        for q in [0.3_f64, 1.0, 2.5, 6.0] {
            let step = 1e-3;
            let nodes = (-12_000..=12_000).map(|i| step * f64::from(i));
            let weight = |z: f64| step * (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
            let (mut value, mut slope) = (0.0, 0.0);
            for z in nodes {
                let at = q.sqrt() * z;
                value += weight(z) * activation.value::<f64>(at).powi(2);
                slope += weight(z) * activation.slope::<f64>(at).powi(2);
            }
            let found = pair::<f64>(activation, q, q, q);
            let bound = match activation {
                // A kink at a node is worth half a step there.
                Activation::Relu | Activation::LeakyRelu(_) => 1e-3,
                // The series of tanh converges as its pole comes near: e^{−π √(2k/q)}.
                _ if q > 3.0 => 1e-8,
                _ => 1e-10,
            };
            assert!(
                (found.0 - value).abs() < bound * value.max(1.0),
                "{activation:?} {q} {found:?} {value}"
            );
            assert!((found.1 - slope).abs() < bound, "{activation:?} {q} {found:?} {slope}");
        }
    }
}

#[test]
fn a_variance_of_zero_has_finite_values() {
    for activation in ALL {
        let (value, slope) = pair::<f32>(activation, 0.0, 0.0, 1.0);
        assert!(value.is_finite() && slope.is_finite(), "{activation:?}");
        let own = pair::<f64>(activation, 0.0, 0.0, 0.0).0;
        assert!((own - activation.value::<f64>(0.0).powi(2)).abs() < 1e-14, "{activation:?}");
    }
}

proptest! {
    #[test]
    fn the_factor_is_the_slope_of_the_covariance(
        which in 0_usize..8, rho in -0.95_f64..0.95, q in 0.1_f64..4.0, other in 0.1_f64..4.0,
    ) {
        // Price's theorem: d E[φφ] / dc = E[φ'φ'].
        let (c, step) = (rho * (q * other).sqrt(), 1e-5);
        let at = |c| pair::<f64>(ALL[which], c, q, other);
        let slope = (at(c + step).0 - at(c - step).0) / (2.0 * step);
        prop_assert!((slope - at(c).1).abs() < 1e-7, "{:?}: {} {}", ALL[which], slope, at(c).1);
    }

    #[test]
    fn single_precision_is_close(
        which in 0_usize..8, rho in -0.99_f64..0.99, q in 0.1_f64..4.0, other in 0.1_f64..4.0,
    ) {
        let c = f64::from((rho * (q * other).sqrt()) as f32);
        let (q, other) = (f64::from(q as f32), f64::from(other as f32));
        let (single, double) = (pair::<f32>(ALL[which], c, q, other), pair::<f64>(ALL[which], c, q, other));
        // The angle of two Gaussians changes by the rounding of ρ over √(1 − ρ²), at most 0.14 here.
        prop_assert!((single.0 - double.0).abs() < 2e-6, "{:?} {single:?} {double:?}", ALL[which]);
        prop_assert!((single.1 - double.1).abs() < 2e-6, "{:?} {single:?} {double:?}", ALL[which]);
    }
}
