//! Defaults from a schema, for stage programs that do not answer `plan`.

use serde_json::Value;

use super::node::Schema;

/// Maps within maps that are filled in before a schema counts as endless.
const DEEPEST: usize = 32;

/// `value` with the defaults of absent fields filled in.
pub(crate) fn with_defaults(schema: Schema, value: &Value) -> Value {
    filled(schema, value, DEEPEST)
}

/// `value` with what the pipeline is called and about, in those absent fields whose schema asks for it by
/// `"x-pipeline": "name"` or `"about"`.
pub(crate) fn with_pipeline(schema: Schema, value: &Value, name: &str, about: &str) -> Value {
    let properties = schema.solid().keyword("properties").and_then(Value::as_object);
    let mut filled = value.clone();
    for (field, node) in properties.into_iter().flatten() {
        let text = match schema.at(node).keyword("x-pipeline").and_then(Value::as_str) {
            Some("name") => name,
            Some("about") if !about.is_empty() => about,
            _ => continue,
        };
        if let Some(map) = filled.as_object_mut()
            && !map.contains_key(field)
        {
            map.insert(field.clone(), text.into());
        }
    }
    filled
}

fn filled(schema: Schema, value: &Value, depth: usize) -> Value {
    if depth == 0 {
        return value.clone();
    }
    match value {
        Value::Object(given) => {
            let mut map = given.clone();
            if let [tag] = given.keys().collect::<Vec<_>>().as_slice()
                && let Some(below) = schema.variant(tag)
            {
                map.insert((*tag).clone(), filled(below, &given[*tag], depth - 1));
                return Value::Object(map);
            }
            let schema = schema.solid();
            let properties = schema.keyword("properties").and_then(Value::as_object);
            for (name, node) in properties.into_iter().flatten() {
                let below = schema.at(node);
                let value = given.get(name).or_else(|| below.keyword("default"));
                if let Some(value) = value {
                    map.insert(name.clone(), filled(below, value, depth - 1));
                }
            }
            Value::Object(map)
        }
        Value::Array(items) => match schema.items() {
            Some(below) => {
                Value::Array(items.iter().map(|item| filled(below, item, depth - 1)).collect())
            }
            None => value.clone(),
        },
        other => other.clone(),
    }
}
