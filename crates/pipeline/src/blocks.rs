//! The blocks of a pipeline's stages, each once for every value that the sweep gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::file::{PipelineFile, StageEntry, read_stage};
use crate::overrides::{Override, set};
use crate::pointer;
use crate::problems::Problems;
use crate::program::{Program, Unusable};
use crate::schema::{Schema, validate};
use crate::source::{Part, Source};
use crate::sweep::{Point, Sweep};

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
                let block = Block { entry, program: None, is_valid: false, source };
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

    /// Gives every block its parameters, those of `overrides` and of the sweep included, and
    /// checks them against the schema of its program.
    pub(crate) fn set_parameters(
        &mut self,
        overrides: &[Override],
        sweep: &Sweep,
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
            }
            problems.add_at(&self.axes[*stage], point, found);
        }
    }
}

/// A seed for a program that uses none: whoever sets it expects another result.
fn unused_seed(block: &Block, program: &Program) -> Option<crate::diagnostic::Diagnostic> {
    if block.entry.seed.is_none() || program.description.uses_seed {
        return None;
    }
    let at = pointer::join(&block.entry.pointer(), "seed");
    let message = format!("the stage `{}` uses no seed", program.description.name);
    let help = Some("remove the line: its result does not depend on a seed".to_owned());
    Some(block.source.problem(&at, Part::Key, message, help))
}

/// Why the program of `block` cannot be used.
pub(crate) fn unusable(block: &Block, why: &Unusable) -> crate::diagnostic::Diagnostic {
    let at = pointer::join(&block.entry.pointer(), "uses");
    block.source.problem(&at, Part::Value, why.message.clone(), why.help.clone())
}

/// What the labels of `point` set in the stage `name`.
fn settings<'s>(
    sweep: &'s Sweep,
    name: &'s str,
    point: &'s Point,
) -> impl Iterator<Item = (&'s crate::sweep::Target, &'s crate::sweep::Setting)> {
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
