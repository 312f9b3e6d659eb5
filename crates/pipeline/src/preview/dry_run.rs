//! `--dry-run`: what would run, and what is there already.

use std::collections::BTreeSet;

use super::earlier::Earlier;
use crate::planning::{Plan, Task, is_stored};
use crate::project::Project;
use crate::reading::sweep::Axis;
use crate::schema::compact;
use crate::text::grid;
use crate::text::quantity::{bytes, variants};

/// Characters of a key that are shown: enough to find its folder.
const KEY_SHOWN: usize = 12;
/// Values of several variants that are shown on one line.
const SHOWN_TOGETHER: usize = 4;

/// `plan` as text: the axes of its sweep, and for each stage whether it would run, its key, what it
/// would make and with which parameters; the variants of a stage share a line. `offer` says what an
/// executor would give them (`Executor::offer`).
#[must_use]
pub fn dry_run(project: &Project, plan: &Plan, offer: &str) -> String {
    let mut text = plan.name.clone();
    if !plan.about.is_empty() {
        text.push_str(": ");
        text.push_str(&plan.about);
    }
    let seed = if plan.sweep.axes.iter().any(Axis::sets_seed) {
        "seeds of the sweep".to_owned()
    } else {
        format!("seed {}", plan.seed)
    };
    text = format!("{text}\n{seed}, {}\n\n", offer.trim_end());
    if let (false, Some(count)) = (plan.sweep.is_empty(), plan.sweep.count()) {
        text = format!("{text}sweep, {count} variants\n{}\n", grid(&axes(plan), "  "));
    }
    let mut rows =
        vec![["stage", "uses", "will", "key", "makes", "memory"].map(str::to_owned).to_vec()];
    let groups = groups(plan);
    rows.extend(groups.iter().map(|tasks| row(project, tasks)));
    text.push_str(&grid(&rows, ""));
    let mut earlier = Earlier::of(project, &plan.name);
    let reasons: Vec<Vec<String>> =
        groups.iter().filter_map(|tasks| reason(project, plan, &mut earlier, tasks)).collect();
    if !reasons.is_empty() {
        text.push_str("\nwill run because of\n");
        text.push_str(&grid(&reasons, "  "));
    }
    text.push_str("\nparameters\n");
    let rows: Vec<Vec<String>> = groups.iter().flat_map(|tasks| parameters(tasks)).collect();
    text.push_str(&grid(&rows, "  "));
    text
}

/// The tasks of each stage, in the order of the plan.
fn groups(plan: &Plan) -> Vec<Vec<&Task>> {
    let mut groups: Vec<Vec<&Task>> = Vec::new();
    for task in &plan.tasks {
        match groups.iter_mut().find(|group| group[0].stage == task.stage) {
            Some(group) => group.push(task),
            None => groups.push(vec![task]),
        }
    }
    groups
}

/// One line for each axis of the sweep: its values and what it sets.
fn axes(plan: &Plan) -> Vec<Vec<String>> {
    let axis = |axis: &Axis| {
        let values: Vec<String> = (0..axis.labels.len()).map(|at| axis.labels.shown(at)).collect();
        let paths: Vec<String> = axis.targets.iter().map(|target| target.path.join(".")).collect();
        vec![axis.name.clone(), some_of(&values, ", "), paths.join(", ")]
    };
    plan.sweep.axes.iter().map(axis).collect()
}

/// The line of one stage with all its variants.
fn row(project: &Project, tasks: &[&Task]) -> Vec<String> {
    let done = tasks.iter().filter(|task| !will_run(project, task)).count();
    let will = match tasks.len() {
        _ if tasks.iter().all(|task| !is_stored(project, task) && !task.is_selected) => {
            "not asked for".to_owned()
        }
        1 if tasks[0].accepts.is_some() => "accept".to_owned(),
        1 if done == 1 => "reuse".to_owned(),
        1 => "run".to_owned(),
        count => {
            let accepted = tasks.iter().filter(|task| task.accepts.is_some()).count();
            let variants = variants(count, done);
            if accepted == 0 {
                variants
            } else {
                format!("{variants}, {accepted} of them accepted")
            }
        }
    };
    let key = |task: &Task| task.key[..KEY_SHOWN.min(task.key.len())].to_owned();
    vec![
        tasks[0].stage.clone(),
        some_of(&distinct(tasks.iter().map(|task| task.uses.clone())), " | "),
        will,
        if tasks.len() == 1 { key(tasks[0]) } else { String::new() },
        some_of(&distinct(tasks.iter().map(|task| makes(task))), " | "),
        tasks.iter().filter_map(|task| task.memory_bytes).max().map_or_else(String::new, bytes),
    ]
}

/// Whether the stage of a task would be run.
fn will_run(project: &Project, task: &Task) -> bool {
    task.is_selected && (task.is_forced || !is_stored(project, task))
}

/// Why a stage would run: in what its variants differ from what there is, each said once. `None`
/// where nothing of it would.
fn reason(
    project: &Project,
    plan: &Plan,
    earlier: &mut Earlier,
    tasks: &[&Task],
) -> Option<Vec<String>> {
    let running: Vec<&&Task> = tasks.iter().filter(|task| will_run(project, task)).collect();
    let first = running.first()?;
    let mut words: Vec<String> = Vec::new();
    for task in &running {
        if task.is_forced {
            words.push("--force".to_owned());
            continue;
        }
        match earlier.difference(plan, task) {
            None => words.push("nothing like it is stored".to_owned()),
            Some(difference) if difference.changes.is_empty() => {
                words.push("its artifact is gone or damaged".to_owned());
            }
            Some(difference) => words.extend(difference.changes.iter().map(ToString::to_string)),
        }
    }
    Some(vec![first.stage.clone(), some_of(&distinct(words.into_iter()), "; ")])
}

/// One line for each parameter of a stage, the values of all variants side by side.
fn parameters(tasks: &[&Task]) -> Vec<Vec<String>> {
    let names = distinct(
        tasks
            .iter()
            .flat_map(|task| task.parameters.as_object().into_iter().flatten())
            .map(|(name, _)| name.clone()),
    );
    let value = |name: &str| {
        let values = tasks.iter().filter_map(|task| task.parameters.get(name)).map(compact);
        some_of(&distinct(values), " | ")
    };
    let line = |(index, name): (usize, &String)| {
        let stage = if index == 0 { tasks[0].stage.clone() } else { String::new() };
        vec![stage, name.clone(), value(name)]
    };
    names.iter().enumerate().map(line).collect()
}

/// Every word once, in the order in which they come.
fn distinct(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.filter(|word| seen.insert(word.clone())).collect()
}

/// `words` in a line, the first of them where they are many.
fn some_of(words: &[String], between: &str) -> String {
    if words.len() <= SHOWN_TOGETHER {
        return words.join(between);
    }
    let first = words[..SHOWN_TOGETHER - 1].join(between);
    format!("{first}{between}… ({} in all)", words.len())
}

/// What is known of a task's artifact beyond what its inputs have told, as
/// "dataset: N 1024, 2304 test, d 2, o 1".
fn makes(task: &Task) -> String {
    let kind = task.program.description.output;
    // An outline is data whose fields all have names, so that it is always a map.
    let outline = serde_json::to_value(&task.outline).unwrap_or_default();
    let known: Vec<String> =
        kind.facts().iter().filter_map(|fact| fact.text(outline.get(fact.name)?)).collect();
    if known.is_empty() { kind.to_string() } else { format!("{kind}: {}", known.join(", ")) }
}
