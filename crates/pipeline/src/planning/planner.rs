//! From wired stages to tasks: every stage at every point of the axes that it depends on, each
//! plan asked for once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use artifact::{CONTRACT, Kind, Outline};
use serde_json::Value;
use stage::{Limits, Outlines, PlanRequest};

use super::key::{Identity, gathered};
use super::lineage::{self, Stray};
use super::plan::{Instance, PlannedStage};
use super::task::{Feed, Task};
use crate::programs::{Program, Unusable};
use crate::project::Project;
use crate::reading::file::PipelineFile;
use crate::reading::sweep::{Point, Sweep};
use crate::reading::{Block, Blocks, Part, Problems, Wiring, seed_at, unusable};
use crate::schema::{Schema, files, with_defaults, with_pipeline};
use crate::store::{Stamps, Store};
use crate::text::quantity::bytes;
use crate::text::{Diagnostic, listed, pointer};

/// Makes the tasks of a pipeline.
pub(crate) struct Planner<'a> {
    pub project: &'a Project,
    pub file: &'a PipelineFile,
    pub limits: Limits,
    pub sweep: &'a Sweep,
    pub blocks: &'a Blocks,
    /// The wiring at each point over the axes that decide about programs and inputs.
    pub wirings: &'a BTreeMap<Point, Wiring>,
    pub problems: &'a mut Problems,
    /// For each stage of the file, the axes on which its artifact depends.
    axes: Vec<BTreeSet<usize>>,
    /// What the programs said that were asked, by all that they were asked with.
    answers: HashMap<blake3::Hash, Rc<Result<stage::Plan, Unusable>>>,
    /// Hashes of files that stages will read.
    files: HashMap<PathBuf, Result<String, String>>,
    stamps: Stamps,
    instances: HashMap<(usize, Point), Planned>,
    tasks: Vec<Task>,
    /// Tasks by stage and key: variants with the same key share one.
    known: HashMap<(usize, String), usize>,
}

/// What asking the program of a stage has shown at one point.
#[derive(Clone, Debug, Default)]
struct Planned {
    task: Option<usize>,
    outline: Outline,
}

