//! What a program says of itself.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use crate::programs::Program;
use crate::project::Project;
use crate::store::Store;

use super::verdict::Outcome;

/// Checks the answer to `describe` beyond its being one, and that it is the same twice.
pub(super) fn check(program: &Program, project: &Project) -> Outcome {
    let description = &program.description;
    let mut faults = Vec::new();
    for (field, text) in [("version", &description.version), ("summary", &description.summary)] {
        if text.trim().is_empty() {
            faults.push(format!("`{field}` is empty"));
        }
    }
    if !is_word(&description.name) {
        let name = &description.name;
        faults.push(format!("the name `{name}` is not a word of letters, digits, `-` and `_`"));
    }
    let mut ports = BTreeSet::new();
    for port in &description.inputs {
        if !is_word(&port.name) {
            faults.push(format!("the port `{}` has no word for a name", port.name));
        }
        if !ports.insert(&port.name) {
            faults.push(format!("two ports are called `{}`", port.name));
        }
    }
    for file in &description.files {
        let is_plain =
            Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_plain || file.is_empty() {
            faults.push(format!("the promised file `{file}` does not lie in the output"));
        }
    }
    let again = {
        let mut stamps = Store::of(project).stamps_of_files();
        Program::describe(&program.path, &project.root, &mut stamps)
    };
    let text = |of: &Program| serde_json::to_string(&of.description).unwrap_or_default();
    if again.is_ok_and(|again| text(&again) != text(program)) {
        faults.push("it describes itself otherwise when it is asked again".to_owned());
    }
    Outcome::of(faults, "complete, and the same twice")
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
