//! One task: its stage is run, what it wrote is checked and made an artifact.

use std::fs;
use std::io;
use std::path::PathBuf;

use artifact::{CONTRACT, Machine, Manifest, TableRecord};
use stage::{Inputs, Limits, RunRequest, StageError};

use crate::error::{PipelineError, WHERE_DISK_IS_FULL};
use crate::executor::{Executed, Executor, Fault, Job};
use crate::plan::{Plan, Task};
use crate::progress::{End, Line, Progress};
use crate::project::Project;
use crate::run::Made;
use crate::store::{Store, Work};

/// A task that can run now.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    pub project: &'a Project,
    pub plan: &'a Plan,
    pub task: &'a Task,
    pub store: &'a Store,
    /// The artifacts that it takes.
    pub inputs: Inputs,
    /// What its stage may use now.
    pub limits: Limits,
    pub work: Work,
}

/// How a task ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its artifact is in the store.
    Made(Box<Made>),
    /// Another driver has taken this one for dead, and makes the artifact.
    Elsewhere,
    /// Its stage failed, and whether trying again has any point.
    Failed(StageError, Again),
    /// The driver was interrupted.
    Interrupted,
}

/// Whether a task that has failed is to be tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Again {
    /// It would fail again, or was cancelled.
    Never,
    /// Where the pipeline asks for it.
    WhereAsked,
    /// Unless the pipeline says otherwise.
    ByDefault,
}

impl Ready<'_> {
    /// Runs the task to its end.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn run(
        self,
        executor: &dyn Executor,
        progress: &Progress,
    ) -> Result<Outcome, PipelineError> {
        if self.work.attached.is_none() {
            self.write_request()?;
        }
        let log = self.log();
        let variant = self.plan.sweep.shown(&self.task.point);
        let mut line = progress.start(&self.task.stage, &variant);
        let job = Job {
            stage: &self.task.stage,
            program: &self.task.program.path,
            root: &self.project.root,
            request: &self.work.request,
            work: self.work.folder(),
            attached: self.work.attached.as_deref(),
            log: &log,
            limits: self.limits,
            time_limit: executor.time_limit(self.task),
            partition: self.task.resources.partition.as_deref(),
        };
        let result = executor
            .execute(&job, &mut |event| line.show(event))
            .and_then(|executed| Ok((self.check_output()?, executed)));
        if !self.work.is_mine() {
            line.end(End::Elsewhere);
            return Ok(Outcome::Elsewhere);
        }
        match result {
            Ok((tables, executed)) => {
                let manifest = self.manifest(tables, executed);
                let directory = match self.work.commit(self.store, &manifest, self.task.is_forced) {
                    Ok(directory) => directory,
                    Err(_) if !self.work.is_mine() => {
                        line.end(End::Elsewhere);
                        return Ok(Outcome::Elsewhere);
                    }
                    Err(error) => {
                        line.end(End::Failed);
                        // The first error is the one to report; what is left goes the next time.
                        let _ = self.work.discard();
                        return Err(error);
                    }
                };
                line.end(End::Done);
                self.work.discard()?;
                Ok(Outcome::Made(Box::new(Made { directory, manifest, reused: false })))
            }
            Err(Fault::Interrupted) => {
                line.end(End::Interrupted);
                self.leave(true)?;
                Ok(Outcome::Interrupted)
            }
            // Nothing is touched: the job works on it.
            Err(Fault::Left) => {
                line.end(End::Left);
                Ok(Outcome::Interrupted)
            }
            Err(Fault::Cut(error)) => self.end_early(line, End::Failed, error, Again::WhereAsked),
            Err(Fault::Lost(error)) => self.end_early(line, End::Lost, error, Again::ByDefault),
            Err(Fault::Cancelled(error)) => self.end_early(line, End::Failed, error, Again::Never),
            Err(Fault::Failed(error)) => {
                line.end(End::Failed);
                let is_full = is_disk_full(&error);
                let error = self.in_its_output(error);
                self.leave(is_full)?;
                Ok(Outcome::Failed(error, Again::Never))
            }
        }
    }

    /// Ends a task that was ended from outside: what it has saved is kept.
    fn end_early(
        self,
        line: Line<'_>,
        end: End,
        error: StageError,
        again: Again,
    ) -> Result<Outcome, PipelineError> {
        line.end(end);
        let error = self.in_its_output(error);
        self.leave(true)?;
        Ok(Outcome::Failed(error, again))
    }

    /// Ends the work; what the stage can go on from is kept where `keep`.
    fn leave(self, keep: bool) -> Result<(), PipelineError> {
        if keep && self.task.program.description.resumes {
            self.work.keep()
        } else {
            self.work.discard()
        }
    }

    fn write_request(&self) -> Result<(), PipelineError> {
        let request = RunRequest {
            contract: CONTRACT.to_owned(),
            stage: self.task.stage.clone(),
            parameters: self.task.parameters.clone(),
            inputs: self.inputs.clone(),
            output: self.work.output.clone(),
            seed: self.task.seed,
            limits: self.limits,
            part: stage::Part::Whole,
            pieces: Vec::new(),
        };
        let write = || fs::write(&self.work.request, serde_json::to_vec(&request)?);
        write().map_err(PipelineError::io("writing", &self.work.request))
    }

    /// The log of the task, its folder made.
    fn log(&self) -> PathBuf {
        let log = self.project.results(&self.plan.name).join(self.task.log(self.plan));
        if let Some(folder) = log.parent() {
            // Where this fails, so does opening the log, which is reported.
            let _ = fs::create_dir_all(folder);
        }
        log
    }

    /// Checks what the stage wrote against the contract and its own description.
    fn check_output(&self) -> Result<Vec<TableRecord>, StageError> {
        let (description, output) = (&self.task.program.description, &self.work.output);
        let tables = Manifest::record_tables(output, description.output).map_err(|error| {
            // Where the work lay is gone by the time that this is read.
            let reason = error.to_string().replace(&output.display().to_string(), "its output");
            let kind = description.output;
            StageError::new(format!("what it wrote is no {kind} artifact: {reason}"))
        })?;
        for file in &description.files {
            if !output.join(file).exists() {
                let message = format!("it did not write {file}, which it promises");
                return Err(StageError::new(message));
            }
        }
        Ok(tables)
    }

    fn manifest(&self, tables: Vec<TableRecord>, executed: Executed) -> Manifest {
        let (task, description) = (self.task, &self.task.program.description);
        Manifest {
            contract: CONTRACT.to_owned(),
            kind: description.output,
            key: task.key.clone(),
            stage: description.name.clone(),
            stage_version: description.version.clone(),
            program: task.program.hash.clone(),
            parameters: task.parameters.clone(),
            inputs: task.input_keys(self.plan),
            seed: task.used_seed(),
            outline: executed.outline,
            tables,
            machine: Machine {
                platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
                threads: self.limits.threads,
            },
            wall_time_s: executed.wall_time.as_secs_f64(),
            peak_memory_bytes: executed.peak_memory_bytes,
        }
    }

    /// The error without the path of the work, which is gone by the time that this is read, and
    /// with a hint where the disk is full.
    fn in_its_output(&self, error: StageError) -> StageError {
        let hint = is_disk_full(&error).then(|| WHERE_DISK_IS_FULL.to_owned());
        let message = error.message.replace(&format!("{}/", self.work.output.display()), "");
        StageError { message, hint: error.hint.or(hint) }
    }
}

fn is_disk_full(error: &StageError) -> bool {
    let full = io::Error::from_raw_os_error(libc::ENOSPC).to_string();
    error.message.contains(&full)
}
