//! A pipeline with all that was set and every default filled in, as its lock file will have it, and
//! what differs from the lock file that it comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::task::Task;
use crate::reading::file::{LOCK, LOCK_ORIGIN, PipelineFile};
use crate::reading::{Blocks, Override};
use crate::run_folder::references;
use crate::schema::Schema;

/// A pipeline as it is run, and how it was run before where it comes from a lock file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lock {
    pipeline: Value,
    /// The pipeline file, which a lock file is a form of.
    origin: String,
    earlier: Option<Value>,
}

impl Lock {
    /// The pipeline `value`, a file with all that was set but parameters, as its `tasks` have it.
    pub(crate) fn new(
        mut value: Value,
        origin: &str,
        file: &PipelineFile,
        blocks: &Blocks,
        overrides: &[Override],
        tasks: &[Task],
    ) -> Self {
        let Some(map) = value.as_object_mut() else { return Self::default() };
        let earlier = map.shift_remove(LOCK);
        map.insert("name".to_owned(), json!(file.name));
        map.insert("seed".to_owned(), json!(file.seed));
        for (index, (name, _)) in file.stages.iter().enumerate() {
            let stage = map.get_mut("stages").and_then(|stages| stages.get_mut(name));
            let Some(stage) = stage.and_then(Value::as_object_mut) else { continue };
            let task = tasks.iter().find(|task| task.stage == *name);
            let with = match task {
                Some(task) if blocks.axes[index].is_empty() => task.parameters.clone(),
                // Defaults beside a value that the sweep replaces may contradict it.
                _ => written(stage, index, name, blocks, overrides),
            };
            stage.insert("with".to_owned(), with);
        }
        // It runs the same from whatever folder it is called.
        for moved in blocks.iter().flat_map(|(_, _, block)| &block.moved) {
            if let Some(written) = value.pointer_mut(&moved.written_at)
                && written.as_str() == Some(&moved.from)
            {
                *written = json!(moved.to);
            }
        }
        let locked = earlier.as_ref().and_then(|lock| lock.get(LOCK_ORIGIN)?.as_str());
        let origin = locked.unwrap_or(origin).to_owned();
        Self { pipeline: value, origin, earlier }
    }

    /// The pipeline file that is run, or that was where a lock file is; relative to the project.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The pipeline, but for what is known when it has run.
    pub(crate) fn pipeline(&self) -> &Value {
        &self.pipeline
    }

    /// What differs between how these `tasks`, all of the plan, were run before and how they would be
    /// run now, as sentences; none where it does not come from a lock file.
    #[must_use]
    pub fn differences(&self, tasks: &[Task]) -> Vec<String> {
        let Some(earlier) = &self.earlier else { return Vec::new() };
        let now = programs_of_stages(tasks);
        let mut found = Vec::new();
        for (stage, program) in &now {
            let before = &earlier["programs"][stage];
            if !before.is_null() && before != program {
                found.push(format!(
                    "the program of the stage `{stage}` is another one than when this was locked"
                ));
            }
        }
        if found.is_empty() && earlier["keys"] != json!(hash_of_artifacts(tasks)) {
            found.push("this is not what was locked: parameters, seed or files differ".to_owned());
        }
        found
    }
}

/// The parameters of a stage as they are written, with `--set`.
fn written(
    stage: &Map<String, Value>,
    index: usize,
    name: &str,
    blocks: &Blocks,
    overrides: &[Override],
) -> Value {
    let mut with = stage.get("with").filter(|with| with.is_object()).cloned();
    let with = with.get_or_insert_with(|| json!({}));
    let any = blocks.iter().find(|(of, _, _)| *of == index).map(|(_, _, block)| block);
    let program = any.and_then(|block| block.program.as_ref());
    let schema = program.map(|program| Schema::new(&program.description.parameters));
    for one in overrides {
        if let Some((of, path)) = one.parameter()
            && of == name
        {
            // Where it cannot be set, the check has said so.
            let _ = one.apply_to_parameters(with, schema, path);
        }
    }
    with.clone()
}

/// One hash over the keys of all tasks.
pub(crate) fn hash_of_artifacts(tasks: &[Task]) -> String {
    let list = references::list(tasks.iter().map(Task::artifact));
    blake3::hash(list.as_bytes()).to_hex().to_string()
}

/// For each stage the versions and hashes of its programs.
pub(crate) fn programs_of_stages(tasks: &[Task]) -> BTreeMap<String, Value> {
    let mut found: BTreeMap<String, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for task in tasks {
        let program = &task.program;
        let known = (program.description.version.as_str(), program.hash.as_str());
        found.entry(task.stage.clone()).or_default().insert(known);
    }
    let shown = |all: BTreeSet<(&str, &str)>| {
        let one = |(version, hash)| json!({ "version": version, "blake3": hash });
        all.into_iter().map(one).collect::<Value>()
    };
    found.into_iter().map(|(stage, all)| (stage, shown(all))).collect()
}
