//! What a run leaves behind: history, outputs, checkpoints and presentations.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::training::{
    CheckpointRow, ExactEventsRow, HistoryRow, OutputRow, PresentationRow,
};
use artifact::{ArtifactError, write_rows, write_step};
use network::Network;

use crate::data::Data;
use crate::loss::Loss;
use crate::presentations::{self, Presentations, is_correct};
use crate::saved::Rows;

/// Collects rows along a run and writes them at its end; checkpoints are written at once.
pub(crate) struct Recorder<'a> {
    data: &'a Data,
    loss: Loss,
    output: &'a Path,
    history: Vec<HistoryRow>,
    outputs: Vec<OutputRow>,
    presentations: Option<Vec<PresentationRow>>,
    /// A row a training sample.
    exact_events: Option<Vec<ExactEventsRow>>,
    /// Rows of history, outputs and presentations that have been saved.
    saved: (usize, usize, usize),
}

/// What the history keeps of one step.
pub(crate) struct Measured<'a> {
    /// Updates made so far.
    pub step: u64,
    /// δ of the update that leaves it.
    pub learning_rate: f64,
    /// Outputs on the training split, N × o.
    pub train: &'a [f32],
    /// Outputs on the test split; empty without one.
    pub test: &'a [f32],
}

impl<'a> Recorder<'a> {
    /// A recorder for the artifact at `output`, after the `rows` that an earlier run has saved.
    pub fn new(rows: Rows, data: &'a Data, loss: Loss, output: &'a Path) -> Self {
        let (history, outputs, presentations) = rows;
        let saved = (history.len(), outputs.len(), presentations.len());
        let presentations = Some(presentations);
        Self { data, loss, output, history, outputs, presentations, exact_events: None, saved }
    }

    /// The same recorder, which records presentations where `settings` ask for them, after the
    /// `exact_events` that an earlier run has counted.
    pub fn presenting(
        mut self,
        settings: Option<Presentations>,
        exact_events: Vec<ExactEventsRow>,
    ) -> Self {
        self.presentations = self.presentations.filter(|_| settings.is_some());
        self.exact_events = settings.filter(|settings| settings.exact).map(|_| {
            if exact_events.is_empty() {
                presentations::unseen(self.data.train.rows)
            } else {
                exact_events
            }
        });
        self
    }

    /// The rows of history, outputs and presentations since this was called last.
    pub fn unsaved(&mut self) -> (&[HistoryRow], &[OutputRow], &[PresentationRow]) {
        let (history, outputs, presentations) = self.saved;
        let presented = self.presentations.as_deref().unwrap_or_default();
        self.saved = (self.history.len(), self.outputs.len(), presented.len());
        (&self.history[history..], &self.outputs[outputs..], &presented[presentations..])
    }

    /// Adds what the forward pass of an update that leaves `step` made of the training `samples`, of
    /// which it gave `outputs`, n × o.
    pub fn presentations(&mut self, step: u64, samples: &[u32], outputs: &[f32]) {
        if let Some(rows) = &mut self.presentations {
            rows.extend(presentations::presented(step, samples, outputs, self.data, self.loss));
        }
    }

    /// Whether the whole training split is looked at at every step.
    pub fn looks_at_all(&self) -> bool {
        self.exact_events.is_some()
    }

    /// Counts the events of `step` on the training split, of which the network gives `outputs`, N × o.
    pub fn look(&mut self, step: u64, outputs: &[f32]) {
        let looks = outputs.chunks_exact(self.data.output_dim).zip(&self.data.train.labels);
        for (row, (outputs, &label)) in self.exact_events.iter_mut().flatten().zip(looks) {
            presentations::count(row, step, is_correct(outputs, label));
        }
    }

    /// Events so far; empty where they are not counted.
    pub fn exact_events(&self) -> &[ExactEventsRow] {
        self.exact_events.as_deref().unwrap_or_default()
    }

