//! The number types in which a network can be computed.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use num_traits::{One, Zero};

use crate::elementary;
use crate::gemm::{Product, faer_product};
use crate::tile::{Sums, sums_f32, sums_f64};

/// f32, in which networks are trained, f64, in which they are checked, or numbers with a derivative.
pub trait Scalar:
    Zero
    + One
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + PartialOrd
    + Default
    + std::iter::Sum
    + std::fmt::Debug
    + Send
    + Sync
    + Copy
    + 'static
{
    /// Name of the type as tables record it.
    const NAME: &'static str;

    /// The value nearest to `x`.
    fn of(x: f64) -> Self;

    /// This value as f64, exactly.
    fn wide(self) -> f64;

    /// self · factor + summand, rounded once.
    #[must_use]
    fn fused(self, factor: Self, summand: Self) -> Self;

    /// √x.
    #[must_use]
    fn root(self) -> Self;

    /// eˣ.
    #[must_use]
    fn exponential(self) -> Self;

    /// tanh x.
    #[must_use]
    fn hyperbolic_tangent(self) -> Self;

    /// 1 / (1 + e⁻ˣ).
    #[must_use]
    fn sigmoid(self) -> Self;

    /// ln(1 + eˣ), without overflow.
    #[must_use]
    fn softplus(self) -> Self;

    /// (sin x, cos x).
    #[must_use]
    fn sine_cosine(self) -> (Self, Self);

    /// The error function erf(x).
    #[must_use]
    fn erf(self) -> Self;

    /// result ← result · `accumulate` + `alpha` · product, on this thread.
    fn product(product: &Product<'_, Self>, alpha: Self, accumulate: bool, result: &mut [Self]);

    /// result ← result · `accumulate` + the sums, on this thread.
    fn sums(
        sums: &Sums,
        alpha: Self,
        a: &[Self],
        b: &[Self],
        accumulate: bool,
        result: &mut [Self],
    );
}

impl Scalar for f32 {
    const NAME: &'static str = "f32";

    fn of(x: f64) -> Self {
        x as Self
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        elementary::exp(self)
    }

    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        elementary::tanh(self)
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        elementary::sigmoid(self)
    }

    #[inline(always)]
    fn softplus(self) -> Self {
        elementary::softplus(self)
    }

    #[inline(always)]
    fn sine_cosine(self) -> (Self, Self) {
        elementary::sine_cosine(self)
    }

    #[inline(always)]
    fn erf(self) -> Self {
        elementary::erf(self)
    }

    #[inline(always)]
    fn fused(self, factor: Self, summand: Self) -> Self {
        self.mul_add(factor, summand)
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    fn product(product: &Product<'_, Self>, alpha: Self, accumulate: bool, result: &mut [Self]) {
        faer_product(product, alpha, accumulate, result);
    }

    fn sums(
        sums: &Sums,
        alpha: Self,
        a: &[Self],
        b: &[Self],
        accumulate: bool,
        result: &mut [Self],
    ) {
        sums_f32(sums, alpha, a, b, accumulate, result);
    }
}

impl Scalar for f64 {
    const NAME: &'static str = "f64";

    fn of(x: f64) -> Self {
        x
    }

    fn wide(self) -> f64 {
        self
    }

    fn exponential(self) -> Self {
        self.exp()
    }

    fn hyperbolic_tangent(self) -> Self {
        self.tanh()
    }

    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }

    fn softplus(self) -> Self {
        self.max(0.0) + (-self.abs()).exp().ln_1p()
    }

    fn sine_cosine(self) -> (Self, Self) {
        self.sin_cos()
    }

    fn erf(self) -> Self {
        libm::erf(self)
    }

    #[inline(always)]
    fn fused(self, factor: Self, summand: Self) -> Self {
        self.mul_add(factor, summand)
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    fn product(product: &Product<'_, Self>, alpha: Self, accumulate: bool, result: &mut [Self]) {
        faer_product(product, alpha, accumulate, result);
    }

    fn sums(
        sums: &Sums,
        alpha: Self,
        a: &[Self],
        b: &[Self],
        accumulate: bool,
        result: &mut [Self],
    ) {
        sums_f64(sums, alpha, a, b, accumulate, result);
    }
}
