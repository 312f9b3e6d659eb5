//! Small artifacts for a program to work on: samples of a function, a network that might have
//! learned it, and a kernel on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::tables::training::{CheckpointRow, HistoryRow, OutputRow, PresentationRow};
use artifact::{
    ANY_KIND, ArtifactError, Gram, GramRow, Kind, Machine, Manifest, Outline, RateFrom, hash_file,
};
use serde_json::json;
use stage::Port;
use tempfile::TempDir;

use crate::error::PipelineError;
use crate::text::suggestion;

/// Training and test samples.
const COUNTS: (u32, u32) = (12, 5);
/// Units of the hidden layer.
const WIDTH: usize = 4;
/// Steps with a checkpoint.
const STEPS: [u64; 3] = [0, 10, 20];
/// δ of every update.
const RATE: f64 = 0.1;

/// What the made-up network has learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A number, by tanh and least squares.
    Regression,
    /// One of two classes, by relu and cross-entropy, with presentations.
    Classes,
}

/// The inputs of a program.
pub(super) struct Samples {
    folder: TempDir,
    problem: Problem,
    /// By port.
    directories: BTreeMap<String, PathBuf>,
    /// Ports for which there is nothing.
    pub missing: Vec<String>,
}

impl Samples {
    /// An artifact for each of `ports`: the one that is `given`, else a made-up one where this
    /// module knows how.
    ///
    /// # Errors
    /// Where something is given for no port, or is no artifact of the port's kind.
    pub(super) fn new(
        ports: &[Port],
        given: &BTreeMap<String, PathBuf>,
        problem: Problem,
    ) -> Result<Self, PipelineError> {
        let names: Vec<&str> = ports.iter().map(|port| port.name.as_ref()).collect();
        if let Some(odd) = given.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(PipelineError::Argument {
                message: format!("--input {odd}: the program has no port `{odd}`"),
                help: suggestion(odd, names),
            });
        }
        let folder =
            tempfile::tempdir().map_err(PipelineError::io("creating", Path::new("a folder")))?;
        let (directories, missing) = (BTreeMap::new(), Vec::new());
        let mut samples = Self { folder, problem, directories, missing };
        for port in ports {
            // What takes any kind looks for numbers of samples, as a training run has them.
            let made_up = if port.kind == ANY_KIND {
                [Kind::TRAINING, Kind::DATASET, Kind::KERNEL]
            } else {
                [Kind::DATASET, Kind::TRAINING, Kind::KERNEL]
            };
            let made_up = made_up.into_iter().find(|kind| port.takes(*kind));
            let directory = match (given.get(port.name.as_ref()), made_up) {
                (Some(directory), _) => given_artifact(directory, port)?,
                (None, Some(kind)) => samples.made(kind)?,
                (None, None) if port.optional => continue,
                (None, None) => {
                    samples.missing.push(port.name.to_string());
                    continue;
                }
            };
            samples.directories.insert(port.name.to_string(), directory);
        }
        Ok(samples)
    }

    /// The artifact at each port.
    pub(super) fn directories(&self) -> &BTreeMap<String, PathBuf> {
        &self.directories
    }

    /// The outline of each input, by port.
    pub(super) fn outlines(&self) -> BTreeMap<String, Vec<Outline>> {
        let outline = |directory: &PathBuf| Manifest::read(directory).map(|of| of.outline);
        let outlines = self.directories.iter();
        outlines.map(|(port, at)| (port.clone(), vec![outline(at).unwrap_or_default()])).collect()
    }

    /// The kind of each input, by port.
    pub(super) fn kinds(&self) -> BTreeMap<String, Vec<Kind>> {
        let kind = |directory: &PathBuf| Manifest::read(directory).map(|of| of.kind).ok();
        let kinds = self.directories.iter();
        kinds.map(|(port, at)| (port.clone(), kind(at).into_iter().collect())).collect()
    }

    /// Hash of every file of the inputs.
    pub(super) fn hashes(&self) -> BTreeMap<PathBuf, String> {
        self.directories.values().flat_map(|directory| hashes(directory)).collect()
    }

    /// The made-up artifact of `kind`, written where it is not there yet.
    fn made(&self, kind: Kind) -> Result<PathBuf, PipelineError> {
        let directory = self.folder.path().join(kind.name());
        if !directory.exists() {
            let write = match kind {
                _ if kind == Kind::DATASET => write_dataset,
                _ if kind == Kind::TRAINING => write_training,
                _ => write_kernel,
            };
            write(&directory, self.problem)?;
            manifest(&directory, kind, self.problem)?.write(&directory)?;
        }
        Ok(directory)
    }
}

