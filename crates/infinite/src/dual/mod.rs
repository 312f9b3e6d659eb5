//! Dual activations: E[φ(u)φ(v)] and E[φ'(u)φ'(v)] of Gaussians u, v, by their covariance.
//!
//! (u, v) ~ N(0, [[q, c], [c, q']]). What depends on q alone is made once for each sample and position, its
//! *numbers*; entries of many pairs then follow from c and the numbers of both sides in vector code.
//!
//! Sources: Cho & Saul 2009 (arc-cosine kernels); Williams 1997 (erf); Tsuchida et al. 2021 (gelu); Louart,
//! Liao & Couillet 2018 (sine); Daniely, Frostig & Singer 2016 (the Hermite series of any other).

mod arccosine;
mod pointwise;
mod series;

use std::f64::consts::PI;

use network::Activation;

pub use arccosine::Real;

use arccosine::{cosine_and_arcsine, sine_and_angle};
use pointwise::{Entries, each};
use series::Series;

/// What an activation or a normalization does to covariances.
#[derive(Clone, Debug)]
pub enum Dual {
    /// z for z > 0, slope · z otherwise.
    LeakyRelu {
        /// The slope.
        slope: f64,
        /// Whether z is a norm's γ x̂ + β, whose γ adds `E[u φ'(u) v φ'(v)]` to Θ, which is
        /// `E[φφ]` as z φ'(z) = φ(z).
        after_norm: bool,
    },
    /// erf z.
    Erf,
    /// z Φ(z).
    Gelu,
    /// sin z.
    Sine,
    /// Any other activation.
    Series(Series),
    /// z / √(q + ε), and then γ z + β with trained γ = 1, β = 0, which add K and 1 to Θ. Where an activation follows,
    /// what γ adds is not independent of φ', and the activation adds it.
    Norm {
        /// ε.
        epsilon: f64,
        /// Whether an activation follows.
        before_activation: bool,
    },
}

impl Dual {
    /// That of `activation`, in f32 or f64; `None` of the identity.
    #[must_use]
    pub fn of<T: Real>(activation: Activation) -> Option<Self> {
        Some(match activation {
            Activation::Linear => return None,
            Activation::Relu => Self::LeakyRelu { slope: 0.0, after_norm: false },
            Activation::LeakyRelu(slope) => Self::LeakyRelu { slope, after_norm: false },
            Activation::Erf => Self::Erf,
            Activation::Gelu => Self::Gelu,
            Activation::Sine => Self::Sine,
            Activation::Tanh | Activation::Sigmoid | Activation::Softplus => {
                Self::Series(Series::new(activation, T::PRECISION))
            }
        })
    }

    /// How many numbers a variance becomes.
    #[must_use]
    pub fn numbers(&self) -> usize {
        match self {
            Self::LeakyRelu { .. } | Self::Gelu => 2,
            Self::Erf | Self::Sine | Self::Norm { .. } => 1,
            Self::Series(series) => series.numbers(),
        }
    }

    /// Writes the numbers of the variance `q`, each `stride` after the other, to `to`.
    pub fn prepare<T: Real>(&self, q: T, stride: usize, to: &mut [T]) {
        let q = q.wide();
        match self {
            Self::LeakyRelu { .. } => {
                let deviation = q.sqrt();
                to[0] = T::of(deviation);
                // A constant 0 has no angle to anything; its covariance, 0, makes it a right one.
                to[stride] = T::of(if deviation > 0.0 { deviation.recip() } else { 0.0 });
            }
            Self::Erf => to[0] = T::of((1.0 + 2.0 * q).sqrt().recip()),
            Self::Gelu => {
                to[0] = T::of((1.0 + q).sqrt().recip());
                to[stride] = T::of(q);
            }
            Self::Sine => to[0] = T::of(q / 2.0),
            Self::Norm { epsilon, .. } => to[0] = T::of((q + epsilon).sqrt().recip()),
            Self::Series(series) => series.prepare(q, stride, to),
        }
    }

