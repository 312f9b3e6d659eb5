//! A linear model whose every number is known, and its artifacts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::tables::training::{HistoryRow, OutputRow};
use artifact::{
    Gram, GramRow, Kind, Manifest, Outline, Precision, RateFrom, read_rows, write_gram, write_rows,
};
use spectrum::{Parameters, SpectrumStage};
use stage::{Context, Input, Inputs, Limits, Stage, StageError};

pub const TRAIN: usize = 7;
pub const TEST: usize = 5;
pub const FEATURES: usize = 3;
pub const OUTPUTS: usize = 2;
pub const RATE: f64 = 0.25;
pub const STEPS: [u64; 3] = [0, 2, 4];
pub const LAST: u64 = STEPS[2];

/// f_a(x) = θ_a · φ(x): the kernel of outputs a and b is δ_ab φ(x)·φ(x').
pub struct Model {
    pub features: Vec<[f64; FEATURES]>,
    pub targets: Vec<[f64; OUTPUTS]>,
    pub weights: [[f64; FEATURES]; OUTPUTS],
}

impl Model {
    pub fn new() -> Self {
        let number = |i: usize, j: usize| ((i * 7 + j * 5 + i * j * 3) % 11) as f64 / 5.0 - 1.0;
        Self {
            features: (0..TRAIN + TEST).map(|i| std::array::from_fn(|j| number(i, j))).collect(),
            targets: (0..TRAIN + TEST).map(|i| std::array::from_fn(|j| number(i, j + 7))).collect(),
            weights: [[0.5, -0.25, 1.0], [0.0, 1.0, -0.5]],
        }
    }

    /// (1/2N) Σ ‖f(x) − y‖² over some of the samples.
    pub fn loss(&self, samples: std::ops::Range<usize>) -> f64 {
        let count = samples.len() as f64;
        let squares = |i: usize| {
            let pairs = self.outputs(i).into_iter().zip(self.targets[i]);
            pairs.map(|(f, y)| (f - y).powi(2)).sum::<f64>()
        };
        samples.map(squares).sum::<f64>() / (2.0 * count)
    }

    pub fn outputs(&self, i: usize) -> [f64; OUTPUTS] {
        self.weights.map(|row| row.iter().zip(&self.features[i]).map(|(w, x)| w * x).sum())
    }

    /// One update of gradient descent on least squares.
    pub fn descend(&mut self) {
        let mut weights = self.weights;
        for i in 0..TRAIN {
            let outputs = self.outputs(i);
            for (a, row) in weights.iter_mut().enumerate() {
                for (weight, x) in row.iter_mut().zip(&self.features[i]) {
                    *weight -= RATE / TRAIN as f64 * (outputs[a] - self.targets[i][a]) * x;
                }
            }
        }
        self.weights = weights;
    }

    /// The Gramian under `reduction`; the later the step, the less the third feature counts.
    pub fn gram(&self, reduction: Reduction, step: u64) -> Gram<f64> {
        let third = 1.0 - step as f64 / (2 * LAST) as f64;
        let g = |i: usize, j: usize| -> f64 {
            let (x, y) = (&self.features[i], &self.features[j]);
            x[0] * y[0] + x[1] * y[1] + third * x[2] * y[2]
        };
        let (blocks, per_sample) = reduction.blocks(OUTPUTS);
        let width = TRAIN * per_sample;
        let mut gram = Gram { rows: Vec::new(), width, values: Vec::new() };
        for block in 0..blocks {
            for i in 0..TRAIN + TEST {
                for a in 0..per_sample {
                    let (split, sample) =
                        if i < TRAIN { (Split::Train, i) } else { (Split::Test, i - TRAIN) };
                    let output = (block + a) as u32;
                    gram.rows.push(GramRow { split, sample: sample as u32, output });
                    for j in 0..TRAIN {
                        for b in 0..per_sample {
                            let value = match reduction {
                                Reduction::Full if a != b => 0.0,
                                Reduction::Full | Reduction::PerOutput => g(i, j),
                                Reduction::Trace | Reduction::SummedLogit => {
                                    OUTPUTS as f64 * g(i, j)
                                }
                            };
                            gram.values.push(value);
                        }
                    }
                }
            }
        }
        gram
    }
}

/// The three input artifacts in a folder of their own.
pub struct Fixture {
    pub folder: tempfile::TempDir,
    pub outline: Outline,
}

pub fn manifest(kind: Kind, directory: &Path, outline: Outline) {
    let manifest = Manifest { outline, ..Manifest::bare(kind) };
    manifest.write(directory).unwrap();
}

/// tr G of kernel `output` of `blocks`, over the training rows.
pub fn trace(gram: &Gram<f64>, output: u32, blocks: usize) -> f64 {
    let mine = |row: &GramRow| row.split == Split::Train && (blocks == 1 || row.output == output);
    let rows = gram.rows.iter().zip(gram.values.chunks(gram.width)).filter(|(row, _)| mine(row));
    rows.enumerate().map(|(i, (_, values))| values[i]).sum()
}

/// ‖G‖_F of kernel `output` of `blocks`, over the training rows.
pub fn frobenius_norm(gram: &Gram<f64>, output: u32, blocks: usize) -> f64 {
    let mine = |row: &GramRow| row.split == Split::Train && (blocks == 1 || row.output == output);
    let rows = gram.rows.iter().zip(gram.values.chunks(gram.width)).filter(|(row, _)| mine(row));
    rows.flat_map(|(_, values)| values).map(|&g| g.powi(2)).sum::<f64>().sqrt()
}