/// Hash of every file below `folder` by its path; an empty one where it cannot be read. Links are not
/// followed.
pub(super) fn hashes(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(of) if of.is_dir() => found.extend(hashes(&path)),
            Ok(of) if of.is_symlink() => {
                let target = std::fs::read_link(&path).unwrap_or_default();
                found.insert(path, target.display().to_string());
            }
            _ => {
                let hash = hash_file(&path).unwrap_or_default();
                found.insert(path, hash);
            }
        }
    }
    found
}

/// The artifact at `directory`, which `port` must take.
fn given_artifact(directory: &Path, port: &Port) -> Result<PathBuf, PipelineError> {
    let directory = directory.canonicalize().map_err(PipelineError::io("opening", directory))?;
    let found = Manifest::read(&directory)?.kind;
    if port.takes(found) {
        return Ok(directory);
    }
    Err(PipelineError::Argument {
        message: format!(
            "{} is a {found}, and the port takes a {}",
            directory.display(),
            port.kind
        ),
        help: None,
    })
}

/// Each sample's split, number and place in the square [-1, 1]².
fn points() -> impl Iterator<Item = (Split, u32, [f32; 2])> {
    let splits = [(Split::Train, COUNTS.0), (Split::Test, COUNTS.1)];
    let numbers =
        splits.into_iter().flat_map(|(split, count)| (0..count).map(move |at| (split, at)));
    // Multiples of two irrational numbers fill a square evenly.
    numbers.enumerate().map(|(index, (split, sample))| {
        let place = |step: f32| ((index as f32 + 0.5) * step).fract().mul_add(2.0, -1.0);
        (split, sample, [place(0.754_877_7), place(0.569_840_3)])
    })
}

impl Problem {
    fn outputs(self) -> usize {
        match self {
            Self::Regression => 1,
            Self::Classes => 2,
        }
    }

    fn class(self, x: [f32; 2]) -> Option<u32> {
        (self == Self::Classes).then(|| u32::from(level(x) > 0.0))
    }

    fn target(self, x: [f32; 2]) -> Vec<f32> {
        match self.class(x) {
            None => vec![level(x)],
            Some(class) => [0, 1].map(|other| f32::from(u8::from(class == other))).to_vec(),
        }
    }

    /// The loss of `output` at `x`.
    fn loss(self, output: &[f32], x: [f32; 2]) -> f64 {
        let pairs =
            || output.iter().zip(self.target(x)).map(|(&f, y)| (f64::from(f), f64::from(y)));
        match self {
            Self::Regression => pairs().map(|(f, y)| (f - y).powi(2) / 2.0).sum(),
            Self::Classes => {
                let sum: f64 = pairs().map(|(f, _)| f.exp()).sum();
                pairs().map(|(f, y)| y * (sum.ln() - f)).sum()
            }
        }
    }
}

fn level(x: [f32; 2]) -> f32 {
    0.5 * x[1] + (2.0 * x[0]).sin()
}

/// Output of the class of `x` less the other.
fn margin(output: &[f32], class: u32) -> f64 {
    let difference = f64::from(output[1]) - f64::from(output[0]);
    if class == 1 { difference } else { -difference }
}

