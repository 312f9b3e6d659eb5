//! `--set a.b=c`: values on top of the file, by dotted path.

use serde_json::{Map, Value};

use super::source::{Source, json};
use super::value;
use crate::schema::Schema;
use crate::text::{Diagnostic, Location, pointer, suggestion};

/// Keys of a stage that can be set.
const STAGE_KEYS: [&str; 6] = ["uses", "inputs", "with", "seed", "resources", "retries"];

/// One `--set PATH=VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Override {
    /// As the user wrote it, with `--set`.
    pub argument: String,
    /// Segments of the path.
    pub path: Vec<String>,
    /// The value, typed as YAML types it, with every character that was written.
    pub value: Value,
}

impl Override {
    /// Parses `PATH=VALUE`.
    ///
    /// # Errors
    /// Where there is no `=`, a segment of the path is empty, or the value is no YAML.
    pub(crate) fn parse(text: &str) -> Result<Self, Diagnostic> {
        let argument = format!("--set {text}");
        let wrong = |message: String, help: &str| Diagnostic {
            location: Location::Argument { argument: argument.clone() },
            message,
            help: Some(help.to_owned()),
        };
        let shape = "write it as `--set stage.with.parameter=value`";
        let (path, value) = text
            .split_once('=')
            .ok_or_else(|| wrong("there is no `=` between path and value".to_owned(), shape))?;
        let path: Vec<String> = path.split('.').map(|part| part.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) {
            return Err(wrong("a segment of the path is empty".to_owned(), shape));
        }
        let quote = "put quotes around a text with special characters: \"'a: b'\"";
        let value = value::read(value).map_err(|why| wrong(why, quote))?;
        let mut problem = None;
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let at = pointer::of(&words);
        let value = json(&value, &at, &mut |_, _, message| problem = Some(message));
        match problem {
            Some(message) => Err(wrong(message, quote)),
            None => Ok(Self { argument, path, value }),
        }
    }

    /// JSON Pointer of what it sets in the pipeline, where that exists.
    pub(crate) fn pointer(&self) -> String {
        pointer_of(&self.path)
    }

    /// Stage and path below `with`, where this sets a parameter.
    pub(crate) fn parameter(&self) -> Option<(&str, &[String])> {
        match self.path.as_slice() {
            [stage, with, rest @ ..] if with == "with" => Some((stage, rest)),
            _ => None,
        }
    }

    /// Sets what is not a parameter: `name`, `about`, `seed`, `sweep`, `cluster`, and of a stage
    /// all but `with`.
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub(crate) fn apply_to_file(
        &self,
        file: &mut Value,
        source: &mut Source,
    ) -> Result<(), Diagnostic> {
        let pointer = settable(file, &self.path).map_err(|(text, help)| self.wrong(&text, help))?;
        if self.parameter().is_none() {
            set(file, None, &segments(&self.path), &self.value)
                .map_err(|text| self.wrong(&text, None))?;
        }
        source.add_override(pointer, self.argument.clone());
        Ok(())
    }

    /// Sets a parameter below a stage's `with`, whose schema says what replaces what.
    ///
    /// # Errors
    /// Where the path leads through something that has no fields.
    pub(crate) fn apply_to_parameters(
        &self,
        parameters: &mut Value,
        schema: Option<Schema>,
        path: &[String],
    ) -> Result<(), Diagnostic> {
        set(parameters, schema, path, &self.value).map_err(|text| self.wrong(&text, None))
    }

    fn wrong(&self, message: &str, help: Option<String>) -> Diagnostic {
        let location = Location::Argument { argument: self.argument.clone() };
        Diagnostic { location, message: message.to_owned(), help }
    }
}

/// JSON Pointer of what `path` sets in the pipeline `file`.
///
/// # Errors
/// Where the path leads nowhere: what is wrong and what to do about it.
pub(crate) fn settable(file: &Value, path: &[String]) -> Result<String, (String, Option<String>)> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let stages = file.get("stages").and_then(Value::as_object);
    match words.as_slice() {
        ["name" | "about" | "seed"] | ["sweep" | "cluster", ..] => Ok(pointer_of(path)),
        [stage, rest @ ..] if stages.is_some_and(|stages| stages.contains_key(*stage)) => {
            match rest {
                ["with" | "inputs" | "resources", ..] | ["uses" | "retries" | "seed"] => {
                    Ok(pointer_of(path))
                }
                [] => Err(("this would replace a whole stage".to_owned(), None)),
                [key, ..] => {
                    let help = format!("did you mean `{stage}.with.{}`?", rest.join("."));
                    let message = format!(
                        "`{key}` is not a key of a stage; those are {}",
                        crate::text::listed(&STAGE_KEYS, "and")
                    );
                    Err((message, Some(help)))
                }
            }
        }
        _ => {
            let known: Vec<&str> = stages
                .into_iter()
                .flat_map(Map::keys)
                .map(String::as_str)
                .chain(["seed", "name", "sweep", "cluster"])
                .collect();
            let message = format!("there is no stage `{}`", words[0]);
            Err((message, suggestion(words[0], known)))
        }
    }
}

/// Whether `path` begins at the pipeline rather than at one of its stages.
fn is_of_the_pipeline(path: &[String]) -> bool {
    path.len() == 1 || path.first().is_some_and(|first| first == "sweep" || first == "cluster")
}

/// Segments of `path` from the root of the file.
fn segments(path: &[String]) -> Vec<String> {
    let stages = (!is_of_the_pipeline(path)).then(|| "stages".to_owned());
    stages.into_iter().chain(path.iter().cloned()).collect()
}

fn pointer_of(path: &[String]) -> String {
    segments(path).iter().fold(String::new(), |at, segment| pointer::join(&at, segment))
}

