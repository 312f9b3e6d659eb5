//! The blocks of a pipeline's stages, each once for every value that the sweep gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::file::{PipelineFile, StageEntry, read_stage};
use super::overrides::{Override, set};
use super::problems::Problems;
use super::source::{Part, Source};
use super::sweep::{Point, Setting, Sweep, Target};
use crate::programs::{Program, Unusable};
use crate::project::{Found, NamedBy, Names, Project, looked_for};
use crate::schema::{Schema, files, validate};
use crate::text::{Location, pointer};

/// The block of one stage at one point of the sweep.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub entry: StageEntry,
    /// `None` where it has none that can be used.
    pub program: Option<Arc<Program>>,
    /// Whether the parameters fit the program's schema.
    pub is_valid: bool,
    /// Where its values come from.
    pub source: Source,
    /// Paths that lead nowhere, by their pointer in the pipeline, with the places where they were
    /// looked for in words.
    pub nowhere: BTreeMap<String, String>,
    /// Paths that lead elsewhere than to the same from the root.
    pub moved: Vec<Moved>,
}

/// A path that is written otherwise than it is from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Pointer in the pipeline file, with all that was set, of where it is written.
    pub written_at: String,
    /// As it is written.
    pub from: String,
    /// From the root, or from `/`.
    pub to: String,
}

/// The blocks of all stages.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// For each stage of the file, the axes that set something in its block.
    pub axes: Vec<BTreeSet<usize>>,
    blocks: BTreeMap<(usize, Point), Block>,
}

impl Blocks {
    /// Reads the blocks of `file`; programs and parameters come later.
    pub(crate) fn read(
        file: &PipelineFile,
        sweep: &Sweep,
        source: &Source,
        places: Places,
        problems: &mut Problems,
    ) -> Self {
        let mut all = Self { axes: Vec::new(), blocks: BTreeMap::new() };
        for (stage, (name, value)) in file.stages.iter().enumerate() {
            let sets = |axis: &usize| {
                sweep.axes[*axis].targets.iter().any(|target| target.stage() == Some(name))
            };
            let axes: BTreeSet<usize> = sweep.every_axis().into_iter().filter(sets).collect();
            for point in sweep.points(&axes, &Point::default()) {
                let mut found = Vec::new();
                let (mut value, mut source) = (value.clone(), source.clone());
                for (target, setting) in settings(sweep, name, &point) {
                    source.add_axis(&target.pointer, &target.written_at, &setting.written_at);
                    if target.is_structural()
                        && let Err(text) = set(&mut value, None, &target.path[1..], &setting.value)
                    {
                        found.push(source.problem(&target.pointer, Part::Key, text, None));
                    }
                }
                let entry = read_stage(&source, name, &value, &mut found);
                problems.add_at(&axes, &point, found);
                let (nowhere, moved) = (BTreeMap::new(), Vec::new());
                let mut block =
                    Block { entry, program: None, is_valid: false, source, nowhere, moved };
                block.find_program(places, &settings(sweep, name, &point).collect::<Vec<_>>());
                all.blocks.insert((stage, point), block);
            }
            all.axes.push(axes);
        }
        all
    }

    /// The block of `stage` at `point`, which may be over further axes.
    pub(crate) fn at(&self, stage: usize, point: &Point) -> Option<&Block> {
        self.blocks.get(&(stage, point.over(&self.axes[stage])))
    }

    /// Every block with its stage and point.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Point, &Block)> {
        self.blocks.iter().map(|((stage, point), block)| (*stage, point, block))
    }

    /// Gives every block the program that it uses.
    pub(crate) fn add_programs(
        &mut self,
        programs: &BTreeMap<String, Result<Arc<Program>, Unusable>>,
        problems: &mut Problems,
    ) {
        for ((stage, point), block) in &mut self.blocks {
            match block.entry.uses.as_ref().and_then(|uses| programs.get(uses)) {
                Some(Ok(program)) => {
                    problems.add_at(&self.axes[*stage], point, unused_seed(block, program));
                    block.program = Some(Arc::clone(program));
                }
                Some(Err(missing)) => {
                    problems.add_at(&self.axes[*stage], point, [unusable(block, missing)]);
                }
                None => {}
            }
        }
    }

    /// Gives every block its parameters, those of `overrides` and of the sweep included, checks them
    /// against the schema of its program, and looks for the files that they name.
    pub(crate) fn set_parameters(
        &mut self,
        overrides: &[Override],
        sweep: &Sweep,
        places: Places,
        problems: &mut Problems,
    ) {
        for ((stage, point), block) in &mut self.blocks {
            let mut found = Vec::new();
            let program = block.program.clone();
            let schema = program.as_ref().map(|of| Schema::new(&of.description.parameters));
            let name = block.entry.name.clone();
            for one in overrides {
                if let Some((of, path)) = one.parameter()
                    && of == name
                {
                    let set = one.apply_to_parameters(&mut block.entry.with, schema, path);
                    found.extend(set.err());
                }
            }
            for (target, setting) in settings(sweep, &name, point) {
                if let Some(path) = target.parameter()
                    && let Err(text) = set(&mut block.entry.with, schema, path, &setting.value)
                {
                    found.push(block.source.problem(&target.pointer, Part::Key, text, None));
                }
            }
            if let Some(schema) = schema {
                let with = pointer::join(&block.entry.pointer(), "with");
                found.extend(validate(schema, &block.entry.with).into_iter().map(|issue| {
                    let part = if issue.key { Part::Key } else { Part::Value };
                    let at = format!("{with}{}", issue.at);
                    block.source.problem(&at, part, issue.message, issue.help)
                }));
                block.is_valid = found.is_empty();
                for at in files(schema, &block.entry.with) {
                    block.find_file(
                        places,
                        &at,
                        &settings(sweep, &name, point).collect::<Vec<_>>(),
                    );
                }
            }
            problems.add_at(&self.axes[*stage], point, found);
        }
    }
}

