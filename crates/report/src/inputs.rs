//! The artifacts that a report is about, and which of them belong to one variant of a sweep.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use artifact::tables::findings::{FINDINGS, FindingRow};
use artifact::tables::training::{HISTORY, HistoryRow};
use artifact::{Kind, Manifest, Table, read_rows, table_file};
use stage::{Input, Inputs, StageError};
use study::Study;

use crate::about::About;
use crate::axis::Axis;
use crate::failed::Failed;
use crate::variant::Variant;

/// The one port of the report.
pub const PORT: &str = "results";

/// One input artifact.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Its directory.
    pub directory: PathBuf,
    /// Where it comes from.
    pub manifest: Manifest,
    /// How to look at it.
    pub study: Study,
    /// Name of the stage of the pipeline that made it.
    pub stage: String,
    /// Values of the axes of the sweep that it depends on, in the order of the sweep.
    axes: Vec<Axis>,
}

impl Artifact {
    /// An artifact that is part of no sweep.
    #[must_use]
    pub fn of(directory: PathBuf, manifest: Manifest, study: Study) -> Self {
        Self { directory, stage: manifest.stage.clone(), manifest, study, axes: Vec::new() }
    }

    fn read(input: &Input) -> Result<Self, StageError> {
        let manifest = input.manifest()?;
        Ok(Self {
            directory: input.path().to_owned(),
            study: Study::read(input.path())?,
            stage: input.stage.clone().unwrap_or_else(|| manifest.stage.clone()),
            axes: input.axes.values().map(Axis::of).collect(),
            manifest,
        })
    }

    /// The table `name`, where it has one; that of one that it must have may be missing.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&'static Table> {
        let table = self.manifest.kind.table(name)?;
        let is_there = !table.optional || table_file(&self.directory, table, None).is_file();
        is_there.then_some(table)
    }

    fn goes_with(&self, point: &[Axis]) -> bool {
        self.axes.iter().all(|axis| point.contains(axis))
    }

    /// Whether it was made from an artifact with this key, as far as its manifest says.
    #[must_use]
    pub fn is_made_from(&self, key: &str) -> bool {
        self.manifest.inputs.values().flatten().any(|input| input == key)
    }
}

/// Every variant among the inputs but those that `failed`, in the order of the sweep: one without a sweep.
///
/// A variant is a point of the sweep with every artifact that fits it. Where several stages made a kind
/// of artifact, as two spectra of one run, each of them makes a variant.
///
/// # Errors
/// Where there is no input, or an artifact cannot be read.
pub fn read(inputs: &Inputs, failed: &[Failed]) -> Result<Vec<Variant>, StageError> {
    let given = inputs.many(PORT);
    if given.is_empty() {
        return Err(StageError::new(format!(
            "the request gives no artifact for the port `{PORT}`"
        ))
        .hint("wire stages into the report: `inputs: { results: [spectrum, train, dataset] }`"));
    }
    let artifacts: Vec<Artifact> = given.iter().map(Artifact::read).collect::<Result<_, _>>()?;
    let all = points(&artifacts);
    // What a failed variant has left is no variant; where nothing else is there, it is shown all the same.
    let whole = |point: &&Vec<Axis>| !failed.iter().any(|failed| failed.goes_with(point));
    let sound: Vec<Vec<Axis>> = all.iter().filter(whole).cloned().collect();
    let mut variants = Vec::new();
    for point in if sound.is_empty() { all } else { sound } {
        let fitting: Vec<&Artifact> =
            artifacts.iter().filter(|artifact| artifact.goes_with(&point)).collect();
        for (stages, chosen) in by_stage(&fitting) {
            let axes = stages.into_iter().chain(point.clone()).collect();
            variants.push(variant(variants.len(), axes, chosen)?);
        }
    }
    Ok(variants)
}

/// The points of the sweep that the artifacts are of: those whose axes are no part of another's.
fn points(artifacts: &[Artifact]) -> Vec<Vec<Axis>> {
    let mut points: Vec<Vec<Axis>> = Vec::new();
    for artifact in artifacts {
        let point = &artifact.axes;
        let is_part =
            |other: &Artifact| other.axes.len() > point.len() && artifact.goes_with(&other.axes);
        if !points.contains(point) && !artifacts.iter().any(is_part) {
            points.push(point.clone());
        }
    }
    points
}

