//! Elementary functions of f32 without branches, so that a loop over them becomes vector code.
//!
//! The standard library's take 10 to 30 ns a value, one after the other, which is more than the
//! products of a narrow layer cost. These are right to a few units in the last place (see the
//! tests), for all f32, NaN and infinities included. Products and sums are fused (`mul_add`), so
//! the bits are the same with and without vector units.

use std::f64::consts::{FRAC_2_PI, FRAC_2_SQRT_PI, FRAC_PI_2, LN_2};

/// 1.5 · 2²³: added and subtracted again it rounds |x| < 2²² to a whole number.
const ROUNDING: f32 = 12_582_912.0;
/// ln 2 = LN_2_HIGH + LN_2_LOW; the first has 12 zero bits at its end, so that n · LN_2_HIGH is exact.
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = (LN_2 - LN_2_HIGH as f64) as f32;

/// 1 / n!
const fn inverse_factorial(n: u32) -> f32 {
    let (mut product, mut i) = (1.0_f64, 2);
    while i <= n {
        product *= i as f64;
        i += 1;
    }
    (1.0 / product) as f32
}

/// Σ cᵢ xⁱ for `coefficients` c₀, c₁, …, by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, coefficients[i]);
    }
    sum
}

/// `x` = n ln 2 + r with |r| ≤ ½ ln 2: 2ⁿ⁻¹ (half of 2ⁿ, which alone may overflow) and eʳ − 1.
#[inline(always)]
fn split_exponential(x: f32) -> (f32, f32) {
    const TERMS: [f32; 8] = {
        let mut terms = [0.0; 8];
        let mut i = 0;
        while i < 8 {
            terms[i] = inverse_factorial(i as u32 + 1);
            i += 1;
        }
        terms
    };
    let n = x.mul_add((1.0 / LN_2) as f32, ROUNDING) - ROUNDING;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    // n lies in [-126, 128] for the x that callers pass, so the bits are a normal number's.
    let half_power = f32::from_bits((((n as i32) + 126) << 23) as u32);
    (half_power, r * polynomial(r, TERMS))
}

/// eˣ; below −87.3, where it would be subnormal, 0.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LEAST: f32 = -87.3;
    const MOST: f32 = 88.73;
    let (half_power, fraction) = split_exponential(x.clamp(LEAST, MOST));
    let inside = half_power.mul_add(fraction, half_power) * 2.0;
    let low = if x < LEAST { 0.0 } else { inside };
    let high = if x >= MOST { f32::INFINITY } else { low };
    if x.is_nan() { x } else { high }
}

/// tanh x = m / (m + 2) with m = e^{2|x|} − 1, and the sign of x.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    // tanh 9.1 is 1 in f32.
    let (half_power, fraction) = split_exponential((2.0 * x.abs()).min(20.0));
    let power = 2.0 * half_power;
    // 2ⁿ − 1 is exact or far larger than the rest.
    let m = power.mul_add(fraction, power - 1.0);
    let positive = m / (m + 2.0);
    if x.is_nan() { x } else { positive.copysign(x) }
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + u) with u = e^{−|x|}.
///
/// ln(1 + u) = 2 artanh s with s = u / (2 + u) ≤ ⅓, by its power series.
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    const TERMS: [f32; 9] = {
        let mut terms = [0.0; 9];
        let mut i = 0;
        while i < 9 {
            terms[i] = 2.0 / (2 * i + 1) as f32;
            i += 1;
        }
        terms
    };
    let u = exp(-x.abs());
    let s = u / (2.0 + u);
    let logarithm = s * polynomial(s * s, TERMS);
    let result = if x > 0.0 { x } else { 0.0 } + logarithm;
    if x.is_nan() { x } else { result }
}

/// sin x and cos x; beyond |x| = 2³⁰, where f32 are further apart than a period, some value in [-1, 1].
#[inline(always)]
pub(crate) fn sine_cosine(x: f32) -> (f32, f32) {
    const SINE: [f32; 5] = [
        1.0,
        -inverse_factorial(3),
        inverse_factorial(5),
        -inverse_factorial(7),
        inverse_factorial(9),
    ];
    const COSINE: [f32; 6] = [
        1.0,
        -inverse_factorial(2),
        inverse_factorial(4),
        -inverse_factorial(6),
        inverse_factorial(8),
        -inverse_factorial(10),
    ];
    const MOST: f32 = 1_073_741_824.0;
    // The reduction in f64, whose rounding of π/2 is far below f32's for every quarter turn.
    let wide = f64::from(x.clamp(-MOST, MOST));
    let rounding = f64::from(ROUNDING) * f64::from(1_u32 << 29);
    let turns = wide.mul_add(FRAC_2_PI, rounding) - rounding;
    let r = turns.mul_add(-FRAC_PI_2, wide) as f32;
    let quarter = turns as i32 & 3;
    let (sine, cosine) = (r * polynomial(r * r, SINE), polynomial(r * r, COSINE));
    let (first, second) = if quarter & 1 == 0 { (sine, cosine) } else { (cosine, sine) };
    let sine = if quarter & 2 == 0 { first } else { -first };
    let cosine = if (quarter + 1) & 2 == 0 { second } else { -second };
    if x.is_finite() { (sine, cosine) } else { (f32::NAN, f32::NAN) }
}

