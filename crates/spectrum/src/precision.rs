//! The precision in which a Gramian is decomposed, as a type.

use faer::MatRef;
use faer::traits::RealField;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// f32 or f64: what the decompositions are generic over.
pub trait Real: RealField + Copy + Into<f64> + From<f32> + Serialize + DeserializeOwned {
    /// ε, the distance from 1 to the next larger number.
    const EPSILON: f64;

    /// The nearest number of this precision.
    fn nearest(value: f64) -> Self;

    /// The `rows` × `columns` matrix whose entries, column by column, are `values`.
    ///
    /// Borrows `values` where the precision is theirs; else converts them into `store`.
    fn matrix<'a>(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        store: &'a mut Vec<Self>,
    ) -> MatRef<'a, Self>;
}

impl Real for f32 {
    const EPSILON: f64 = Self::EPSILON as f64;

    fn nearest(value: f64) -> Self {
        value as Self
    }

    fn matrix<'a>(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        _store: &'a mut Vec<Self>,
    ) -> MatRef<'a, Self> {
        MatRef::from_column_major_slice(values, rows, columns)
    }
}

impl Real for f64 {
    const EPSILON: f64 = Self::EPSILON;

    fn nearest(value: f64) -> Self {
        value
    }

    fn matrix<'a>(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        store: &'a mut Vec<Self>,
    ) -> MatRef<'a, Self> {
        store.clear();
        store.extend(values.iter().map(|&value| Self::from(value)));
        MatRef::from_column_major_slice(store, rows, columns)
    }
}