/// The ways to choose one stage for each kind that several have made, each with the artifacts that
/// remain: none that was made from one that was not chosen.
fn by_stage<'a>(fitting: &[&'a Artifact]) -> Vec<(Vec<Axis>, Vec<&'a Artifact>)> {
    let mut kinds: Vec<(Kind, Vec<&str>)> = Vec::new();
    for artifact in fitting {
        let kind = artifact.manifest.kind;
        // An artifact that another of its kind was made from is no alternative to that.
        let is_behind = |other: &&&Artifact| {
            other.manifest.kind == kind && other.is_made_from(&artifact.manifest.key)
        };
        if fitting.iter().any(|other| is_behind(&other)) {
            continue;
        }
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, stages)) if stages.contains(&artifact.stage.as_str()) => {}
            Some((_, stages)) => stages.push(&artifact.stage),
            None => kinds.push((kind, vec![&artifact.stage])),
        }
    }
    kinds.retain(|(_, stages)| stages.len() > 1);
    let mut choices: Vec<Vec<(Kind, &str)>> = vec![Vec::new()];
    for (kind, stages) in &kinds {
        choices = choices
            .into_iter()
            .flat_map(|choice| {
                stages.iter().map(move |stage| [choice.clone(), vec![(*kind, *stage)]].concat())
            })
            .collect();
    }
    let mut found = Vec::new();
    for choice in choices {
        let is_chosen = |artifact: &Artifact| {
            let kind = artifact.manifest.kind;
            let is_choice =
                |stage: &str| kinds.iter().any(|(of, all)| *of == kind && all.contains(&stage));
            choice.iter().all(|(of, stage)| {
                *of != kind || *stage == artifact.stage || !is_choice(&artifact.stage)
            })
        };
        let (mut chosen, mut left): (Vec<&Artifact>, Vec<&Artifact>) =
            fitting.iter().copied().partition(|artifact| is_chosen(artifact));
        // What was made from something else goes with it, and so does what was made from that.
        loop {
            let odd = |artifact: &&Artifact| {
                left.iter().any(|other| artifact.is_made_from(&other.manifest.key))
            };
            let (out, kept): (Vec<&Artifact>, Vec<&Artifact>) =
                chosen.iter().copied().partition(odd);
            chosen = kept;
            if out.is_empty() {
                break;
            }
            left.extend(out);
        }
        let present: BTreeSet<&str> =
            chosen.iter().map(|artifact| artifact.manifest.kind.name()).collect();
        if choice.iter().all(|(kind, _)| present.contains(kind.name())) {
            let axes = choice.iter().map(|(kind, stage)| Axis::stage(kind.name(), stage));
            found.push((axes.collect(), chosen));
        }
    }
    // Where the stages do not fit together, all that was wired is shown as one.
    if found.is_empty() {
        found.push((Vec::new(), fitting.to_vec()));
    }
    found
}

fn variant(
    index: usize,
    axes: Vec<Axis>,
    artifacts: Vec<&Artifact>,
) -> Result<Variant, StageError> {
    let mut findings: Vec<FindingRow> = Vec::new();
    let mut sources = BTreeMap::new();
    let mut rates = Vec::new();
    for artifact in &artifacts {
        if artifact.table(FINDINGS.name).is_some() {
            for row in read_rows::<FindingRow>(&artifact.directory)? {
                // Of two artifacts with one finding the first is looked at.
                let source = sources.entry(row.finding.clone());
                source.or_insert_with(|| artifact.directory.clone());
                findings.push(row);
            }
        }
        if artifact.manifest.kind == Kind::TRAINING && artifact.table(HISTORY.name).is_some() {
            let mut history: Vec<HistoryRow> = read_rows(&artifact.directory)?;
            history.sort_by_key(|row| row.step);
            // The rate of the last row governs no update.
            history.pop();
            rates = history.iter().map(|row| row.learning_rate).collect();
        }
    }
    Ok(Variant {
        index,
        axes,
        about: About::new(artifacts.iter().map(|artifact| &artifact.manifest)),
        artifacts: artifacts.into_iter().cloned().collect(),
        findings,
        sources,
        rates,
    })
}
