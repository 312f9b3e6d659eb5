//! The angle of two Gaussians, without a call to a library.
//!
//! arccos ρ = √(1 − ρ²) · q(ρ) for 0 ≤ ρ ≤ 1, where q is smooth up to ρ = 1: a polynomial in 2ρ − 1 that
//! interpolates it at Chebyshev's points. The nearest singularity of q lies at ρ = −1, so that each degree
//! adds 0.76 decimal places.

use artifact::GramValue;
use network::Scalar;

/// f32 or f64, with what dual activations need beyond a network.
pub trait Real: Scalar + GramValue {
    /// 1 − ρ² below which two Gaussians count as the same: rounding of ρ leaves about as much.
    const SAME: Self;

    /// arccos ρ / √(1 − ρ²) for 0 ≤ ρ ≤ 1: to 1.5e-8 of its value in f32, and to rounding in f64.
    #[must_use]
    fn arccosine_factor(rho: Self) -> Self;
}

impl Real for f32 {
    const SAME: Self = 8.0 * Self::EPSILON;

    #[inline(always)]
    fn arccosine_factor(rho: Self) -> Self {
        polynomial(2.0 * rho - 1.0, &SINGLE)
    }
}

impl Real for f64 {
    const SAME: Self = 8.0 * Self::EPSILON;

    #[inline(always)]
    fn arccosine_factor(rho: Self) -> Self {
        polynomial(2.0 * rho - 1.0, &DOUBLE)
    }
}

/// Relative error at most 1.3e-8.
const SINGLE: [f64; 10] = [
    1.2091995897,
    -0.263600145604,
    0.06973251644,
    -0.0198369312189,
    0.00586697584538,
    -0.00177463544494,
    0.000530156095484,
    -0.000164643918559,
    6.8910235484e-5,
    -2.18023910668e-5,
];

/// Relative error at most 3.4e-17.
const DOUBLE: [f64; 21] = [
    1.209199576156145234,
    -0.2636001412812841678,
    0.06973319205204816516,
    -0.01983714692253609972,
    0.0058616289749162843,
    -0.001772928459867024139,
    0.0005447739886607989553,
    -0.0001693099597410185078,
    0.00005307369977099968157,
    -0.0000167490758198697238,
    5.314300137765281291e-6,
    -1.693860323878943003e-6,
    5.418287002530394259e-7,
    -1.734307816908514133e-7,
    5.579896370054701905e-8,
    -1.855484498392035805e-8,
    5.997758440994660353e-9,
    -1.497309269587465984e-9,
    4.847870212537190639e-10,
    -3.549402662235729764e-10,
    1.155596335517553095e-10,
];

/// Σ cᵢ xⁱ by Horner's rule.
#[inline(always)]
fn polynomial<T: Scalar, const N: usize>(x: T, coefficients: &[f64; N]) -> T {
    let mut sum = T::of(coefficients[N - 1]);
    for i in (0..N - 1).rev() {
        sum = sum.fused(x, T::of(coefficients[i]));
    }
    sum
}

/// √(1 − ρ²) and the angle arccos ρ in [0, π], for ρ as it was rounded: beyond ±1 it counts as ±1, and where
/// 1 − ρ² is below [`Real::SAME`], it is 0.
#[inline(always)]
pub(super) fn sine_and_angle<T: Real>(rho: T) -> (T, T) {
    let (zero, one) = (T::zero(), T::one());
    let size = if rho < zero { -rho } else { rho };
    let size = if size > one { one } else { size };
    let square = (one - size) * (one + size);
    let square = if square > T::SAME { square } else { zero };
    let sine = square.root();
    let angle = sine * T::arccosine_factor(size);
    let turned = T::of(std::f64::consts::PI) - angle;
    (sine, if rho < zero { turned } else { angle })
}

/// √(1 − x²) and arcsin x.
#[inline(always)]
pub(super) fn cosine_and_arcsine<T: Real>(x: T) -> (T, T) {
    let (cosine, angle) = sine_and_angle(x);
    (cosine, T::of(std::f64::consts::FRAC_PI_2) - angle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of the angle, beyond what the rounding of ρ makes of it.
    fn error<T: Real>(epsilon: f64) -> f64 {
        let points = (-100_000..=100_000).map(|i| T::of(f64::from(i) / 100_000.0));
        let error = |rho: T| {
            let (sine, angle) = sine_and_angle(rho);
            let (angle, exact) = (angle.wide(), rho.wide().acos());
            let scale = exact.max(std::f64::consts::PI - exact);
            let of_sine = (sine.wide() - exact.sin()).abs();
            ((angle - exact).abs() / scale).max(of_sine) / epsilon
        };
        points.map(error).fold(0.0, f64::max)
    }

    #[test]
    fn angles_are_those_of_f64_to_a_few_units_in_the_last_place() {
        assert!(error::<f32>(f64::from(f32::EPSILON)) < 3.0);
        assert!(error::<f64>(f64::EPSILON) < 3.0);
    }

    #[test]
    fn the_same_and_the_opposite_are_exact() {
        for rho in [1.0_f32, 1.0 + 4.0 * f32::EPSILON, 1.0 - 3.0 * f32::EPSILON] {
            assert_eq!(sine_and_angle(rho), (0.0, 0.0));
            assert_eq!(sine_and_angle(-rho), (0.0, std::f32::consts::PI));
        }
    }
}
