//! A schema as a list of parameters, for people.

use serde_json::Value;

use super::node::Schema;
use super::variants::Variant;

/// Maps within maps that are listed before a schema counts as endless.
const DEEPEST: usize = 8;

/// One parameter as the command `stages` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Dotted path below `with`.
    pub path: String,
    /// What it takes, as "whole number".
    pub takes: String,
    /// Its default as YAML would have it; "required" where it has none and needs one.
    pub default: String,
    /// First sentence of its description.
    pub about: String,
}

/// Every parameter of `schema`, those within maps and variants by their dotted path.
pub(crate) fn fields(schema: Schema) -> Vec<Field> {
    let mut found = Vec::new();
    list(schema, "", DEEPEST, &mut found);
    found
}

fn list(schema: Schema, path: &str, depth: usize, found: &mut Vec<Field>) {
    if depth == 0 {
        return;
    }
    let schema = schema.solid();
    let required: Vec<&str> = schema
        .keyword("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.keyword("properties").and_then(Value::as_object);
    for (name, node) in properties.into_iter().flatten() {
        let below = schema.at(node);
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let default = match below.keyword("default") {
            Some(Value::Null) | None if !required.contains(&name.as_str()) => "—".to_owned(),
            Some(value) => compact(value),
            None => "required".to_owned(),
        };
        found.push(Field {
            path: path.clone(),
            takes: takes(below),
            default,
            about: below.description().unwrap_or_default(),
        });
        match below.variants() {
            Some(variants) => {
                for variant in variants {
                    if let Variant::Tagged(tag, inside) = variant {
                        list(inside, &format!("{path}.{tag}"), depth - 1, found);
                    }
                }
            }
            None => list(below, &path, depth - 1, found),
        }
    }
}

/// What a value of `schema` is, in words.
fn takes(schema: Schema) -> String {
    if let Some(variants) = schema.variants() {
        return variants.iter().map(Variant::name).collect::<Vec<_>>().join(" | ");
    }
    let schema = schema.solid();
    if let Some(items) = schema.items() {
        return format!("list of {}", takes(items));
    }
    let alternatives = schema.alternatives();
    if !alternatives.is_empty() {
        return alternatives.into_iter().map(takes).collect::<Vec<_>>().join(" | ");
    }
    let types: Vec<&str> = match schema.keyword("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words: Vec<&str> = types
        .into_iter()
        .filter(|one| *one != "null")
        .map(|one| match one {
            "boolean" => "true | false",
            "integer" => "whole number",
            "number" => "number",
            "string" => "text",
            "array" => "list",
            "object" => "map",
            other => other,
        })
        .collect();
    if words.is_empty() { "anything".to_owned() } else { words.join(" | ") }
}

/// A value in YAML's flow style on one line.
pub(crate) fn compact(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}: {}", compact(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
