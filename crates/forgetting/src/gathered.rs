//! What several training runs of a group come to together.

use std::collections::BTreeMap;

use statistics::jackknife::{self, Estimate};

use crate::runs::Run;
use crate::samples::Samples;
use crate::table::{CurveRow, ScoreRow};

/// A number for each sample, by where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// `training`, a stage, or `gaussian`.
    pub source: String,
    /// Step of the network or kernel; none of what is of the whole run.
    pub step: Option<u64>,
    /// Its name.
    pub name: &'static str,
    /// Number of leading eigenvectors.
    pub k: Option<u32>,
    /// One number a sample, where it has one.
    pub values: Vec<Option<f64>>,
}

/// The runs of one group on one dataset.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// What the runs have in common.
    pub label: String,
    /// At least one.
    pub runs: Vec<Run>,
    /// Of networks and kernels, in the order in which they are wired.
    pub measures: Vec<Measure>,
}

impl Gathered {
    /// N.
    pub fn samples(&self) -> usize {
        self.runs.first().map_or(0, |run| run.tallies.len())
    }

    /// The first step after 0 at which every run has a checkpoint.
    pub fn first_checkpoint(&self) -> Option<u64> {
        let (first, others) = self.runs.split_first()?;
        let in_all = |step: &u64| others.iter().all(|run| run.checkpoints.contains(step));
        first.checkpoints.iter().copied().filter(|step| *step > 0 && in_all(step)).min()
    }

    /// The sum over all runs but `left_out` of the score of each sample.
    pub fn scores(&self, left_out: Option<usize>) -> Vec<f64> {
        self.sums(left_out, |run, i| f64::from(run.tallies[i].score()))
    }

    /// The sum over all runs but `left_out` of a number of each sample.
    pub fn sums(&self, left_out: Option<usize>, of: impl Fn(&Run, usize) -> f64) -> Vec<f64> {
        let runs = || self.runs.iter().enumerate().filter(|(at, _)| Some(*at) != left_out);
        (0..self.samples()).map(|i| runs().map(|(_, run)| of(run, i)).sum()).collect()
    }

    /// What `measure` makes of all runs, with its error by the jackknife over them; `measure` is told which run is
    /// left out.
    pub fn estimate(&self, measure: impl Fn(Option<usize>) -> Option<f64>) -> Option<Estimate> {
        let value = measure(None)?;
        let without: Option<Vec<f64>> = match self.runs.len() {
            0 | 1 => None,
            count => (0..count).map(|left_out| measure(Some(left_out))).collect(),
        };
        Some(Estimate { value, error: without.and_then(|it| jackknife::standard_error(&it)) })
    }

    /// The measure `name` at `step` of the source that comes first, with its first k.
    pub fn measure(&self, name: &str, step: Option<u64>, source: Option<&str>) -> Option<&Measure> {
        self.measures.iter().find(|it| {
            let fits = source.is_none_or(|source| it.source == source);
            it.name == name && fits && step.is_none_or(|step| it.step == Some(step))
        })
    }

