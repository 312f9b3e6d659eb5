//! A checked pipeline: what would run, with which parameters, and under which keys.

use std::collections::BTreeMap;

use artifact::Outline;
use serde_json::Value;
use stage::Limits;

use crate::diagnostic::Location;
use crate::program::Program;

/// A checked pipeline, ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names the folder of results.
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// All randomness comes from it.
    pub seed: u64,
    /// What each stage may use.
    pub limits: Limits,
    /// Every run of a stage, each after its inputs.
    pub tasks: Vec<Task>,
}

/// One run of a stage.
#[derive(Clone, Debug)]
pub struct Task {
    /// Name of the stage in the pipeline.
    pub stage: String,
    /// The program, as the pipeline names it.
    pub uses: String,
    /// The program.
    pub program: Program,
    /// Parameters, defaults filled in.
    pub parameters: Value,
    /// Tasks whose artifacts are wired into each port, by their index in [`Plan::tasks`].
    pub inputs: BTreeMap<String, Vec<usize>>,
    /// What is known of the artifact before it is made.
    pub outline: Outline,
    /// Memory that the stage expects to need, where it says so.
    pub memory_bytes: Option<u64>,
    /// Key of the artifact.
    pub key: String,
    /// Where the pipeline file has the stage.
    pub location: Location,
}

impl Task {
    /// The seed, where the stage uses it.
    #[must_use]
    pub fn seed(&self, plan: &Plan) -> Option<u64> {
        self.program.description.uses_seed.then_some(plan.seed)
    }

    /// Keys of the inputs, by port.
    #[must_use]
    pub fn input_keys(&self, plan: &Plan) -> BTreeMap<String, Vec<String>> {
        let key = |task: &usize| plan.tasks[*task].key.clone();
        let keys = |tasks: &Vec<usize>| tasks.iter().map(key).collect();
        self.inputs.iter().map(|(port, tasks)| (port.clone(), keys(tasks))).collect()
    }
}
