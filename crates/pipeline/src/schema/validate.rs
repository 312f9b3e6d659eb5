//! Parameters against their schema.

use serde_json::{Map, Value};

use super::node::Schema;
use super::variants::Variant;
use super::words::shown;
use crate::text::{listed, nearest, pointer, suggestion};

/// Schemas within schemas that are entered before a schema counts as circular.
const DEEPEST: usize = 200;

/// Something in the parameters that their schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// JSON Pointer of the value at fault.
    pub at: String,
    /// Whether its key is at fault rather than its value.
    pub key: bool,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Everything in `value` that `schema` does not allow.
pub(crate) fn validate(schema: Schema, value: &Value) -> Vec<Issue> {
    let mut issues = Vec::new();
    check(schema, value, "", DEEPEST, &mut issues);
    issues
}

fn check(schema: Schema, value: &Value, at: &str, depth: usize, issues: &mut Vec<Issue>) {
    if depth == 0 {
        issues.push(wrong(
            at,
            "the schema of the parameters refers to itself without end".to_owned(),
        ));
        return;
    }
    if schema.node == &Value::Bool(false) {
        issues.push(wrong(at, format!("{} has no meaning here", name(at))));
        return;
    }
    // Beside a reference other keywords may stand, and hold as well.
    if let Some(referred) = schema.referred() {
        check(referred, value, at, depth - 1, issues);
    }
    for part in schema.keyword("allOf").and_then(Value::as_array).into_iter().flatten() {
        check(schema.at(part), value, at, depth - 1, issues);
    }
    let alternatives = schema.alternatives();
    if schema.keyword("$ref").is_none()
        && let Some(variants) = schema.variants()
    {
        let optional = alternatives.iter().any(|one| one.is_null() || allows_null(*one))
            || allows_null(schema);
        if !(value.is_null() && optional) {
            check_variant(&variants, value, at, depth, issues);
        }
        return;
    }
    if !alternatives.is_empty() {
        check_alternatives(&alternatives, value, at, depth, issues);
        return;
    }
    if let Some(problem) = wrong_type(schema, value) {
        let message = format!("{} must be {problem}, not {}", name(at), shown(value));
        issues.push(Issue { help: as_integer(schema, value), ..wrong(at, message) });
        return;
    }
    match value {
        Value::Number(number) => check_bounds(schema, number, at, issues),
        Value::Array(items) => check_items(schema, items, at, depth, issues),
        Value::Object(map) => check_fields(schema, map, at, depth, issues),
        Value::String(text) => check_words(schema, text, at, issues),
        Value::Null | Value::Bool(_) => {}
    }
}

fn wrong(at: &str, message: String) -> Issue {
    Issue { at: at.to_owned(), key: false, message, help: None }
}

/// What lies at `at`, for the beginning of a message.
fn name(at: &str) -> String {
    match (pointer::last(at), pointer::parent(at)) {
        (Some(index), Some(list)) if index.bytes().all(|b| b.is_ascii_digit()) => {
            format!("item {index} of {}", name(list))
        }
        (Some(key), _) => format!("`{key}`"),
        (None, _) => "the whole of the parameters".to_owned(),
    }
}