    /// The rows of `sample_scores`; EL2N and GraNd are those of the step `early`.
    pub fn rows(&self, samples: &Samples, early: Option<u64>) -> Vec<ScoreRow> {
        let is_kernel = |it: &&Measure| it.source != "training" && it.source != "gaussian";
        let own = self.measures.iter().find(is_kernel).map(|it| (it.source.as_str(), it.step));
        let of_kernel = |name: &str| {
            let (source, step) = own?;
            self.measure(name, step, Some(source))
        };
        let [tail, leverage, diagonal, loo] =
            ["tail_energy", "leverage", "kernel_diagonal", "loo_margin"].map(of_kernel);
        let of_network =
            |name: &str| early.and_then(|step| self.measure(name, Some(step), Some("training")));
        let (el2n, grand) = (of_network("el2n"), of_network("grand"));
        let control = self.measure("tail_energy", None, Some("gaussian"));
        let at = |measure: Option<&Measure>, i: usize| measure.and_then(|it| it.values[i]);
        let count = self.runs.len() as f64;
        (0..self.samples())
            .map(|i| {
                let tallies = || self.runs.iter().map(|run| &run.tallies[i]);
                let total = |of: fn(&crate::counting::Tally) -> u32| -> u64 {
                    tallies().map(|tally| u64::from(of(tally))).sum()
                };
                let presentations = total(|tally| tally.presentations);
                let looks = (presentations as f64).max(1.0);
                let events = total(|tally| tally.events);
                let learned: Vec<f64> =
                    tallies().filter_map(|it| it.first_learned).map(f64::from).collect();
                let confidence: Option<Vec<[f64; 2]>> = tallies().map(|it| it.confidence).collect();
                let mean_of = |place: usize| {
                    let all = confidence.as_ref()?;
                    Some(all.iter().map(|pair| pair[place]).sum::<f64>() / count)
                };
                let exact: Option<Vec<u64>> =
                    self.runs.iter().map(|run| Some(run.exact_events.as_ref()?[i])).collect();
                let forgotten: f64 = tallies().map(|it| it.forgotten_margins).sum();
                ScoreRow {
                    group: self.label.clone(),
                    sample: i as u32,
                    label: samples.labels[i],
                    clean_label: samples.clean_labels.as_ref().map(|labels| labels[i]),
                    label_is: samples.clean_labels.as_ref().map(|labels| {
                        let is_clean = labels[i] == samples.labels[i];
                        if is_clean { "clean" } else { "flipped" }.to_owned()
                    }),
                    origin: samples.origins.as_ref().map(|origins| origins[i]),
                    runs: self.runs.len() as u32,
                    presentations,
                    events,
                    learning_events: total(|tally| tally.learning_events),
                    never_learned: tallies().filter(|it| it.first_learned.is_none()).count() as u32,
                    score: total(crate::counting::Tally::score),
                    unforgettable: tallies().all(crate::counting::Tally::is_unforgettable),
                    first_learned: (!learned.is_empty())
                        .then(|| learned.iter().sum::<f64>() / learned.len() as f64),
                    presentations_needed: total(|tally| tally.needed) as f64 / count,
                    misclassification_margin: (events > 0).then(|| forgotten / events as f64),
                    mean_margin: tallies().map(|it| it.margins).sum::<f64>() / looks,
                    confidence: mean_of(0),
                    variability: mean_of(1),
                    correctness: total(|tally| tally.correct) as f64 / looks,
                    exact_events: exact.map(|all| all.iter().sum()),
                    el2n: at(el2n, i),
                    grand: at(grand, i),
                    tail_energy: at(tail, i),
                    leverage: at(leverage, i),
                    kernel_diagonal: at(diagonal, i),
                    loo_margin: at(loo, i),
                    gaussian_tail_energy: at(control, i),
                }
            })
            .collect()
    }

    /// The rows of `forgetting_curve`, over as many presentations as every run has.
    pub fn curve(&self) -> Vec<CurveRow> {
        let shortest = self.runs.iter().map(|run| run.curve.len()).min().unwrap_or(0);
        let count = self.runs.len() as f64;
        (0..shortest)
            .map(|at| {
                let points = || self.runs.iter().map(move |run| &run.curve[at]);
                let correlations: Option<Vec<f64>> =
                    points().map(|it| it.rank_correlation).collect();
                CurveRow {
                    group: self.label.clone(),
                    presentation: at as u32 + 1,
                    share_correct: points().map(|it| it.correct).sum::<f64>() / count,
                    share_learned: points().map(|it| it.learned).sum::<f64>() / count,
                    share_never_forgotten: points().map(|it| it.never_forgotten).sum::<f64>()
                        / count,
                    events: points().map(|it| it.events).sum::<f64>() / count,
                    rank_correlation_with_last: correlations
                        .map(|all| all.iter().sum::<f64>() / count),
                }
            })
            .collect()
    }
}

/// The means over `runs` of a measure of each sample by step, at the steps that all of them have.
pub fn means(runs: &[&BTreeMap<u64, Vec<f64>>]) -> BTreeMap<u64, Vec<f64>> {
    let Some((first, others)) = runs.split_first() else { return BTreeMap::new() };
    let mut means = BTreeMap::new();
    for (&step, values) in *first {
        let rest: Option<Vec<&Vec<f64>>> = others.iter().map(|run| run.get(&step)).collect();
        let Some(rest) = rest else { continue };
        let mean = |(i, value): (usize, &f64)| {
            (value + rest.iter().map(|values| values[i]).sum::<f64>()) / runs.len() as f64
        };
        means.insert(step, values.iter().enumerate().map(mean).collect());
    }
    means
}