/// erf x = (2 / √π) x e^{−x²} Σ (2x²)ⁿ / (1 · 3 · … · (2n + 1)).
///
/// Source: DLMF 7.6.2, whose terms all are positive. Up to |x| = 4, where erf is 1 in f32, what is
/// left out after n = 42 is below 2e-8 of the sum. In f64, since the sum magnifies what 2x² and the
/// steps lose by x².
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    const LAST: usize = 42;
    const MOST: f32 = 4.0;
    let bounded = f64::from(x.abs().min(MOST));
    let square = bounded * bounded;
    // 1 + z/3 (1 + z/5 (1 + …)) with z = 2x².
    let mut sum = 1.0;
    let mut n = LAST;
    while n > 0 {
        sum = (sum * (2.0 * square)).mul_add(1.0 / (2 * n + 1) as f64, 1.0);
        n -= 1;
    }
    // e^{−x²}, with what x² loses when it is rounded to f32.
    let rounded = square as f32;
    let gauss = f64::from(exp(-rounded)) * (1.0 - (square - f64::from(rounded)));
    let positive = (FRAC_2_SQRT_PI * bounded * gauss * sum).min(1.0) as f32;
    if x.is_nan() { x } else { positive.copysign(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All orders of magnitude, both signs, zeros, infinities.
    fn numbers() -> impl Iterator<Item = f32> {
        let dense = (-4_000_000..4_000_000).step_by(7).map(|i| i as f32 * 2.5e-5);
        let wide = (0..u32::MAX / 9973).map(|i| f32::from_bits(i * 9973));
        dense.chain(wide.filter(|x| !x.is_nan())).chain([
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ])
    }

    /// Asserts |f(x) − g(x)| ≤ `ulps` ε max(|g(x)|, `floor`) for all numbers.
    fn assert_close(name: &str, f: fn(f32) -> f32, g: fn(f64) -> f64, ulps: f64, floor: f64) {
        for x in numbers() {
            let (found, expected) = (f64::from(f(x)), g(f64::from(x)));
            let in_f32 = expected as f32;
            if !in_f32.is_finite() {
                assert_eq!(found.to_bits(), f64::from(in_f32).to_bits(), "{name} {x}");
                continue;
            }
            let bound = ulps * f64::from(f32::EPSILON) * expected.abs().max(floor);
            let close = found.is_finite() && (found - expected).abs() <= bound;
            assert!(close, "{name} {x}: {found} is not {expected}");
        }
        assert!(f(f32::NAN).is_nan(), "{name}");
    }

    #[test]
    fn functions_are_those_of_the_standard_library() {
        // Results that would be subnormal are 0.
        let least = f64::from(f32::MIN_POSITIVE) / f64::from(f32::EPSILON);
        assert_close("exp", exp, f64::exp, 2.0, least);
        assert_close("tanh", tanh, f64::tanh, 3.0, 0.0);
        assert_close("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 3.0, least);
        assert_close("softplus", softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 3.0, least);
        assert_close("erf", erf, libm::erf, 2.0, least);
    }

    #[test]
    fn sine_and_cosine_are_those_of_the_standard_library() {
        for x in numbers().filter(|x| x.abs() < 1e9) {
            let (sine, cosine) = sine_cosine(x);
            let (s, c) = f64::from(x).sin_cos();
            let bound = 2.0 * f64::from(f32::EPSILON);
            assert!((f64::from(sine) - s).abs() <= bound, "sin {x}: {sine} is not {s}");
            assert!((f64::from(cosine) - c).abs() <= bound, "cos {x}: {cosine} is not {c}");
        }
        for x in [1e12, f32::MAX, f32::MIN] {
            let (sine, cosine) = sine_cosine(x);
            assert!(sine.abs() <= 1.01 && cosine.abs() <= 1.01, "{x}: {sine} {cosine}");
        }
        for x in [f32::NAN, f32::INFINITY] {
            assert!(sine_cosine(x).0.is_nan() && sine_cosine(x).1.is_nan());
        }
    }
}
