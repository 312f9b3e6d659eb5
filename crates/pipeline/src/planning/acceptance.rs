//! `--accept-program`: artifacts of an earlier build of a stage's program, taken as those of the
//! present build on the user's word that the change of the program changes no result.
//!
//! What is accepted becomes an artifact of its own under the key of the present build: hard links to
//! the tables, and a manifest that says what it was accepted from. What was made from the earlier
//! artifact is accepted with it, so that nothing downstream runs again either.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use artifact::{AcceptedRecord, CONTRACT, MANIFEST_FILE, Manifest};

use super::key::{Identity, gathered};
use super::plan::Plan;
use super::task::Task;
use crate::error::PipelineError;
use crate::project::Project;
use crate::store::{Store, Watch, link};
use crate::text::suggestion;

impl Plan {
    /// Notes for each task whose artifact is not stored which artifact is accepted in its place: of
    /// the `stages` one that only another build of the program sets apart, and of what follows from
    /// them one that was made from what is accepted.
    ///
    /// What can be accepted is noted even where something else is in error.
    ///
    /// # Errors
    /// Where a name means no stage of the plan, or nothing of a stage can be accepted although its
    /// artifacts are not stored: a long run must not begin where none was expected.
    pub fn accept_programs(
        &mut self,
        project: &Project,
        stages: &[String],
    ) -> Result<(), PipelineError> {
        if stages.is_empty() {
            return Ok(());
        }
        let known: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).collect();
        if let Some(name) = stages.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(PipelineError::Argument {
                message: format!(
                    "--accept-program {name}: there is no stage `{name}` in this pipeline"
                ),
                help: suggestion(name, known),
            });
        }
        let store = Store::of(project);
        // Keys under which the artifact of a task was known before it was accepted.
        let mut earlier: Vec<Vec<String>> = Vec::new();
        for index in 0..self.tasks.len() {
            let task = &self.tasks[index];
            if let Some(manifest) = store.find(task.program.description.output, &task.key) {
                earlier.push(keys_before(&manifest));
                continue;
            }
            let is_named = stages.contains(&task.stage);
            let follows = task.inputs.values().flatten().any(|feed| !earlier[feed.task].is_empty());
            let found = (is_named || follows)
                .then(|| self.acceptable(&store, task, is_named, &earlier))
                .flatten();
            earlier.push(found.as_ref().map_or_else(Vec::new, |manifest| {
                let own = std::iter::once(manifest.key.clone());
                keys_before(manifest).into_iter().chain(own).collect()
            }));
            self.tasks[index].accepts = found.map(|manifest| manifest.key);
        }
        for name in stages {
            let mut tasks = self.tasks.iter().filter(|task| task.stage == *name);
            let is_idle = tasks.all(|task| {
                let kind = task.program.description.output;
                task.accepts.is_none() && store.find(kind, &task.key).is_none()
            });
            if is_idle {
                return Err(PipelineError::Argument {
                    message: format!(
                        "--accept-program {name}: no stored artifact differs from what `{name}` would make in the program alone"
                    ),
                    help: Some(format!(
                        "`explain` says in what the nearest differs; without `--accept-program`, `{name}` runs"
                    )),
                });
            }
        }
        Ok(())
    }

    /// The latest stored artifact whose key becomes that of `task` with the present program and the
    /// present keys of its inputs; of another program only where `is_named`.
    fn acceptable(
        &self,
        store: &Store,
        task: &Task,
        is_named: bool,
        earlier: &[Vec<String>],
    ) -> Option<Manifest> {
        let description = &task.program.description;
        let kind = description.output;
        let is_input = |port: &str, keys: &[String]| {
            let feeds = task.inputs.get(port).map_or(&[][..], Vec::as_slice);
            feeds.len() == keys.len()
                && feeds.iter().zip(keys).all(|(feed, key)| {
                    self.tasks[feed.task].key == *key || earlier[feed.task].contains(key)
                })
        };
        let gathered = gathered(&self.sweep, &self.tasks, &task.program, &task.inputs);
        let files: Vec<String> = task.files.iter().map(|(_, hash)| hash.clone()).collect();
        let fits = |manifest: &Manifest| {
            let Manifest { contract, program, inputs, .. } = manifest;
            let is_same_program = *program == task.program.hash && contract == CONTRACT;
            let identity = Identity {
                contract,
                program,
                parameters: &task.parameters,
                seed: task.used_seed(),
                files: &files,
                inputs,
                gathered: &gathered,
            };
            manifest.stage == description.name
                && (is_named || is_same_program)
                && inputs.len() == task.inputs.len()
                && inputs.iter().all(|(port, keys)| is_input(port, keys))
                && identity.key() == manifest.key
        };
        let mut latest: Option<(SystemTime, Manifest)> = None;
        for key in store.keys(kind) {
            let path = store.directory(kind, &key);
            let Ok(manifest) = Manifest::read(&path) else { continue };
            let written = fs::metadata(path.join(MANIFEST_FILE)).and_then(|file| file.modified());
            let written = written.unwrap_or(SystemTime::UNIX_EPOCH);
            if latest.as_ref().is_none_or(|(time, _)| written > *time)
                && fits(&manifest)
                && store.find(kind, &key).is_some()
            {
                latest = Some((written, manifest));
            }
        }
        latest.map(|(_, manifest)| manifest)
    }

    /// Puts every artifact that the plan accepts into the store under its present key, and returns
    /// how many there are of each stage.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn take_accepted(&self, project: &Project) -> Result<BTreeMap<&str, usize>, PipelineError> {
        let store = Store::of(project);
        let mut taken = BTreeMap::new();
        for task in &self.tasks {
            if let Some(key) = &task.accepts
                && take(&store, self, task, key)?
            {
                *taken.entry(task.stage.as_str()).or_insert(0) += 1;
            }
        }
        Ok(taken)
    }
}