fn types(schema: Schema<'_>) -> Vec<&str> {
    match schema.keyword("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn allows_null(schema: Schema) -> bool {
    types(schema).contains(&"null")
}

/// The types that would be right, where `value` has another.
fn wrong_type(schema: Schema, value: &Value) -> Option<String> {
    let types = types(schema);
    let fits = |one: &&str| match *one {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if types.is_empty() || types.iter().any(fits) {
        return None;
    }
    let words: Vec<&str> = types
        .iter()
        .filter(|one| **one != "null")
        .map(|one| match *one {
            "boolean" => "true or false",
            "integer" => "a whole number",
            "number" => "a number",
            "string" => "a text",
            "array" => "a list",
            "object" => "a map",
            other => other,
        })
        .collect();
    Some(words.join(" or "))
}

/// How a whole number is written that stands there as `1e3` or `3.0`.
fn as_integer(schema: Schema, value: &Value) -> Option<String> {
    /// Beyond it, not every whole number is an f64.
    const LARGEST: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    let number = value.as_f64().filter(|of| of.fract() == 0.0 && of.abs() < LARGEST)?;
    types(schema).contains(&"integer").then(|| format!("write {number:.0}"))
}

fn check_bounds(schema: Schema, number: &serde_json::Number, at: &str, issues: &mut Vec<Issue>) {
    let Some(value) = number.as_f64() else { return };
    let bound = |name: &str| {
        let limit = schema.keyword(name)?;
        limit.as_f64().map(|number| (number, limit))
    };
    let problem = match () {
        () if bound("minimum").is_some_and(|(limit, _)| value < limit) => ("minimum", "at least"),
        () if bound("exclusiveMinimum").is_some_and(|(limit, _)| value <= limit) => {
            ("exclusiveMinimum", "greater than")
        }
        () if bound("maximum").is_some_and(|(limit, _)| value > limit) => ("maximum", "at most"),
        () if bound("exclusiveMaximum").is_some_and(|(limit, _)| value >= limit) => {
            ("exclusiveMaximum", "less than")
        }
        () => return,
    };
    if let Some((_, limit)) = bound(problem.0) {
        issues.push(wrong(at, format!("{} must be {} {limit}, not {number}", name(at), problem.1)));
    }
}

fn check_items(schema: Schema, items: &[Value], at: &str, depth: usize, issues: &mut Vec<Issue>) {
    let count = items.len() as u64;
    let bound = |name: &str| schema.keyword(name).and_then(Value::as_u64);
    let items_of =
        |count: u64| if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    let limit = match (bound("minItems"), bound("maxItems")) {
        (Some(least), _) if count < least => Some(format!("at least {}", items_of(least))),
        (_, Some(most)) if count > most => Some(format!("at most {}", items_of(most))),
        _ => None,
    };
    if let Some(limit) = limit {
        issues.push(wrong(at, format!("{} must have {limit}, not {count}", name(at))));
    }
    let first = schema.keyword("prefixItems").and_then(Value::as_array);
    for (index, item) in items.iter().enumerate() {
        let node = first.and_then(|nodes| nodes.get(index)).or_else(|| schema.keyword("items"));
        if let Some(node) = node {
            let at = pointer::join(at, &index.to_string());
            check(schema.at(node), item, &at, depth - 1, issues);
        }
    }
}

fn check_fields(
    schema: Schema,
    map: &Map<String, Value>,
    at: &str,
    depth: usize,
    issues: &mut Vec<Issue>,
) {
    let empty = Map::new();
    let known = schema.keyword("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (key, value) in map {
        let at = pointer::join(at, key);
        match (known.get(key), schema.keyword("additionalProperties")) {
            (None, Some(Value::Bool(false))) => issues.push(Issue {
                at,
                key: true,
                message: format!("`{key}` is not a parameter here"),
                help: suggestion(key, known.keys().map(String::as_str)),
            }),
            (Some(node), _) | (None, Some(node)) => {
                check(schema.at(node), value, &at, depth - 1, issues);
            }
            (None, None) => {}
        }
    }
    let required = schema.keyword("required").and_then(Value::as_array);
    // A misspelt key is reported as such, with this one as the suggestion.
    let misspelt = |key: &str| {
        let unknown = map.keys().filter(|other| !known.contains_key(*other));
        let mut meant =
            unknown.filter_map(|other| nearest(other, known.keys().map(String::as_str)));
        meant.any(|meant| meant == key)
    };
    for key in required.into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(key) && !misspelt(key) {
            let about = known.get(key).and_then(|node| schema.at(node).description());
            issues.push(Issue {
                at: at.to_owned(),
                key: true,
                message: format!("the parameter `{key}` is missing"),
                help: about.map(|about| format!("`{key}`: {about}")),
            });
        }
    }
}

fn check_words(schema: Schema, text: &str, at: &str, issues: &mut Vec<Issue>) {
    let least = schema.keyword("minLength").and_then(Value::as_u64).unwrap_or(0);
    if (text.chars().count() as u64) < least {
        issues.push(wrong(at, format!("{} must not be shorter than {least} characters", name(at))));
    }
}

fn check_variant(
    variants: &[Variant],
    value: &Value,
    at: &str,
    depth: usize,
    issues: &mut Vec<Issue>,
) {
    let names: Vec<&str> = variants.iter().map(Variant::name).collect();
    let find = |name: &str| variants.iter().find(|variant| variant.name() == name);
    let one_of = || format!("one of {}", listed(&names, "or"));
    let mut issue = |at: &str, key: bool, message: String, help: Option<String>| {
        issues.push(Issue { at: at.to_owned(), key, message, help });
    };
    match value {
        Value::String(word) => match find(word) {
            Some(Variant::Word(_)) => {}
            Some(Variant::Tagged(tag, schema)) => issue(
                at,
                false,
                format!("`{tag}` needs a value of its own"),
                Some(example(tag, *schema)),
            ),
            None => issue(
                at,
                false,
                format!("{} cannot be `{word}`", name(at)),
                suggestion(word, names.iter().copied()),
            ),
        },
        Value::Object(map) => match map.iter().collect::<Vec<_>>().as_slice() {
            [(key, below)] => match find(key) {
                Some(Variant::Tagged(_, schema)) => {
                    check(*schema, below, &pointer::join(at, key), depth - 1, issues);
                }
                Some(Variant::Word(_)) => issue(
                    &pointer::join(at, key),
                    true,
                    format!("`{key}` takes no value"),
                    Some(format!("write just `{key}`")),
                ),
                None => issue(
                    &pointer::join(at, key),
                    true,
                    format!("{} cannot be `{key}`", name(at)),
                    suggestion(key, names.iter().copied()),
                ),
            },
            entries => issue(
                at,
                false,
                format!("{} must have exactly one key, not {}", name(at), entries.len()),
                Some(one_of()),
            ),
        },
        other => {
            issue(
                at,
                false,
                format!("{} must be {}, not {}", name(at), one_of(), shown(other)),
                None,
            );
        }
    }
}

/// How the variant `tag` is written, whose value has this schema.
fn example(tag: &str, schema: Schema) -> String {
    let schema = schema.resolved();
    let required = schema.keyword("required").and_then(Value::as_array);
    let fields: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    let value = match types(schema).into_iter().find(|one| *one != "null") {
        Some("object") if fields.is_empty() => {
            return format!("write `{{ {tag}: {{}} }}` for its defaults");
        }
        Some("object") => format!("{{ {}: … }}", fields.join(": …, ")),
        Some("number" | "integer") => "NUMBER".to_owned(),
        Some("string") => "TEXT".to_owned(),
        Some("array") => "[…]".to_owned(),
        _ => "…".to_owned(),
    };
    format!("write `{{ {tag}: {value} }}`")
}

/// Alternatives that are no enum, as a number or a list: fine where one of them is.
fn check_alternatives(
    alternatives: &[Schema],
    value: &Value,
    at: &str,
    depth: usize,
    issues: &mut Vec<Issue>,
) {
    let mut of_this_type = Vec::new();
    for one in alternatives {
        let mut found = Vec::new();
        check(*one, value, at, depth - 1, &mut found);
        if found.is_empty() {
            return;
        }
        if wrong_type(*one, value).is_none() {
            of_this_type.push(found);
        }
    }
    // The alternative that was meant is told by its type, where only one has it.
    if let [meant] = of_this_type.as_mut_slice() {
        issues.append(meant);
        return;
    }
    let kinds: Vec<String> = alternatives
        .iter()
        .filter_map(|one| {
            wrong_type(*one, &Value::Null).or_else(|| {
                one.variants()
                    .map(|all| listed(&all.iter().map(Variant::name).collect::<Vec<_>>(), "or"))
            })
        })
        .collect();
    let message = format!("{} must be {}, not {}", name(at), kinds.join(" or "), shown(value));
    let help = alternatives.iter().find_map(|one| as_integer(*one, value));
    issues.push(Issue { help, ..wrong(at, message) });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Activation {
        /// max(0, x).
        Relu,
        Tanh,
        /// With a slope below 0.
        LeakyRelu(f64),
    }

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Decay {
        #[schemars(extend("exclusiveMinimum" = 0))]
        factor: f64,
        #[schemars(range(min = 1))]
        every: u64,
    }

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Cosine {
        last: f64,
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Schedule {
        Constant {},
        Step(Decay),
        Listed { rates: Vec<f64> },
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Init {
        Glorot,
        He,
    }

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Count {
        All(bool),
        Some(u64),
        List(Vec<u64>),
    }

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Parameters {
        /// Updates to make. As many as you like.
        #[schemars(range(min = 1))]
        steps: u64,
        #[serde(default)]
        activation: Option<Activation>,
        #[serde(default)]
        schedule: Option<Schedule>,
        #[serde(default)]
        cosine: Option<Cosine>,
        #[serde(default)]
        init: Option<Init>,
        #[serde(default)]
        #[schemars(length(min = 1))]
        hidden: Vec<u32>,
        #[serde(default)]
        momentum: Option<f64>,
        #[serde(default)]
        count: Option<Count>,
        #[serde(default)]
        weights: BTreeMap<String, f64>,
    }

    fn found(value: &Value) -> String {
        let schema = schemars::schema_for!(Parameters).to_value();
        let lines: Vec<String> = validate(Schema::new(&schema), value)
            .into_iter()
            .map(|issue| {
                let part = if issue.key { "key" } else { "value" };
                let help = issue.help.map_or(String::new(), |help| format!(" [{help}]"));
                format!("{} ({part}): {}{help}", issue.at, issue.message)
            })
            .collect();
        lines.join("\n")
    }

    #[test]
    fn right_parameters_have_no_issues() {
        for right in [
            json!({ "steps": 1 }),
            json!({ "steps": 9, "activation": "relu", "init": "he", "momentum": 1, "count": 3 }),
            json!({ "steps": 9, "activation": { "leaky_relu": 0.01 }, "hidden": [1], "count": [1] }),
            json!({ "steps": 9, "schedule": { "step": { "factor": 0.5, "every": 3 } }, "count": true }),
            json!({ "steps": 9, "schedule": { "constant": {} }, "activation": null, "init": null }),
            json!({ "steps": 9, "schedule": { "listed": { "rates": [] } }, "weights": { "a": 1.0 } }),
        ] {
            assert_eq!(found(&right), "", "{right}");
        }
    }

    #[test]
    fn unknown_and_missing_parameters() {
        insta::assert_snapshot!(found(&json!({ "stpes": 3, "bananas": 1 })), @r#"
        /stpes (key): `stpes` is not a parameter here [did you mean `steps`?]
        /bananas (key): `bananas` is not a parameter here [valid here: `steps`, `activation`, `schedule`, `cosine`, `init`, `hidden`, `momentum`, `count` and `weights`]
        "#);
    }

    #[test]
    fn wrong_types() {
        insta::assert_snapshot!(found(&json!({
            "steps": "many", "hidden": [3, 1.5, -1], "momentum": "a", "activation": 3,
            "init": [], "count": "x", "weights": { "a": "b" }
        })), @r#"
        /steps (value): `steps` must be a whole number, not the text `many`
        /hidden/1 (value): item 1 of `hidden` must be a whole number, not the number 1.5
        /hidden/2 (value): item 2 of `hidden` must be at least 0, not -1
        /momentum (value): `momentum` must be a number, not the text `a`
        /activation (value): `activation` must be one of `tanh`, `relu` or `leaky_relu`, not the number 3
        /init (value): `init` must be one of `glorot` or `he`, not an empty list
        /count (value): `count` must be true or false or a whole number or a list, not the text `x`
        /weights/a (value): `a` must be a number, not the text `b`
        "#);
        insta::assert_snapshot!(found(&json!([1])), @" (value): the whole of the parameters must be a map, not a list");
        insta::assert_snapshot!(found(&json!({ "steps": 1e3 })), @"/steps (value): `steps` must be a whole number, not the number 1000.0 [write 1000]");
        insta::assert_snapshot!(found(&json!({ "steps": 1, "count": 2.0 })), @"/count (value): `count` must be true or false or a whole number or a list, not the number 2.0 [write 2]");
    }

    #[test]
    fn bounds() {
        insta::assert_snapshot!(found(&json!({
            "steps": 0, "hidden": [], "schedule": { "step": { "factor": 0, "every": 0 } }
        })), @r#"
        /steps (value): `steps` must be at least 1, not 0
        /hidden (value): `hidden` must have at least 1 item, not 0
        /schedule/step/factor (value): `factor` must be greater than 0, not 0
        /schedule/step/every (value): `every` must be at least 1, not 0
        "#);
    }

    #[test]
    fn variants() {
        let values = [
            json!({ "steps": 1, "activation": "rleu", "init": "glorto" }),
            json!({ "steps": 1, "activation": "leaky_relu" }),
            json!({ "steps": 1, "schedule": "constant" }),
            json!({ "steps": 1, "schedule": "step" }),
            json!({ "steps": 1, "activation": { "relu": 1 } }),
            json!({ "steps": 1, "activation": { "leaky_rleu": 1 } }),
            json!({ "steps": 1, "activation": { "leaky_relu": "x" } }),
            json!({ "steps": 1, "schedule": {} }),
            json!({ "steps": 1, "schedule": { "step": {}, "constant": {} } }),
            json!({ "steps": 1, "schedule": { "step": { "factr": 1 } } }),
        ];
        insta::assert_snapshot!(values.iter().map(found).collect::<Vec<_>>().join("\n"), @r#"
        /activation (value): `activation` cannot be `rleu` [did you mean `relu`?]
        /init (value): `init` cannot be `glorto` [did you mean `glorot`?]
        /activation (value): `leaky_relu` needs a value of its own [write `{ leaky_relu: NUMBER }`]
        /schedule (value): `constant` needs a value of its own [write `{ constant: {} }` for its defaults]
        /schedule (value): `step` needs a value of its own [write `{ step: { factor: …, every: … } }`]
        /activation/relu (key): `relu` takes no value [write just `relu`]
        /activation/leaky_rleu (key): `activation` cannot be `leaky_rleu` [did you mean `leaky_relu`?]
        /activation/leaky_relu (value): `leaky_relu` must be a number, not the text `x`
        /schedule (value): `schedule` must have exactly one key, not 0 [one of `constant`, `step` or `listed`]
        /schedule (value): `schedule` must have exactly one key, not 2 [one of `constant`, `step` or `listed`]
        /schedule/step/factr (key): `factr` is not a parameter here [did you mean `factor`?]
        /schedule/step (key): the parameter `every` is missing
        "#);
    }

    #[test]
    fn an_optional_map_with_one_field_is_no_enum() {
        assert_eq!(found(&json!({ "steps": 1, "cosine": { "last": 0.1 } })), "");
        let wrong = [json!({ "steps": 1, "cosine": {} }), json!({ "steps": 1, "cosine": "last" })];
        insta::assert_snapshot!(wrong.iter().map(found).collect::<Vec<_>>().join("\n"), @r#"
        /cosine (key): the parameter `last` is missing
        /cosine (value): `cosine` must be a map, not the text `last`
        "#);
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_an_error_not_a_hang() {
        let schema = json!({ "$ref": "#" });
        assert!(!validate(Schema::new(&schema), &json!({})).is_empty());
        let schema = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }] } } });
        assert!(!validate(Schema::new(&schema), &json!({})).is_empty());
    }
}
