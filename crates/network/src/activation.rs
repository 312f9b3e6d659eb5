//! Activation functions and their derivatives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::loops::{for_each, for_each_with, multiply_by};
use crate::scalar::Scalar;

/// The function φ between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, z); its derivative at 0 is taken as 0.
    Relu,
    /// z for z > 0, slope · z otherwise: `leaky_relu: 0.01`.
    LeakyRelu(f64),
    /// tanh z.
    Tanh,
    /// erf z, the error function.
    Erf,
    /// 1 / (1 + e^−z).
    Sigmoid,
    /// ln(1 + e^z).
    Softplus,
    /// z Φ(z) with the exact normal distribution function Φ, not the tanh approximation.
    Gelu,
    /// sin z.
    Sine,
    /// z: a deep linear network.
    Linear,
}

impl Activation {
    /// φ(z).
    #[inline(always)]
    #[must_use]
    pub fn value<T: Scalar>(self, z: T) -> T {
        match self {
            // Not `max`, which would turn NaN into 0 and hide a run that diverged.
            Self::Relu => {
                if z <= T::zero() {
                    T::zero()
                } else {
                    z
                }
            }
            Self::LeakyRelu(slope) => {
                if z > T::zero() {
                    z
                } else {
                    T::of(slope) * z
                }
            }
            Self::Tanh => z.hyperbolic_tangent(),
            Self::Erf => z.erf(),
            Self::Sigmoid => z.sigmoid(),
            Self::Softplus => z.softplus(),
            Self::Gelu => z * normal_distribution(z),
            Self::Sine => z.sine_cosine().0,
            Self::Linear => z,
        }
    }

    /// φ'(z).
    #[inline(always)]
    #[must_use]
    pub fn slope<T: Scalar>(self, z: T) -> T {
        let one = T::one();
        match self {
            Self::LeakyRelu(slope) => {
                if z > T::zero() {
                    one
                } else {
                    T::of(slope)
                }
            }
            Self::Relu | Self::Tanh | Self::Sigmoid | Self::Linear => {
                self.slope_from_value(self.value(z)).unwrap_or(one)
            }
            Self::Erf => T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-z * z).exponential(),
            Self::Softplus => z.sigmoid(),
            Self::Gelu => normal_distribution(z) + z * normal_density(z),
            Self::Sine => z.sine_cosine().1,
        }
    }

    /// φ'(z) from h = φ(z) alone, where that is possible: then z need not be kept.
    #[inline(always)]
    #[must_use]
    pub fn slope_from_value<T: Scalar>(self, h: T) -> Option<T> {
        let (zero, one) = (T::zero(), T::one());
        match self {
            Self::Relu => Some(if h > zero { one } else { zero }),
            Self::LeakyRelu(slope) if slope > 0.0 => {
                Some(if h > zero { one } else { T::of(slope) })
            }
            Self::Tanh => Some(one - h * h),
            Self::Sigmoid => Some(h * (one - h)),
            Self::Linear => Some(one),
            // A negative slope folds two z onto one h.
            Self::LeakyRelu(_) | Self::Erf | Self::Softplus | Self::Gelu | Self::Sine => None,
        }
    }

    /// Whether [`Self::slope_from_value`] knows the slope.
    #[must_use]
    pub fn slope_needs_only_value(self) -> bool {
        self.slope_from_value(1.0_f64).is_some()
    }

    /// Replaces pre-activations z by φ(z + shift), row by row, and writes φ'(z + shift) to `slopes`.
    ///
    /// `z` and `slopes` are n × w, `shift` has w entries or none; `slopes` may be empty where
    /// [`Self::slope_needs_only_value`].
    pub(crate) fn apply<T: Scalar>(self, z: &mut [T], width: usize, shift: &[T], slopes: &mut [T]) {
        // One loop for each function, so that none asks at every value which it is.
        if !slopes.is_empty() {
            macro_rules! value_and_slope {
                ($activation:expr) => {
                    for_each_with(
                        (z, slopes),
                        width,
                        shift,
                        #[inline(always)]
                        |z| ($activation.value(z), $activation.slope(z)),
                    )
                };
            }
            match self {
                Self::Erf => value_and_slope!(Self::Erf),
                Self::Softplus => value_and_slope!(Self::Softplus),
                Self::Gelu => value_and_slope!(Self::Gelu),
                Self::Sine => value_and_slope!(Self::Sine),
                _ => value_and_slope!(self),
            }
            return;
        }
        macro_rules! value {
            ($z:ident => $value:expr) => {
                for_each(
                    z,
                    width,
                    shift,
                    #[inline(always)]
                    move |$z| $value,
                )
            };
        }
        match self {
            Self::Linear if shift.is_empty() => {}
            Self::Linear => value!(z => z),
            Self::LeakyRelu(slope) => {
                let slope = T::of(slope);
                // Scaled before it is chosen: a product in one branch only is no vector code.
                value!(z => {
                    let scaled = slope * z;
                    if z > T::zero() { z } else { scaled }
                });
            }
            Self::Relu => value!(z => Self::Relu.value(z)),
            Self::Tanh => value!(z => Self::Tanh.value(z)),
            Self::Sigmoid => value!(z => Self::Sigmoid.value(z)),
            _ => value!(z => self.value(z)),
        }
    }

    /// Multiplies `signals` by φ', taken from `slopes` or, where that is empty, from `values`.
    pub(crate) fn backpropagate<T: Scalar>(self, signals: &mut [T], values: &[T], slopes: &[T]) {
        macro_rules! multiply {
            ($partners:expr, $partner:ident => $slope:expr) => {
                multiply_by(
                    signals,
                    $partners,
                    #[inline(always)]
                    move |$partner| $slope,
                )
            };
        }
        if !slopes.is_empty() {
            multiply!(slopes, slope => slope);
            return;
        }
        let one = T::one();
        match self {
            Self::Linear => {}
            Self::LeakyRelu(slope) => {
                let slope = T::of(slope);
                multiply!(values, h => if h > T::zero() { one } else { slope });
            }
            Self::Relu => multiply!(values, h => Self::Relu.slope_from_value(h).unwrap_or(one)),
            Self::Tanh => multiply!(values, h => Self::Tanh.slope_from_value(h).unwrap_or(one)),
            Self::Sigmoid => {
                multiply!(values, h => Self::Sigmoid.slope_from_value(h).unwrap_or(one));
            }
            _ => multiply!(values, h => self.slope_from_value(h).unwrap_or(one)),
        }
    }
}

