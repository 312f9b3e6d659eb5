//! The experiment of a run of our pipeline: all that another implementation needs to repeat it.

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::training::CheckpointRow;
use artifact::{Kind, read_rows, read_step};
use network::Activation;

use crate::error::BenchError;
use crate::program::Run;

/// What a run started from, and when it looked.
pub struct Experiment {
    /// Slope of the leaky relus for z ≤ 0.
    pub slope: f64,
    /// Updates.
    pub steps: u64,
    /// Each learning rate with the first step that has it.
    pub rates: Vec<(u64, f64)>,
    /// Steps at which the kernel is measured.
    pub checkpoints: Vec<u64>,
    /// Steps between two records of the history.
    pub history_every: u64,
    /// Training samples.
    pub train: Samples,
    /// Test samples.
    pub test: Samples,
    /// Parameters at step 0.
    pub parameters: Vec<CheckpointRow>,
    /// What the spectra were measured with.
    pub measures: spectrum::Parameters,
}

/// The samples of one split.
pub struct Samples {
    /// Inputs, row-major.
    pub x: Array,
    /// Targets, row-major.
    pub y: Array,
}

/// A row-major matrix.
pub struct Array {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Entries.
    pub values: Vec<f32>,
}

impl Experiment {
    /// The experiment of `run`.
    ///
    /// # Errors
    /// Where the run cannot be read, or has another activation than leaky relu.
    pub fn of(run: &Run) -> Result<Self, BenchError> {
        let unknown = |message: String| BenchError::Script { message };
        let (training, manifest) = run.artifact(Kind::TRAINING)?;
        let parameters: train::Parameters<train::Steps> =
            serde_json::from_value(manifest.parameters)
                .map_err(|error| unknown(format!("parameters of `train`: {error}")))?;
        let parameters = parameters
            .resolved(manifest.outline.train_samples)
            .map_err(|error| unknown(format!("parameters of `train`: {error}")))?;
        let (_, manifest) = run.artifact(Kind::SPECTRUM)?;
        let measures = serde_json::from_value(manifest.parameters)
            .map_err(|error| unknown(format!("parameters of `spectrum`: {error}")))?;
        let Activation::LeakyRelu(slope) = parameters.network.activation else {
            return Err(unknown("it knows networks of leaky relu only".to_owned()));
        };
        let samples: Vec<Sample> = read_rows(&run.artifact(Kind::DATASET)?.0)?;
        let array = |split: Split, part: fn(&Sample) -> &Vec<f32>| {
            let rows: Vec<&Vec<f32>> =
                samples.iter().filter(|sample| sample.split == split).map(part).collect();
            let shape = [rows.len(), rows.first().map_or(0, |row| row.len())];
            Array { shape, values: rows.into_iter().flatten().copied().collect() }
        };
        let split = |split| Samples {
            x: array(split, |sample| &sample.x),
            y: array(split, |sample| &sample.y),
        };
        let steps = parameters.steps;
        Ok(Self {
            slope,
            steps,
            rates: rates(&parameters.learning_rate, steps),
            checkpoints: parameters.checkpoints.steps(steps),
            history_every: parameters.history_every,
            train: split(Split::Train),
            test: split(Split::Test),
            parameters: read_step(&training, 0)?,
            measures,
        })
    }

    /// The learning rate of the update that leaves `step`.
    #[must_use]
    pub fn rate_at(&self, step: u64) -> f64 {
        let before = self.rates.iter().take_while(|(since, _)| *since <= step);
        before.last().map_or(f64::NAN, |(_, rate)| *rate)
    }

    /// Whether the history has a row of `step`.
    #[must_use]
    pub fn is_recorded(&self, step: u64) -> bool {
        step.is_multiple_of(self.history_every) || self.checkpoints.contains(&step)
    }
}

/// Each learning rate with the first step that has it.
fn rates(schedule: &train::LearningRate, steps: u64) -> Vec<(u64, f64)> {
    let mut rates: Vec<(u64, f64)> = Vec::new();
    for step in 0..steps {
        let rate = schedule.at(step, steps);
        if rates.last().is_none_or(|last| last.1.to_bits() != rate.to_bits()) {
            rates.push((step, rate));
        }
    }
    rates
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_becomes_the_steps_at_which_it_changes() {
        let schedule = serde_json::from_value(
            json!({ "initial": 0.25, "decay": { "factor": 0.5, "every": 4 } }),
        );
        let found = rates(&schedule.expect("a schedule"), 10);
        assert_eq!(found, [(0, 0.25), (4, 0.125), (8, 0.0625)]);
    }
}
