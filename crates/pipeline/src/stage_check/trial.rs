//! Runs of a program: what it writes, whether it writes the same again, and whether it goes on from
//! what a killed run has left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use artifact::{CONTRACT, MANIFEST_FILE, Machine, Manifest, Outline};
use serde_json::Value;
use stage::{AxisValue, Input, Inputs, Limits, Part, RunRequest, StageError};
use study::Study;
use tempfile::TempDir;

use super::made_up::{Samples, hashes};
use super::verdict::{Outcome, Verdict};
use crate::error::{PipelineError, log_end};
use crate::execution::{Call, Executed, Fault, HOW_TO_STATE, odd_outline};
use crate::programs::Program;
use crate::project::Project;
use crate::store::remove_partial;
use crate::text::quantity::duration;
use crate::text::suggestion;

/// Seeds of two runs: the second one differs where the program says that it uses none.
const SEEDS: (u64, u64) = (1, 2);
/// How long a run may go on before it is killed to see whether it resumes.
const BEFORE_KILL: Duration = Duration::from_secs(5);
/// How often its output is looked at until then.
const LOOK: Duration = Duration::from_millis(1);
/// Pieces into which the output is cut, where it can be.
const PIECES: usize = 2;
/// Files that are named where many differ.
const NAMED: usize = 3;

/// A program with all that it is run on.
pub(super) struct Trial<'t> {
    pub project: &'t Project,
    pub program: &'t Program,
    pub parameters: Value,
    pub samples: &'t Samples,
    pub limits: Limits,
}

/// One run in a folder of its own.
struct Run {
    folder: TempDir,
    result: Result<Executed, StageError>,
}

impl Run {
    fn output(&self) -> PathBuf {
        self.folder.path().join("output")
    }

    /// Hash of each file by its path within the output.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let output = self.output();
        let within = |path: PathBuf| path.strip_prefix(&output).map(Path::to_owned).unwrap_or(path);
        hashes(&output).into_iter().map(|(path, hash)| (within(path), hash)).collect()
    }
}

