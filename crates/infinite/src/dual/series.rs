//! Dual activations by their Hermite series: E[φ(u)φ(v)] = Σ_k a_k(q) a_k(q') ρ^k.
//!
//! a_k(q) = E[φ(√q z) h_k(z)] with orthonormal Hermite polynomials h_k, and d_k(q) likewise of φ'.
//! Coefficients come from the trapezoidal rule, which converges geometrically for a Gaussian times a function
//! that is analytic near the real line: to rounding at the steps below.

use artifact::Precision;
use network::Activation;
use pulp::{Arch, Simd, WithSimd};

use super::Real;
use super::pointwise::Entries;

/// The series of one activation.
#[derive(Clone, Debug)]
pub struct Series {
    activation: Activation,
    terms: usize,
    /// √k of each recursion.
    roots: Vec<f64>,
    /// z and its weight h · density(z) of each node.
    nodes: Vec<[f64; 2]>,
}

/// |z| up to which the rule sums: |h_k(z)| density(z) is below e^{−z²/4} up to a constant, 5e-19 there.
const REACH: f64 = 13.0;

impl Series {
    /// That of `activation`, as long as `precision` needs: coefficients fall as e^{−a√(2k)}, a = π / 2√q for
    /// tanh, so that products of two at ρ = 1 fall twice as fast: in f64 to 1e-10 up to q = 3, to 1e-8 at 6.
    pub(super) fn new(activation: Activation, precision: Precision) -> Self {
        let (terms, step) = match precision {
            Precision::F32 => (96, 0.1),
            Precision::F64 => (320, 0.05),
        };
        let count = (REACH / step) as i32;
        let weight = |z: f64| step * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let nodes = (-count..=count).map(|i| step * f64::from(i)).map(|z| [z, weight(z)]).collect();
        let roots = (0..terms).map(|k| (k as f64).sqrt()).collect();
        Self { activation, terms, roots, nodes }
    }

    /// Numbers of a variance: 1/√q, a_0, a_1, …, d_0, d_1, ….
    pub(super) fn numbers(&self) -> usize {
        1 + 2 * self.terms
    }

    /// Writes the numbers of the variance `q` to `to`, each `stride` after the other.
    pub(super) fn prepare<T: Real>(&self, q: f64, stride: usize, to: &mut [T]) {
        let deviation = q.sqrt();
        let mut sums = vec![[0.0; 2]; self.terms];
        for &[z, weight] in &self.nodes {
            let values = [
                weight * self.activation.value(deviation * z),
                weight * self.activation.slope(deviation * z),
            ];
            // h_{k+1} = (z h_k − √k h_{k−1}) / √(k+1).
            let (mut before, mut polynomial) = (0.0, 1.0);
            for (k, sums) in sums.iter_mut().enumerate() {
                sums[0] += values[0] * polynomial;
                sums[1] += values[1] * polynomial;
                if k + 1 < self.terms {
                    let next = (z * polynomial - self.roots[k] * before) / self.roots[k + 1];
                    (before, polynomial) = (polynomial, next);
                }
            }
        }
        to[0] = T::of(if deviation > 0.0 { deviation.recip() } else { 0.0 });
        for (k, sums) in sums.iter().enumerate() {
            to[(1 + k) * stride] = T::of(sums[0]);
            to[(1 + self.terms + k) * stride] = T::of(sums[1]);
        }
    }

    /// As [`Dual::apply`](super::Dual::apply).
    pub(super) fn apply<T: Real>(&self, entries: Entries<'_, T>) {
        Arch::new().dispatch(Sums { terms: self.terms, entries });
    }
}

struct Sums<'a, T> {
    terms: usize,
    entries: Entries<'a, T>,
}

/// Entries whose sums stay in registers.
const TOGETHER: usize = 16;

impl<T: Real> WithSimd for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { terms, entries: Entries { left, right, covariances, tangents } } = self;
        let n = covariances.len();
        // One number for all entries, or one of each.
        let is_shared = left.len() == 1 + 2 * terms;
        for start in (0..n).step_by(TOGETHER) {
            let width = TOGETHER.min(n - start);
            let right = |k: usize| &right[k * n + start..k * n + start + width];
            let left = |k: usize| -> [T; TOGETHER] {
                if is_shared {
                    return [left[k]; TOGETHER];
                }
                let mut numbers = [T::zero(); TOGETHER];
                numbers[..width].copy_from_slice(&left[k * n + start..k * n + start + width]);
                numbers
            };
            let mut rho = [T::zero(); TOGETHER];
            let inverses = left(0);
            for (e, rho) in rho[..width].iter_mut().enumerate() {
                let value = covariances[start + e] * (inverses[e] * right(0)[e]);
                let value = if value > T::one() { T::one() } else { value };
                *rho = if value < -T::one() { -T::one() } else { value };
            }
            let sum = |first: usize| {
                let mut sums = [T::zero(); TOGETHER];
                for k in (first..first + terms).rev() {
                    let left = left(k);
                    for (e, &right) in right(k).iter().enumerate() {
                        sums[e] = sums[e].fused(rho[e], left[e] * right);
                    }
                }
                sums
            };
            covariances[start..start + width].copy_from_slice(&sum(1)[..width]);
            if !tangents.is_empty() {
                let slopes = sum(1 + terms);
                for (tangent, slope) in tangents[start..start + width].iter_mut().zip(slopes) {
                    *tangent *= slope;
                }
            }
        }
    }
}
