//! From a pipeline file to a checked plan: everything that can be found wrong before anything
//! runs, in one go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use artifact::{CONTRACT, Outline};
use serde_json::Value;
use stage::{Limits, Outlines, PlanRequest};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::discovery::Catalogue;
use crate::error::PipelineError;
use crate::file::{self, PipelineFile, StageEntry};
use crate::key::Identity;
use crate::overrides::Override;
use crate::plan::{Plan, Task};
use crate::pointer;
use crate::program::{Program, Unusable};
use crate::project::Project;
use crate::quantity::bytes;
use crate::schema::{Schema, validate, with_defaults};
use crate::source::{Part, Source};
use crate::wiring::{Wiring, wire};

/// Which pipeline to run, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// Name in `pipelines/`, or path.
    pub file: String,
    /// `PATH=VALUE` of each `--set`, in order.
    pub set: Vec<String>,
    /// Seed instead of the file's.
    pub seed: Option<u64>,
    /// What each stage may use.
    pub limits: Limits,
}

/// Checks the pipeline that `request` names; stage programs of the workspace are built.
///
/// # Errors
/// [`PipelineError::Invalid`] with everything that is wrong; others where the file does not
/// exist or a build fails.
pub fn check(project: &Project, request: &Request) -> Result<Plan, PipelineError> {
    let path = project.pipeline_file(&request.file)?;
    let invalid = |problems| PipelineError::Invalid(Diagnostics::new(problems));
    let (mut source, mut value) = Source::read(&path, &project.shown(&path)).map_err(invalid)?;

    let mut problems = Vec::new();
    let overrides = structural_overrides(request, &mut value, &mut source, &mut problems);
    let default_name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("pipeline");
    let mut file = file::read(&source, &value, default_name, &mut problems);
    file.seed = request.seed.unwrap_or(file.seed);

    let catalogue = Catalogue::of(project)?;
    let programs = programs(&catalogue, &file, &source, &mut problems)?;
    let descriptions: Vec<_> =
        programs.iter().map(|one| one.as_ref().map(|one| &one.description)).collect();
    apply_parameter_overrides(&overrides, &mut file, &programs, &mut problems);
    let wiring = wire(&file, &descriptions, &source, &mut problems);

    let mut planner = Planner { project, request, source: &source, file: &file, problems };
    let tasks = planner.tasks(&programs, &wiring);
    let mut problems = planner.problems;
    let (store, results) = (project.data.join("store"), project.results(&file.name));
    problems.extend(unwritable(&store, &source).or_else(|| unwritable(&results, &source)));
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    Ok(Plan { name: file.name, about: file.about, seed: file.seed, limits: request.limits, tasks })
}

