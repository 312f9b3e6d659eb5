//! `--dry-run`: what would run, and what is there already.

use artifact::Kind;

use crate::grid::grid;
use crate::plan::{Plan, Task};
use crate::project::Project;
use crate::quantity::bytes;
use crate::run::is_stored;
use crate::schema::compact;

/// Characters of a key that are shown: enough to find its folder.
const KEY_SHOWN: usize = 12;

/// `plan` as text: for each stage whether it would run, its key, what it would make and with
/// which parameters.
#[must_use]
pub fn dry_run(project: &Project, plan: &Plan) -> String {
    let mut text = plan.name.clone();
    if !plan.about.is_empty() {
        text.push_str(": ");
        text.push_str(&plan.about);
    }
    let memory = bytes(plan.limits.memory_bytes);
    let (seed, threads) = (plan.seed, plan.limits.threads);
    text = format!("{text}\nseed {seed}, {threads} threads, {memory} of memory\n\n");
    let mut rows =
        vec![["stage", "uses", "will", "key", "makes", "memory"].map(str::to_owned).to_vec()];
    for task in &plan.tasks {
        rows.push(vec![
            task.stage.clone(),
            task.uses.clone(),
            if is_stored(project, task) { "reuse" } else { "run" }.to_owned(),
            task.key[..KEY_SHOWN.min(task.key.len())].to_owned(),
            makes(task),
            task.memory_bytes.map_or_else(String::new, bytes),
        ]);
    }
    text.push_str(&grid(&rows, ""));
    text.push_str("\nparameters\n");
    let parameters: Vec<Vec<String>> = plan
        .tasks
        .iter()
        .flat_map(|task| {
            let entries = task.parameters.as_object().into_iter().flatten();
            entries.enumerate().map(|(index, (name, value))| {
                let stage = if index == 0 { task.stage.clone() } else { String::new() };
                vec![stage, name.clone(), compact(value)]
            })
        })
        .collect();
    text.push_str(&grid(&parameters, "  "));
    text
}

/// What is known of a task's artifact beyond what its inputs have told, as
/// "dataset: N 1024, 2304 test, d 2, o 1".
fn makes(task: &Task) -> String {
    let outline = &task.outline;
    let checkpoints = outline.checkpoints.as_ref().map(|steps| steps.len() as u64);
    let known: &[(&str, Option<u64>, &str)] = match task.program.description.output {
        Kind::Dataset => &[
            ("N ", outline.train_samples, ""),
            ("", outline.test_samples, " test"),
            ("d ", outline.input_dim, ""),
            ("o ", outline.output_dim, ""),
        ],
        Kind::Training => &[
            ("", outline.last_step, " steps"),
            ("", checkpoints, " checkpoints"),
            ("P ", outline.parameter_count, ""),
        ],
        Kind::Kernel => &[
            ("", checkpoints, " Gramians"),
            ("", outline.kernel_rows, " rows"),
            ("", outline.kernel_blocks.filter(|blocks| *blocks > 1), " blocks"),
        ],
        Kind::Spectrum => &[("", checkpoints, " spectra")],
        Kind::Report => &[],
    };
    let known: Vec<String> = known
        .iter()
        .filter_map(|(before, value, after)| value.map(|value| format!("{before}{value}{after}")))
        .collect();
    let kind = task.program.description.output;
    if known.is_empty() { kind.to_string() } else { format!("{kind}: {}", known.join(", ")) }
}
