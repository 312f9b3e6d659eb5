//! An order for one artifact: all that a machine needs to know to make it, without the pipeline.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use artifact::{CONTRACT, Fact, FailureRecord, Kind, Machine, Manifest, Outline, TableRecord};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stage::{FailedInput, Input, Inputs, Limits, Part, ProgressEvent, RunRequest, StageError};
use study::Study;

use super::ancestors::{Lineage, lineages};
use super::looked_at::LookedAt;
use super::process::{Call, Executed, Fault, Limit};
use crate::error::{PipelineError, WHERE_DISK_IS_FULL};
use crate::planning::{Feed, Plan, Task, accepted_of, lineage};
use crate::project::Project;
use crate::store::{Store, Work};
use crate::text::listed;

/// An artifact to be made. It can be carried to another machine that has the same files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Name of the stage in the pipeline.
    pub stage: String,
    pub kind: Kind,
    pub key: String,
    pub program: Program,
    /// Parameters, defaults filled in.
    pub parameters: Value,
    /// The artifacts that it takes, by port.
    pub inputs: Inputs,
    /// Their keys.
    pub input_keys: BTreeMap<String, Vec<String>>,
    /// For each port that takes what exists, of each of its inputs the stages behind it.
    #[serde(default)]
    pub lineages: BTreeMap<String, Vec<Lineage>>,
    /// Inputs that it goes without.
    #[serde(default)]
    pub failed: Vec<FailedInput>,
    /// Files outside the store that the stage reads, each with its hash.
    pub files: Vec<(PathBuf, String)>,
    pub seed: u64,
    /// What the stage may use.
    pub limits: Limits,
    /// Time that it may take.
    pub time_limit: Option<Duration>,
    /// How often it is tried again, where the pipeline says so.
    pub retries: Option<u32>,
    /// Whether it is made although it is there.
    pub is_forced: bool,
    /// Which part of the work it is, where that is cut.
    #[serde(default)]
    pub part: Part,
    /// Where the pieces are that it joins.
    #[serde(default)]
    pub pieces: Vec<PathBuf>,
    /// Key of what it is a piece of: where that is there, it is not wanted.
    #[serde(default)]
    pub whole: Option<String>,
    /// File for what the stage writes to standard error.
    pub log: PathBuf,
}

/// The program of an order, and what it says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Program {
    pub path: PathBuf,
    /// BLAKE3 of its bytes.
    pub hash: String,
    /// Version of the contract that it speaks.
    pub contract: String,
    /// Name of the stage that it is.
    pub name: String,
    pub version: String,
    /// Files beside the tables that it promises.
    pub files: Vec<String>,
    pub uses_seed: bool,
    pub resumes: bool,
}

/// How an order ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its artifact is in the store, in this folder.
    Made(PathBuf, Box<Manifest>),
    /// Another driver has taken this one for dead, and makes the artifact.
    Elsewhere,
    /// Its stage failed, and whether trying again has any point.
    Failed(StageError, Again),
    /// The driver was interrupted.
    Interrupted,
}

/// Whether an order that has failed is to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Again {
    /// It would fail again, or was cancelled.
    Never,
    /// Where the pipeline asks for it.
    WhereAsked,
    /// Where the pipeline asks for it; it took more of this than it may.
    WithMore(Limit),
    /// Unless the pipeline says otherwise.
    ByDefault,
}

impl Order {
    /// The order for `task` of `plan`, whose stage may use `limits` for so long.
    pub(crate) fn of(
        project: &Project,
        plan: &Plan,
        task: &Task,
        limits: Limits,
        time_limit: Option<Duration>,
    ) -> Self {
        let description = &task.program.description;
        Self {
            stage: task.stage.clone(),
            kind: description.output,
            key: task.key.clone(),
            program: Program {
                path: task.program.path.clone(),
                hash: task.program.hash.clone(),
                contract: description.contract.clone(),
                name: description.name.clone(),
                version: description.version.clone(),
                files: description.files.clone(),
                uses_seed: description.uses_seed,
                resumes: description.resumes,
            },
            parameters: task.parameters.clone(),
            inputs: inputs(project, plan, task),
            input_keys: task.input_keys(&plan.tasks),
            lineages: lineages(plan, task),
            failed: Vec::new(),
            files: task.files.clone(),
            seed: task.seed,
            limits,
            time_limit,
            retries: task.retries,
            is_forced: task.is_forced,
            part: Part::Whole,
            pieces: Vec::new(),
            whole: None,
            log: project.results(&plan.name).join(task.log(&plan.sweep)),
        }
    }

    /// What is in `store` of it, unless it is to be made again all the same.
    pub(crate) fn usable(&self, store: &Store) -> Option<Manifest> {
        if self.is_forced { None } else { store.find(self.kind, &self.key) }
    }

    /// How it has failed before, where that has left an output: it would do so again.
    pub(crate) fn has_failed(&self, store: &Store) -> Option<StageError> {
        let (_, found) = store.find_failure(self.kind, &self.key).filter(|_| !self.is_forced)?;
        let FailureRecord { message, hint } = found.failure.filter(|_| !found.tables.is_empty())?;
        Some(StageError { hint, ..StageError::new(message) })
    }