pub fn split(i: usize) -> (Split, u32) {
    if i < TRAIN { (Split::Train, i as u32) } else { (Split::Test, (i - TRAIN) as u32) }
}

impl Fixture {
    /// Kernels in f32, each changed by `change`.
    pub fn new(reduction: Reduction, change: impl Fn(&mut Gram<f64>)) -> Self {
        Self::stored(Precision::F32, reduction, change)
    }

    /// The same, made and stored in `precision`.
    pub fn stored(
        precision: Precision,
        reduction: Reduction,
        change: impl Fn(&mut Gram<f64>),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |port: &str| folder.path().join(port);
        for port in ["dataset", "training", "kernel", "out"] {
            std::fs::create_dir(at(port)).unwrap();
        }
        let mut model = Model::new();
        let (blocks, per_sample) = reduction.blocks(OUTPUTS);
        let outline = Outline {
            train_samples: Some(TRAIN as u64),
            test_samples: Some(TEST as u64),
            output_dim: Some(OUTPUTS as u64),
            checkpoints: Some(STEPS.to_vec()),
            loss: Some("least_squares".to_owned()),
            optimizer: Some("gradient_descent".to_owned()),
            kernel_rows: Some((TRAIN * per_sample) as u64),
            kernel_blocks: Some(blocks as u64),
            reduction: Some(reduction),
            ..Outline::default()
        };
        let samples: Vec<Sample> = (0..TRAIN + TEST)
            .map(|i| Sample {
                split: split(i).0,
                sample: split(i).1,
                x: model.features[i].map(|x| x as f32).to_vec(),
                y: model.targets[i].map(|y| y as f32).to_vec(),
                label: None,
                clean_label: None,
                origin: None,
            })
            .collect();
        write_rows(&at("dataset"), &samples).unwrap();
        let (mut outputs, mut history, mut kernels) = (Vec::new(), Vec::new(), Vec::new());
        for step in 0..=LAST {
            for i in 0..TRAIN + TEST {
                let output = model.outputs(i).map(|f| f as f32).to_vec();
                outputs.push(OutputRow { step, split: split(i).0, sample: split(i).1, output });
            }
            history.push(HistoryRow {
                step,
                learning_rate: RATE,
                train_loss: 0.0,
                test_loss: None,
                train_accuracy: None,
                test_accuracy: None,
                gradient_norm: None,
                update_norm: None,
                sharpness: None,
            });
            if STEPS.contains(&step) {
                let mut gram = model.gram(reduction, step);
                change(&mut gram);
                match precision {
                    Precision::F64 => write_gram(&at("kernel"), step, &gram).unwrap(),
                    Precision::F32 => {
                        let Gram { rows, width, values } = gram.clone();
                        let values = values.into_iter().map(|value| value as f32).collect();
                        write_gram(&at("kernel"), step, &Gram::<f32> { rows, width, values })
                            .unwrap();
                    }
                }
                kernels.extend((0..blocks).map(|output| KernelRow {
                    step,
                    output: output as u32,
                    learning_rate: None,
                    trace: trace(&gram, output as u32, blocks),
                    frobenius_norm: frobenius_norm(&gram, output as u32, blocks),
                    samples: TRAIN as u32,
                    rows: (TRAIN * per_sample) as u32,
                    test_rows: (TEST * per_sample) as u32,
                    reduction,
                    precision: precision.name().to_owned(),
                }));
            }
            model.descend();
        }
        write_rows(&at("training"), &outputs).unwrap();
        write_rows(&at("training"), &history).unwrap();
        write_rows(&at("kernel"), &kernels).unwrap();
        manifest(Kind::DATASET, &at("dataset"), outline.clone());
        manifest(Kind::TRAINING, &at("training"), outline.clone());
        manifest(Kind::KERNEL, &at("kernel"), outline.clone());
        Self { folder, outline }
    }

    /// Lists learning rates in the training's manifest.
    pub fn list_rates(&self, learning_rates: Option<Vec<RateFrom>>) {
        let outline = Outline { learning_rates, ..self.outline.clone() };
        manifest(Kind::TRAINING, &self.folder.path().join("training"), outline);
    }

    pub fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub fn run(&self, parameters: &Parameters) -> Result<Outline, StageError> {
        let limits = Limits { threads: 1, memory_bytes: u64::MAX };
        self.run_in(&Context::silent(0, limits), parameters)
    }

    pub fn run_in(
        &self,
        context: &Context,
        parameters: &Parameters,
    ) -> Result<Outline, StageError> {
        let inputs = ["dataset", "training", "kernel"].map(|port| {
            let directory = self.folder.path().join(port);
            (port.to_owned(), vec![Input::at(directory)])
        });
        SpectrumStage::run(parameters, &Inputs(BTreeMap::from(inputs)), &self.output(), context)
    }

    /// Every table's file.
    pub fn tables(&self) -> Vec<Vec<u8>> {
        let tables = Kind::SPECTRUM.tables().iter().map(|table| table.name);
        let read = |table| std::fs::read(self.output().join(format!("{table}.parquet")));
        tables.map(|table| read(table).unwrap()).collect()
    }

    pub fn rows<R: artifact::Row>(&self) -> Vec<R> {
        read_rows(&self.output()).unwrap()
    }
}

pub const REDUCTIONS: [Reduction; 4] =
    [Reduction::Full, Reduction::Trace, Reduction::PerOutput, Reduction::SummedLogit];

pub fn small() -> Parameters {
    Parameters { eigenvectors: 3, overlap: vec![1, 3], ..Parameters::default() }
}