/// A seed for a program that uses none: whoever sets it expects another result.
fn unused_seed(block: &Block, program: &Program) -> Option<crate::text::Diagnostic> {
    if block.entry.seed.is_none() || program.description.uses_seed {
        return None;
    }
    let at = pointer::join(&block.entry.pointer(), "seed");
    let message = format!("the stage `{}` uses no seed", program.description.name);
    let help = Some("remove the line: its result does not depend on a seed".to_owned());
    Some(block.source.problem(&at, Part::Key, message, help))
}

/// Where the paths of a pipeline are looked for.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub project: &'a Project,
    /// The pipeline file.
    pub file: &'a Path,
}

impl Block {
    /// Looks for the program, where it is a file.
    fn find_program(&mut self, places: Places, settings: &[(&Target, &Setting)]) {
        let at = pointer::join(&self.entry.pointer(), "uses");
        if let Some(uses) = self.entry.uses.clone().filter(|uses| uses.contains('/')) {
            self.entry.uses = Some(self.find(places, &at, uses, Names::Program, settings));
        }
    }

    /// Looks for the file that the parameter at the pointer `at` names.
    fn find_file(&mut self, places: Places, at: &str, settings: &[(&Target, &Setting)]) {
        let whole = format!("{}{at}", pointer::join(&self.entry.pointer(), "with"));
        let text = self.entry.with.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let Some(text) = text else { return };
        let found = self.find(places, &whole, text, Names::Data, settings);
        if let Some(value) = self.entry.with.pointer_mut(at) {
            *value = Value::String(found);
        }
    }

    /// The path `text`, which stands at the pointer `at`, from the root.
    fn find(
        &mut self,
        places: Places,
        at: &str,
        text: String,
        names: Names,
        settings: &[(&Target, &Setting)],
    ) -> String {
        let by = match self.source.locate(at, Part::Value) {
            Location::Argument { .. } => NamedBy::Argument,
            Location::File { .. } | Location::Line { .. } => NamedBy::File(places.file),
        };
        match places.project.find_path(&text, names, by) {
            Found::AsWritten => text,
            Found::Elsewhere(to) => {
                let by_axis = settings.iter().rev().find_map(|(target, setting)| {
                    let below = at.strip_prefix(&target.pointer)?;
                    Some(format!("{}{below}", setting.written_at))
                });
                let written_at = by_axis.unwrap_or_else(|| at.to_owned());
                self.moved.push(Moved { written_at, from: text, to: to.clone() });
                to
            }
            Found::Nowhere(places) => {
                self.nowhere.insert(at.to_owned(), looked_for(&places));
                text
            }
        }
    }

    /// `help`, and where the path at the pointer `at` was looked for, where it leads nowhere.
    pub(crate) fn help(&self, at: &str, help: Option<String>) -> Option<String> {
        match (help, self.nowhere.get(at)) {
            (Some(help), Some(places)) => Some(format!("{help}; {places}")),
            (help, places) => help.or_else(|| places.cloned()),
        }
    }
}

/// Why the program of `block` cannot be used.
pub(crate) fn unusable(block: &Block, why: &Unusable) -> crate::text::Diagnostic {
    let at = pointer::join(&block.entry.pointer(), "uses");
    let help = block.help(&at, why.help.clone());
    block.source.problem(&at, Part::Value, why.message.clone(), help)
}

/// What the labels of `point` set in the stage `name`.
fn settings<'s>(
    sweep: &'s Sweep,
    name: &'s str,
    point: &'s Point,
) -> impl Iterator<Item = (&'s Target, &'s Setting)> {
    point
        .labels()
        .flat_map(|(axis, label)| sweep.axes[axis].settings_at(label))
        .filter(move |(target, _)| target.stage() == Some(name))
}

/// The value that an axis gives to the pipeline's seed at `point`, with its place in the file.
pub(crate) fn seed_at<'s>(sweep: &'s Sweep, point: &Point) -> Option<&'s Value> {
    point
        .labels()
        .flat_map(|(axis, label)| sweep.axes[axis].settings_at(label))
        .find(|(target, _)| target.stage().is_none())
        .map(|(_, setting)| &setting.value)
}