/// An input port at one point: the stages wired into it, each at the points that reach it.
struct Inputs {
    /// With the kinds of what the ports take.
    outlines: Outlines,
    /// `None` where one of them has no task, for its problems are reported already.
    feeds: Option<BTreeMap<String, Vec<Feed>>>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        project: &'a Project,
        file: &'a PipelineFile,
        limits: Limits,
        sweep: &'a Sweep,
        blocks: &'a Blocks,
        wirings: &'a BTreeMap<Point, Wiring>,
        problems: &'a mut Problems,
    ) -> Self {
        Self {
            axes: dependencies(sweep, blocks, wirings),
            project,
            file,
            limits,
            sweep,
            blocks,
            wirings,
            problems,
            answers: HashMap::new(),
            files: HashMap::new(),
            stamps: Store::of(project).stamps_of_files(),
            instances: HashMap::new(),
            tasks: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The tasks of all stages that nothing is wrong with, each after its inputs, and the
    /// stages with their instances.
    ///
    /// This is the one place where a stage of the file becomes tasks: one for each point over the
    /// axes that it depends on, but for those that have the same key.
    pub(crate) fn tasks(mut self) -> (Vec<Task>, Vec<PlannedStage>) {
        let mut order: Vec<usize> = Vec::new();
        for stage in self.wirings.values().flat_map(|wiring| &wiring.order) {
            let is_sound = self.wirings.values().all(|wiring| wiring.order.contains(stage));
            // A cycle in one variant is reported already, and would have no end here.
            if is_sound && !order.contains(stage) {
                order.push(*stage);
            }
        }
        let mut stages = Vec::new();
        for &stage in &order {
            let mut instances = Vec::new();
            for point in self.sweep.points(&self.axes[stage], &Point::default()) {
                if let Some(task) = self.instance(stage, &point).task {
                    instances.push(Instance { point, task });
                }
            }
            let (name, axes) = (self.file.stages[stage].0.clone(), self.axes[stage].clone());
            stages.push(PlannedStage { name, axes, instances });
        }
        self.stamps.write();
        (self.tasks, stages)
    }

    /// `stage` at `point`, one over its axes.
    fn instance(&mut self, stage: usize, point: &Point) -> Planned {
        if let Some(planned) = self.instances.get(&(stage, point.clone())) {
            return planned.clone();
        }
        let planned = self.planned(stage, point);
        self.instances.insert((stage, point.clone()), planned.clone());
        planned
    }

    fn planned(&mut self, stage: usize, point: &Point) -> Planned {
        let blocks = self.blocks;
        let Some(block) = blocks.at(stage, point).filter(|block| block.is_valid) else {
            return Planned::default();
        };
        let Some(program) = &block.program else { return Planned::default() };
        let inputs = self.inputs(stage, point, program);
        let Some(plan) = self.plan(stage, point, block, program, inputs.outlines) else {
            return Planned::default();
        };
        let outline = plan.outline.clone();
        let task = match inputs.feeds {
            Some(feeds) => self.task(stage, point, block, program, plan, feeds),
            None => None,
        };
        Planned { task, outline }
    }

    /// What is wired into `stage` at `point`.
    fn inputs(&mut self, stage: usize, point: &Point, program: &Program) -> Inputs {
        let (mut outlines, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        let mut all = Some(BTreeMap::new());
        let wirings = self.wirings;
        let Some(wiring) = wirings.iter().find(|(at, _)| agree(at, point)).map(|(_, one)| one)
        else {
            return Inputs { outlines: Outlines::default(), feeds: all };
        };
        for (port, sources) in &wiring.inputs[stage] {
            let gathers = program.gathers(port);
            let mut feeds = Some(Vec::new());
            let known: &mut Vec<Outline> = outlines.entry(port.clone()).or_default();
            let own: &mut Vec<Kind> = kinds.entry(port.clone()).or_default();
            for &source in sources {
                // At a port for one every axis of the source is one of the stage.
                for at in self.sweep.points(&self.axes[source].clone(), point) {
                    let planned = self.instance(source, &at);
                    let program = self.blocks.at(source, &at).and_then(|of| of.program.as_ref());
                    let kind = program.map(|program| program.description.output);
                    own.extend(kind.filter(|kind| !own.contains(kind)));
                    known.push(planned.outline);
                    let point = if gathers { at } else { Point::default() };
                    let feed = planned.task.map(|task| Feed { task, point });
                    feeds = feeds.zip(feed).map(|(mut feeds, feed)| {
                        feeds.push(feed);
                        feeds
                    });
                }
            }
            all = all.zip(feeds).map(|(mut all, feeds)| {
                all.insert(port.clone(), feeds);
                all
            });
        }
        Inputs { outlines: Outlines::from(outlines).with_kinds(kinds), feeds: all }
    }

    /// The program's own plan, or what its schema says where it makes none; `None` where
    /// something is wrong with it.
    fn plan(
        &mut self,
        stage: usize,
        point: &Point,
        block: &Block,
        program: &Program,
        inputs: Outlines,
    ) -> Option<stage::Plan> {
        let description = &program.description;
        let schema = Schema::new(&description.parameters);
        let file = self.file;
        let given = with_pipeline(schema, &block.entry.with, &file.name, &file.about);
        let filled = with_defaults(Schema::new(&description.parameters), &given);
        if !description.plans {
            let schema = Schema::new(&description.parameters);
            let files = files(schema, &filled).into_iter().filter_map(|at| {
                let file = filled.pointer(&at)?.as_str()?;
                Some(PathBuf::from(file))
            });
            let files = files.collect();
            return Some(stage::Plan { parameters: filled, files, ..stage::Plan::default() });
        }
        let axes = self.axes[stage].clone();
        let answer = self.answer(given, program, inputs);
        let mut plan = match &*answer {
            Ok(plan) => plan.clone(),
            Err(why) => {
                self.problems.add_at(&axes, point, [unusable(block, why)]);
                return None;
            }
        };
        if plan.parameters.is_null() {
            plan.parameters = filled;
        }
        let with = pointer::join(&block.entry.pointer(), "with");
        let problems = std::mem::take(&mut plan.problems);
        let is_right = problems.is_empty();
        let located = problems.into_iter().map(|problem| {
            let at = format!("{with}{}", problem.at);
            let help = block.help(&at, problem.hint);
            block.source.problem(&at, Part::Value, problem.message, help)
        });
        self.problems.add_at(&axes, point, located);
        if !is_right {
            return None;
        }
        self.check_memory(&axes, point, block, &plan);
        Some(plan)
    }

    /// What a program says to its `parameters` and `inputs`: asked once for all
    /// instances that would ask the same.
    fn answer(
        &mut self,
        parameters: Value,
        program: &Program,
        inputs: Outlines,
    ) -> Rc<Result<stage::Plan, Unusable>> {
        let request = PlanRequest {
            contract: program.description.contract.clone(),
            parameters,
            kinds: inputs.all_kinds().clone(),
            inputs,
            limits: self.limits,
            part: stage::Part::Whole,
        };
        // Parameters, outlines and limits are JSON already.
        let asked = serde_json::to_string(&request).unwrap_or_default();
        let asked = format!("{} {asked}", program.path.display());
        let asked = blake3::hash(asked.as_bytes());
        if let Some(answer) = self.answers.get(&asked) {
            return Rc::clone(answer);
        }
        let answer = program.plan(&request, &self.project.root).map_err(|why| Unusable {
            message: format!("the program {} {}", self.project.shown(&program.path), why.message),
            help: why.help,
        });
        let answer = Rc::new(answer);
        self.answers.insert(asked, Rc::clone(&answer));
        answer
    }

    /// Reports a stage that would need more memory than there is.
    fn check_memory(
        &mut self,
        axes: &BTreeSet<usize>,
        point: &Point,
        block: &Block,
        plan: &stage::Plan,
    ) {
        let free = self.limits.memory_bytes;
        let Some(needed) = plan.memory_bytes.filter(|needed| *needed > free) else { return };
        let message = format!(
            "the stage `{}` would need {} of memory; {} are free",
            block.entry.name,
            bytes(needed),
            bytes(free)
        );
        let help = "use fewer samples or a smaller network, or allow more with `--memory`";
        let at = block.entry.pointer();
        let problem = block.source.problem(&at, Part::Key, message, Some(help.to_owned()));
        self.problems.add_at(axes, point, [problem]);
    }

    /// The task that makes the artifact of `stage` at `point`.
    fn task(
        &mut self,
        stage: usize,
        point: &Point,
        block: &Block,
        program: &Arc<Program>,
        plan: stage::Plan,
        inputs: BTreeMap<String, Vec<Feed>>,
    ) -> Option<usize> {
        let files: Result<Vec<String>, String> =
            plan.files.iter().map(|file| self.hash(file)).collect();
        let files = match files {
            Ok(files) => files,
            Err(error) => {
                let at = block.entry.pointer();
                let problem = block.source.problem(&at, Part::Key, error, None);
                self.problems.add_at(&self.axes[stage], point, [problem]);
                return None;
            }
        };
        let strays: Vec<Diagnostic> = inputs
            .keys()
            .flat_map(|port| lineage::pairs(&self.tasks, &inputs, &program.description, port).1)
            .map(|stray| self.stray(block, &inputs, &stray))
            .collect();
        if !strays.is_empty() {
            self.problems.add_at(&self.axes[stage], point, strays);
            return None;
        }
        let swept = seed_at(self.sweep, point).and_then(Value::as_u64);
        let seed = block.entry.seed.or(swept).unwrap_or(self.file.seed);
        let keys = inputs.iter().map(|(port, feeds)| {
            let keys = feeds.iter().map(|feed| self.tasks[feed.task].key.clone());
            (port.clone(), keys.collect())
        });
        let key = Identity {
            contract: CONTRACT,
            program: &program.hash,
            parameters: &plan.parameters,
            seed: program.description.uses_seed.then_some(seed),
            files: &files,
            inputs: &keys.collect(),
            gathered: &gathered(self.sweep, &self.tasks, program, &inputs),
        }
        .key();
        if let Some(&task) = self.known.get(&(stage, key.clone())) {
            return Some(task);
        }
        let task = self.tasks.len();
        self.known.insert((stage, key.clone()), task);
        self.tasks.push(Task {
            stage: block.entry.name.clone(),
            point: point.clone(),
            uses: block.entry.uses.clone().unwrap_or_default(),
            program: Arc::clone(program),
            parameters: plan.parameters,
            seed,
            inputs,
            outline: plan.outline,
            memory_bytes: plan.memory_bytes,
            files: plan.files.into_iter().zip(files).collect(),
            time_limit: block.entry.time_limit,
            resources: block.entry.resources.clone(),
            retries: block.entry.retries,
            key,
            accepts: None,
            is_selected: true,
            is_forced: false,
            location: block.source.locate(&block.entry.pointer(), Part::Key),
        });
        Some(task)
    }

    /// What is wrong with an artifact in `inputs` that fits none at another port, where it is wired.
    fn stray(
        &self,
        block: &Block,
        inputs: &BTreeMap<String, Vec<Feed>>,
        stray: &Stray,
    ) -> Diagnostic {
        let Stray { port, place, source, made_from } = stray;
        let name = &self.tasks[inputs[port][*place].task].stage;
        let mut wires = block.entry.inputs.iter().filter(|wire| wire.port == *port);
        let at = wires
            .find_map(|wire| {
                let index = wire.stages.iter().position(|stage| stage == name)?;
                Some(wire.pointer(&block.entry.pointer(), index))
            })
            .unwrap_or_else(|| block.entry.pointer());
        let (message, help) = if made_from.is_empty() {
            (
                format!(
                    "nothing says to which of the artifacts at the input `{source}` `{name}` belongs"
                ),
                format!("wire one stage into `{source}`"),
            )
        } else {
            let names: Vec<&str> = made_from.iter().map(String::as_str).collect();
            let names = listed(&names, "and");
            (
                format!(
                    "`{name}` was made from {names}, which is not what is wired into `{source}`"
                ),
                format!("wire {names} into `{source}`"),
            )
        };
        block.source.problem(&at, Part::Value, message, Some(help))
    }

    /// Hash of a file that a stage will read.
    fn hash(&mut self, file: &std::path::Path) -> Result<String, String> {
        let path = self.project.root.join(file);
        let stamps = &mut self.stamps;
        let hash = |path: &PathBuf| {
            stamps.hash(&path.display().to_string(), path).map_err(|error| error.to_string())
        };
        self.files.entry(path).or_insert_with_key(hash).clone()
    }
}

/// Whether no axis has two labels in `one` and `other`.
fn agree(one: &Point, other: &Point) -> bool {
    one.labels().all(|(axis, label)| other.label(axis).is_none_or(|found| found == label))
}

/// For each stage the axes on which its artifact depends: those that set something in its own
/// block, those of its seed, and those of its inputs but where it gathers them.
fn dependencies(
    sweep: &Sweep,
    blocks: &Blocks,
    wirings: &BTreeMap<Point, Wiring>,
) -> Vec<BTreeSet<usize>> {
    let mut axes = blocks.axes.clone();
    let of_seed: Vec<usize> =
        (0..sweep.axes.len()).filter(|axis| sweep.axes[*axis].sets_seed()).collect();
    for (stage, _, block) in blocks.iter() {
        let uses_seed = block.program.as_ref().is_some_and(|of| of.description.uses_seed);
        if uses_seed && block.entry.seed.is_none() {
            axes[stage].extend(&of_seed);
        }
    }
    // Each pass carries the axes one stage further.
    for _ in 0..axes.len() {
        for (at, wiring) in wirings {
            for (stage, ports) in wiring.inputs.iter().enumerate() {
                let block = blocks.at(stage, &sweep.completed(at));
                let program = block.and_then(|block| block.program.as_ref());
                for (port, sources) in ports {
                    let gathers = program.is_some_and(|program| program.gathers(port));
                    for &source in sources.iter().filter(|_| !gathers) {
                        let of_source = axes[source].clone();
                        axes[stage].extend(of_source);
                    }
                }
            }
        }
    }
    axes
}
