//! How large a schema is with its references written out: what bounds every walk over it.

use std::collections::HashMap;

use serde_json::Value;

/// Values of a schema with its references written out; those of our own stages have a few hundred.
const LARGEST: u64 = 100_000;
/// Values within each other.
const DEEPEST: usize = 256;

/// Refuses a schema that refers to itself, or that would be very large with its references
/// written out: reading parameters by it might never end.
///
/// # Errors
/// What is wrong with it, to follow "its parameters".
pub(crate) fn check_size(schema: &Value) -> Result<(), String> {
    let mut sizes = Sizes { root: schema, known: HashMap::new() };
    sizes.of(schema, 0).map(drop)
}

struct Sizes<'s> {
    root: &'s Value,
    /// By address; `None` while a value is being looked at.
    known: HashMap<*const Value, Option<u64>>,
}

impl<'s> Sizes<'s> {
    fn of(&mut self, value: &'s Value, depth: usize) -> Result<u64, String> {
        let place = std::ptr::from_ref(value);
        match self.known.get(&place) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err("refer to themselves without end".to_owned()),
            None if depth > DEEPEST => return Err("lie too deep within each other".to_owned()),
            None => {}
        }
        self.known.insert(place, None);
        let mut size = 1_u64;
        let mut add = |more: u64| {
            size = size.saturating_add(more);
            if size > LARGEST { Err("have a schema that is too large".to_owned()) } else { Ok(()) }
        };
        match value {
            Value::Array(items) => {
                for item in items {
                    add(self.of(item, depth + 1)?)?;
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    add(self.of(value, depth + 1)?)?;
                    let path = value.as_str().filter(|_| key == "$ref");
                    let path = path.and_then(|path| path.strip_prefix('#'));
                    if let Some(referred) = path.and_then(|path| self.root.pointer(path)) {
                        add(self.of(referred, depth + 1)?)?;
                    }
                }
            }
            _ => {}
        }
        self.known.insert(place, Some(size));
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_that_end_are_fine() {
        let schema = json!({ "properties": { "a": { "$ref": "#/$defs/A" }, "b": { "$ref": "#/$defs/A" } },
            "$defs": { "A": { "properties": { "c": { "$ref": "#/$defs/B" } } }, "B": { "type": "string" } } });
        assert_eq!(check_size(&schema), Ok(()));
    }

    #[test]
    fn a_circle_of_references_is_refused() {
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "items": { "$ref": "#" } }),
            json!({ "$ref": "#/$defs/A", "$defs": { "A": { "anyOf": [{ "$ref": "#/$defs/B" }] },
                "B": { "items": { "$ref": "#/$defs/A" } } } }),
        ] {
            assert_eq!(check_size(&schema), Err("refer to themselves without end".to_owned()));
        }
    }

    #[test]
    fn references_that_multiply_are_refused() {
        let mut definitions = serde_json::Map::new();
        definitions.insert("d0".to_owned(), json!({ "type": "string" }));
        for level in 1..40 {
            let below = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
            let twice = json!({ "properties": { "a": below, "b": below } });
            definitions.insert(format!("d{level}"), twice);
        }
        let schema = json!({ "$ref": "#/$defs/d39", "$defs": definitions });
        assert_eq!(check_size(&schema), Err("have a schema that is too large".to_owned()));
    }
}