    /// Makes the artifact in `work`: the stage is run in the folder `root`, and what it wrote is
    /// checked and moved into `store`. `listen` is told of its progress.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn fulfil(
        &self,
        root: &Path,
        store: &Store,
        work: Work,
        listen: &mut dyn FnMut(&ProgressEvent),
    ) -> Result<Outcome, PipelineError> {
        self.write_request(&work)?;
        store.forget_failure(self.kind, &self.key)?;
        if let Some(folder) = self.log.parent() {
            // Where this fails, so does opening the log, which is reported.
            let _ = fs::create_dir_all(folder);
        }
        let call = Call {
            program: &self.program.path,
            root,
            request: &work.request,
            log: &self.log,
            limits: self.limits,
            time_limit: self.time_limit,
        };
        let inputs = LookedAt::new(&self.inputs)?;
        let started = Instant::now();
        let result = call.run(listen).and_then(|executed| {
            inputs.check()?;
            Ok((self.check_output(&work, &executed.outline)?, executed))
        });
        if !work.is_mine() {
            return Ok(Outcome::Elsewhere);
        }
        let (error, again) = match result {
            Ok((tables, executed)) => {
                return self.commit(store, work, self.manifest(tables, executed));
            }
            Err(Fault::Interrupted) => {
                self.leave(work, true)?;
                return Ok(Outcome::Interrupted);
            }
            Err(Fault::Cut(error)) => (error, Again::WhereAsked),
            Err(Fault::Exceeded(limit, error)) => (error, Again::WithMore(limit)),
            Err(Fault::Failed(error)) => (error, Again::Never),
        };
        let is_worth_keeping = again != Again::Never || is_disk_full(&error);
        let mut error = in_its_output(error, &work);
        // Where it is not what the stage says, the error alone counts.
        if let (Some(outline), Again::Never) = (error.outline.take(), again) {
            match self.check_output(&work, &outline) {
                Ok(tables) => {
                    let manifest = Manifest {
                        failure: Some(recorded(&error)),
                        ..self.manifest(tables, Executed::failed(*outline, started.elapsed()))
                    };
                    if let Outcome::Elsewhere = self.commit(store, work, manifest)? {
                        return Ok(Outcome::Elsewhere);
                    }
                    return Ok(Outcome::Failed(error, again));
                }
                Err(fault) => {
                    let said = error.hint.take().map_or(String::new(), |hint| format!("{hint}; "));
                    let why =
                        format!("{said}its tables until then are not kept: {}", fault.message);
                    error = error.hint(why);
                }
            }
        }
        self.leave(work, is_worth_keeping)?;
        Ok(Outcome::Failed(error, again))
    }

    /// Notes in `store` that this failed for good, for those that go without it.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn give_up(&self, store: &Store, error: &StageError) -> Result<(), PipelineError> {
        let key = self.whole.as_ref().unwrap_or(&self.key);
        if store.find_failure(self.kind, key).is_some_and(|(_, found)| !found.tables.is_empty()) {
            return Ok(());
        }
        let nothing = Executed::failed(Outline::default(), Duration::ZERO);
        store.note_failure(&Manifest {
            key: key.clone(),
            failure: Some(recorded(error)),
            ..self.manifest(Vec::new(), nothing)
        })
    }

    /// Makes what the stage wrote an artifact.
    fn commit(
        &self,
        store: &Store,
        work: Work,
        manifest: Manifest,
    ) -> Result<Outcome, PipelineError> {
        match work.commit(store, &manifest, self.is_forced) {
            Ok(directory) => {
                // The artifact is there: what cannot be removed of the work goes the next time.
                let _ = work.finish();
                Ok(Outcome::Made(directory, Box::new(manifest)))
            }
            Err(_) if !work.is_mine() => Ok(Outcome::Elsewhere),
            Err(error) => {
                // The first error is the one to report; what is left goes the next time.
                let _ = work.discard();
                Err(error)
            }
        }
    }

    /// Ends the work; what the stage can go on from is kept where `keep`.
    fn leave(&self, work: Work, keep: bool) -> Result<(), PipelineError> {
        if keep && self.program.resumes { work.keep() } else { work.discard() }
    }

    fn write_request(&self, work: &Work) -> Result<(), PipelineError> {
        let request = RunRequest {
            contract: self.program.contract.clone(),
            stage: self.stage.clone(),
            parameters: self.parameters.clone(),
            inputs: self.inputs.clone(),
            failed: self.failed.clone(),
            output: work.output.clone(),
            seed: self.seed,
            limits: self.limits,
            part: self.part,
            pieces: self.pieces.clone(),
        };
        let write = || fs::write(&work.request, serde_json::to_vec(&request)?);
        write().map_err(PipelineError::io("writing", &work.request))
    }

    /// Checks what the stage wrote and says of it against the contract and its own description.
    fn check_output(&self, work: &Work, outline: &Outline) -> Result<Vec<TableRecord>, StageError> {
        let output = &work.output;
        let tables = Manifest::record_tables(output, self.kind).map_err(|error| {
            // Where the work lay is gone by the time that this is read.
            let reason = error.to_string().replace(&output.display().to_string(), "its output");
            StageError::new(format!("what it wrote is not a {} artifact: {reason}", self.kind))
        })?;
        if let Some(fault) = Study::read(output).map_or_else(
            |error| Some(error.to_string()),
            |study| study.faults(self.kind).into_iter().next(),
        ) {
            let reason = fault.replace(&output.display().to_string(), "its output");
            return Err(StageError::new(reason).hint("see docs/figures.md"));
        }
        for file in &self.program.files {
            if !output.join(file).exists() {
                let message = format!("it did not write {file}, which it promises");
                return Err(StageError::new(message));
            }
        }
        match odd_outline(outline, self.kind) {
            None => Ok(tables),
            Some(fault) => Err(StageError::new(fault).hint(HOW_TO_STATE)),
        }
    }

    fn manifest(&self, tables: Vec<TableRecord>, executed: Executed) -> Manifest {
        Manifest {
            contract: CONTRACT.to_owned(),
            kind: self.kind,
            key: self.key.clone(),
            stage: self.program.name.clone(),
            stage_version: self.program.version.clone(),
            program: self.program.hash.clone(),
            parameters: self.parameters.clone(),
            inputs: self.input_keys.clone(),
            seed: self.program.uses_seed.then_some(self.seed),
            outline: executed.outline,
            tables,
            machine: Machine {
                platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
                threads: self.limits.threads,
            },
            wall_time_s: executed.wall_time.as_secs_f64(),
            peak_memory_bytes: executed.peak_memory_bytes,
            failure: None,
            accepted: Vec::new(),
            accepted_inputs: accepted_of(self.inputs.0.values().flatten().map(|of| &of.directory)),
        }
    }
}

