//! From a checked plan to artifacts in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use artifact::{CONTRACT, Machine, Manifest, TableRecord};
use stage::{AxisValue, Input, Inputs, RunRequest, StageError};

use crate::error::{PipelineError, WHERE_DISK_IS_FULL};
use crate::execute::{Executed, execute};
use crate::failure::{Failure, log_end};
use crate::plan::{Feed, Plan, Task};
use crate::progress::Progress;
use crate::project::Project;
use crate::quantity;
use crate::results::has_results;
use crate::store::{Store, Work};

/// The artifact of one task.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it lies in the store.
    pub directory: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Whether it was there already.
    pub reused: bool,
}

/// Makes the artifacts of all tasks of `plan`, each unless it is there already.
///
/// # Errors
/// [`PipelineError::Stage`] where a stage fails; others where the file system refuses.
pub fn run(
    project: &Project,
    plan: &Plan,
    progress: &Progress,
) -> Result<Vec<Made>, PipelineError> {
    let store = Store::of(&project.data);
    let find = |task: &Task| {
        let found = store.find(task.program.description.output, &task.key);
        found.filter(|_| !task.is_forced)
    };
    let mut stored: Vec<Option<Manifest>> = plan.tasks.iter().map(find).collect();
    let counts = counts(plan, &stored);
    let mut begun = BTreeSet::new();
    let mut made: Vec<Made> = Vec::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        let kind = task.program.description.output;
        let (count, done) = counts[task.stage.as_str()];
        if begun.insert(&task.stage) && count > 1 {
            progress.variants(&task.stage, count, done);
        }
        // Another stage of the same key may have made it by now.
        if let Some(manifest) = stored[index].take().or_else(|| find(task)) {
            if count == 1 {
                progress.reused(&task.stage);
            }
            let directory = store.directory(kind, &task.key);
            made.push(Made { directory, manifest, reused: true });
            continue;
        }
        let work = store.begin(kind, &task.key)?;
        write_request(plan, task, &made, &work)?;
        let log = log_file(project, plan, task);
        let mut line = progress.start(&task.stage, &plan.sweep.shown(&task.point));
        let result = File::create(&log)
            .map_err(|error| StageError::new(format!("its log cannot be written: {error}")))
            .and_then(|file| {
                let program = &task.program.path;
                execute(program, &project.root, &work.request, file, |event| line.show(event))
            })
            .and_then(|executed| Ok((check_output(task, &work)?, executed)));
        match result {
            Ok((tables, executed)) => {
                line.end(&format!("done in {}", quantity::duration(executed.wall_time)));
                let manifest = manifest(plan, task, tables, executed);
                let directory = work.commit(&manifest)?;
                made.push(Made { directory, manifest, reused: false });
            }
            Err(error) => {
                line.end("failed");
                let error = in_its_output(error, &work);
                work.discard()?;
                return Err(failure(project, plan, task, error, &log));
            }
        }
    }
    Ok(made)
}

/// For each stage how many tasks it has, and how many of them are done.
fn counts<'p>(plan: &'p Plan, stored: &[Option<Manifest>]) -> BTreeMap<&'p str, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for (task, stored) in plan.tasks.iter().zip(stored) {
        let (count, done) = counts.entry(task.stage.as_str()).or_insert((0, 0));
        *count += 1;
        *done += usize::from(stored.is_some());
    }
    counts
}

/// Whether each task's artifact is in the store already.
#[must_use]
pub fn is_stored(project: &Project, task: &Task) -> bool {
    Store::of(&project.data).find(task.program.description.output, &task.key).is_some()
}

fn write_request(
    plan: &Plan,
    task: &Task,
    made: &[Made],
    work: &Work,
) -> Result<(), PipelineError> {
    let inputs = task.inputs.iter().map(|(port, feeds)| {
        let input = |feed: &Feed| {
            let axes = plan.sweep.values(&feed.point);
            let axes = axes.map(|(name, value)| AxisValue { name: name.to_owned(), value });
            let directory = made[feed.task].directory.clone();
            Input { directory, axes: axes.enumerate().collect() }
        };
        (port.clone(), feeds.iter().map(input).collect())
    });
    let request = RunRequest {
        contract: CONTRACT.to_owned(),
        stage: task.stage.clone(),
        parameters: task.parameters.clone(),
        inputs: Inputs(inputs.collect()),
        output: work.output.clone(),
        seed: task.seed,
        limits: plan.limits,
    };
    let write = || fs::write(&work.request, serde_json::to_vec(&request)?);
    write().map_err(PipelineError::io("writing", &work.request))
}

/// The log of a task, its folder made.
fn log_file(project: &Project, plan: &Plan, task: &Task) -> PathBuf {
    let log = project.results(&plan.name).join(task.log(plan));
    if let Some(folder) = log.parent() {
        // Where this fails, so does opening the log, which is reported.
        let _ = fs::create_dir_all(folder);
    }
    log
}

/// Checks what the stage wrote against the contract and its own description.
fn check_output(task: &Task, work: &Work) -> Result<Vec<TableRecord>, StageError> {
    let description = &task.program.description;
    let tables = Manifest::record_tables(&work.output, description.output).map_err(|error| {
        // Where the work lay is gone by the time that this is read.
        let reason = error.to_string().replace(&work.output.display().to_string(), "its output");
        StageError::new(format!("what it wrote is no {} artifact: {reason}", description.output))
    })?;
    for file in &description.files {
        if !work.output.join(file).exists() {
            return Err(StageError::new(format!("it did not write {file}, which it promises")));
        }
    }
    Ok(tables)
}

fn manifest(plan: &Plan, task: &Task, tables: Vec<TableRecord>, executed: Executed) -> Manifest {
    Manifest {
        contract: CONTRACT.to_owned(),
        kind: task.program.description.output,
        key: task.key.clone(),
        stage: task.program.description.name.clone(),
        stage_version: task.program.description.version.clone(),
        program: task.program.hash.clone(),
        parameters: task.parameters.clone(),
        inputs: task.input_keys(plan),
        seed: task.used_seed(),
        outline: executed.outline,
        tables,
        machine: Machine {
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            threads: plan.limits.threads,
        },
        wall_time_s: executed.wall_time.as_secs_f64(),
        peak_memory_bytes: executed.peak_memory_bytes,
    }
}

/// The error without the path of the work, which is gone by the time that this is read, and with
/// a hint where the disk is full.
fn in_its_output(error: StageError, work: &Work) -> StageError {
    let full = io::Error::from_raw_os_error(libc::ENOSPC).to_string();
    let hint = error.message.contains(&full).then(|| WHERE_DISK_IS_FULL.to_owned());
    let message = error.message.replace(&format!("{}/", work.output.display()), "");
    StageError { message, hint: error.hint.or(hint) }
}

fn failure(
    project: &Project,
    plan: &Plan,
    task: &Task,
    error: StageError,
    log: &Path,
) -> PipelineError {
    let results = project.results(&plan.name);
    PipelineError::Stage(Box::new(Failure {
        stage: task.stage.clone(),
        variant: plan.sweep.shown(&task.point),
        message: error.message,
        hint: error.hint,
        log_end: log_end(log),
        log: project.shown(log),
        earlier_results: has_results(&results).then(|| project.shown(&results)),
        location: task.location.clone(),
    }))
}