    /// Adds a row to the history; norms follow with [`Self::norms`].
    pub fn history(&mut self, measured: &Measured<'_>) -> f64 {
        let o = self.data.output_dim;
        let train_loss = self.loss.value(measured.train, &self.data.train.y, o);
        let test_loss =
            (self.data.test.rows > 0).then(|| self.loss.value(measured.test, &self.data.test.y, o));
        self.history.push(HistoryRow {
            step: measured.step,
            learning_rate: measured.learning_rate,
            train_loss,
            test_loss,
            train_accuracy: accuracy(measured.train, &self.data.train.labels, o),
            test_accuracy: accuracy(measured.test, &self.data.test.labels, o),
            gradient_norm: None,
            update_norm: None,
            sharpness: None,
        });
        train_loss
    }

    /// Adds the row of the step at which the run diverged, where its losses are finite, and gives
    /// the last step of the history.
    pub fn last(&mut self, measured: &Measured<'_>) -> u64 {
        if self.history.last().is_none_or(|row| row.step < measured.step) {
            self.history(measured);
            let losses = self.history.last().map(|row| (row.train_loss, row.test_loss));
            let is_finite = losses
                .is_some_and(|(train, test)| train.is_finite() && test.is_none_or(f64::is_finite));
            if !is_finite {
                self.history.pop();
            }
        }
        self.history.last().map_or(0, |row| row.step)
    }

    /// Completes the last row of the history with the norms of the update that leaves it.
    pub fn norms(&mut self, gradient_norm: f64, update_norm: f64) {
        if let Some(row) = self.history.last_mut() {
            row.gradient_norm = Some(gradient_norm);
            row.update_norm = Some(update_norm);
        }
    }

    /// Completes the last row of the history with the sharpness at its parameters.
    pub fn sharpness(&mut self, sharpness: Option<f64>) {
        if let Some(row) = self.history.last_mut() {
            row.sharpness = sharpness;
        }
    }

    /// Keeps the outputs of a step.
    pub fn outputs(&mut self, measured: &Measured<'_>) {
        let o = self.data.output_dim;
        for (split, outputs) in [(Split::Train, measured.train), (Split::Test, measured.test)] {
            self.outputs.extend(outputs.chunks_exact(o).zip(0_u32..).map(|(output, sample)| {
                OutputRow { step: measured.step, split, sample, output: output.to_vec() }
            }));
        }
    }

    /// Writes the parameters of a step.
    pub fn checkpoint(&self, step: u64, network: &Network<f32>) -> Result<(), ArtifactError> {
        let statistics =
            network.statistics().map(|(name, values)| (name, vec![values.len()], values));
        let rows: Vec<CheckpointRow> = network
            .tensors()
            .chain(statistics)
            .map(|(parameter, shape, values)| CheckpointRow {
                step,
                parameter,
                shape: shape.into_iter().map(|n| n as u32).collect(),
                values: values.to_vec(),
            })
            .collect();
        write_step(self.output, step, &rows)
    }

    /// Writes what was collected.
    pub fn finish(self) -> Result<(), ArtifactError> {
        write_rows(self.output, &self.history)?;
        write_rows(self.output, &self.outputs)?;
        if let Some(rows) = &self.presentations {
            write_rows(self.output, rows)?;
        }
        self.exact_events.map_or(Ok(()), |rows| write_rows(self.output, &rows))
    }
}

/// Share of samples whose largest output is their label; `None` without labels.
fn accuracy(outputs: &[f32], labels: &[u32], width: usize) -> Option<f64> {
    if labels.is_empty() || labels.len() * width != outputs.len() {
        return None;
    }
    // Of equal outputs the first counts, so that a dead network is right by chance only.
    let rows = outputs.chunks_exact(width).zip(labels);
    let right = rows.filter(|(row, label)| is_correct(row, **label));
    Some(right.count() as f64 / labels.len() as f64)
}