/// What to do where an outline lacks a fact.
pub(crate) const HOW_TO_STATE: &str = "start from the outline in the manifest.json of an input; docs/stages.md lists what each kind states";

/// What is wrong with the outline of an artifact of `kind`, in words.
pub(crate) fn odd_outline(outline: &Outline, kind: Kind) -> Option<String> {
    let names = |facts: Vec<&'static Fact>| -> Vec<&str> {
        facts.into_iter().map(|fact| fact.name).collect()
    };
    let missing = names(outline.missing(kind));
    if !missing.is_empty() {
        let missing = listed(&missing, "and");
        return Some(format!("its outline lacks {missing}, which a {kind} must state"));
    }
    let odd = outline.mistyped(kind).into_iter().next()?;
    Some(format!("`{}` of its outline must be a {}", odd.name, odd.data.name()))
}

impl Again {
    /// How often it may be tried again where the pipeline asks for `asked`.
    pub(crate) fn allowed(self, asked: Option<u32>) -> u32 {
        /// Where the pipeline does not say, and the machine was lost.
        const RETRIES_OF_WHAT_IS_LOST: u32 = 3;
        match self {
            Self::Never => 0,
            Self::WhereAsked | Self::WithMore(_) => asked.unwrap_or(0),
            Self::ByDefault => asked.unwrap_or(RETRIES_OF_WHAT_IS_LOST),
        }
    }
}

/// The artifacts that `task` takes, where they are or will be.
fn inputs(project: &Project, plan: &Plan, task: &Task) -> Inputs {
    let store = Store::of(project);
    let input = |feed: &Feed| {
        let source = &plan.tasks[feed.task];
        let directory = store.directory(source.program.description.output, &source.key);
        (Input::at(directory), source)
    };
    let port = |(port, feeds): (&String, &Vec<Feed>)| {
        if !task.program.gathers(port) {
            return (port.clone(), feeds.iter().map(|feed| input(feed).0).collect());
        }
        let description = &task.program.description;
        let (mut pairs, _) = lineage::pairs(&plan.tasks, &task.inputs, description, port);
        let told = |(place, feed): (usize, &Feed)| {
            let (input, source) = input(feed);
            Input {
                axes: plan.sweep.axis_values(&feed.point).enumerate().collect(),
                stage: Some(source.stage.clone()),
                made_from: pairs.remove(&place).unwrap_or_default(),
                ..input
            }
        };
        (port.clone(), feeds.iter().enumerate().map(told).collect())
    };
    Inputs(task.inputs.iter().map(port).collect())
}

/// An error as a manifest has it.
fn recorded(error: &StageError) -> FailureRecord {
    FailureRecord { message: error.message.clone(), hint: error.hint.clone() }
}

/// The error without the path of the work, which is gone by the time that this is read, and with a
/// hint where the disk is full.
fn in_its_output(error: StageError, work: &Work) -> StageError {
    let hint = is_disk_full(&error).then(|| WHERE_DISK_IS_FULL.to_owned());
    let message = error.message.replace(&format!("{}/", work.output.display()), "");
    StageError { message, hint: error.hint.or(hint), ..error }
}

fn is_disk_full(error: &StageError) -> bool {
    let full = io::Error::from_raw_os_error(libc::ENOSPC).to_string();
    error.message.contains(&full)
}
