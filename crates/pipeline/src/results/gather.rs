//! The folder that people open: every table of a run once, its report, its figures.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use artifact::tables::run::{RunRow, RunState};
use artifact::{Kind, Layout, Table};
use study::STUDY_FILE;

use super::lock_file;
use super::sweep_table::Part;
use crate::error::PipelineError;
use crate::execution::{Fate, fates};
use crate::planning::{Plan, PlannedStage, Task};
use crate::project::Project;
use crate::run_folder::{
    LOCK_FILE, OWN, REFERENCES_FILE, RUNS_TABLE, VARIANTS, ownership, references,
};
use crate::store::{Lease, Made, Store, Watch, entries, link, remove, rename};

/// How often it is looked whether another driver gathers still.
const LOOK: Duration = Duration::from_millis(200);

/// Gathers what was `made` into the results folder of `plan`, in place of what an earlier run
/// left there, and returns that folder. Logs of its tasks are kept.
///
/// Where a stage varies along axes of a sweep, each of its tidy tables becomes one with the rows
/// of all variants and these axes as leading columns; everything else of it goes into a folder of
/// the variant. What does not vary lies as it does without a sweep: its files are hard links
/// into the store where the file system has them, else copies.
///
/// # Errors
/// Where a table cannot be read or the file system refuses.
pub fn gather(project: &Project, plan: &Plan, made: &[Made]) -> Result<PathBuf, PipelineError> {
    let fates: Vec<Fate> = made.iter().cloned().map(Fate::Made).collect();
    gather_all(project, plan, &fates)
}

/// The same where some tasks have failed: what they have left is gathered with what the others made,
/// and the table `runs` has the error of each. `None`, and nothing is replaced, where nothing was made
/// or something is still to be run.
///
/// # Errors
/// Where a table cannot be read or the file system refuses.
pub(crate) fn gather_what_exists(
    project: &Project,
    plan: &Plan,
) -> Result<Option<PathBuf>, PipelineError> {
    let fates = fates(project, plan);
    if fates.iter().any(|fate| matches!(fate, Fate::Open)) {
        return Ok(None);
    }
    if fates.iter().all(|fate| fate.output().is_none()) {
        return Ok(None);
    }
    gather_all(project, plan, &fates).map(Some)
}

/// Gathers what there is of each task.
///
/// # Errors
/// Where a table cannot be read or the file system refuses.
pub(crate) fn gather_all(
    project: &Project,
    plan: &Plan,
    fates: &[Fate],
) -> Result<PathBuf, PipelineError> {
    let folder = project.results(&plan.name);
    let beside = |suffix| folder.with_file_name(format!(".{}.{suffix}", plan.name));
    let _alone = alone(&beside("lease"))?;
    let (new, old) = (beside("new"), beside("old"));
    // A hard link changes the inode of a file, and with that what is remembered of it.
    let store = Store::of(project);
    let is_known = |made: &&Made| store.is_unchanged(&made.directory, &made.manifest);
    let known: Vec<&Made> = fates.iter().filter_map(Fate::output).filter(is_known).collect();
    remove(&new)?;
    fs::create_dir_all(&new).map_err(PipelineError::io("creating", &new))?;

    let mut owners: BTreeMap<OsString, BTreeSet<usize>> = BTreeMap::new();
    for (index, stage) in plan.stages.iter().enumerate() {
        for instance in &stage.instances {
            let Some(output) = fates[instance.task].output() else { continue };
            // How to look at an artifact is for reports; people have the report.
            let names = entries(&output.directory)?.into_iter();
            for name in names.filter(|name| name != STUDY_FILE) {
                owners.entry(name).or_default().insert(index);
            }
        }
    }
    for (name, owners) in &owners {
        for &index in owners {
            let stage = &plan.stages[index];
            // What several stages have goes into a folder of each.
            // A report gathers the findings of the others: its own table has the plain name.
            let is_report = |of: &PlannedStage| kind(plan, of) == Some(Kind::REPORT);
            let reports = owners.iter().filter(|&&owner| is_report(&plan.stages[owner]));
            let gathers = is_report(stage) && reports.count() == 1;
            let is_alone = owners.len() == 1 || gathers;
            let is_alone = is_alone && !OWN.iter().any(|own| name == own);
            let below = if is_alone { "" } else { &stage.name };
            gather_entry(plan, fates, stage, name, below, (&folder, &new))?;
        }
    }
    if plan.sweep.is_empty() {
        artifact::write_rows(&new, &runs(plan, fates))?;
    } else {
        super::sweep_runs::write(&new.join(RUNS_TABLE), plan, fates)?;
    }
    write(&new.join(REFERENCES_FILE), &references::list(artifacts(plan, fates)))?;
    write(&new.join(LOCK_FILE), &lock_file::text(project, plan, &accepted(plan, fates)))?;
    for task in &plan.tasks {
        keep_log(&folder, &new, task, plan)?;
    }
    ownership::note(&new)?;
    // A call that was killed here may have left the results aside, with files of the user in them.
    if old.exists() && folder.exists() {
        ownership::keep(&old, &folder)?;
        remove(&old)?;
    }
    if folder.exists() {
        rename(&folder, &old)?;
    }
    rename(&new, &folder)?;
    if old.exists() {
        ownership::keep(&old, &folder)?;
        remove(&old)?;
    }
    for made in known {
        if !store.is_unchanged(&made.directory, &made.manifest) {
            store.remember(&made.directory, &made.manifest);
        }
    }
    Ok(folder)
}