/// Applies every `--set` that is not a parameter, and notes the places of all.
fn structural_overrides(
    request: &Request,
    value: &mut Value,
    source: &mut Source,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Override> {
    let mut overrides = Vec::new();
    for text in &request.set {
        let one = Override::parse(text);
        match one.and_then(|one| one.apply_to_file(value, source).map(|()| one)) {
            Ok(one) => overrides.push(one),
            Err(problem) => problems.push(problem),
        }
    }
    overrides
}

/// The program of each stage, `None` where it has none that can be used.
fn programs(
    catalogue: &Catalogue,
    file: &PipelineFile,
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) -> Result<Vec<Option<Program>>, PipelineError> {
    let report = |stage: &StageEntry, missing: &Unusable| {
        let at = pointer::join(&stage.pointer(), "uses");
        source.problem(&at, Part::Value, missing.message.clone(), missing.help.clone())
    };
    let mut wanted = BTreeSet::new();
    for stage in &file.stages {
        if let Some(uses) = &stage.uses {
            match catalogue.check(uses) {
                Ok(()) => drop(wanted.insert(uses.as_str())),
                Err(missing) => problems.push(report(stage, &missing)),
            }
        }
    }
    // Minutes of compiling are not spent on a pipeline that is known to be wrong.
    if !problems.is_empty() && !catalogue.are_built(&wanted) {
        return Ok(vec![None; file.stages.len()]);
    }
    let found = catalogue.programs(&wanted)?;
    let mut programs = Vec::new();
    for stage in &file.stages {
        let program = stage.uses.as_ref().and_then(|uses| found.get(uses));
        if let Some(Err(missing)) = program {
            problems.push(report(stage, missing));
        }
        programs.push(program.and_then(|program| program.as_ref().ok().cloned()));
    }
    Ok(programs)
}

fn apply_parameter_overrides(
    overrides: &[Override],
    file: &mut PipelineFile,
    programs: &[Option<Program>],
    problems: &mut Vec<Diagnostic>,
) {
    for one in overrides {
        let Some((name, path)) = one.parameter() else { continue };
        let Some(index) = file.stages.iter().position(|stage| stage.name == name) else { continue };
        let schema = programs[index].as_ref().map(|of| Schema::new(&of.description.parameters));
        let set = one.apply_to_parameters(&mut file.stages[index].with, schema, path);
        problems.extend(set.err());
    }
}

/// What checking a stage's parameters and asking its program has shown.
#[derive(Clone, Default)]
struct Planned {
    task: Option<usize>,
    outline: Outline,
}

struct Planner<'a> {
    project: &'a Project,
    request: &'a Request,
    source: &'a Source,
    file: &'a PipelineFile,
    problems: Vec<Diagnostic>,
}

