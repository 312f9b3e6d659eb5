//! From a pipeline file to a checked plan: everything that can be found wrong before anything
//! runs, in one go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::Table;
use serde_json::Value;
use stage::Limits;

use super::lock::Lock;
use super::plan::Plan;
use super::planner::Planner;
use crate::error::PipelineError;
use crate::programs::{Catalogue, Program, Unusable};
use crate::project::Project;
use crate::reading::file::{self, StageEntry};
use crate::reading::sweep::{self, OWN_COLUMNS, Point, Sweep, second_column};
use crate::reading::{Blocks, Override, Part, Places, Problems, Source, Wiring, unusable, wire};
use crate::run_folder::ownership::{foreign, of_another_file};
use crate::schema::shown;
use crate::text::{Diagnostic, Diagnostics, Location, pointer};

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

    let mut found = Vec::new();
    let overrides = structural_overrides(request, &mut value, &mut source, &mut found);
    let default_name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("pipeline");
    let mut file = file::read(&source, &value, default_name, &mut found);
    file.seed = request.seed.unwrap_or(file.seed);
    let sweep = sweep::read(&source, &value, &mut found);
    found.extend(contradictions(request, &overrides, &sweep));
    found.extend(odd_seeds(&sweep, &source));
    let mut problems = Problems::default();
    problems.add(found);

    let places = Places { project, file: &path };
    let mut blocks = Blocks::read(&file, &sweep, &source, places, &mut problems);
    let programs = programs(&Catalogue::of(project)?, &blocks, &mut problems)?;
    blocks.add_programs(&programs, &mut problems);
    blocks.set_parameters(&overrides, &sweep, places, &mut problems);
    problems.add(second_columns(&sweep, &blocks, &source));
    let wirings = wirings(&blocks, &sweep, &source, &mut problems);

    let planner =
        Planner::new(project, &file, request.limits, &sweep, &blocks, &wirings, &mut problems);
    let (tasks, stages) = planner.tasks();
    let (store, results) = (project.store(), project.results(&file.name));
    problems.add(unwritable(&store, &source).or_else(|| unwritable(&results, &source)));
    let origin = path.strip_prefix(&project.root).unwrap_or(&path).display().to_string();
    let lock = Lock::new(value, &origin, &file, &blocks, &overrides, &tasks);
    let plan = Plan {
        lock,
        name: file.name,
        about: file.about,
        seed: file.seed,
        limits: request.limits,
        sweep,
        tasks,
        stages,
        cluster: file.cluster,
    };
    problems.add(lead_elsewhere(&plan, &results, &source));
    problems.add(belongs_to_others(project, &plan, &results, &source));
    if !problems.is_empty() {
        return Err(invalid(problems.told(&plan.sweep)));
    }
    Ok(plan)
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

/// Arguments that an axis of the sweep would undo.
fn contradictions(request: &Request, overrides: &[Override], sweep: &Sweep) -> Vec<Diagnostic> {
    let seed = request.seed.map(|seed| (pointer::of(&["seed"]), format!("--seed {seed}")));
    let set = overrides.iter().map(|one| (one.pointer(), one.argument.clone()));
    let mut found = Vec::new();
    for (at, argument) in set.chain(seed) {
        let axis = sweep
            .axes
            .iter()
            .find(|axis| axis.targets.iter().any(|target| pointer::within(&at, &target.pointer)));
        if let Some(axis) = axis {
            let name = &axis.name;
            found.push(Diagnostic {
                location: Location::Argument { argument },
                message: format!("the axis `{name}` of the sweep sets this"),
                help: Some(format!(
                    "`--set sweep.{name}=null` leaves the axis out, and `--set sweep.{name}.to=[VALUE, VALUE]` gives it other values"
                )),
            });
        }
    }
    found
}

/// Values of an axis over the seed that are none.
fn odd_seeds(sweep: &Sweep, source: &Source) -> Vec<Diagnostic> {
    let settings = sweep
        .axes
        .iter()
        .flat_map(|axis| (0..axis.labels.len()).flat_map(|label| axis.settings_at(label)));
    settings
        .filter(|(target, setting)| target.stage().is_none() && !setting.value.is_u64())
        .map(|(_, setting)| {
            let message = file::odd_seed(&shown(&setting.value));
            source.problem(&setting.written_at, Part::Value, message, None)
        })
        .collect()
}

