//! In which precision the entries of a Gramian are stored.

use std::fmt::Debug;

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::{ArrowNativeType, DataType, Float32Type, Float64Type};
use parquet::basic::Type;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Single or double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision, in which networks are trained.
    #[default]
    F32,
    /// Double precision.
    F64,
}

impl Precision {
    /// `f32` or `f64`, as it stands in YAML and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F64 => size_of::<f64>(),
        }
    }

    /// ε, the distance from 1 to the next larger number.
    #[must_use]
    pub const fn epsilon(self) -> f64 {
        match self {
            Self::F32 => f32::EPSILON as f64,
            Self::F64 => f64::EPSILON,
        }
    }
}

/// f32 or f64: what an entry of a Gramian may be.
pub trait GramValue: ArrowNativeType + Into<f64> + PartialEq + Debug + private::Bytes {
    /// Which of the two.
    const PRECISION: Precision;

    /// The nearest number of this precision.
    #[must_use]
    fn nearest(value: f64) -> Self;
}

impl GramValue for f32 {
    const PRECISION: Precision = Precision::F32;

    fn nearest(value: f64) -> Self {
        value as Self
    }
}

impl GramValue for f64 {
    const PRECISION: Precision = Precision::F64;

    fn nearest(value: f64) -> Self {
        value
    }
}

pub(super) mod private {
    use super::{ArrowPrimitiveType, DataType, Float32Type, Float64Type, Type};

    /// How a number lies in Parquet and Arrow.
    pub trait Bytes: Sized + Copy {
        /// Its type in Parquet.
        const PHYSICAL: Type;
        /// Its type in Arrow.
        const ARROW: DataType;
        /// The same as a type.
        type Primitive: ArrowPrimitiveType<Native = Self>;

        /// The number in the first bytes of `bytes`, in little-endian order, of which there are enough.
        fn of_bytes(bytes: &[u8]) -> Self;
        /// The other way round.
        fn push_bytes(self, bytes: &mut Vec<u8>);
        /// Whether it is neither NaN nor infinite.
        fn finite(self) -> bool;
    }

    impl Bytes for f32 {
        const PHYSICAL: Type = Type::FLOAT;
        const ARROW: DataType = DataType::Float32;
        type Primitive = Float32Type;

        fn of_bytes(bytes: &[u8]) -> Self {
            bytes.first_chunk().map_or(Self::NAN, |bytes| Self::from_le_bytes(*bytes))
        }

        fn push_bytes(self, bytes: &mut Vec<u8>) {
            bytes.extend(self.to_le_bytes());
        }

        fn finite(self) -> bool {
            self.is_finite()
        }
    }

    impl Bytes for f64 {
        const PHYSICAL: Type = Type::DOUBLE;
        const ARROW: DataType = DataType::Float64;
        type Primitive = Float64Type;

        fn of_bytes(bytes: &[u8]) -> Self {
            bytes.first_chunk().map_or(Self::NAN, |bytes| Self::from_le_bytes(*bytes))
        }

        fn push_bytes(self, bytes: &mut Vec<u8>) {
            bytes.extend(self.to_le_bytes());
        }

        fn finite(self) -> bool {
            self.is_finite()
        }
    }
}
