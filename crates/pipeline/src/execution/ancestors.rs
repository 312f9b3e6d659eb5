//! The tasks behind the inputs of a task: where one of them has failed, that is why an input is missing.

use std::collections::{BTreeMap, BTreeSet};

use artifact::Kind;
use serde::{Deserialize, Serialize};

use crate::planning::{Plan, Task};

/// The tasks behind an input, each after its inputs; the last one makes it.
pub(crate) type Lineage = Vec<Ancestor>;

/// One task behind an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ancestor {
    /// Name of its stage in the pipeline.
    pub stage: String,
    pub kind: Kind,
    pub key: String,
}

/// For each port of `task` that takes what exists, the lineage of each of its inputs.
pub(crate) fn lineages(plan: &Plan, task: &Task) -> BTreeMap<String, Vec<Lineage>> {
    let ports = task.inputs.iter().filter(|(port, _)| task.program.takes_what_exists(port));
    ports
        .map(|(port, feeds)| {
            let lineages = feeds.iter().map(|feed| lineage(plan, feed.task));
            (port.clone(), lineages.collect())
        })
        .collect()
}

/// The tasks behind the artifact of `task`, and that task itself.
fn lineage(plan: &Plan, task: usize) -> Lineage {
    let mut found = BTreeSet::from([task]);
    let mut waiting = vec![task];
    while let Some(task) = waiting.pop() {
        let feeds = plan.tasks[task].inputs.values().flatten();
        waiting.extend(feeds.map(|feed| feed.task).filter(|&input| found.insert(input)));
    }
    // Each task of a plan stands after its inputs.
    let of = |task: usize| {
        let task = &plan.tasks[task];
        let kind = task.program.description.output;
        Ancestor { stage: task.stage.clone(), kind, key: task.key.clone() }
    };
    found.into_iter().map(of).collect()
}
