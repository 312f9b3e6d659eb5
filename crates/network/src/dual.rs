//! Numbers with a derivative along one direction: computed in them, a gradient brings its own derivative.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use num_traits::{One, Zero};

use crate::gemm::Product;
use crate::scalar::Scalar;
use crate::tile::Sums;

/// value + tangent · ε with ε² = 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Dual<T> {
    /// The number.
    pub value: T,
    /// Its derivative along the direction.
    pub tangent: T,
}

impl<T: Scalar> Dual<T> {
    /// f(x) from f and f' at the value of x.
    fn through(self, value: T, slope: T) -> Self {
        Self { value, tangent: slope * self.tangent }
    }
}

impl<T: Scalar> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Scalar> Zero for Dual<T> {
    fn zero() -> Self {
        Self { value: T::zero(), tangent: T::zero() }
    }

    fn is_zero(&self) -> bool {
        self.value.is_zero() && self.tangent.is_zero()
    }
}

impl<T: Scalar> One for Dual<T> {
    fn one() -> Self {
        Self { value: T::one(), tangent: T::zero() }
    }
}

impl<T: Scalar> Neg for Dual<T> {
    type Output = Self;

    fn neg(self) -> Self {
        Self { value: -self.value, tangent: -self.tangent }
    }
}

impl<T: Scalar> Add for Dual<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, tangent: self.tangent + other.tangent }
    }
}

impl<T: Scalar> Sub for Dual<T> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, tangent: self.tangent - other.tangent }
    }
}

impl<T: Scalar> Mul for Dual<T> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let tangent = self.tangent * other.value + self.value * other.tangent;
        Self { value: self.value * other.value, tangent }
    }
}

impl<T: Scalar> Div for Dual<T> {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, tangent: (self.tangent - value * other.tangent) / other.value }
    }
}

impl<T: Scalar> AddAssign for Dual<T> {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Scalar> SubAssign for Dual<T> {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl<T: Scalar> MulAssign for Dual<T> {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl<T: Scalar> Sum for Dual<T> {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::zero(), Add::add)
    }
}

impl<T: Scalar> Scalar for Dual<T> {
    const NAME: &'static str = "dual";

    fn of(x: f64) -> Self {
        Self { value: T::of(x), tangent: T::zero() }
    }

    fn wide(self) -> f64 {
        self.value.wide()
    }

    #[inline(always)]
    fn fused(self, factor: Self, summand: Self) -> Self {
        let along = self.value.fused(factor.tangent, summand.tangent);
        Self {
            value: self.value.fused(factor.value, summand.value),
            tangent: self.tangent.fused(factor.value, along),
        }
    }

    fn root(self) -> Self {
        let root = self.value.root();
        self.through(root, T::of(0.5) / root)
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        let power = self.value.exponential();
        self.through(power, power)
    }

    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        let h = self.value.hyperbolic_tangent();
        self.through(h, T::one() - h * h)
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        let h = self.value.sigmoid();
        self.through(h, h * (T::one() - h))
    }

    #[inline(always)]
    fn softplus(self) -> Self {
        self.through(self.value.softplus(), self.value.sigmoid())
    }

    #[inline(always)]
    fn sine_cosine(self) -> (Self, Self) {
        let (sine, cosine) = self.value.sine_cosine();
        (self.through(sine, cosine), self.through(cosine, -sine))
    }

    #[inline(always)]
    fn erf(self) -> Self {
        let slope =
            T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-self.value * self.value).exponential();
        self.through(self.value.erf(), slope)
    }

    /// (A + εA')(B + εB') = AB + ε (A'B + AB'), by three products of the parts.
    fn product(product: &Product<'_, Self>, alpha: Self, accumulate: bool, result: &mut [Self]) {
        let [a, along_a] = parts(product.a);
        let [b, along_b] = parts(product.b);
        let Product { gemm, shape, a_columns, .. } = *product;
        let of_parts = |pairs: &[(&[T], &[T])]| {
            let mut sum = vec![T::zero(); result.len()];
            for (i, &(a, b)) in pairs.iter().enumerate() {
                T::product(&Product { gemm, shape, a, a_columns, b }, T::one(), i > 0, &mut sum);
            }
            sum
        };
        let values = of_parts(&[(&a, &b)]);
        let tangents = of_parts(&[(&along_a, &b), (&a, &along_b)]);
        for (to, (value, tangent)) in result.iter_mut().zip(values.into_iter().zip(tangents)) {
            let found = alpha * Self { value, tangent };
            *to = if accumulate { *to + found } else { found };
        }
    }

    /// The same as three sums over windows of the parts.
    fn sums(
        sums: &Sums,
        alpha: Self,
        a: &[Self],
        b: &[Self],
        accumulate: bool,
        result: &mut [Self],
    ) {
        let [a, along_a] = parts(a);
        let [b, along_b] = parts(b);
        // Only places that the sums reach are written.
        let [mut values, mut tangents] = parts(result);
        let (value, tangent) = (alpha.value, alpha.tangent);
        T::sums(sums, value, &along_a, &b, accumulate, &mut tangents);
        T::sums(sums, value, &a, &along_b, true, &mut tangents);
        if !tangent.is_zero() {
            T::sums(sums, tangent, &a, &b, true, &mut tangents);
        }
        T::sums(sums, value, &a, &b, accumulate, &mut values);
        for (to, (value, tangent)) in result.iter_mut().zip(values.into_iter().zip(tangents)) {
            *to = Self { value, tangent };
        }
    }
}

/// The values and the tangents of `numbers`.
fn parts<T: Scalar>(numbers: &[Dual<T>]) -> [Vec<T>; 2] {
    [
        numbers.iter().map(|number| number.value).collect(),
        numbers.iter().map(|number| number.tangent).collect(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_bring_their_derivatives() {
        type Function = fn(Dual<f64>) -> Dual<f64>;
        let functions: [(&str, Function); 10] = [
            ("exp", Scalar::exponential),
            ("tanh", Scalar::hyperbolic_tangent),
            ("sigmoid", Scalar::sigmoid),
            ("softplus", Scalar::softplus),
            ("sin", |x| x.sine_cosine().0),
            ("cos", |x| x.sine_cosine().1),
            ("erf", Scalar::erf),
            ("root", |x| (x * x + Dual::of(1.0)).root()),
            ("ratio", |x| (x - Dual::of(3.0)) / (x * x + Dual::of(0.5))),
            ("fused", |x| (x * x).fused(-x, x)),
        ];
        let step = 1e-6;
        for (name, function) in functions {
            for i in -20..20 {
                let x = f64::from(i) * 0.17 + 0.01;
                let at = |x: f64| function(Dual { value: x, tangent: 1.0 });
                let difference = (at(x + step).value - at(x - step).value) / (2.0 * step);
                let found = at(x).tangent;
                // Truncation h² f‴/6 and rounding ε|f|/h of a central difference.
                let bound = 1e-9 * (1.0 + found.abs() + at(x).value.abs());
                assert!(
                    (found - difference).abs() <= bound,
                    "{name} at {x}: {found}, {difference}"
                );
            }
        }
    }
}