impl Trial<'_> {
    /// Runs the program and adds what that shows to `verdict`.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn check(&self, verdict: &mut Verdict) -> Result<(), PipelineError> {
        verdict.add("refusal", self.refusal()?);
        if !self.samples.missing.is_empty() {
            let ports = self.samples.missing.join("=FOLDER --input ");
            let why = format!("give it an artifact of the store: --input {ports}=FOLDER");
            for what in ["run", "tables", "determinism", "resume"] {
                verdict.add(what, Outcome::Skipped(why.clone()));
            }
            return Ok(());
        }
        let before = self.samples.hashes();
        let first = self.run(folder()?, SEEDS.0, self.limits)?;
        let executed = match &first.result {
            Ok(executed) => executed,
            Err(error) => {
                let mut faults = vec![format!("it failed: {}", error.message)];
                faults.extend(error.hint.iter().map(|hint| format!("= help: {hint}")));
                let log = log_end(&first.folder.path().join("log"));
                faults.extend(log.into_iter().map(|line| format!("| {line}")));
                verdict.add("run", Outcome::Broken(faults));
                return Ok(());
            }
        };
        let mut faults = Vec::new();
        if self.samples.hashes() != before {
            faults.push("it changed its inputs, which belong to the store".to_owned());
        }
        verdict.add("run", Outcome::of(faults, &duration(executed.wall_time)));
        verdict.add("tables", self.tables(&first, &executed.outline));
        verdict.add("determinism", self.determinism(&first)?);
        verdict.add("resume", self.resume(&first)?);
        if self.program.description.inputs.iter().any(|port| port.many) {
            verdict.add("variants", self.variants()?);
        }
        if self.program.description.splits {
            verdict.add("pieces", self.pieces(&first)?);
        }
        Ok(())
    }

    /// What the program does where the request cannot be read.
    fn refusal(&self) -> Result<Outcome, PipelineError> {
        let folder = folder()?;
        let request = folder.path().join("request.json");
        fs::write(&request, "this is no request")
            .map_err(PipelineError::io("writing", &request))?;
        let mut faults = Vec::new();
        match self.execute(&folder, &request)? {
            Ok(_) => faults.push("it says that it is done with a request that is none".to_owned()),
            Err(error) if error.message.contains("without saying why") => {
                faults.push(format!("with a request that is none, {}", error.message));
                faults
                    .push("= help: print {\"error\": {\"message\": …}} before it ends".to_owned());
            }
            Err(_) => {}
        }
        Ok(Outcome::of(faults, "a request that is none ends with an error in words"))
    }

    /// What the first run wrote against the kind that it says it makes.
    fn tables(&self, run: &Run, outline: &Outline) -> Outcome {
        let kind = self.program.description.output;
        let mut faults = Vec::new();
        let output = run.output();
        let records = Manifest::record_tables(&output, kind);
        let count = records.as_ref().map_or(0, Vec::len);
        if let Err(error) = records {
            faults.push(in_its_output(&error.to_string(), &output));
        }
        match Study::read(&output) {
            Ok(study) => faults.extend(study.faults(kind)),
            Err(error) => faults.push(in_its_output(&error.to_string(), &output)),
        }
        for file in &self.program.description.files {
            if !output.join(file).exists() {
                faults.push(format!("it did not write {file}, which it promises"));
            }
        }
        if output.join(MANIFEST_FILE).exists() {
            faults.push(format!("it wrote a {MANIFEST_FILE}: that is the driver's"));
        }
        if let Some(fault) = odd_outline(outline, kind) {
            faults.push(fault);
            faults.push(format!("= help: {HOW_TO_STATE}"));
        }
        faults.extend(self.strange(outline));
        let files = if count == 1 { "file" } else { "files" };
        let mut seen = format!("{count} {files}, as docs/tables.md has them for a {kind}");
        let left_out: Vec<&str> = outline.unstated(kind).into_iter().map(|of| of.name).collect();
        if !left_out.is_empty() {
            seen = format!("{seen}; its outline leaves out {}", left_out.join(", "));
        }
        Outcome::of(faults, &seen)
    }

    /// Facts of its outline that neither its kind declares nor its inputs have: misspelt ones.
    fn strange(&self, outline: &Outline) -> Vec<String> {
        let kind = self.program.description.output;
        let declared: Vec<&str> = kind.facts().iter().map(|fact| fact.name).collect();
        let inputs = self.samples.outlines();
        let is_known = |name: &String| {
            declared.contains(&name.as_str())
                || inputs.values().flatten().any(|input| input.own.contains_key(name))
        };
        let mut faults = Vec::new();
        for name in outline.own.keys().filter(|name| !is_known(name)) {
            faults.push(format!("`{name}` of its outline is not a fact that a {kind} declares"));
            let near = suggestion(name, declared.iter().copied());
            faults.extend(near.map(|near| format!("= help: {near}")));
        }
        faults
    }

    /// A second run, on one thread and where that must not matter with another seed.
    fn determinism(&self, first: &Run) -> Result<Outcome, PipelineError> {
        let uses_seed = self.program.description.uses_seed;
        let seed = if uses_seed { SEEDS.0 } else { SEEDS.1 };
        let second = self.run(folder()?, seed, Limits { threads: 1, ..self.limits })?;
        let mut faults = different(first, &second);
        if !faults.is_empty() && !uses_seed {
            faults.push("= help: where the seed is what it differs by, say `uses_seed`".to_owned());
        }
        Ok(Outcome::of(faults, "two runs wrote the same bytes, one of them on a single thread"))
    }

    /// Runs that begin where another was killed, and where a last file is missing.
    fn resume(&self, first: &Run) -> Result<Outcome, PipelineError> {
        if !self.program.description.resumes {
            let why = "it does not say that it goes on from what a killed run left (`resumes`)";
            return Ok(Outcome::Skipped(why.to_owned()));
        }
        let mut faults = Vec::new();
        let killed = folder()?;
        self.kill(&killed)?;
        let again = self.run(killed, SEEDS.0, self.limits)?;
        faults.extend(
            different(first, &again).into_iter().map(|fault| format!("after a kill: {fault}")),
        );
        let rest = folder()?;
        copy(&first.output(), &rest.path().join("output"))?;
        if let Some(last) = first.files().keys().next_back() {
            let last = rest.path().join("output").join(last);
            fs::remove_file(&last).map_err(PipelineError::io("removing", &last))?;
        }
        let again = self.run(rest, SEEDS.0, self.limits)?;
        let missing = different(first, &again);
        faults.extend(missing.into_iter().map(|fault| format!("with a file missing: {fault}")));
        Ok(Outcome::of(faults, "after a kill, and with a file missing, it wrote the same bytes"))
    }

    /// Starts a run in `folder` and kills it as soon as it has written something.
    fn kill(&self, folder: &TempDir) -> Result<(), PipelineError> {
        let request = self.request(folder, SEEDS.0, self.limits, (Part::Whole, Vec::new()))?;
        let mut child = Command::new(&self.program.path)
            .arg("run")
            .arg(request)
            .current_dir(&self.project.root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(PipelineError::io("starting", &self.program.path))?;
        let started = Instant::now();
        let output = folder.path().join("output");
        while hashes(&output).is_empty() && started.elapsed() < BEFORE_KILL {
            thread::sleep(LOOK);
        }
        // It may have ended by itself, which is as good.
        let _ = child.kill();
        child.wait().map_err(PipelineError::io("ending", &self.program.path))?;
        // As the driver does before it calls the program again.
        remove_partial(&output)
    }

    /// A run on two variants of a sweep at every port that takes many.
    fn variants(&self) -> Result<Outcome, PipelineError> {
        let variant = |directory: &PathBuf, width: u64| {
            let sets = vec!["train.with.network.hidden".to_owned()];
            let axis = AxisValue { name: "width".to_owned(), value: width.into(), sets };
            Input {
                directory: directory.clone(),
                axes: BTreeMap::from([(0, axis)]),
                stage: Some("made-up".to_owned()),
                ..Input::default()
            }
        };
        let ports = self.program.description.inputs.iter().filter_map(|port| {
            let directory = self.samples.directories().get(port.name.as_ref())?;
            let inputs = if port.many {
                [8, 16].map(|width| variant(directory, width)).to_vec()
            } else {
                vec![Input::at(directory.clone())]
            };
            Some((port.name.to_string(), inputs))
        });
        let folder = folder()?;
        let part = (Part::Whole, Vec::new());
        let request =
            self.write_request(&folder, Inputs(ports.collect()), SEEDS.0, self.limits, part)?;
        let result = self.execute(&folder, &request)?;
        let fault = match self.make_artifact(&Run { folder, result })? {
            Some(fault) => vec![format!("given two variants of a sweep: {fault}")],
            None => Vec::new(),
        };
        Ok(Outcome::of(fault, "it takes two variants of a sweep, with `axes`, `sets` and `stage`"))
    }

    /// Runs for each of some pieces, and one that joins them.
    fn pieces(&self, first: &Run) -> Result<Outcome, PipelineError> {
        let mut pieces = Vec::new();
        for index in 0..PIECES {
            let folder = folder()?;
            let part = Part::Piece { index, of: PIECES };
            let request = self.request(&folder, SEEDS.0, self.limits, (part, Vec::new()))?;
            let result = self.execute(&folder, &request)?;
            let run = Run { folder, result };
            if let Some(fault) = self.make_artifact(&run)? {
                let fault = format!("piece {} of {PIECES}: {fault}", index + 1);
                return Ok(Outcome::Broken(vec![fault]));
            }
            pieces.push(run);
        }
        let folder = folder()?;
        let part = Part::Join { of: PIECES };
        let directories = pieces.iter().map(Run::output).collect();
        let request = self.request(&folder, SEEDS.0, self.limits, (part, directories))?;
        let result = self.execute(&folder, &request)?;
        let faults = different(first, &Run { folder, result });
        let faults = faults.into_iter().map(|fault| format!("joined from pieces: {fault}"));
        Ok(Outcome::of(faults.collect(), "joined from pieces, it wrote the same bytes"))
    }

    /// Writes the manifest of what `run` has made; what is wrong with that, if anything is.
    fn make_artifact(&self, run: &Run) -> Result<Option<String>, PipelineError> {
        let executed = match &run.result {
            Ok(executed) => executed,
            Err(error) => return Ok(Some(error.message.clone())),
        };
        let (description, output) = (&self.program.description, run.output());
        let tables = match Manifest::record_tables(&output, description.output) {
            Ok(tables) => tables,
            Err(error) => return Ok(Some(in_its_output(&error.to_string(), &output))),
        };
        if let Some(fault) = odd_outline(&executed.outline, description.output) {
            return Ok(Some(fault));
        }
        let mut inputs = BTreeMap::new();
        for (port, directory) in self.samples.directories() {
            inputs.insert(port.clone(), vec![Manifest::read(directory)?.key]);
        }
        let manifest = Manifest {
            contract: CONTRACT.to_owned(),
            kind: description.output,
            key: String::new(),
            stage: description.name.clone(),
            stage_version: description.version.clone(),
            program: self.program.hash.clone(),
            parameters: self.parameters.clone(),
            inputs,
            seed: description.uses_seed.then_some(SEEDS.0),
            outline: executed.outline.clone(),
            tables,
            machine: Machine { platform: String::new(), threads: self.limits.threads },
            wall_time_s: executed.wall_time.as_secs_f64(),
            peak_memory_bytes: executed.peak_memory_bytes,
            failure: None,
            accepted: Vec::new(),
            accepted_inputs: Vec::new(),
        };
        manifest.write(&output)?;
        Ok(None)
    }

    fn run(&self, folder: TempDir, seed: u64, limits: Limits) -> Result<Run, PipelineError> {
        let request = self.request(&folder, seed, limits, (Part::Whole, Vec::new()))?;
        let result = self.execute(&folder, &request)?;
        Ok(Run { folder, result })
    }

    /// Runs the program on `request` as the driver would; its log lies in `folder`.
    fn execute(
        &self,
        folder: &TempDir,
        request: &Path,
    ) -> Result<Result<Executed, StageError>, PipelineError> {
        let call = Call {
            program: &self.program.path,
            root: &self.project.root,
            request,
            log: &folder.path().join("log"),
            limits: self.limits,
            time_limit: None,
        };
        match call.run(&mut |_| ()) {
            Ok(executed) => Ok(Ok(executed)),
            Err(Fault::Failed(error) | Fault::Cut(error) | Fault::Exceeded(_, error)) => {
                Ok(Err(error))
            }
            Err(Fault::Interrupted) => Err(PipelineError::Interrupted),
        }
    }

    /// Writes the request of a run whose output is in `folder`, for a part that is joined from `pieces`
    /// where it is.
    fn request(
        &self,
        folder: &TempDir,
        seed: u64,
        limits: Limits,
        part: (Part, Vec<PathBuf>),
    ) -> Result<PathBuf, PipelineError> {
        let input = |directory: &PathBuf| vec![Input::at(directory.clone())];
        let inputs = self.samples.directories().iter();
        let inputs = Inputs(inputs.map(|(port, at)| (port.clone(), input(at))).collect());
        self.write_request(folder, inputs, seed, limits, part)
    }

    /// The same with `inputs` of its own.
    fn write_request(
        &self,
        folder: &TempDir,
        inputs: Inputs,
        seed: u64,
        limits: Limits,
        (part, pieces): (Part, Vec<PathBuf>),
    ) -> Result<PathBuf, PipelineError> {
        let output = folder.path().join("output");
        fs::create_dir_all(&output).map_err(PipelineError::io("creating", &output))?;
        let request = RunRequest {
            contract: self.program.description.contract.clone(),
            stage: self.program.description.name.clone(),
            parameters: self.parameters.clone(),
            inputs,
            failed: Vec::new(),
            output,
            seed,
            limits,
            part,
            pieces,
        };
        let path = folder.path().join("request.json");
        let write = || fs::write(&path, serde_json::to_vec(&request)?);
        write().map_err(PipelineError::io("writing", &path))?;
        Ok(path)
    }
}

