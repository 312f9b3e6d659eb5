//! A checked pipeline: what would run, with which parameters, and under which keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact::Outline;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stage::Limits;

use crate::cluster::{Cluster, Resources};
use crate::diagnostic::Location;
use crate::lock::Lock;
use crate::program::Program;
use crate::sweep::{Point, Sweep};

/// A checked pipeline, ready to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Names the folder of results.
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// All randomness comes from it, where no axis of the sweep sets another.
    pub seed: u64,
    /// What each stage may use.
    pub limits: Limits,
    /// The axes along which the pipeline varies.
    pub sweep: Sweep,
    /// Every run of a stage, each after its inputs.
    pub tasks: Vec<Task>,
    /// Every stage, in an order in which each comes after its inputs.
    pub stages: Vec<PlannedStage>,
    /// How jobs are handed to a cluster.
    pub cluster: Cluster,
    /// The pipeline as a file that runs exactly this again.
    pub lock: Lock,
}

/// A stage with all that the sweep makes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlannedStage {
    /// Its name in the pipeline.
    pub name: String,
    /// The axes of the sweep on which its artifact depends.
    pub axes: BTreeSet<usize>,
    /// One for every point over these axes, the last axis fastest.
    pub instances: Vec<Instance>,
}

/// A stage at one point over the axes that it depends on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// The point.
    pub point: Point,
    /// The task that makes its artifact; instances with the same key share one.
    pub task: usize,
}

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
    /// The task that makes it, by its index in [`Plan::tasks`].
    pub task: usize,
    /// The labels that the stage is told of: those of the artifact where the port gathers
    /// variants, else none. What does not know its variant can be shared between variants.
    pub point: Point,
}

impl Task {
    /// The seed, where the stage uses it.
    #[must_use]
    pub fn used_seed(&self) -> Option<u64> {
        self.program.description.uses_seed.then_some(self.seed)
    }

    /// Keys of the inputs, by port.
    #[must_use]
    pub fn input_keys(&self, plan: &Plan) -> BTreeMap<String, Vec<String>> {
        let key = |feed: &Feed| plan.tasks[feed.task].key.clone();
        let keys = |feeds: &Vec<Feed>| feeds.iter().map(key).collect();
        self.inputs.iter().map(|(port, feeds)| (port.clone(), keys(feeds))).collect()
    }

    /// Whether it gathers variants of a sweep.
    pub(crate) fn gathers(&self) -> bool {
        self.inputs.values().flatten().any(|feed| !feed.point.is_empty())
    }

    /// The log of its stage, within the folder of results.
    pub(crate) fn log(&self, plan: &Plan) -> PathBuf {
        let logs = PathBuf::from("logs");
        if self.point.is_empty() {
            return logs.join(format!("{}.log", self.stage));
        }
        logs.join(&self.stage).join(format!("{}.log", plan.sweep.folder(&self.point)))
    }
}
