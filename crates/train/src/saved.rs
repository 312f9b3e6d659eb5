//! What a run saves of itself, so that a killed one goes on bit for bit.
//!
//! Batches and streams of random numbers are functions of the seed and the step, so that parameters,
//! moments and the rows so far are all that an update or a table depends on.

use std::path::Path;

use artifact::table_file;
use artifact::tables::training::{
    CHECKPOINTS, ExactEventsRow, HistoryRow, OutputRow, PresentationRow,
};
use network::Network;
use serde::{Deserialize, Serialize};
use stage::Resume;

/// A run between two updates.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Updates made.
    pub step: u64,
    /// θ, tensor by tensor.
    pub parameters: Vec<Vec<f32>>,
    /// What the optimizer remembers.
    pub moments: Vec<Vec<f32>>,
    /// L(θ₀) over the training split.
    pub first_loss: f64,
    /// The last checkpoint and its parameters.
    pub checkpoint: (u64, Vec<Vec<f32>>),
    /// Events so far, where they are counted.
    pub exact_events: Vec<ExactEventsRow>,
}

impl State {
    /// The state after `step` updates, which have led to `network` and left `moments`.
    pub(crate) fn new(
        step: u64,
        network: &Network<f32>,
        moments: Vec<Vec<f32>>,
        first_loss: f64,
        (at, checkpoint): &(u64, Network<f32>),
        exact_events: &[ExactEventsRow],
    ) -> Self {
        let (parameters, checkpoint) = (tensors(network), (*at, tensors(checkpoint)));
        let exact_events = exact_events.to_vec();
        Self { step, parameters, moments, first_loss, checkpoint, exact_events }
    }
}

/// Rows of the history, of the outputs and of the presentations since the state before.
pub(crate) type Rows = (Vec<HistoryRow>, Vec<OutputRow>, Vec<PresentationRow>);

/// Where a run begins.
pub(crate) struct Start {
    /// Updates made.
    pub step: u64,
    /// θ.
    pub network: Network<f32>,
    /// What the optimizer remembers; of no use before the first update.
    pub moments: Vec<Vec<f32>>,
    /// L(θ₀) over the training split; infinite before it is known.
    pub first_loss: f64,
    /// The last checkpoint.
    pub checkpoint: (u64, Network<f32>),
    /// Rows so far.
    pub rows: Rows,
    /// Events so far; empty at the beginning and where they are not counted.
    pub exact_events: Vec<ExactEventsRow>,
}

/// Where an earlier run has saved its state last, or the beginning at `network` where it has saved none
/// that fits that and its `checkpoints`.
pub(crate) fn start(
    resume: &mut Resume,
    network: Network<f32>,
    checkpoints: &[u64],
    output: &Path,
) -> Start {
    let fits = |tensors: &[Vec<f32>]| {
        tensors.iter().map(Vec::len).eq(network.tensors().map(|(_, _, values)| values.len()))
    };
    let is_written = |&step: &u64| table_file(output, &CHECKPOINTS, Some(step)).is_file();
    let saved = resume.load(|state: &State, _: &[Rows]| {
        fits(&state.parameters)
            && fits(&state.checkpoint.1)
            && checkpoints.iter().filter(|&&step| step < state.step).all(is_written)
    });
    let mut start = Start {
        step: 0,
        moments: Vec::new(),
        first_loss: f64::INFINITY,
        checkpoint: (0, network.clone()),
        rows: Rows::default(),
        exact_events: Vec::new(),
        network,
    };
    if let Some((state, parts)) = saved {
        fill(&mut start.network, &state.parameters);
        fill(&mut start.checkpoint.1, &state.checkpoint.1);
        start.checkpoint.0 = state.checkpoint.0;
        (start.step, start.moments, start.first_loss) =
            (state.step, state.moments, state.first_loss);
        start.exact_events = state.exact_events;
        for (history, outputs, presentations) in parts {
            start.rows.0.extend(history);
            start.rows.1.extend(outputs);
            start.rows.2.extend(presentations);
        }
    }
    start
}

/// The entries of every tensor of `network`.
fn tensors(network: &Network<f32>) -> Vec<Vec<f32>> {
    network.tensors().map(|(_, _, values)| values.to_vec()).collect()
}

/// Copies `tensors`, which fit, into `network`.
fn fill(network: &mut Network<f32>, tensors: &[Vec<f32>]) {
    for ((_, to), from) in network.tensors_mut().zip(tensors) {
        to.copy_from_slice(from);
    }
}
