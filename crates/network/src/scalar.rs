//! The number types in which a network can be computed.

use num_traits::{Float, NumAssign};

/// f32, in which networks are trained, or f64, in which they are checked.
pub trait Scalar:
    faer::traits::RealField
    + Float
    + NumAssign
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

    /// The error function erf(x).
    #[must_use]
    fn erf(self) -> Self;
}

impl Scalar for f32 {
    const NAME: &'static str = "f32";

    fn of(x: f64) -> Self {
        x as Self
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }

    fn erf(self) -> Self {
        libm::erff(self)
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

    fn erf(self) -> Self {
        libm::erf(self)
    }
}
