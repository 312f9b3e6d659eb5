//! What has become of each task of a plan that did not come to its end.

use artifact::FailureRecord;

use super::order::Order;
use super::partial::Settled;
use crate::planning::{Plan, Task};
use crate::project::Project;
use crate::store::{Made, Store};

/// What has become of a task.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// Its artifact is in the store.
    Made(Made),
    /// Its stage failed, and may have left what it had written until then.
    Failed { error: FailureRecord, kept: Option<Made> },
    /// It was not run, because of the stage that failed.
    Lost { stage: String, error: FailureRecord },
    /// None of these, yet.
    Open,
}

impl Fate {
    /// What is there of its output.
    pub(crate) fn output(&self) -> Option<&Made> {
        match self {
            Self::Made(made) => Some(made),
            Self::Failed { kept, .. } => kept.as_ref(),
            Self::Lost { .. } | Self::Open => None,
        }
    }

    /// Its artifact.
    pub(crate) fn made(&self) -> Option<&Made> {
        if let Self::Made(made) = self { Some(made) } else { None }
    }
}

/// What has become of each task of `plan`, as far as the store tells.
pub(crate) fn fates(project: &Project, plan: &Plan) -> Vec<Fate> {
    let store = Store::of(project);
    let mut fates: Vec<Fate> = Vec::new();
    for task in &plan.tasks {
        let fate = fate(project, plan, task, &store, &fates);
        fates.push(fate);
    }
    fates
}

/// What has become of `task`, before which stand tasks of these `fates`.
fn fate(project: &Project, plan: &Plan, task: &Task, store: &Store, fates: &[Fate]) -> Fate {
    let kind = task.program.description.output;
    let made = |manifest: artifact::Manifest| {
        let directory = store.directory(manifest.kind, &manifest.key);
        Fate::Made(Made { directory, manifest, reused: true })
    };
    if let Some(manifest) = task.find(store) {
        return made(manifest);
    }
    let mut key = task.key.clone();
    let lacks = |fate: &Fate| fate.made().is_none();
    let feeds = || task.inputs.values().flatten().map(|feed| &fates[feed.task]);
    if feeds().any(lacks) && task.inputs.keys().any(|port| task.program.takes_what_exists(port)) {
        let order = Order::of(project, plan, task, plan.limits, None);
        if let Settled::Partial(order) = order.settled(store) {
            if let Some(manifest) = store.find(kind, &order.key) {
                return made(manifest);
            }
            key = order.key;
        }
    }
    let failure = [&key, &task.key].into_iter().find_map(|key| store.find_failure(kind, key));
    if let Some((directory, manifest)) = failure {
        let error = manifest.failure.clone().unwrap_or_default();
        let is_kept = !manifest.tables.is_empty();
        let kept = is_kept.then_some(Made { directory, manifest, reused: true });
        return Fate::Failed { error, kept };
    }
    let cause = task.inputs.values().flatten().find_map(|feed| match &fates[feed.task] {
        Fate::Failed { error, .. } => Some((plan.tasks[feed.task].stage.clone(), error.clone())),
        Fate::Lost { stage, error } => Some((stage.clone(), error.clone())),
        Fate::Made(_) | Fate::Open => None,
    });
    cause.map_or(Fate::Open, |(stage, error)| Fate::Lost { stage, error })
}
