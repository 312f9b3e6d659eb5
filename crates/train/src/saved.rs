//! What a run saves of itself, so that a killed one goes on bit for bit.
//!
//! Batches and streams of random numbers are functions of the seed and the step, so that parameters,
//! moments and the rows so far are all that an update or a table depends on.

use std::path::Path;

use artifact::table_file;
use artifact::tables::training::{CHECKPOINTS, HistoryRow, OutputRow};
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
}

/// Rows of the history and of the outputs since the state before.
pub(crate) type Rows = (Vec<HistoryRow>, Vec<OutputRow>);

/// The state that an earlier run has saved, with all rows before it; `None` where it has saved none
/// that fits `network` and its `checkpoints`.
pub(crate) fn load(
    resume: &mut Resume,
    network: &Network<f32>,
    checkpoints: &[u64],
    output: &Path,
) -> Option<(State, Rows)> {
    let fits = |tensors: &[Vec<f32>]| {
        tensors.iter().map(Vec::len).eq(network.tensors().map(|(_, _, values)| values.len()))
    };
    let is_written = |&step: &u64| table_file(output, &CHECKPOINTS, Some(step)).is_file();
    let (state, parts) = resume.load(|state: &State, _: &[Rows]| {
        fits(&state.parameters)
            && fits(&state.checkpoint.1)
            && checkpoints.iter().filter(|&&step| step < state.step).all(is_written)
    })?;
    let (history, outputs): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    Some((state, (history.concat(), outputs.concat())))
}

/// The entries of every tensor of `network`.
pub(crate) fn tensors(network: &Network<f32>) -> Vec<Vec<f32>> {
    network.tensors().map(|(_, _, values)| values.to_vec()).collect()
}

/// Copies `tensors`, which fit, into `network`.
pub(crate) fn fill(network: &mut Network<f32>, tensors: &[Vec<f32>]) {
    for ((_, to), from) in network.tensors_mut().zip(tensors) {
        to.copy_from_slice(from);
    }
}