    /// Replaces covariances by those after the activation, and tangent kernels, unless `tangents` is empty,
    /// by those times E[φ'φ'].
    ///
    /// `right` has [`Self::numbers`] numbers of each entry: all first ones, then all second ones. So has `left`,
    /// or one of each for all entries.
    pub fn apply<T: Real>(
        &self,
        left: &[T],
        right: &[T],
        covariances: &mut [T],
        tangents: &mut [T],
    ) {
        let entries = Entries { left, right, covariances, tangents };
        match *self {
            Self::LeakyRelu { slope, after_norm } => leaky_relu(slope, after_norm, entries),
            Self::Erf => erf(entries),
            Self::Gelu => gelu(entries),
            Self::Sine => sine(entries),
            Self::Norm { before_activation, .. } => {
                let of_scale = if before_activation { T::zero() } else { T::one() };
                each(entries, |c, tangent, [l], [r]| {
                    let c = c * l * r;
                    (c, (tangent * l).fused(r, of_scale * c) + T::one())
                });
            }
            Self::Series(ref series) => series.apply(entries),
        }
    }
}

/// With s = √(qq') sin θ, cos θ = c / √(qq'), k = (1 − a)² / 2π: E[φ'φ'] = (1 + a²)/2 − kθ and
/// E[φφ] = k s + c E[φ'φ'].
fn leaky_relu<T: Real>(slope: f64, after_norm: bool, entries: Entries<'_, T>) {
    let k = T::of((1.0 - slope).powi(2) / (2.0 * PI));
    let whole = T::of(f64::midpoint(1.0, slope * slope));
    let of_scale = if after_norm { T::one() } else { T::zero() };
    each(entries, |c, tangent, [left, left_inverse], [right, right_inverse]| {
        let (sine, angle) = sine_and_angle(c * (left_inverse * right_inverse));
        let dot = (-k).fused(angle, whole);
        let value = (k * sine * left).fused(right, dot * c);
        (value, tangent.fused(dot, of_scale * value))
    });
}

/// With x = 2c / √((1 + 2q)(1 + 2q')): (2/π) arcsin x and (4/π) / √((1 + 2q)(1 + 2q') (1 − x²)).
fn erf<T: Real>(entries: Entries<'_, T>) {
    let (two, half) = (T::of(2.0), T::of(2.0 / PI));
    each(entries, |c, tangent, [left], [right]| {
        let both = left * right;
        let (cosine, angle) = cosine_and_arcsine(two * c * both);
        (half * angle, tangent * (two * half * both / cosine))
    });
}

/// With p = qq', w = 1 / ((1 + q)(1 + q')), x = c√w, d² = (1 − x²) / w and α = arcsin x:
/// c/4 + ((c² + p d²) w / d + c α) / 2π and ¼ + ((1/d² + (1 − p) w + 1) c / d + α) / 2π.
fn gelu<T: Real>(entries: Entries<'_, T>) {
    let (one, quarter, turn) = (T::one(), T::of(0.25), T::of((2.0 * PI).recip()));
    each(entries, |c, tangent, [left, q], [right, other]| {
        let root = left * right;
        let (w, p) = (root * root, q * other);
        let (cosine, angle) = cosine_and_arcsine(c * root);
        let inverse = root / cosine;
        let square = cosine * cosine / w;
        let value = turn.fused((c * c + p * square) * w * inverse + c * angle, quarter * c);
        let slope = (inverse * inverse + (one - p) * w + one) * c * inverse + angle;
        (value, tangent * turn.fused(slope, quarter))
    });
}

/// e^{−(q+q')/2} sinh c and e^{−(q+q')/2} cosh c, without overflow.
fn sine<T: Real>(entries: Entries<'_, T>) {
    let half = T::of(0.5);
    each(entries, |c, tangent, [left], [right]| {
        let both = left + right;
        let (plus, minus) = ((c - both).exponential(), (-c - both).exponential());
        (half * (plus - minus), tangent * (half * (plus + minus)))
    });
}

#[cfg(test)]
mod tests;