/// Φ(z), the standard normal distribution function.
#[inline(always)]
fn normal_distribution<T: Scalar>(z: T) -> T {
    let half = T::of(0.5);
    half * (T::one() + (z * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// Φ'(z) = e^{−z²/2} / √(2π), the standard normal density.
#[inline(always)]
fn normal_density<T: Scalar>(z: T) -> T {
    let at_zero = T::of((0.5 * std::f64::consts::FRAC_1_PI).sqrt());
    at_zero * (-z * z / T::of(2.0)).exponential()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ALL: [Activation; 10] = [
        Activation::Relu,
        Activation::LeakyRelu(0.01),
        Activation::LeakyRelu(-0.3),
        Activation::Tanh,
        Activation::Erf,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Sine,
        Activation::Linear,
    ];

    /// Compares `derivative` with central differences of `function` at many z.
    fn check(
        function: impl Fn(Activation, f64) -> f64,
        derivative: impl Fn(Activation, f64) -> f64,
    ) {
        let step = 1e-6;
        for activation in ALL {
            for i in -40..40 {
                // Away from 0, where the relus have a kink.
                let z = (f64::from(i) + 0.5) * 0.11;
                let difference = (function(activation, z + step) - function(activation, z - step))
                    / (2.0 * step);
                let error = (derivative(activation, z) - difference).abs();
                // Truncation h²·φ‴/6 and rounding ε·|φ|/h of a central difference.
                let bound = 10.0 * (step * step + f64::EPSILON * 5.0 / step);
                assert!(error <= bound, "{activation:?} at {z}: off by {error}");
            }
        }
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_values() {
        check(Activation::value, Activation::slope);
    }

    #[test]
    fn values_at_known_points() {
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12, "{a} is not {b}");
        close(Activation::Erf.value(0.5), 0.520_499_877_813_046_5);
        close(Activation::Gelu.value(1.0), 0.841_344_746_068_542_9);
        close(Activation::Softplus.value(0.0), std::f64::consts::LN_2);
        close(Activation::Softplus.value(800.0), 800.0);
        close(Activation::Sigmoid.value(-800.0), 0.0);
        close(Activation::LeakyRelu(0.01).value(-2.0), -0.02);
    }

    #[test]
    fn activations_stand_in_yaml_as_the_docs_say() {
        let json = |activation| serde_json::to_string(&activation).expect("serializes");
        assert_eq!(json(Activation::LeakyRelu(0.01)), r#"{"leaky_relu":0.01}"#);
        assert_eq!(json(Activation::Tanh), r#""tanh""#);
    }
}
