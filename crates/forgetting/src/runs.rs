//! What is counted and measured of one training run.

use std::collections::BTreeMap;

use artifact::tables::Split;
use artifact::tables::training::{
    EXACT_EVENTS, ExactEventsRow, OutputRow, PRESENTATIONS, PresentationRow,
};
use artifact::{read_rows, read_rows_where, table_file};
use network::{Mode, Network, Workspace};
use rayon::prelude::*;
use stage::{Input, StageError};

use crate::counting::{Look, Tally};
use crate::curve::{Point, curve};
use crate::parameters::From;
use crate::samples::{Loss, Samples};

/// One training run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Of each sample.
    pub tallies: Vec<Tally>,
    /// Steps of the checkpoints.
    pub checkpoints: Vec<u64>,
    /// Over presentations.
    pub curve: Vec<Point>,
    /// Events of each sample where all are looked at after every update; none where that was not asked for.
    pub exact_events: Option<Vec<u64>>,
    /// EL2N of each sample by step: ‖∂ℓ/∂f‖ (Paul et al. 2021, definition 3.2).
    pub el2n: BTreeMap<u64, Vec<f64>>,
    /// GraNd of each sample by step: ‖∂ℓ/∂θ‖ (Paul et al. 2021, definition 3.1). Empty where the architecture is
    /// not known here.
    pub grand: BTreeMap<u64, Vec<f64>>,
}

impl Run {
    /// Reads the training run `input` on `samples`.
    ///
    /// # Errors
    /// Where a table is missing or damaged, or not of these samples.
    pub fn read(input: &Input, samples: &Samples, from: From) -> Result<Self, StageError> {
        let outline = input.manifest()?.outline;
        let loss = Loss::named(outline.loss.as_deref())?;
        let outputs = outputs(input, samples)?;
        let looks = match from {
            From::Presentations => presentations(input, samples)?,
            From::Outputs => (0..samples.len())
                .map(|i| {
                    let at = |f: &Vec<f32>| {
                        let own = &f[i * samples.outputs..(i + 1) * samples.outputs];
                        loss.look(own, samples.target(i), samples.labels[i])
                    };
                    outputs.values().map(at).collect()
                })
                .collect(),
        };
        let of_probabilities = loss == Loss::CrossEntropy;
        let slopes = |step: &u64| -> Vec<Vec<f64>> {
            let rows = outputs[step].chunks_exact(samples.outputs.max(1));
            rows.enumerate().map(|(i, f)| loss.slope(f, samples.target(i)).0).collect()
        };
        let (mut el2n, mut grand) = (BTreeMap::new(), BTreeMap::new());
        let has_network = kernel::architecture(&outline).is_ok();
        for &step in outputs.keys() {
            let slopes = slopes(&step);
            el2n.insert(step, slopes.iter().map(|m| norm(m)).collect());
            let is_checkpoint = outline.checkpoints.as_ref().is_some_and(|it| it.contains(&step));
            if has_network && is_checkpoint {
                let network = kernel::load_network(input.path(), &outline, step)?;
                grand.insert(step, gradient_norms(&network, samples, &slopes));
            }
        }
        Ok(Self {
            tallies: looks.iter().map(|looks| Tally::of(looks, of_probabilities)).collect(),
            checkpoints: outline.checkpoints.unwrap_or_default(),
            curve: curve(&looks),
            exact_events: exact_events(input, samples.len())?,
            el2n,
            grand,
        })
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// ‖∂ℓ/∂θ‖ of each sample by itself, whose ∂ℓ/∂f are `slopes`. A batch norm has its fixed statistics: the gradient
/// of one sample.
#[must_use]
pub fn gradient_norms(network: &Network<f32>, samples: &Samples, slopes: &[Vec<f64>]) -> Vec<f64> {
    let views = network.views();
    slopes
        .par_iter()
        .enumerate()
        .map_init(
            || Workspace::in_mode(network, 1, Mode::Inference),
            |workspace, (sample, slope)| {
                let (x, m) = (samples.input(sample), slope.iter().map(|&m| m as f32));
                workspace.forward(&views, x);
                workspace.backward(&views, x, &m.collect::<Vec<f32>>());
                let gradient = workspace.gradient(&views, x);
                gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt()
            },
        )
        .collect()
}

/// Outputs on the training samples by step, N × o each.
fn outputs(input: &Input, samples: &Samples) -> Result<BTreeMap<u64, Vec<f32>>, StageError> {
    let mut outputs: BTreeMap<u64, Vec<f32>> = BTreeMap::new();
    for row in read_rows_where(input.path(), |row: &OutputRow| row.split == Split::Train)? {
        let step = outputs.entry(row.step).or_default();
        let is_next = row.sample as usize * samples.outputs == step.len();
        if !is_next || row.output.len() != samples.outputs {
            return Err(wrong_rows("outputs", row.sample));
        }
        step.extend(row.output);
    }
    let size = samples.len() * samples.outputs;
    match outputs.values().find(|values| values.len() != size) {
        Some(values) => Err(wrong_rows("outputs", (values.len() / samples.outputs.max(1)) as u32)),
        None => Ok(outputs),
    }
}

/// Looks at each sample in its mini-batches, in their order.
fn presentations(input: &Input, samples: &Samples) -> Result<Vec<Vec<Look>>, StageError> {
    if !table_file(input.path(), &PRESENTATIONS, None).exists() {
        return Err(StageError::new("a training run has no table `presentations`").hint(
            "train with `presentations: {}`, or take `from: outputs`, which looks at every checkpoint",
        ));
    }
    let mut looks = vec![Vec::new(); samples.len()];
    let mut last = 0;
    for row in read_rows::<PresentationRow>(input.path())? {
        let PresentationRow { step, sample, correct, margin, loss } = row;
        let of_sample = looks.get_mut(sample as usize).filter(|_| step >= last);
        let of_sample = of_sample.ok_or_else(|| wrong_rows("presentations", sample))?;
        of_sample.push(Look { correct, margin, loss });
        last = step;
    }
    Ok(looks)
}

/// Exact events of each sample, where there are any.
fn exact_events(input: &Input, count: usize) -> Result<Option<Vec<u64>>, StageError> {
    if !table_file(input.path(), &EXACT_EVENTS, None).exists() {
        return Ok(None);
    }
    let rows = read_rows::<ExactEventsRow>(input.path())?;
    let is_own = |(number, row): (usize, &ExactEventsRow)| row.sample as usize == number;
    if rows.len() != count || !rows.iter().enumerate().all(is_own) {
        return Err(wrong_rows("exact_events", rows.len() as u32));
    }
    Ok(Some(rows.iter().map(|row| row.events).collect()))
}

fn wrong_rows(table: &str, sample: u32) -> StageError {
    StageError::new(format!(
        "the table `{table}` of a training run is not of the samples of the dataset: it differs at sample {sample}"
    ))
    .hint("wire the dataset that the run was trained on")
}
