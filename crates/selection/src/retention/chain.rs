//! Training runs as chains: each phase begins where another run ended.

use artifact::read_rows;
use artifact::tables::training::HistoryRow;
use stage::{Input, Inputs, StageError};

use crate::axes::{RANDOM, repeats, sets};

/// One training run of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// What it differs in from others beside seeds.
    pub group: String,
    /// Whether the parts of the data were drawn: the control.
    pub is_control: bool,
    /// Stage of the pipeline.
    pub stage: String,
    /// The stage that was the first of the chain to learn from these samples.
    pub samples_of: String,
    /// The run where it begins, as a place among all.
    pub before: Option<usize>,
    /// Phases before.
    pub number: u32,
    /// Updates before.
    pub updates_before: u64,
    /// Step of each row of the history, with the accuracy on the samples it learns from and on its test
    /// samples, which are those of the phase before.
    pub accuracies: Vec<(u64, Option<f64>, Option<f64>)>,
}

impl Phase {
    /// Accuracy on the samples of the phase before, as it starts and as it ends.
    pub fn on_earlier(&self) -> Option<[f64; 2]> {
        let at =
            |row: Option<&(u64, Option<f64>, Option<f64>)>| row.and_then(|(.., tested)| *tested);
        self.before?;
        Some([at(self.accuracies.first())?, at(self.accuracies.last())?])
    }
}

/// What a run is found by.
struct Run<'a> {
    input: &'a Input,
    key: String,
    dataset: Option<String>,
    start: Option<String>,
    samples: [Option<u64>; 2],
}

/// All runs that are wired, as phases.
///
/// # Errors
/// Where a run begins at one that is not wired, or visibly tests on other samples than that learned from.
pub fn phases(inputs: &Inputs) -> Result<Vec<Phase>, StageError> {
    let runs = inputs.many("training").iter().map(run).collect::<Result<Vec<_>, StageError>>()?;
    let before: Vec<Option<usize>> =
        runs.iter().map(|run| before(run, &runs)).collect::<Result<_, StageError>>()?;
    runs.iter().enumerate().map(|(i, _)| phase(i, &runs, &before)).collect()
}

fn run(input: &Input) -> Result<Run<'_>, StageError> {
    let manifest = input.manifest()?;
    let first = |port: &str| manifest.inputs.get(port).and_then(|keys| keys.first()).cloned();
    Ok(Run {
        input,
        dataset: first("dataset"),
        start: first("start"),
        samples: [manifest.outline.train_samples, manifest.outline.test_samples],
        key: manifest.key,
    })
}

/// The place among `runs` of the one where `run` begins.
fn before(run: &Run<'_>, runs: &[Run<'_>]) -> Result<Option<usize>, StageError> {
    let Some(start) = &run.start else { return Ok(None) };
    let is_it = |other: &Run<'_>| other.key == *start && other.input.goes_with(run.input);
    let place = runs.iter().position(is_it).ok_or_else(|| {
        StageError::new(format!(
            "{} begins at a training run that is not wired",
            stage_of(run.input)
        ))
        .hint("give `training` every phase: `training: [first, second, third]`")
    })?;
    check(run, &runs[place])?;
    Ok(Some(place))
}

/// Checks that `run` and the one `before` it test on what the other learns from, as far as their numbers of samples and
/// their datasets tell.
///
/// # Errors
/// Where it is not so.
fn check(run: &Run<'_>, before: &Run<'_>) -> Result<(), StageError> {
    let (stage, other) = (stage_of(run.input), stage_of(before.input));
    let problem = if run.dataset.is_some() && run.dataset == before.dataset {
        Some(format!("{stage} learns from the same samples as the phase before it, {other}"))
    } else {
        let pairs = [(&stage, run, &other, before), (&other, before, &stage, run)];
        pairs.into_iter().find_map(|(stage, run, other, learner)| {
            let (tested, learned) = (run.samples[1], learner.samples[0]);
            let count = |samples: Option<u64>| samples.map_or("none".to_owned(), |n| n.to_string());
            (tested != learned).then(|| {
                format!(
                    "{stage} tests on {} samples, and {other} learns from {}: they are not the same",
                    count(tested),
                    count(learned)
                )
            })
        })
    };
    match problem {
        None => Ok(()),
        Some(message) => Err(StageError::new(message).hint(
            "let `select` make two parts of the data with `removed: tested`, each of which tests on the other, and take them in turn",
        )),
    }
}

fn stage_of(input: &Input) -> String {
    input.stage.clone().unwrap_or_else(|| "training".to_owned())
}

fn phase(place: usize, runs: &[Run<'_>], before: &[Option<usize>]) -> Result<Phase, StageError> {
    let run = &runs[place];
    // A key is a hash of those of its inputs, so that a chain cannot come back to itself.
    let chain: Vec<usize> = std::iter::successors(before[place], |&at| before[at]).collect();
    let first = chain.iter().rev().find(|&&at| runs[at].dataset == run.dataset);
    let mut updates_before = 0;
    for &at in &chain {
        updates_before += runs[at].input.manifest()?.outline.last_step.unwrap_or(0);
    }
    let (mut group, mut is_control) = (Vec::new(), false);
    for axis in run.input.axes.values() {
        is_control |= sets(axis, None, "order") && axis.shown() == RANDOM;
        if !repeats(axis) {
            group.push(axis.label());
        }
    }
    let history: Vec<HistoryRow> = read_rows(run.input.path())?;
    let accuracies = history.iter().map(|row| (row.step, row.train_accuracy, row.test_accuracy));
    Ok(Phase {
        group: group.join(","),
        is_control,
        stage: stage_of(run.input),
        samples_of: stage_of(runs[first.copied().unwrap_or(place)].input),
        before: before[place],
        number: chain.len() as u32,
        updates_before,
        accuracies: accuracies.collect(),
    })
}
