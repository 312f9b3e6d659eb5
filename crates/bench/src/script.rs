//! The experiment of `lr-decay` as one plain Python script, `lr_decay.py`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::training::CheckpointRow;
use artifact::{Kind, read_rows, read_step};
use network::Activation;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::error::BenchError;
use crate::outcome::{COMPARED, Outcome, Spectrum};
use crate::program::Run;
use crate::python;

const PROGRAM: &str = include_str!("../lr_decay.py");

/// The script with its input, on which it can be run again and again.
pub struct Script {
    python: PathBuf,
    threads: usize,
    folder: TempDir,
}

/// What a run of the script took, in seconds, and what it found.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// The work alone.
    pub seconds: f64,
    /// Importing and compiling before it.
    pub start_seconds: f64,
    /// The parts of the work.
    pub parts: Parts,
    losses: Vec<f64>,
    first: (f64, f64),
    last: (f64, f64),
}

/// The parts of the script's work, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Parts {
    /// Steps and records.
    pub train: f64,
    /// Gramians.
    pub ntk: f64,
    /// Eigenpairs and measures.
    pub spectrum: f64,
    /// Files.
    pub write: f64,
}

impl Script {
    /// The script on what `run` of our pipeline started from: the same samples, parameters at step 0,
    /// schedule and checkpoints.
    ///
    /// # Errors
    /// Where the run cannot be read, or is none that the script can repeat.
    pub fn repeating(run: &Run, python: &Path, threads: usize) -> Result<Self, BenchError> {
        let folder =
            tempfile::tempdir().map_err(BenchError::io("making", Path::new("a folder")))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).map_err(BenchError::io("writing", &path))
        };
        write("lr_decay.py", PROGRAM.as_bytes())?;
        write("experiment.json", experiment(run, folder.path())?.to_string().as_bytes())?;
        Ok(Self { python: python.to_owned(), threads, folder })
    }

    /// Runs the script once.
    ///
    /// # Errors
    /// Where it fails or gives no answer.
    pub fn run(&self) -> Result<Answer, BenchError> {
        let results = self.folder.path().join("results");
        let output = python::program(&self.python)
            .args(["lr_decay.py", "experiment.json", &self.threads.to_string()])
            .arg(&results)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(BenchError::io("starting", &self.python))?;
        let failure = |message: &str| BenchError::Script { message: message.to_owned() };
        if !output.status.success() {
            return Err(failure(&output.status.to_string()));
        }
        fs::remove_dir_all(&results).map_err(BenchError::io("removing", &results))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last).map_err(|error| failure(&format!("its answer: {error}")))
    }
}

impl Answer {
    /// What is compared with ours.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let spectrum =
            |(largest_eigenvalue, target_energy)| Spectrum { largest_eigenvalue, target_energy };
        Outcome {
            losses: self.losses.clone(),
            first: spectrum(self.first),
            last: spectrum(self.last),
        }
    }
}

/// The script's input; arrays are written into `folder`.
fn experiment(run: &Run, folder: &Path) -> Result<Value, BenchError> {
    let unknown = |message: &str| BenchError::Script { message: message.to_owned() };
    let (training, manifest) = run.artifact(Kind::TRAINING)?;
    let parameters: train::Parameters = serde_json::from_value(manifest.parameters)
        .map_err(|error| unknown(&format!("parameters of `train`: {error}")))?;
    let (_, manifest) = run.artifact(Kind::SPECTRUM)?;
    let measures: spectrum::Parameters = serde_json::from_value(manifest.parameters)
        .map_err(|error| unknown(&format!("parameters of `spectrum`: {error}")))?;
    let Activation::LeakyRelu(slope) = parameters.network.activation else {
        return Err(unknown("it knows networks of leaky relu only"));
    };

    let array = |name: String, shape: Vec<usize>, values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let path = folder.join(&name);
        fs::write(&path, bytes).map_err(BenchError::io("writing", &path))?;
        Ok::<Value, BenchError>(json!({ "path": name, "shape": shape }))
    };
    let samples: Vec<Sample> = read_rows(&run.artifact(Kind::DATASET)?.0)?;
    let of = |split: Split, part: fn(&Sample) -> &Vec<f32>| {
        let rows: Vec<&Vec<f32>> =
            samples.iter().filter(|sample| sample.split == split).map(part).collect();
        let shape = vec![rows.len(), rows.first().map_or(0, |row| row.len())];
        (shape, rows.into_iter().flatten().copied().collect::<Vec<f32>>())
    };
    let split_array = |name: &str, split, part| {
        let (shape, values) = of(split, part);
        array(name.to_owned(), shape, &values)
    };
    let tensors: Vec<CheckpointRow> = read_step(&training, 0)?;
    let tensors = tensors.iter().map(|row| {
        let shape = row.shape.iter().map(|&size| size as usize).collect();
        array(row.parameter.clone(), shape, &row.values)
    });
    let steps = parameters.steps;
    Ok(json!({
        "slope": slope,
        "steps": steps,
        "rates": rates(&parameters.learning_rate, steps),
        "checkpoints": parameters.checkpoints.steps(steps),
        "history_every": parameters.history_every,
        "eigenvectors": measures.eigenvectors,
        "test_energies": measures.test_energies,
        "overlap": measures.overlap,
        "compared": COMPARED,
        "x_train": split_array("x_train", Split::Train, |sample| &sample.x)?,
        "y_train": split_array("y_train", Split::Train, |sample| &sample.y)?,
        "x_test": split_array("x_test", Split::Test, |sample| &sample.x)?,
        "y_test": split_array("y_test", Split::Test, |sample| &sample.y)?,
        "parameters": tensors.collect::<Result<Vec<Value>, BenchError>>()?,
    }))
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
