//! The precision in which a Gramian is read and decomposed, as a type.

use artifact::GramValue;
use faer::traits::RealField;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// f32 or f64: what the decompositions are generic over.
pub trait Real: RealField + GramValue + Serialize + DeserializeOwned {
    /// ε, the distance from 1 to the next larger number.
    const EPSILON: f64 = Self::PRECISION.epsilon();
}

impl Real for f32 {}
impl Real for f64 {}