/// Links the artifact `from` as that of `task`; `false` where another driver makes it right now, or
/// the artifact has gone in the meantime.
fn take(store: &Store, plan: &Plan, task: &Task, from: &str) -> Result<bool, PipelineError> {
    let description = &task.program.description;
    let kind = description.output;
    let Some(mut manifest) = store.find(kind, from) else { return Ok(false) };
    let Some(work) = store.begin(&task.key, false, &mut Watch::default())? else {
        return Ok(false);
    };
    let directory = store.directory(kind, from);
    // A hard link changes the inode of a file, and with that what is remembered of it.
    let is_known = store.is_unchanged(&directory, &manifest);
    link(&directory, &work.output)?;
    if is_known {
        store.remember(&directory, &manifest);
    }
    let record = AcceptedRecord { key: from.to_owned(), program: manifest.program.clone() };
    manifest.accepted.push(record);
    CONTRACT.clone_into(&mut manifest.contract);
    manifest.key.clone_from(&task.key);
    manifest.program.clone_from(&task.program.hash);
    manifest.inputs = task.input_keys(&plan.tasks);
    let inputs = task.inputs.values().flatten().map(|feed| {
        let input = &plan.tasks[feed.task];
        store.directory(input.program.description.output, &input.key)
    });
    manifest.accepted_inputs = accepted_of(inputs);
    work.commit(store, &manifest, false)?;
    work.finish()?;
    Ok(true)
}

/// Names of the stages behind the artifacts in the folders `inputs`, themselves among them, of which
/// artifacts of an earlier build of the program were accepted.
pub(crate) fn accepted_of(inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // An input that cannot be read has failed its stage already.
    for manifest in inputs.into_iter().flat_map(|folder| Manifest::read(folder.as_ref())) {
        let own = manifest.is_accepted().then(|| manifest.stage.clone());
        found.extend(own.into_iter().chain(manifest.accepted_inputs));
    }
    found.sort();
    found.dedup();
    found
}

fn keys_before(manifest: &Manifest) -> Vec<String> {
    manifest.accepted.iter().map(|record| record.key.clone()).collect()
}
