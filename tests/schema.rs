//! The schema for editors: every pipeline of the project fits it, and slips do not.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{data, program, python, root, skip, text};

/// Prints the JSON Pointer of each error of the pipelines in a folder against the schema in it.
const CHECK: &str = "
import json, pathlib, sys
from jsonschema import Draft202012Validator
folder = pathlib.Path(sys.argv[1])
schema = json.loads((folder / 'schema').read_text())
Draft202012Validator.check_schema(schema)
for path in sorted(folder.glob('*.json')):
    for error in Draft202012Validator(schema).iter_errors(json.loads(path.read_text())):
        print(f'{path.name}: {error.json_path}: {error.message}')
";

/// The errors of `pipelines`, each with a name, as Python's validator finds them.
fn errors(python: &Path, pipelines: &[(String, Value)]) -> String {
    let folder = data();
    let schema = Command::new(program("ntk-lab")).arg("schema").current_dir(root()).output();
    let schema = schema.expect("ntk-lab starts");
    assert!(schema.status.success(), "{}", text(&schema));
    fs::write(folder.path().join("schema"), schema.stdout).expect("it is ours");
    for (name, pipeline) in pipelines {
        let path = folder.path().join(format!("{name}.json"));
        fs::write(path, pipeline.to_string()).expect("it is ours");
    }
    let output = Command::new(python).args(["-c", CHECK]).arg(folder.path()).output();
    let output = output.expect("Python starts");
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every pipeline of the project by its name.
fn pipelines() -> Vec<(String, Value)> {
    let entries = fs::read_dir(root().join("pipelines")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("text");
            (name, serde_yaml::from_str(&text).expect("YAML"))
        })
        .collect()
}

#[test]
fn every_pipeline_fits_the_schema_and_slips_do_not() {
    let Some(python) = python() else {
        skip("no Python with jsonschema; `cargo xtask test` makes one");
        return;
    };
    let right = pipelines();
    assert!(right.len() > 5, "{} pipelines", right.len());
    assert_eq!(errors(&python, &right), "");

    let good = right.iter().find(|(name, _)| name == "lr-decay").expect("it is there");
    let changed = |pointer: &str, value: Value| {
        let mut pipeline = good.1.clone();
        *pipeline.pointer_mut(pointer).expect("it is there") = value;
        vec![("wrong".to_owned(), pipeline)]
    };
    for (pointer, value, part) in [
        ("/stages/train/with/steps", json!("many"), "steps"),
        ("/stages/train/with/network", json!({ "hiden": [3] }), "hiden"),
        ("/stages/ntk/inputs", json!({ "datset": "dataset" }), "datset"),
        ("/stages", json!({}), "stages"),
        ("/seed", json!(-1), "seed"),
    ] {
        let found = errors(&python, &changed(pointer, value));
        assert!(found.contains(part), "{pointer}: {found}");
    }
}
