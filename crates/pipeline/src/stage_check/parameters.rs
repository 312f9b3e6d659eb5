//! A program's schema: whether it lets nothing wrong through, and fits its own defaults.

use serde_json::{Map, Value, json};

use crate::schema::{Schema, validate, with_defaults};

use super::verdict::Outcome;

/// A parameter that no program has.
pub(super) const UNKNOWN: &str = "no_such_parameter";

/// Checks the schema of a program's parameters.
pub(super) fn check(schema: Schema) -> Outcome {
    let mut faults = Vec::new();
    let defaults = with_defaults(schema, &Value::Object(Map::new()));
    // Parameters that are required and have no default are the user's to give.
    for issue in validate(schema, &defaults).into_iter().filter(|issue| !issue.key) {
        faults.push(format!("a default does not fit the schema: {}", issue.message));
    }
    let mut odd = defaults.clone();
    odd[UNKNOWN] = json!(1);
    if !names_it(schema, &odd, UNKNOWN) {
        faults.push(
            "a misspelt parameter would go unnoticed: the schema lacks \"additionalProperties\": false"
                .to_owned(),
        );
    }
    let names = schema.names();
    for name in &names {
        let at = format!("/{name}");
        let is_told = wrong_values().into_iter().any(|value| {
            let mut odd = defaults.clone();
            odd[name.as_str()] = value;
            validate(schema, &odd).iter().any(|issue| issue.at.starts_with(&at))
        });
        if !is_told {
            faults.push(format!("`{name}` takes any value: the schema gives it no type"));
        }
        if schema.property(name).is_some_and(|of| of.description().is_none()) {
            faults.push(format!("`{name}` has no description"));
        }
    }
    let seen = match names.len() {
        0 => "it has none, and an unknown one is refused".to_owned(),
        count => format!("{count}, described and typed; an unknown one is refused"),
    };
    Outcome::of(faults, &seen)
}

fn names_it(schema: Schema, value: &Value, name: &str) -> bool {
    validate(schema, value).iter().any(|issue| issue.at == format!("/{name}"))
}

/// Values of which no parameter takes all.
fn wrong_values() -> [Value; 4] {
    [json!({ UNKNOWN: 1 }), json!([[[]]]), json!(UNKNOWN), json!(-0.5)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(schema: &Value) -> Outcome {
        check(Schema::new(schema))
    }

    #[test]
    fn a_schema_that_tells_everything_is_fine() {
        let schema = json!({ "type": "object", "additionalProperties": false, "properties": {
            "steps": { "type": "integer", "default": 3, "description": "Updates." },
            "rate": { "type": "number", "description": "δ." } }, "required": ["rate"] });
        assert!(matches!(checked(&schema), Outcome::Kept(_)), "{:?}", checked(&schema));
    }

    #[test]
    fn what_a_schema_lets_through_is_named() {
        let schema = json!({ "type": "object", "properties": {
            "steps": { "type": "integer", "default": "three", "description": "Updates." },
            "any": {} } });
        let Outcome::Broken(faults) = checked(&schema) else { panic!("it is broken") };
        insta::assert_snapshot!(faults.join("\n"), @r#"
        a default does not fit the schema: `steps` must be a whole number, not the text `three`
        a misspelt parameter would go unnoticed: the schema lacks "additionalProperties": false
        `any` takes any value: the schema gives it no type
        `any` has no description
        "#);
    }
}
