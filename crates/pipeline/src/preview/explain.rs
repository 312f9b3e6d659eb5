//! `explain`: why one stage would run or not, and what its key is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use artifact::Manifest;

use super::earlier::Earlier;
use crate::error::PipelineError;
use crate::planning::{Plan, Task, is_stored};
use crate::project::Project;
use crate::schema::compact;
use crate::store::Store;
use crate::text::quantity::{bytes, duration};
use crate::text::{grid, suggestion};

/// Characters of a key or a hash that are shown.
const KEY_SHOWN: usize = 12;
/// Variants that are explained one by one.
const VARIANTS_SHOWN: usize = 12;

/// The stage `name` of `plan` as text: for each of its variants whether its artifact is there,
/// which parts of the key differ from what is, and what the key is made of.
///
/// # Errors
/// Where the plan has no such stage.
pub fn explain(project: &Project, plan: &Plan, name: &str) -> Result<String, PipelineError> {
    let tasks: Vec<&Task> = plan.tasks.iter().filter(|task| task.stage == name).collect();
    if tasks.is_empty() {
        let stages: Vec<&str> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
        return Err(PipelineError::Argument {
            message: format!("there is no stage `{name}` in the pipeline `{}`", plan.name),
            help: suggestion(name, stages),
        });
    }
    let mut earlier = Earlier::of(project, &plan.name);
    let rebuilt = Rebuilt::of(project, plan);
    let mut blocks = Vec::new();
    for task in tasks.iter().take(VARIANTS_SHOWN) {
        blocks.push(block(project, plan, task, &mut earlier, &rebuilt));
    }
    if tasks.len() > VARIANTS_SHOWN {
        blocks.push(format!("… and {} further variants\n", tasks.len() - VARIANTS_SHOWN));
    }
    Ok(blocks.join("\n"))
}

/// One task as text.
fn block(
    project: &Project,
    plan: &Plan,
    task: &Task,
    earlier: &mut Earlier,
    rebuilt: &Rebuilt,
) -> String {
    let variant = plan.sweep.shown(&task.point);
    let head = if variant.is_empty() {
        task.stage.clone()
    } else {
        format!("{} with {variant}", task.stage)
    };
    let mut text = if is_stored(project, task) {
        format!("{head}: reused, its artifact is there\n")
    } else {
        format!("{head}: run, {}\n{}", why(plan, task, earlier), rebuilt.hint(&task.key))
    };
    let mut rows = vec![
        row("key", &task.key),
        row("kind", task.program.description.output.name()),
        row(
            "program",
            &format!("{}  {}", short(&task.program.hash), project.shown(&task.program.path)),
        ),
    ];
    let seed = task.used_seed().map_or("not used".to_owned(), |seed| seed.to_string());
    rows.push(row("seed", &seed));
    for (port, feeds) in &task.inputs {
        for feed in feeds {
            let input = &plan.tasks[feed.task];
            let labels = plan.sweep.shown(&feed.point);
            let state = if is_stored(project, input) { "there" } else { "not there yet" };
            let what = format!("{}  {} {labels}", short(&input.key), input.stage);
            rows.push(row(&format!("input {port}"), &format!("{}, {state}", what.trim_end())));
        }
    }
    for (file, _) in &task.files {
        rows.push(row("file", &project.shown(&project.root.join(file))));
    }
    for (name, value) in task.parameters.as_object().into_iter().flatten() {
        rows.push(row(&format!("with {name}"), &compact(value)));
    }
    let kind = task.program.description.output.name();
    let folder = project.store().join(kind).join(&task.key);
    if let Ok(manifest) = Manifest::read(&folder) {
        rows.push(row("lies in", &project.shown(&folder)));
        rows.push(row("took", &cost(&manifest)));
    }
    text.push_str(&grid(&rows, "  "));
    text
}

/// What could be accepted of earlier builds of programs: by the key of a task, the stages to name.
struct Rebuilt(BTreeMap<String, Vec<String>>);

impl Rebuilt {
    /// What nothing but the bytes of programs keeps from being reused.
    fn of(project: &Project, plan: &Plan) -> Self {
        let mut all = plan.clone();
        let names: Vec<String> = plan.stages.iter().map(|stage| stage.name.clone()).collect();
        // That some stage has nothing to accept is no fault here.
        let _ = all.accept_programs(project, &names);
        let store = Store::of(project);
        // Each task stands after its inputs.
        let mut named: Vec<BTreeSet<&str>> = Vec::new();
        for task in &all.tasks {
            let feeds = task.inputs.values().flatten();
            let mut stages: BTreeSet<&str> =
                feeds.into_iter().flat_map(|feed| named[feed.task].clone()).collect();
            let kind = task.program.description.output;
            let manifest = task.accepts.as_ref().and_then(|key| store.find(kind, key));
            if manifest.is_some_and(|manifest| manifest.program != task.program.hash) {
                stages.insert(&task.stage);
            }
            named.push(stages);
        }
        let order = |stages: BTreeSet<&str>| -> Vec<String> {
            names.iter().filter(|name| stages.contains(name.as_str())).cloned().collect()
        };
        let accepted = all.tasks.iter().zip(named).filter(|(task, _)| task.accepts.is_some());
        Self(accepted.map(|(task, stages)| (task.key.clone(), order(stages))).collect())
    }

    /// How the artifact of the task `key` could be accepted, where it could.
    fn hint(&self, key: &str) -> String {
        let Some(stages) = self.0.get(key) else { return String::new() };
        let flags: Vec<String> =
            stages.iter().map(|name| format!("--accept-program {name}")).collect();
        format!(
            "  only programs differ: if you know that this alters no result,\n  `pipeline … {}` takes what the earlier ones made\n",
            flags.join(" ")
        )
    }
}

/// Why a task whose artifact is not there has to be run.
fn why(plan: &Plan, task: &Task, earlier: &mut Earlier) -> String {
    let Some(difference) = earlier.difference(plan, task) else {
        return "nothing like it is stored".to_owned();
    };
    if difference.changes.is_empty() {
        return "its artifact is gone or damaged".to_owned();
    }
    let whose = if difference.is_of_results { "the last results have" } else { "the nearest is" };
    let mut text = format!("{whose} {}, which differs in", short(&difference.key));
    for change in &difference.changes {
        text = format!("{text}\n    {change}");
    }
    text
}

fn cost(manifest: &Manifest) -> String {
    let time = Duration::try_from_secs_f64(manifest.wall_time_s).unwrap_or_default();
    let size: u64 = manifest.tables.iter().map(|table| table.size_bytes).sum();
    let memory = manifest
        .peak_memory_bytes
        .map_or(String::new(), |peak| format!(", {} of memory", bytes(peak)));
    format!("{}{memory}; its tables have {}", duration(time), bytes(size))
}

fn row(name: &str, value: &str) -> Vec<String> {
    vec![name.to_owned(), value.to_owned()]
}

fn short(hash: &str) -> &str {
    hash.get(..KEY_SHOWN).unwrap_or(hash)
}