/// The programs that the blocks use, by what they are called there.
fn programs(
    catalogue: &Catalogue,
    blocks: &Blocks,
    problems: &mut Problems,
) -> Result<BTreeMap<String, Result<Arc<Program>, Unusable>>, PipelineError> {
    let mut wanted = BTreeSet::new();
    for (stage, point, block) in blocks.iter() {
        if let Some(uses) = &block.entry.uses {
            match catalogue.check(uses) {
                Ok(()) => drop(wanted.insert(uses.as_str())),
                Err(missing) => {
                    problems.add_at(&blocks.axes[stage], point, [unusable(block, &missing)]);
                }
            }
        }
    }
    // Minutes of compiling are not spent on a pipeline that is known to be wrong.
    if !problems.is_empty() && !catalogue.are_built(&wanted) {
        return Ok(BTreeMap::new());
    }
    let found = catalogue.programs(&wanted)?;
    Ok(found.into_iter().map(|(uses, program)| (uses, program.map(Arc::new))).collect())
}

/// Axes that are called like a column of a table that some stage makes.
fn second_columns(sweep: &Sweep, blocks: &Blocks, source: &Source) -> Vec<Diagnostic> {
    let programs = blocks.iter().filter_map(|(_, _, block)| block.program.as_ref());
    let tables: Vec<&Table> =
        programs.flat_map(|program| program.description.output.tables()).collect();
    let problem = |axis: &sweep::Axis| {
        let has_it = |table: &&&Table| table.columns.iter().any(|of| of.name == axis.name);
        tables.iter().find(has_it).map(|table| second_column(source, &axis.name, table.name))
    };
    // Those of the table of runs are told of where the sweep is read.
    let others = sweep.axes.iter().filter(|axis| !OWN_COLUMNS.contains(&axis.name.as_str()));
    others.filter_map(problem).collect()
}

/// The wiring at every point over the axes that decide about programs and inputs: one where
/// there are no such axes.
fn wirings(
    blocks: &Blocks,
    sweep: &Sweep,
    source: &Source,
    problems: &mut Problems,
) -> BTreeMap<Point, Wiring> {
    let structural =
        |axis: &usize| sweep.axes[*axis].targets.iter().any(sweep::Target::is_structural);
    let axes: BTreeSet<usize> = sweep.every_axis().into_iter().filter(structural).collect();
    let points = sweep.points(&axes, &Point::default());
    let mut wirings = BTreeMap::new();
    for point in points {
        // Axes that set parameters alone change nothing here: their first label stands for all.
        let whole = sweep.completed(&point);
        let here: Vec<_> =
            (0..blocks.axes.len()).filter_map(|stage| blocks.at(stage, &whole)).collect();
        let entries: Vec<&StageEntry> = here.iter().map(|block| &block.entry).collect();
        let descriptions: Vec<_> = here
            .iter()
            .map(|block| block.program.as_ref().map(|program| &program.description))
            .collect();
        let mut source = source.clone();
        for (axis, label) in point.labels() {
            for (target, setting) in sweep.axes[axis].settings_at(label) {
                source.add_axis(&target.pointer, &target.written_at, &setting.written_at);
            }
        }
        let mut found = Vec::new();
        let wiring = wire(&entries, &descriptions, &source, &mut found);
        problems.add_at(&axes, &point, found);
        wirings.insert(point, wiring);
    }
    wirings
}

/// A link in the place of something that a run writes below `results`: what is written through it
/// would lie elsewhere.
fn lead_elsewhere(plan: &Plan, results: &Path, source: &Source) -> Option<Diagnostic> {
    let logs = plan.tasks.iter().flat_map(|task| {
        let log = results.join(task.log(&plan.sweep));
        let folders = log.ancestors().take_while(|folder| folder.starts_with(results));
        folders.map(Path::to_owned).collect::<Vec<_>>()
    });
    let written: BTreeSet<PathBuf> = logs.chain([results.to_owned()]).collect();
    let link = written.into_iter().find(|path| path.is_symlink())?;
    Some(Diagnostic {
        location: source.whole(),
        message: format!("{} is a link: results are written nowhere else", link.display()),
        help: Some("remove it, or choose another place with `--data FOLDER`".to_owned()),
    })
}

/// Results that this run must not replace.
fn belongs_to_others(
    project: &Project,
    plan: &Plan,
    results: &Path,
    source: &Source,
) -> Option<Diagnostic> {
    let origin = project.root.join(plan.lock.origin());
    let (message, help) = foreign(project, results)
        .or_else(|| of_another_file(project, results, &plan.name, &origin))?;
    Some(source.problem("/name", Part::Value, message, Some(help)))
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
