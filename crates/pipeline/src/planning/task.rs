//! A task: one run of a stage, with all that decides what it makes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact::{Manifest, Outline};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::programs::Program;
use crate::project::Project;
use crate::reading::Resources;
use crate::reading::sweep::{Point, Sweep};
use crate::run_folder::LOGS;
use crate::store::Store;
use crate::text::Location;

/// One run of a stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Name of the stage in the pipeline.
    pub stage: String,
    /// Where in the sweep; the first of them where several points share the task.
    pub point: Point,
    /// The program, as the pipeline names it.
    pub uses: String,
    /// The program.
    pub program: Arc<Program>,
    /// Parameters, defaults filled in.
    pub parameters: Value,
    /// The seed for the stage, whether it uses it or not.
    pub seed: u64,
    /// What is wired into each port.
    pub inputs: BTreeMap<String, Vec<Feed>>,
    /// What is known of the artifact before it is made.
    pub outline: Outline,
    /// Memory that the stage expects to need, where it says so.
    pub memory_bytes: Option<u64>,
    /// Files outside the artifacts that the stage will read, each with its hash, which is part of the
    /// key.
    pub files: Vec<(PathBuf, String)>,
    /// Time that the stage may take, where the pipeline says so.
    pub time_limit: Option<Duration>,
    /// What the stage needs of a cluster, as far as the pipeline says so.
    pub resources: Resources,
    /// How often it is tried again, where the pipeline says so.
    pub retries: Option<u32>,
    /// Key of the artifact.
    pub key: String,
    /// Key of the stored artifact that is accepted as this one, where the user asks for that.
    pub accepts: Option<String>,
    /// Whether the call is about it: one that is not has its artifact already.
    pub is_selected: bool,
    /// Whether it is run although its artifact is there.
    pub is_forced: bool,
    /// Where the pipeline file has the stage.
    pub location: Location,
}

/// An artifact at a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// The task that makes it, by its index in the plan.
    pub task: usize,
    /// The labels that the stage is told of: those of the artifact where the port gathers
    /// variants, else none. What does not know its variant can be shared between variants.
    pub point: Point,
}

/// Whether a task's artifact is in the store already, or one that is accepted as it.
#[must_use]
pub fn is_stored(project: &Project, task: &Task) -> bool {
    task.accepts.is_some() || task.find(&Store::of(project)).is_some()
}

impl Task {
    /// The seed, where the stage uses it.
    #[must_use]
    pub fn used_seed(&self) -> Option<u64> {
        self.program.description.uses_seed.then_some(self.seed)
    }

    /// Keys of the inputs, by port; `tasks` are all of the plan.
    #[must_use]
    pub fn input_keys(&self, tasks: &[Self]) -> BTreeMap<String, Vec<String>> {
        let key = |feed: &Feed| tasks[feed.task].key.clone();
        let keys = |feeds: &Vec<Feed>| feeds.iter().map(key).collect();
        self.inputs.iter().map(|(port, feeds)| (port.clone(), keys(feeds))).collect()
    }

    /// Whether it gathers variants of a sweep.
    pub(crate) fn gathers(&self) -> bool {
        self.inputs.values().flatten().any(|feed| !feed.point.is_empty())
    }

    /// The log of its stage, within the folder of results.
    pub(crate) fn log(&self, sweep: &Sweep) -> PathBuf {
        let logs = PathBuf::from(LOGS);
        if self.point.is_empty() {
            return logs.join(format!("{}.log", self.stage));
        }
        logs.join(&self.stage).join(format!("{}.log", sweep.folder(&self.point)))
    }

    /// Its artifact, as `KIND/KEY`.
    pub(crate) fn artifact(&self) -> String {
        format!("{}/{}", self.program.description.output, self.key)
    }

    /// The manifest of its artifact, where `store` has it.
    pub(crate) fn find(&self, store: &Store) -> Option<Manifest> {
        store.find(self.program.description.output, &self.key)
    }

    /// The same, unless it is to be made again all the same.
    pub(crate) fn usable(&self, store: &Store) -> Option<Manifest> {
        if self.is_forced { None } else { self.find(store) }
    }
}
