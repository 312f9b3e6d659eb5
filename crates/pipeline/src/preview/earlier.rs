//! What earlier runs have left: the artifacts that the results of a pipeline are made of, and
//! with that what a task that would run is to be compared with.

use std::collections::{BTreeMap, HashMap};

use artifact::{Kind, Manifest};

use super::changes::{Change, changes};
use crate::planning::{Plan, Task};
use crate::project::Project;
use crate::run_folder::keys_by_stage;
use crate::store::Store;

/// Artifacts to compare with.
pub(crate) struct Earlier<'p> {
    project: &'p Project,
    /// Keys of the artifacts behind the last results of the pipeline, by stage.
    used: BTreeMap<String, Vec<String>>,
    /// Manifests that were read, by kind and key; by kind alone all that are stored.
    known: HashMap<(&'static str, String), Option<Manifest>>,
    stored: HashMap<&'static str, Vec<String>>,
}

/// What a task differs in from the nearest artifact that there is.
pub(crate) struct Difference {
    /// Key of that artifact.
    pub key: String,
    /// Whether it belongs to the last results of the pipeline.
    pub is_of_results: bool,
    /// The parts of the key that differ.
    pub changes: Vec<Change>,
}

impl<'p> Earlier<'p> {
    /// What the results of the pipeline `name` were made of; nothing where there are none that
    /// can be read.
    pub(crate) fn of(project: &'p Project, name: &str) -> Self {
        let used = keys_by_stage(&project.results(name));
        Self { project, used, known: HashMap::new(), stored: HashMap::new() }
    }

    /// How `task` differs from the artifact that the last results have of its stage, or from the
    /// nearest that is stored of the same program; `None` where there is nothing like it.
    ///
    /// The nearest is the one with the fewest changes.
    pub(crate) fn difference(&mut self, plan: &Plan, task: &Task) -> Option<Difference> {
        let used = self.used.get(&task.stage).cloned().unwrap_or_default();
        self.nearest(plan, task, &used, true).or_else(|| {
            let stored = self.stored(task.program.description.output);
            self.nearest(plan, task, &stored, false)
        })
    }

    fn nearest(
        &mut self,
        plan: &Plan,
        task: &Task,
        keys: &[String],
        is_of_results: bool,
    ) -> Option<Difference> {
        let kind = task.program.description.output;
        let mut nearest: Option<Difference> = None;
        for key in keys {
            let Some(manifest) = self.manifest(kind, key) else { continue };
            if manifest.stage != task.program.description.name && !is_of_results {
                continue;
            }
            let changes = changes(plan, task, manifest);
            if nearest.as_ref().is_none_or(|found| changes.len() < found.changes.len()) {
                nearest = Some(Difference { key: key.clone(), is_of_results, changes });
            }
        }
        nearest
    }

    fn manifest(&mut self, kind: Kind, key: &str) -> Option<&Manifest> {
        let folder = self.project.store().join(kind.name()).join(key);
        let read = || Manifest::read(&folder).ok();
        self.known.entry((kind.name(), key.to_owned())).or_insert_with(read).as_ref()
    }

    fn stored(&mut self, kind: Kind) -> Vec<String> {
        let names = || Store::of(self.project).keys(kind);
        self.stored.entry(kind.name()).or_insert_with(names).clone()
    }
}