/// Sets `value` at `path` below `node`, making the maps on the way.
///
/// Where the schema offers variants (`source: { portrait: … }` or `{ image: … }`) and the path
/// names another one than is there, the other one goes.
///
/// # Errors
/// Where the path leads through something that has no fields.
pub(crate) fn set(
    node: &mut Value,
    schema: Option<Schema>,
    path: &[String],
    value: &Value,
) -> Result<(), String> {
    let Some((segment, rest)) = path.split_first() else {
        *node = value.clone();
        return Ok(());
    };
    let variant = schema.and_then(|schema| schema.variant(segment));
    if schema.is_some_and(|schema| schema.variants().is_some()) {
        let is_this =
            node.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(segment));
        if !is_this {
            *node = Value::Object(Map::new());
        }
    }
    if node.is_null() {
        *node = Value::Object(Map::new());
    }
    match node {
        Value::Object(map) => {
            let below = variant.or_else(|| schema.and_then(|schema| schema.property(segment)));
            let entry = map.entry(segment.clone()).or_insert(Value::Null);
            set(entry, below, rest, value)
        }
        Value::Array(items) => {
            let count = items.len();
            let item = segment.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            let Some(item) = item else {
                return Err(format!(
                    "the list has {count} items, counted from 0, and no `{segment}`"
                ));
            };
            set(item, schema.and_then(Schema::items), rest, value)
        }
        other => Err(format!(
            "the path goes through {}, which has no `{segment}`",
            crate::schema::shown(other)
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "source": { "$ref": "#/$defs/Source" },
                "hidden": { "type": "array", "items": { "type": "integer" } },
                "rate": { "type": "object", "properties": { "initial": { "type": "number" } } }
            },
            "$defs": { "Source": { "oneOf": [
                { "type": "object", "properties": { "portrait": { "type": "object" } },
                  "required": ["portrait"], "additionalProperties": false },
                { "type": "object", "properties": { "image": { "$ref": "#/$defs/Image" } },
                  "required": ["image"], "additionalProperties": false },
                { "type": "string", "const": "blank" }
            ] }, "Image": { "type": "object", "properties": {
                "path": { "type": "string" }, "channel": { "type": "string" } } } }
        })
    }

    fn after(parameters: Value, argument: &str) -> Result<Value, String> {
        let schema = schema();
        let one = Override::parse(argument).map_err(|problem| problem.to_string())?;
        let (_, path) = one.parameter().ok_or("not a parameter")?;
        let path = path.to_vec();
        let mut parameters = parameters;
        one.apply_to_parameters(&mut parameters, Some(Schema::new(&schema)), &path)
            .map_err(|problem| problem.to_string())?;
        Ok(parameters)
    }

    #[test]
    fn values_are_typed_as_in_the_file() {
        let value = |text: &str| Override::parse(&format!("a.with.b={text}")).unwrap().value;
        assert_eq!(value("3"), json!(3));
        assert_eq!(value("1e-3"), json!(1e-3));
        assert_eq!(value("true"), json!(true));
        assert_eq!(value("no"), json!("no"));
        assert_eq!(value("[1, 2]"), json!([1, 2]));
        assert_eq!(value("{ relu: 0.1 }"), json!({ "relu": 0.1 }));
        assert_eq!(value("a=b"), json!("a=b"));
        assert_eq!(value("'3'"), json!("3"));
        assert_eq!(value("../shared/mona-lisa.png"), json!("../shared/mona-lisa.png"));
    }

    #[test]
    fn another_variant_replaces_the_one_of_the_file() {
        for before in
            [json!({ "source": { "portrait": {} } }), json!({ "source": "blank" }), json!({})]
        {
            assert_eq!(
                after(before, "d.with.source.image.path=x.png"),
                Ok(json!({ "source": { "image": { "path": "x.png" } } }))
            );
        }
    }

    #[test]
    fn a_misspelt_variant_stands_alone_so_that_it_is_what_is_reported() {
        assert_eq!(
            after(json!({ "source": { "portrait": {} } }), "d.with.source.imge.path=x.png"),
            Ok(json!({ "source": { "imge": { "path": "x.png" } } }))
        );
    }

    #[test]
    fn the_same_variant_keeps_its_other_fields() {
        let before = json!({ "source": { "image": { "channel": "red", "path": "a.png" } } });
        assert_eq!(
            after(before, "d.with.source.image.path=b.png"),
            Ok(json!({ "source": { "image": { "channel": "red", "path": "b.png" } } }))
        );
    }

    #[test]
    fn maps_that_are_no_variants_are_merged() {
        let before = json!({ "rate": { "decay": 1 } });
        assert_eq!(
            after(before, "d.with.rate.initial=0.5"),
            Ok(json!({ "rate": { "decay": 1, "initial": 0.5 } }))
        );
    }

    #[test]
    fn items_of_lists_are_set_by_index() {
        let before = json!({ "hidden": [64, 64] });
        assert_eq!(after(before.clone(), "d.with.hidden.1=8"), Ok(json!({ "hidden": [64, 8] })));
        insta::assert_snapshot!(after(before, "d.with.hidden.2=8").unwrap_err(), @"--set d.with.hidden.2=8: error: the list has 2 items, counted from 0, and no `2`");
    }

    #[test]
    fn a_path_through_a_number_is_refused() {
        insta::assert_snapshot!(after(json!({ "rate": 3 }), "d.with.rate.initial=1").unwrap_err(), @"--set d.with.rate.initial=1: error: the path goes through the number 3, which has no `initial`");
    }

    #[test]
    fn arguments_without_sense_are_refused() {
        for text in ["train.with.steps", "=3", "a..b=3", "a.with.b=[1", "a.with.b=.inf"] {
            assert!(Override::parse(text).is_err(), "{text}");
        }
    }
}
