//! The values of an axis, all of one type: what its column holds.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The values of an axis, in the order of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Labels {
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Numbers, some of them perhaps whole.
    Number(Vec<f64>),
    /// True and false.
    Boolean(Vec<bool>),
    /// Texts.
    Text(Vec<String>),
}

impl Labels {
    /// The labels that `values` are, where they are scalars of one type.
    pub(crate) fn of(values: &[Value]) -> Option<Self> {
        fn all<T>(values: &[Value], one: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
            values.iter().map(one).collect()
        }
        all(values, Value::as_i64)
            .map(Self::Integer)
            // Beyond 2^63 a number would lose its last digits.
            .or_else(|| {
                let number = |value: &Value| value.as_f64().filter(|_| fits(value));
                all(values, number).map(Self::Number)
            })
            .or_else(|| all(values, Value::as_bool).map(Self::Boolean))
            .or_else(|| all(values, |value| value.as_str().map(str::to_owned)).map(Self::Text))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Integer(labels) => labels.len(),
            Self::Number(labels) => labels.len(),
            Self::Boolean(labels) => labels.len(),
            Self::Text(labels) => labels.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all but the first.
    pub(crate) fn keep_first(&mut self) {
        match self {
            Self::Integer(labels) => labels.truncate(1),
            Self::Number(labels) => labels.truncate(1),
            Self::Boolean(labels) => labels.truncate(1),
            Self::Text(labels) => labels.truncate(1),
        }
    }

    /// One label as JSON.
    pub(crate) fn value(&self, label: usize) -> Value {
        match self {
            Self::Integer(labels) => labels[label].into(),
            Self::Number(labels) => labels[label].into(),
            Self::Boolean(labels) => labels[label].into(),
            Self::Text(labels) => labels[label].as_str().into(),
        }
    }

    /// One label for people.
    pub(crate) fn shown(&self, label: usize) -> String {
        match self.value(label) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// Type of the column.
    ///
    /// Whole numbers are always `Int64`: a type that depended on the values would differ between
    /// two runs, and Polars refuses to scan both.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Integer(_) => DataType::Int64,
            Self::Number(_) => DataType::Float64,
            Self::Boolean(_) => DataType::Boolean,
            Self::Text(_) => DataType::Utf8,
        }
    }

    /// A column of the labels `chosen`.
    pub(crate) fn column(&self, chosen: impl ExactSizeIterator<Item = usize>) -> ArrayRef {
        match self {
            Self::Integer(of) => Arc::new(Int64Array::from_iter_values(chosen.map(|at| of[at]))),
            Self::Number(of) => Arc::new(Float64Array::from_iter_values(chosen.map(|at| of[at]))),
            Self::Boolean(of) => Arc::new(chosen.map(|at| Some(of[at])).collect::<BooleanArray>()),
            Self::Text(of) => Arc::new(StringArray::from_iter_values(chosen.map(|at| &of[at]))),
        }
    }
}

/// Whether a number is no whole number beyond 64 bits with a sign.
pub(crate) fn fits(value: &Value) -> bool {
    !value.is_u64() || value.is_i64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(values: &Value) -> Option<Labels> {
        Labels::of(values.as_array().unwrap())
    }

    #[test]
    fn one_type_for_all() {
        assert_eq!(of(&json!([2, -3])), Some(Labels::Integer(vec![2, -3])));
        assert_eq!(of(&json!([1, 0.5])), Some(Labels::Number(vec![1.0, 0.5])));
        assert_eq!(of(&json!([true, false])), Some(Labels::Boolean(vec![true, false])));
        assert_eq!(of(&json!(["a"])), Some(Labels::Text(vec!["a".to_owned()])));
        for mixed in [json!([1, "a"]), json!([true, 1]), json!([null]), json!([[1]])] {
            assert_eq!(of(&mixed), None, "{mixed}");
        }
        assert_eq!(of(&json!([u64::MAX])), None);
    }
}
