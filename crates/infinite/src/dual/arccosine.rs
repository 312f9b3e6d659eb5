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
#[expect(clippy::unreadable_literal, reason = "coefficients of a fit are read by nobody")]
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
    1.209_199_576_156_145_2,
    -0.263_600_141_281_284_2,
    0.069_733_192_052_048_17,
    -0.019_837_146_922_536_1,
    0.005_861_628_974_916_285,
    -0.001_772_928_459_867_024_2,
    0.000_544_773_988_660_799,
    -0.000_169_309_959_741_018_5,
    0.000_053_073_699_770_999_68,
    -0.000_016_749_075_819_869_722,
    5.314_300_137_765_282e-6,
    -1.693_860_323_878_943e-6,
    5.418_287_002_530_394e-7,
    -1.734_307_816_908_514_1e-7,
    5.579_896_370_054_702e-8,
    -1.855_484_498_392_035_7e-8,
    5.997_758_440_994_66e-9,
    -1.497_309_269_587_466e-9,
    4.847_870_212_537_191e-10,
    -3.549_402_662_235_729_6e-10,
    1.155_596_335_517_553e-10,
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