/// Kind of what a stage makes.
fn kind(plan: &Plan, stage: &PlannedStage) -> Option<Kind> {
    let task = stage.instances.first()?.task;
    Some(plan.tasks[task].program.description.output)
}

/// The artifacts that the results of `plan` are made of, and those that it lacks, each as `KIND/KEY`.
fn artifacts(plan: &Plan, fates: &[Fate]) -> impl Iterator<Item = String> {
    let name = |(task, fate): (&Task, &Fate)| {
        let made = fate.output().map(|output| &output.manifest);
        made.map_or_else(|| task.artifact(), |made| format!("{}/{}", made.kind, made.key))
    };
    plan.tasks.iter().zip(fates).map(name)
}

/// Hashes of the programs that have made the artifacts of each stage which were accepted as those of
/// the present one.
fn accepted<'f>(plan: &'f Plan, fates: &'f [Fate]) -> BTreeMap<&'f str, BTreeSet<&'f str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (task, fate) in plan.tasks.iter().zip(fates) {
        let manifest = fate.made().map(|made| &made.manifest);
        if let Some(manifest) = manifest.filter(|manifest| manifest.is_accepted()) {
            let programs = manifest.accepted.iter().map(|record| record.program.as_str());
            found.entry(&task.stage).or_default().extend(programs);
        }
    }
    found
}

/// Waits until no other driver gathers these results; none does while what this gives is there.
fn alone(lease: &Path) -> Result<Lease, PipelineError> {
    let mut watch = Watch::default();
    loop {
        let found = Lease::acquire(lease, &mut watch);
        if let Some(found) = found.map_err(PipelineError::io("locking", lease))? {
            return Ok(found);
        }
        thread::sleep(LOOK);
    }
}

/// Puts the table or file `name` of all instances of `stage` into the `new` results, or there into
/// the folder `below`; those of an earlier run are at `folder`.
fn gather_entry(
    plan: &Plan,
    fates: &[Fate],
    stage: &PlannedStage,
    name: &OsStr,
    below: &str,
    (folder, new): (&Path, &Path),
) -> Result<(), PipelineError> {
    let mut gathered: Option<&'static Table> = None;
    let mut parts = Vec::new();
    for instance in &stage.instances {
        let Some(artifact) = fates[instance.task].output() else { continue };
        let from = artifact.directory.join(name);
        if !from.exists() {
            continue;
        }
        if stage.axes.is_empty() {
            link(&from, &new.join(below).join(name))?;
        } else if let Some(table) = tidy_table(artifact.manifest.kind, name) {
            gathered = Some(table);
            let mut records = artifact.manifest.tables.iter();
            let record = records.find(|record| Some(&*record.file) == name.to_str());
            // A tidy table is one file, and the manifest records every file of a table.
            let hash = record.map_or("", |record| &record.blake3);
            parts.push(Part { point: &instance.point, path: from, hash });
        } else {
            let variant = new.join(VARIANTS).join(plan.sweep.folder(&instance.point));
            link(&from, &variant.join(below).join(name))?;
        }
    }
    match gathered {
        Some(table) => {
            let to = new.join(below).join(name);
            let earlier = folder.join(below).join(name);
            super::sweep_table::write(&to, table, &plan.sweep, &stage.axes, &parts, &earlier)
        }
        None => Ok(()),
    }
}

/// The tidy table of `kind` whose file is called `name`.
fn tidy_table(kind: Kind, name: &OsStr) -> Option<&'static Table> {
    let table = kind.table(name.to_str()?.strip_suffix(".parquet")?)?;
    (table.layout == Layout::Tidy).then_some(table)
}

/// Moves the log of `task` from the results at `folder` to those at `new`, where there is one.
fn keep_log(folder: &Path, new: &Path, task: &Task, plan: &Plan) -> Result<(), PipelineError> {
    let log = task.log(&plan.sweep);
    if !folder.join(&log).is_file() {
        return Ok(());
    }
    let to = new.join(&log);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(PipelineError::io("creating", parent))?;
    }
    rename(&folder.join(&log), &to)
}

/// One row for each task: what was run with which parameters, and what became of it.
fn runs(plan: &Plan, fates: &[Fate]) -> Vec<RunRow> {
    let row = |(task, fate): (&Task, &Fate)| {
        let output = fate.output();
        let (state, error) = match fate {
            Fate::Made(_) => (RunState::Done, None),
            Fate::Failed { error, .. } => (RunState::Failed, Some(error.message.clone())),
            Fate::Lost { stage, .. } => (RunState::NotRun, Some(format!("`{stage}` failed"))),
            Fate::Open => (RunState::NotRun, None),
        };
        RunRow {
            variant: 0,
            stage: task.stage.clone(),
            uses: task.uses.clone(),
            kind: task.program.description.output.name().to_owned(),
            key: output.map_or(&task.key, |output| &output.manifest.key).clone(),
            parameters: task.parameters.to_string(),
            seed: task.used_seed(),
            state,
            error,
            reused: output.is_some_and(|output| output.reused),
            wall_time_s: output.map(|output| output.manifest.wall_time_s),
            peak_memory_bytes: output.and_then(|output| output.manifest.peak_memory_bytes),
        }
    };
    plan.tasks.iter().zip(fates).map(row).collect()
}

fn write(path: &Path, text: &str) -> Result<(), PipelineError> {
    fs::write(path, text).map_err(PipelineError::io("writing", path))
}
