//! The experiment of `lr-decay` as one plain Python script, `lr_decay.py`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::environment;
use crate::error::BenchError;
use crate::experiment::{Array, Experiment};
use crate::outcome::{COMPARED, Outcome, Spectrum};
use crate::process::{end, ending, waited};

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
    /// The script on `experiment`.
    ///
    /// # Errors
    /// Where its input cannot be written.
    pub fn repeating(
        experiment: &Experiment,
        python: PathBuf,
        threads: usize,
    ) -> Result<Self, BenchError> {
        let folder =
            tempfile::tempdir().map_err(BenchError::io("making", Path::new("a folder")))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).map_err(BenchError::io("writing", &path))
        };
        write("lr_decay.py", PROGRAM.as_bytes())?;
        write("experiment.json", input(experiment, folder.path())?.to_string().as_bytes())?;
        Ok(Self { python, threads, folder })
    }

    /// Runs the script once, within `limit`.
    ///
    /// # Errors
    /// Where it fails, takes longer, or gives no answer.
    pub fn run(&self, limit: Duration) -> Result<Answer, BenchError> {
        let at = |name: &str| self.folder.path().join(name);
        let (results, answer, log) = (at("results"), at("answer"), at("log"));
        let file = |path: &Path| File::create(path).map_err(BenchError::io("writing", path));
        let mut child = environment::program(&self.python)
            .args(["lr_decay.py", "experiment.json", &self.threads.to_string()])
            .arg(&results)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(file(&answer)?)
            .stderr(file(&log)?)
            .spawn()
            .map_err(BenchError::io("starting", &self.python))?;
        let status = waited(&mut child, limit);
        if status.is_none() {
            end(&mut child);
        }
        if results.exists() {
            fs::remove_dir_all(&results).map_err(BenchError::io("removing", &results))?;
        }
        let status = status.ok_or(BenchError::Late { limit })?;
        let failure = |message: String| BenchError::Peer { message };
        if !status.success() {
            return Err(failure(ending(status, &log)));
        }
        let text = fs::read(&answer).map_err(BenchError::io("reading", &answer))?;
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last).map_err(|error| {
            let shown: String = last.chars().take(60).collect();
            failure(format!("answered `{shown}`, which is not what was asked for: {error}"))
        })
    }
}

impl Answer {
    /// What is judged.
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
fn input(experiment: &Experiment, folder: &Path) -> Result<Value, BenchError> {
    let write = |name: &str, shape: &[usize], values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(BenchError::io("writing", &path))?;
        Ok::<Value, BenchError>(json!({ "path": name, "shape": shape }))
    };
    let array = |name: &str, array: &Array| write(name, &array.shape, &array.values);
    let tensors = experiment.parameters.iter().map(|row| {
        let shape: Vec<usize> = row.shape.iter().map(|&size| size as usize).collect();
        write(&row.parameter, &shape, &row.values)
    });
    let measures = &experiment.measures;
    Ok(json!({
        "slope": experiment.slope,
        "steps": experiment.steps,
        "rates": experiment.rates,
        "checkpoints": experiment.checkpoints,
        "history_every": experiment.history_every,
        "eigenvectors": measures.eigenvectors,
        "test_energies": measures.test_energies,
        "overlap": measures.overlap,
        "compared": COMPARED,
        "x_train": array("x_train", &experiment.train.x)?,
        "y_train": array("y_train", &experiment.train.y)?,
        "x_test": array("x_test", &experiment.test.x)?,
        "y_test": array("y_test", &experiment.test.y)?,
        "parameters": tensors.collect::<Result<Vec<Value>, BenchError>>()?,
    }))
}