impl Planner<'_> {
    /// The tasks of all stages that nothing is wrong with, each after its inputs.
    ///
    /// This is the one place where a stage of the file becomes tasks: one each.
    fn tasks(&mut self, programs: &[Option<Program>], wiring: &Wiring) -> Vec<Task> {
        let valid: Vec<bool> = self
            .file
            .stages
            .iter()
            .zip(programs)
            .map(|(stage, program)| program.as_ref().is_some_and(|of| self.fits_schema(stage, of)))
            .collect();
        let mut planned = vec![Planned::default(); self.file.stages.len()];
        let mut tasks: Vec<Task> = Vec::new();
        for &index in &wiring.order {
            let (true, Some(program)) = (valid[index], &programs[index]) else { continue };
            let inputs = &wiring.inputs[index];
            let outlines = inputs.iter().map(|(port, stages)| {
                let of = stages.iter().map(|stage| planned[*stage].outline.clone());
                (port.clone(), of.collect())
            });
            let outlines = Outlines(outlines.collect());
            let Some(plan) = self.plan(index, program, outlines) else { continue };
            planned[index].outline = plan.outline.clone();
            let inputs: Option<BTreeMap<String, Vec<usize>>> = inputs
                .iter()
                .map(|(port, stages)| {
                    let tasks: Option<Vec<usize>> =
                        stages.iter().map(|stage| planned[*stage].task).collect();
                    Some((port.clone(), tasks?))
                })
                .collect();
            // Without its inputs' keys a stage has none; their problems are reported already.
            let Some(inputs) = inputs else { continue };
            let task = self.task(index, program, plan, inputs, &tasks);
            if let Some(task) = task {
                planned[index].task = Some(tasks.len());
                tasks.push(task);
            }
        }
        tasks
    }

    /// Whether the parameters fit the program's schema; reports where they do not.
    fn fits_schema(&mut self, stage: &StageEntry, program: &Program) -> bool {
        let issues = validate(Schema::new(&program.description.parameters), &stage.with);
        let with = pointer::join(&stage.pointer(), "with");
        for issue in &issues {
            let part = if issue.key { Part::Key } else { Part::Value };
            self.problems.push(self.source.problem(
                &format!("{with}{}", issue.at),
                part,
                issue.message.clone(),
                issue.help.clone(),
            ));
        }
        issues.is_empty()
    }

    /// The program's own plan, or what its schema says where it makes none; `None` where
    /// something is wrong with it.
    fn plan(&mut self, index: usize, program: &Program, inputs: Outlines) -> Option<stage::Plan> {
        let stage = &self.file.stages[index];
        let description = &program.description;
        let filled = with_defaults(Schema::new(&description.parameters), &stage.with);
        if !description.plans {
            return Some(stage::Plan { parameters: filled, ..stage::Plan::default() });
        }
        let request = PlanRequest {
            contract: CONTRACT.to_owned(),
            parameters: stage.with.clone(),
            inputs,
            limits: self.request.limits,
        };
        let mut plan = match program.plan(&request, &self.project.root) {
            Ok(plan) => plan,
            Err(unusable) => {
                let at = pointer::join(&stage.pointer(), "uses");
                let program = self.project.shown(&program.path);
                let message = format!("the program {program} {}", unusable.message);
                self.problems.push(self.source.problem(&at, Part::Value, message, unusable.help));
                return None;
            }
        };
        if plan.parameters.is_null() {
            plan.parameters = filled;
        }
        let with = pointer::join(&stage.pointer(), "with");
        for problem in &plan.problems {
            self.problems.push(self.source.problem(
                &format!("{with}{}", problem.at),
                Part::Value,
                problem.message.clone(),
                problem.hint.clone(),
            ));
        }
        if !plan.problems.is_empty() {
            return None;
        }
        self.check_memory(stage, &plan);
        Some(plan)
    }

    /// Reports a stage that would need more memory than there is.
    fn check_memory(&mut self, stage: &StageEntry, plan: &stage::Plan) {
        let free = self.request.limits.memory_bytes;
        let Some(needed) = plan.memory_bytes.filter(|needed| *needed > free) else { return };
        self.problems.push(self.source.problem(
            &stage.pointer(),
            Part::Key,
            format!(
                "the stage `{}` would need {} of memory; {} are free",
                stage.name,
                bytes(needed),
                bytes(free)
            ),
            Some(
                "use fewer samples or a smaller network, or allow more with `--memory`".to_owned(),
            ),
        ));
    }

    fn task(
        &mut self,
        index: usize,
        program: &Program,
        plan: stage::Plan,
        inputs: BTreeMap<String, Vec<usize>>,
        tasks: &[Task],
    ) -> Option<Task> {
        let stage = &self.file.stages[index];
        let files: Result<Vec<String>, _> = plan
            .files
            .iter()
            .map(|file| artifact::hash_file(&self.project.root.join(file)))
            .collect();
        let files = match files {
            Ok(files) => files,
            Err(error) => {
                let problem =
                    self.source.problem(&stage.pointer(), Part::Key, error.to_string(), None);
                self.problems.push(problem);
                return None;
            }
        };
        let keys = inputs.iter().map(|(port, of)| {
            (port.clone(), of.iter().map(|task| tasks[*task].key.clone()).collect())
        });
        let key = Identity {
            contract: CONTRACT,
            program: &program.hash,
            parameters: &plan.parameters,
            seed: program.description.uses_seed.then_some(self.file.seed),
            files: &files,
            inputs: &keys.collect(),
        }
        .key();
        Some(Task {
            stage: stage.name.clone(),
            uses: stage.uses.clone().unwrap_or_default(),
            program: program.clone(),
            parameters: plan.parameters,
            inputs,
            outline: plan.outline,
            memory_bytes: plan.memory_bytes,
            key,
            location: self.source.locate(&stage.pointer(), Part::Key),
        })
    }
}

/// What is wrong with writing into `folder`, which need not exist yet.
fn unwritable(folder: &Path, source: &Source) -> Option<Diagnostic> {
    let existing: PathBuf = folder.ancestors().find(|one| one.exists())?.to_owned();
    let reason = if existing.is_dir() {
        // The file goes again at once: only trying tells for certain.
        tempfile::tempfile_in(&existing).err()?.to_string()
    } else {
        "it is not a folder".to_owned()
    };
    Some(Diagnostic {
        location: source.whole(),
        message: format!(
            "nothing can be written to {}: {}: {reason}",
            folder.display(),
            existing.display()
        ),
        help: Some("`--data FOLDER` writes artifacts and results elsewhere".to_owned()),
    })
}
