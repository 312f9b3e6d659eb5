//! Which parameters are files: those with `"format": "file"` in their schema.

use serde_json::Value;

use super::node::Schema;
use crate::text::pointer;

/// Maps and lists within each other that are looked through before a schema counts as endless.
const DEEPEST: usize = 32;

/// JSON Pointers of the texts in `value` that name files.
pub(crate) fn files(schema: Schema, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(schema, value, "", DEEPEST, &mut found);
    found
}

fn look(schema: Schema, value: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(_) if schema.is_file() => found.push(at.to_owned()),
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(below) = schema.variant(key).or_else(|| schema.property(key)) {
                    look(below, value, &pointer::join(at, key), depth - 1, found);
                }
            }
        }
        Value::Array(items) => {
            let Some(below) = schema.items() else { return };
            for (index, item) in items.iter().enumerate() {
                look(below, item, &pointer::join(at, &index.to_string()), depth - 1, found);
            }
        }
        _ => {}
    }
}

impl Schema<'_> {
    fn is_file(self) -> bool {
        let is_so =
            |schema: Schema| schema.keyword("format").and_then(Value::as_str) == Some("file");
        is_so(self) || is_so(self.solid())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_found_in_maps_variants_and_lists() {
        let file = json!({ "type": ["string", "null"], "format": "file" });
        let schema = json!({
            "properties": {
                "source": { "oneOf": [
                    { "properties": { "image": { "$ref": "#/$defs/image" } }, "required": ["image"],
                      "additionalProperties": false },
                    { "const": "portrait" }
                ] },
                "more": { "items": { "anyOf": [{ "$ref": "#/$defs/file" }, { "type": "null" }] } },
                "name": { "type": "string" }
            },
            "$defs": { "image": { "properties": { "path": file } }, "file": file }
        });
        let value =
            json!({ "source": { "image": { "path": "a.png" } }, "more": ["b", null], "name": "c" });
        assert_eq!(files(Schema::new(&schema), &value), ["/source/image/path", "/more/0"]);
        assert!(files(Schema::new(&schema), &json!({ "source": "portrait" })).is_empty());
    }
}
