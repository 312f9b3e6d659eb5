//! A checked pipeline: what would run, with which parameters, and under which keys.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stage::Limits;

use super::lock::Lock;
use super::task::Task;
use crate::reading::Cluster;
use crate::reading::sweep::{Point, Sweep};

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

impl Plan {
    /// The artifact of each task, as `KIND/KEY`.
    pub(crate) fn artifacts(&self) -> impl Iterator<Item = String> {
        self.tasks.iter().map(Task::artifact)
    }
}