/// `text` with paths within the folder `output`, which goes with the run.
fn in_its_output(text: &str, output: &Path) -> String {
    let text = text.replace(&format!("{}/", output.display()), "");
    text.replace(&output.display().to_string(), "its output")
}

/// A folder for one run.
fn folder() -> Result<TempDir, PipelineError> {
    tempfile::tempdir().map_err(PipelineError::io("creating", Path::new("a folder")))
}

/// In what `second` does not do as `first` did; nothing where it wrote the same bytes.
fn different(first: &Run, second: &Run) -> Vec<String> {
    if let Err(error) = &second.result {
        return vec![format!("it failed: {}", error.message)];
    }
    let (one, other) = (first.files(), second.files());
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    let odd: Vec<String> = names
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| name.display().to_string())
        .collect();
    match odd.len() {
        0 => Vec::new(),
        1..=NAMED => vec![format!("other bytes in {}", odd.join(", "))],
        count => vec![format!("other bytes in {} and {} files more", odd[0], count - 1)],
    }
}

/// Copies the files of the folder `from` to `to`.
fn copy(from: &Path, to: &Path) -> Result<(), PipelineError> {
    fs::create_dir_all(to).map_err(PipelineError::io("creating", to))?;
    for entry in fs::read_dir(from).map_err(PipelineError::io("listing", from))? {
        let entry = entry.map_err(PipelineError::io("listing", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let of = entry.file_type().map_err(PipelineError::io("reading", &path))?;
        if of.is_dir() {
            copy(&path, &target)?;
        } else if of.is_file() {
            fs::copy(&path, &target).map_err(PipelineError::io("writing", &target))?;
        }
    }
    Ok(())
}