/// Weights and biases of the network at `step`, by name, with their shapes.
fn network(step: u64, outputs: usize) -> [(&'static str, Vec<u32>, Vec<f32>); 4] {
    let (width, outputs) = (WIDTH as u32, outputs as u32);
    let shapes = [
        ("layers.0.weight", vec![2, width]),
        ("layers.0.bias", vec![width]),
        ("layers.1.weight", vec![width, outputs]),
        ("layers.1.bias", vec![outputs]),
    ];
    let mut number = 0.0;
    shapes.map(|(name, shape)| {
        let values = (0..shape.iter().product::<u32>()).map(|_| {
            number += 1.7;
            0.7 * (number + 0.02 * step as f32).cos()
        });
        let values = values.collect();
        (name, shape, values)
    })
}

/// f(x) at `step`.
fn output(step: u64, x: [f32; 2], problem: Problem) -> Vec<f32> {
    let o = problem.outputs();
    let [(_, _, inner), (_, _, bias), (_, _, outer), (_, _, last)] = network(step, o);
    let activation = match problem {
        Problem::Regression => f32::tanh,
        Problem::Classes => |z: f32| z.max(0.0),
    };
    let unit = |at: usize| activation(x[0] * inner[at] + x[1] * inner[WIDTH + at] + bias[at]);
    let sum = |a: usize| (0..WIDTH).map(|at| unit(at) * outer[at * o + a]).sum::<f32>() + last[a];
    (0..o).map(sum).collect()
}

/// The kernel of `x` and `other` at `step`: positive definite, and other at every step.
fn kernel(step: u64, x: [f32; 2], other: [f32; 2]) -> f32 {
    let square = (x[0] - other[0]).powi(2) + (x[1] - other[1]).powi(2);
    let linear = 1.0 + x[0] * other[0] + x[1] * other[1];
    (-square).exp() + 0.01 * step as f32 * linear
}

fn write_dataset(directory: &Path, problem: Problem) -> Result<(), ArtifactError> {
    let sample = |(split, sample, x): (Split, u32, [f32; 2])| Sample {
        split,
        sample,
        x: x.to_vec(),
        y: problem.target(x),
        label: problem.class(x),
        clean_label: None,
        origin: None,
    };
    artifact::write_rows(directory, &points().map(sample).collect::<Vec<_>>())
}

fn write_training(directory: &Path, problem: Problem) -> Result<(), ArtifactError> {
    let (mut history, mut outputs) = (Vec::new(), Vec::new());
    for step in STEPS {
        let is_last = step == STEPS[STEPS.len() - 1];
        let mean = |of: Split, number: &dyn Fn([f32; 2]) -> Option<f64>| -> Option<f64> {
            let points = points().filter(|point| point.0 == of);
            let numbers: Vec<f64> = points.map(|(_, _, x)| number(x)).collect::<Option<_>>()?;
            Some(numbers.iter().sum::<f64>() / numbers.len() as f64)
        };
        let loss = |of| mean(of, &|x| Some(problem.loss(&output(step, x, problem), x)));
        let accuracy = |of| {
            mean(of, &|x| {
                let margin = margin(&output(step, x, problem), problem.class(x)?);
                Some(f64::from(u8::from(margin > 0.0)))
            })
        };
        history.push(HistoryRow {
            step,
            learning_rate: RATE,
            train_loss: loss(Split::Train).unwrap_or_default(),
            test_loss: loss(Split::Test),
            train_accuracy: accuracy(Split::Train),
            test_accuracy: accuracy(Split::Test),
            gradient_norm: (!is_last).then_some(1.0),
            update_norm: (!is_last).then_some(RATE),
            sharpness: None,
        });
        outputs.extend(points().map(|(split, sample, x)| OutputRow {
            step,
            split,
            sample,
            output: output(step, x, problem),
        }));
        let rows = network(step, problem.outputs()).map(|(parameter, shape, values)| {
            CheckpointRow { step, parameter: parameter.to_owned(), shape, values }
        });
        artifact::write_step(directory, step, &rows)?;
    }
    if problem == Problem::Classes {
        artifact::write_rows(directory, &presentations())?;
    }
    artifact::write_rows(directory, &history)?;
    artifact::write_rows(directory, &outputs)
}

/// One look at each training sample at each checkpoint.
fn presentations() -> Vec<PresentationRow> {
    let problem = Problem::Classes;
    let look = |step: u64, sample: u32, x: [f32; 2]| {
        let output = output(step, x, problem);
        let margin = margin(&output, problem.class(x)?);
        let (correct, loss) = (margin > 0.0, problem.loss(&output, x));
        Some(PresentationRow { step, sample, correct, margin, loss })
    };
    let train = || points().filter(|point| point.0 == Split::Train);
    let looks =
        STEPS.into_iter().flat_map(|step| train().map(move |(_, sample, x)| (step, sample, x)));
    looks.filter_map(|(step, sample, x)| look(step, sample, x)).collect()
}

fn write_kernel(directory: &Path, _: Problem) -> Result<(), ArtifactError> {
    let train: Vec<[f32; 2]> =
        points().filter(|point| point.0 == Split::Train).map(|point| point.2).collect();
    let mut kernels = Vec::new();
    for step in STEPS {
        let rows = points().map(|(split, sample, _)| GramRow { split, sample, output: 0 });
        let values: Vec<f32> = points()
            .flat_map(|(_, _, x)| train.iter().map(move |&other| kernel(step, x, other)))
            .collect();
        let block: Vec<f64> =
            values[..train.len() * train.len()].iter().copied().map(f64::from).collect();
        kernels.push(KernelRow {
            step,
            output: 0,
            learning_rate: Some(RATE),
            trace: block.iter().step_by(train.len() + 1).sum(),
            frobenius_norm: block.iter().map(|value| value * value).sum::<f64>().sqrt(),
            samples: COUNTS.0,
            rows: COUNTS.0,
            test_rows: COUNTS.1,
            reduction: Reduction::Trace,
            precision: "f32".to_owned(),
        });
        let gram = Gram { rows: rows.collect(), width: train.len(), values };
        artifact::write_gram(directory, step, &gram)?;
    }
    artifact::write_rows(directory, &kernels)
}

fn manifest(directory: &Path, kind: Kind, problem: Problem) -> Result<Manifest, ArtifactError> {
    let key = |kind: Kind| blake3::hash(kind.name().as_bytes()).to_hex().to_string();
    let sources: &[Kind] = match kind {
        _ if kind == Kind::DATASET => &[],
        _ if kind == Kind::TRAINING => &[Kind::DATASET],
        _ => &[Kind::DATASET, Kind::TRAINING],
    };
    let sources = sources.iter().map(|&kind| (kind.name().to_owned(), vec![key(kind)]));
    Ok(Manifest {
        key: key(kind),
        stage: "made-up".to_owned(),
        stage_version: "1".to_owned(),
        program: key(kind),
        parameters: json!({}),
        inputs: sources.collect(),
        outline: outline(kind, problem),
        tables: Manifest::record_tables(directory, kind)?,
        machine: Machine { platform: "none".to_owned(), threads: 1 },
        ..Manifest::bare(kind)
    })
}

fn outline(kind: Kind, problem: Problem) -> Outline {
    let mut outline = Outline {
        train_samples: Some(COUNTS.0.into()),
        test_samples: Some(COUNTS.1.into()),
        input_dim: Some(2),
        output_dim: Some(problem.outputs() as u64),
        labelled: Some(problem == Problem::Classes),
        ..Outline::default()
    };
    if kind == Kind::DATASET {
        return outline;
    }
    outline.last_step = STEPS.last().copied();
    outline.checkpoints = Some(STEPS.to_vec());
    let (activation, loss) = match problem {
        Problem::Regression => ("tanh", "least_squares"),
        Problem::Classes => ("relu", "cross_entropy"),
    };
    let outputs = problem.outputs();
    outline.parameter_count = Some((3 * WIDTH + (WIDTH + 1) * outputs) as u64);
    outline.network = Some(
        json!({ "hidden": [WIDTH], "activation": activation, "init": "glorot", "bias": true }),
    );
    outline.loss = Some(loss.to_owned());
    outline.optimizer = Some("gradient_descent".to_owned());
    outline.learning_rates = Some(vec![RateFrom { step: 0, learning_rate: RATE }]);
    if kind == Kind::KERNEL {
        outline.kernel_rows = Some(COUNTS.0.into());
        outline.kernel_blocks = Some(1);
        outline.reduction = Some(Reduction::Trace);
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_artifacts_are_whole() {
        let port = |name, kind| Port::one(name, kind);
        let ports = [
            port("dataset", Kind::DATASET),
            port("training", Kind::TRAINING),
            port("kernel", Kind::KERNEL),
        ];
        for problem in [Problem::Regression, Problem::Classes] {
            let samples = Samples::new(&ports, &BTreeMap::new(), problem).unwrap();
            for (name, directory) in samples.directories() {
                let manifest = Manifest::read(directory).unwrap();
                let tables = Manifest::record_tables(directory, manifest.kind).unwrap();
                assert_eq!(tables, manifest.tables, "{name}");
            }
            assert!(samples.missing.is_empty());
        }
        let classes: Vec<u32> =
            points().filter_map(|(_, _, x)| Problem::Classes.class(x)).collect();
        assert!(classes.contains(&0) && classes.contains(&1));
        let rows = presentations();
        assert!(rows.iter().any(|row| row.correct) && rows.iter().any(|row| !row.correct));
    }
}
