//! Gains of the eigenvectors: what ridge regression, gradient flow and gradient descent make of each.

use artifact::RateFrom;

/// A way to fit, as a function of the kernel's eigenvalues s: f_* = K_*X U diag(g(s)) Uᵀ Y.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Ridge regression: g = 1/(s + λ).
    Ridge {
        /// λ ≥ 0.
        lambda: f64,
    },
    /// Gradient flow of ½ mean squared loss: g = (1 − e^{−sτ})/s.
    Flow {
        /// τ > 0, the time by N.
        tau: f64,
    },
    /// Gradient descent: g = (1 − Π_p (1 − (δ_p/N) s)^{n_p})/s.
    Descent {
        /// δ_p/N and n_p of each piece of constant rate.
        pieces: Vec<(f64, u64)>,
    },
}

impl Filter {
    /// Gradient descent on N = `samples` samples with the run's own `rates`: `updates` of them, from the
    /// update that leaves step `from` on.
    ///
    /// `rates` rise by step; the first of them is for step 0.
    #[must_use]
    pub fn descent(rates: &[RateFrom], from: u64, updates: u64, samples: usize) -> Self {
        let end = from + updates;
        let ends = rates.iter().skip(1).map(|next| next.step).chain([u64::MAX]);
        let pieces = rates.iter().zip(ends).filter_map(|(rate, until)| {
            let (first, last) = (rate.step.max(from), until.min(end));
            (first < last).then(|| (rate.learning_rate / samples as f64, last - first))
        });
        Self::Descent { pieces: pieces.collect() }
    }

    /// g(s). Not finite where there is no such fit.
    #[must_use]
    pub fn gain(&self, s: f64) -> f64 {
        match self {
            Self::Ridge { lambda } => {
                if s + lambda > 0.0 {
                    1.0 / (s + lambda)
                } else {
                    f64::NAN
                }
            }
            Self::Flow { .. } | Self::Descent { .. } => {
                let learned = self.learned(s);
                // Below this s the first term of the series is exact to rounding, and at 0 it is the limit.
                let limit = self.at_zero();
                if (s * limit).abs() < f64::EPSILON { limit } else { learned / s }
            }
        }
    }

    /// 1 − s g(s), the share of the residual that is left; for a ridge by λ, so that it exists at λ = 0.
    #[must_use]
    pub fn left(&self, s: f64) -> f64 {
        match self {
            Self::Ridge { .. } => self.gain(s),
            Self::Flow { tau } => (-s * tau).exp(),
            Self::Descent { pieces } => {
                let (log, is_negative) = log_product(pieces, s);
                if is_negative { -log.exp() } else { log.exp() }
            }
        }
    }

    /// 1/g(0): λ, 1/τ, or N/Σδ. What separates this fit from that of the bare kernel's inverse.
    #[must_use]
    pub fn floor(&self) -> f64 {
        match self {
            Self::Ridge { lambda } => *lambda,
            Self::Flow { .. } | Self::Descent { .. } => 1.0 / self.at_zero(),
        }
    }

    /// λ of a ridge.
    #[must_use]
    pub fn lambda(&self) -> Option<f64> {
        match self {
            Self::Ridge { lambda } => Some(*lambda),
            Self::Flow { .. } | Self::Descent { .. } => None,
        }
    }

    /// s g(s) of a flow or descent, without cancellation.
    fn learned(&self, s: f64) -> f64 {
        match self {
            Self::Ridge { .. } => s * self.gain(s),
            Self::Flow { tau } => -(-s * tau).exp_m1(),
            Self::Descent { pieces } => {
                let (log, is_negative) = log_product(pieces, s);
                if is_negative { 1.0 + log.exp() } else { -log.exp_m1() }
            }
        }
    }

    /// g(0) of a flow or descent.
    fn at_zero(&self) -> f64 {
        match self {
            Self::Ridge { lambda } => 1.0 / lambda,
            Self::Flow { tau } => *tau,
            Self::Descent { pieces } => pieces.iter().map(|&(rate, n)| rate * n as f64).sum(),
        }
    }
}

/// log |Π_p (1 − r_p s)^{n_p}|, and whether the product is negative.
fn log_product(pieces: &[(f64, u64)], s: f64) -> (f64, bool) {
    let (mut log, mut is_negative) = (0.0, false);
    for &(rate, count) in pieces {
        let x = rate * s;
        let one = if x < 1.0 { (-x).ln_1p() } else { (x - 1.0).ln() };
        log += count as f64 * one;
        is_negative ^= x > 1.0 && count % 2 == 1;
    }
    (log, is_negative)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-12 * (1.0 + b.abs())
    }

    #[test]
    fn gains_follow_their_formulas() {
        for s in [1e-3_f64, 0.4, 3.0, 17.0] {
            let flow = Filter::Flow { tau: 0.7 };
            assert!(close(flow.gain(s), (1.0 - (-0.7 * s).exp()) / s));
            assert!(close(flow.left(s), 1.0 - s * flow.gain(s)));
            let ridge = Filter::Ridge { lambda: 0.3 };
            assert!(close(0.3 * ridge.left(s), 1.0 - s * ridge.gain(s)));
            let descent = Filter::Descent { pieces: vec![(0.1, 3), (0.02, 4)] };
            let product = (1.0 - 0.1 * s).powi(3) * (1.0 - 0.02 * s).powi(4);
            assert!(close(descent.left(s), product), "{s}");
            assert!(close(descent.gain(s), (1.0 - product) / s), "{s}");
        }
    }

    #[test]
    fn gains_are_continuous_at_zero_and_exist_below() {
        let filters =
            [Filter::Flow { tau: 5.0 }, Filter::Descent { pieces: vec![(0.5, 8), (0.25, 4)] }];
        for filter in filters {
            for s in [0.0, 1e-300, 1e-17, -1e-17, 1e-12, -1e-12] {
                assert!((filter.gain(s) - 5.0).abs() <= 1e-9, "{s}: {}", filter.gain(s));
            }
            assert!(close(filter.floor(), 0.2));
        }
        assert!(Filter::Ridge { lambda: 0.0 }.gain(0.0).is_nan());
        assert!(Filter::Ridge { lambda: 1.0 }.gain(-2.0).is_nan());
    }

    #[test]
    fn an_update_that_meets_the_eigenvalue_leaves_nothing() {
        let descent = Filter::Descent { pieces: vec![(0.5, 1)] };
        assert!(close(descent.left(2.0), 0.0));
        assert!(close(descent.gain(2.0), 0.5));
    }

    #[test]
    fn descent_takes_the_rates_of_its_own_updates() {
        let rates = [(0, 1.0), (10, 0.5), (20, 0.25)]
            .map(|(step, learning_rate)| RateFrom { step, learning_rate });
        let pieces = |from, updates| match Filter::descent(&rates, from, updates, 2) {
            Filter::Descent { pieces } => pieces,
            _ => unreachable!(),
        };
        assert_eq!(pieces(0, 5), [(0.5, 5)]);
        assert_eq!(pieces(0, 25), [(0.5, 10), (0.25, 10), (0.125, 5)]);
        assert_eq!(pieces(12, 3), [(0.25, 3)]);
        assert_eq!(pieces(18, 4), [(0.25, 2), (0.125, 2)]);
    }
}
