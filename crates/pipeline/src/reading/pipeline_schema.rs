//! `schema`: a JSON Schema of pipeline files, by which editors complete and check them.

use std::collections::BTreeSet;

use artifact::ANY_KIND;
use serde_json::{Map, Value, json};
use stage::Description;

use crate::error::PipelineError;
use crate::programs::Catalogue;
use crate::project::Project;

/// The schema, with the parameters of every stage of the workspace, or of PATH where there is no
/// workspace.
///
/// # Errors
/// Where a stage of the workspace cannot be built.
pub fn pipeline_schema(project: &Project) -> Result<Value, PipelineError> {
    let catalogue = Catalogue::of(project)?;
    let names = catalogue.names();
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut stages = Vec::new();
    // A program on PATH that is no stage is nothing to complete.
    for (uses, program) in catalogue.programs(&names)? {
        stages.extend(program.ok().map(|program| (uses, program.description)));
    }
    Ok(schema(&stages))
}

/// The schema of pipelines that use `stages`, each with its name under `uses:`.
fn schema(stages: &[(String, Description)]) -> Value {
    let mut definitions = Map::new();
    let mut cases = Vec::new();
    let mut names = Vec::new();
    for (uses, description) in stages {
        let name = format!("stage-{uses}");
        let mut parameters = description.parameters.clone();
        refer_within(&mut parameters, &format!("#/$defs/{name}"));
        // It is a part of this document now.
        if let Some(map) = parameters.as_object_mut() {
            map.remove("$schema");
            map.remove("title");
        }
        names.push(json!({ "const": uses, "description": description.summary }));
        cases.push(json!({
            "if": { "properties": { "uses": { "const": uses } }, "required": ["uses"] },
            "then": { "properties": {
                "with": { "$ref": format!("#/$defs/{name}") },
                "inputs": inputs(description),
            } }
        }));
        definitions.insert(name, parameters);
    }
    definitions.insert(
        "stage".to_owned(),
        json!({
            "type": "object",
            "required": ["uses"],
            "additionalProperties": false,
            "properties": {
                "uses": {
                    "description": "The program: a stage by its name, or a file relative to the project.",
                    "anyOf": [{ "oneOf": names }, { "type": "string", "minLength": 1 }]
                },
                "inputs": { "type": "object", "description": "For each port the stage that fills it." },
                "with": { "type": ["object", "null"], "description": "Parameters of the stage." },
                "seed": { "type": "integer", "minimum": 0,
                          "description": "Seed of this stage instead of the pipeline's." },
                "limits": limits(),
                "resources": resources(),
                "retries": { "type": "integer", "minimum": 0,
                             "description": "How often the stage is tried again where it was ended from outside." }
            },
            "allOf": cases
        }),
    );
    definitions.insert("axis".to_owned(), axis());
    let name = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A pipeline",
        "type": "object",
        "required": ["stages"],
        "additionalProperties": false,
        "properties": {
            "name": { "type": "string", "pattern": "^[A-Za-z0-9_-]+$",
                      "description": "Names the folder of results; by default the file's name." },
            "about": { "type": "string", "description": "One sentence for people." },
            "seed": { "type": "integer", "minimum": 0, "default": 0,
                      "description": "All randomness comes from it." },
            "stages": { "type": "object", "minProperties": 1, "propertyNames": name,
                        "description": "The stages by name, each with its program, inputs and parameters.",
                        "additionalProperties": { "$ref": "#/$defs/stage" } },
            "sweep": { "type": ["object", "null"],
                       "description": "Axes along which the pipeline varies; their product is run.",
                       "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
                       "additionalProperties": { "$ref": "#/$defs/axis" } },
            "cluster": cluster()
        },
        "$defs": definitions
    })
}

/// Schema of `inputs:` for a stage with these ports.
fn inputs(description: &Description) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for port in &description.inputs {
        let kind = if port.kind == ANY_KIND { "artifact of any kind" } else { &port.kind };
        let about = if port.many {
            format!("One or several stages that make a {kind}; all variants at once.")
        } else {
            format!("A stage that makes a {kind}.")
        };
        let one = json!({ "type": "string" });
        let taken = if port.many {
            json!({ "description": about, "anyOf": [one, { "type": "array", "items": one }] })
        } else {
            json!({ "description": about, "anyOf": [
                one, { "type": "array", "items": one, "minItems": 1, "maxItems": 1 }] })
        };
        properties.insert(port.name.to_string(), taken);
        if !port.optional {
            required.push(port.name.to_string());
        }
    }
    json!({ "type": "object", "properties": properties, "required": required,
            "additionalProperties": false })
}

/// Schema of `limits:`.
fn limits() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {
        "time": { "type": "string", "description": "Time after which the stage is ended, as 2h." } } })
}

/// Schema of `resources:`.
fn resources() -> Value {
    json!({ "type": "object", "additionalProperties": false,
            "description": "What the stage needs of a cluster.", "properties": {
        "cpus": { "type": "integer", "minimum": 1, "description": "Processors, which are its threads." },
        "memory": { "type": "string", "description": "Memory, as 16GiB." },
        "time": { "type": "string", "description": "Time that one artifact may take, as 2h." },
        "partition": { "type": "string", "description": "Where it runs." },
        "split": { "type": "integer", "minimum": 1, "description": "Pieces that its work is cut into, each a job, where the stage can do that: ntk can." },
        "batch": { "type": "integer", "minimum": 1, "description": "Artifacts that a job makes, one after the other." }
    } })
}

/// Schema of `cluster:`.
fn cluster() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    json!({ "type": "object", "additionalProperties": false,
            "description": "How jobs are handed to a SLURM cluster.", "properties": {
        "account": { "type": "string", "description": "Who pays." },
        "partition": { "type": "string", "description": "Where stages run that do not say it themselves." },
        "qos": { "type": "string", "description": "Quality of service." },
        "lines": { "description": "Further options of sbatch, as --exclude=node7.", "allOf": [texts] },
        "modules": { "description": "Modules that are loaded before a stage.", "allOf": [texts] },
        "shared": { "type": "boolean", "description": "Whether the nodes see the project and the store though they lie on a disk of this machine." }
    } })
}

/// Schema of one axis of a sweep.
fn axis() -> Value {
    let path = json!({ "type": "string", "pattern": "^[^.]+(\\.[^.]+)*$" });
    json!({
        "type": ["object", "null"],
        "required": ["set", "to"],
        "additionalProperties": false,
        "properties": {
            "set": { "description": "What it sets, as `train.with.steps`, or several such paths.",
                     "anyOf": [path, { "type": "array", "items": path, "minItems": 1 }] },
            "to": { "description": "Its values, or labels with a value each.",
                    "anyOf": [{ "type": "array", "minItems": 1 },
                              { "type": "object", "minProperties": 1 }] }
        }
    })
}

/// Makes every reference within `schema`, a document of its own, one from the place `base`.
fn refer_within(schema: &mut Value, base: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(path) if key == "$ref" => {
                        if let Some(rest) = path.strip_prefix('#') {
                            *path = format!("{base}{rest}");
                        }
                    }
                    other => refer_within(other, base),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer_within(item, base)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_where_the_stage_stands() {
        let mut schema =
            json!({ "properties": { "a": { "$ref": "#/$defs/A" }, "b": [{ "$ref": "#" }] } });
        refer_within(&mut schema, "#/$defs/stage-x");
        assert_eq!(schema["properties"]["a"]["$ref"], "#/$defs/stage-x/$defs/A");
        assert_eq!(schema["properties"]["b"][0]["$ref"], "#/$defs/stage-x");
    }
}
