//! A made-up run: four artifacts with rows of plausible shape, so that reports need no training.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};
use std::fs;
use std::path::{Path, PathBuf};

use artifact::tables::dataset::Sample;
use artifact::tables::kernel::Reduction;
use artifact::tables::spectrum::{
    AlignmentMetric, AlignmentRow, BaselineRow, DynamicsRow, EigenvalueRow, EigenvectorRow,
    EnergyRow, FrozenDescentRow, FrozenRates, KernelRowsRow,
};
use artifact::tables::training::{HistoryRow, OutputRow};
use artifact::tables::{Signal, Split};
use artifact::{Kind, LayerOutline, Manifest, Outline, write_rows};
use serde_json::json;
use spectrum::Tables;
use stage::{Input, Inputs};

/// What the made-up run is like.
#[derive(Clone, Debug)]
pub struct Run {
    pub input_dim: usize,
    pub outputs: usize,
    pub train: u32,
    /// Test samples; a grid where the inputs have two dimensions and this is a square.
    pub test: u32,
    pub checkpoints: Vec<u64>,
    /// Eigenvectors that are known at each checkpoint.
    pub eigenvectors: u32,
    pub reduction: Reduction,
    /// Whether everything that may be NULL is.
    pub bare: bool,
    pub history_rows: u64,
    /// Factor of the learning rate every 500 steps.
    pub decay: f64,
    /// Whether the sharpness of the loss was measured.
    pub sharp: bool,
    /// S(0, T).
    pub turn: f64,
    /// Leading eigenpairs above the rounding noise.
    pub resolved: u32,
    /// Whether 2N/δ and what follows from it is beyond all numbers.
    pub unbounded: bool,
    /// k of the findings.
    pub top: u32,
    /// Shape of an input, where the dataset states one.
    pub input_shape: Option<Vec<u64>>,
    /// Widths of the network's hidden layers.
    pub hidden: Vec<u64>,
    /// The network's layers, where the training states them.
    pub layers: Option<Vec<LayerOutline>>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            input_dim: 2,
            outputs: 1,
            train: 80,
            test: 100,
            checkpoints: vec![0, 10, 11, 100, 500, 501, 1000, 1500, 2000],
            eigenvectors: 60,
            reduction: Reduction::Full,
            bare: false,
            history_rows: 200,
            decay: 0.5,
            sharp: false,
            turn: 0.4,
            resolved: u32::MAX,
            unbounded: false,
            top: 50,
            input_shape: None,
            hidden: vec![256, 256, 256],
            layers: None,
        }
    }
}

impl Run {
    /// Writes the artifacts under `directory` and gives them as the inputs of the report.
    pub fn write(&self, directory: &Path) -> Inputs {
        let folder = |kind: Kind| {
            let folder = directory.join(kind.name());
            fs::create_dir_all(&folder).unwrap();
            self.manifest(kind).write(&folder).unwrap();
            folder
        };
        let dataset = folder(Kind::DATASET);
        let samples = self.samples();
        write_rows(&dataset, &samples).unwrap();
        let training = folder(Kind::TRAINING);
        write_rows(&training, &self.history()).unwrap();
        write_rows(&training, &self.outputs(&samples)).unwrap();
        let spectrum = folder(Kind::SPECTRUM);
        let tables = self.tables(&samples);
        tables.write(&spectrum).unwrap();
        let about = self.outline();
        let (findings, study) =
            spectrum::found(&tables, &self.history(), &about, self.top).unwrap();
        write_rows(&spectrum, &findings).unwrap();
        study.write(&spectrum).unwrap();
        inputs([dataset, training, spectrum])
    }

    pub fn outline(&self) -> Outline {
        let (blocks, rows_a_sample) = self.reduction.blocks(self.outputs);
        Outline {
            train_samples: Some(u64::from(self.train)),
            test_samples: Some(u64::from(self.test)),
            input_dim: Some(self.input_dim as u64),
            output_dim: Some(self.outputs as u64),
            labelled: Some(false),
            last_step: self.checkpoints.last().copied(),
            checkpoints: Some(self.checkpoints.clone()),
            parameter_count: Some(264_193),
            network: Some(json!({
                "hidden": self.hidden, "activation": {"leaky_relu": 0.01}, "init": "glorot", "bias": true,
            })),
            input_shape: self.input_shape.clone(),
            layers: self.layers.clone(),
            loss: Some("least_squares".to_owned()),
            optimizer: Some("gradient_descent".to_owned()),
            learning_rates: None,
            kernel_rows: Some(u64::from(self.train) * rows_a_sample as u64),
            kernel_blocks: Some(blocks as u64),
            reduction: Some(self.reduction),
            ..Outline::default()
        }
    }

    fn manifest(&self, kind: Kind) -> Manifest {
        Manifest {
            key: "0".to_owned(),
            stage: kind.name().to_owned(),
            stage_version: "0".to_owned(),
            parameters: json!({"made_up": true}),
            outline: self.outline(),
            ..Manifest::bare(kind)
        }
    }

    fn blocks(&self) -> u32 {
        u32::try_from(self.reduction.blocks(self.outputs).0).unwrap()
    }

    fn splits(&self) -> Vec<(Split, u32)> {
        let all = [(Split::Train, self.train), (Split::Test, self.test)];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// How far the run is at `step`, from 0 to 1.
    fn progress(&self, step: u64) -> f64 {
        let last = self.checkpoints.last().copied().unwrap_or(0).max(1);
        (1.0 + step as f64).ln() / (1.0 + last as f64).ln()
    }

    /// 0.25, times the decay every 500 steps.
    fn learning_rate(&self, step: u64) -> f64 {
        0.25 * self.decay.powi(i32::try_from(step / 500).unwrap())
    }

    /// The tables of the spectrum.
    fn tables(&self, samples: &[Sample]) -> Tables {
        Tables {
            eigenvalues: self.eigenvalues(),
            energy: self.energy(),
            dynamics: self.dynamics(),
            alignment: self.alignment(),
            frequency: Vec::new(),
            baseline: self.baseline(),
            frozen_descent: self.frozen_descent(),
            eigenvectors: self.eigenvectors(samples),
            kernel_rows: self.kernel_rows(samples),
        }
    }

    /// Five bumps that grow.
    fn kernel_rows(&self, samples: &[Sample]) -> Vec<KernelRowsRow> {
        let mut rows = Vec::new();
        // As the stage does: none after a single update, none in many dimensions.
        let own = self
            .checkpoints
            .iter()
            .filter(|step| !self.checkpoints.contains(&step.wrapping_sub(1)));
        for &step in own.filter(|_| self.input_dim <= 2) {
            for row in 1..=5 {
                for (split, _) in self.splits() {
                    let of = samples.iter().filter(|sample| sample.split == split);
                    let values = of.map(|sample| {
                        let distance = (f64::from(sample.x[0]) - f64::from(row) / 5.0).powi(2);
                        ((1.0 + self.progress(step)) * (-9.0 * distance).exp()) as f32
                    });
                    let values = values.collect();
                    rows.push(KernelRowsRow { step, row, sample: row, split, values });
                }
            }
        }
        rows
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (split, count) in self.splits() {
            for sample in 0..count {
                let side = count.isqrt();
                let x: Vec<f64> =
                    if split == Split::Test && self.input_dim == 2 && side * side == count {
                        let along = |i: u32| (f64::from(i) + 0.5) / f64::from(side);
                        vec![along(sample % side), along(sample / side)]
                    } else {
                        // A low-discrepancy sequence: scattered, and the same on every machine.
                        (0..self.input_dim)
                            .map(|axis| {
                                (0.5 + f64::from(sample + 1)
                                    * [0.754_877_666, 0.569_840_291, 0.324_717_957][axis % 3])
                                    .fract()
                            })
                            .collect()
                    };
                let y = (0..self.outputs).map(|output| target(&x, output) as f32).collect();
                samples.push(Sample {
                    split,
                    sample,
                    x: x.into_iter().map(|x| x as f32).collect(),
                    y,
                    label: None,
                    clean_label: None,
                    origin: None,
                });
            }
        }
        samples
    }

    fn history(&self) -> Vec<HistoryRow> {
        let last = self.checkpoints.last().copied().unwrap_or(0);
        let every = (last / self.history_rows).max(1);
        let mut steps: Vec<u64> = (0..=last).filter(|step| step % every == 0).collect();
        steps.extend(&self.checkpoints);
        steps.sort_unstable();
        steps.dedup();
        let row = |step: u64| {
            let loss = 0.06
                * (0.02 + (1.0 - self.progress(step)).powi(2))
                * (1.0 + 0.1 * (step as f64).sin());
            let update = (step < last && !self.bare).then_some(loss * self.learning_rate(step));
            HistoryRow {
                step,
                learning_rate: self.learning_rate(step),
                train_loss: loss,
                test_loss: (self.test > 0 && !self.bare).then_some(1.3 * loss),
                train_accuracy: None,
                test_accuracy: None,
                gradient_norm: update,
                update_norm: update,
                sharpness: self
                    .sharp
                    .then(|| self.progress(step) * 2.0 / self.learning_rate(step))
                    .filter(|sharpness| sharpness.is_finite()),
            }
        };
        steps.into_iter().map(row).collect()
    }

    fn outputs(&self, samples: &[Sample]) -> Vec<OutputRow> {
        let mut rows = Vec::new();
        for &step in &self.checkpoints {
            for sample in samples {
                let learned = self.progress(step) as f32;
                let x: Vec<f64> = sample.x.iter().map(|&x| f64::from(x)).collect();
                // What is missing changes its shape, too.
                let coarse = (0.5 + 0.3 * wave(&x, 2)) as f32 + 0.2 * learned * wave(&x, 3) as f32;
                let output =
                    sample.y.iter().map(|y| coarse + 0.9 * learned * (y - coarse)).collect();
                rows.push(OutputRow { step, split: sample.split, sample: sample.sample, output });
            }
        }
        rows
    }

    fn eigenvalues(&self) -> Vec<EigenvalueRow> {
        let mut rows = Vec::new();
        for &step in &self.checkpoints {
            for output in 0..self.blocks() {
                for index in 1..=self.known() {
                    let eigenvalue = self.eigenvalue(step, index);
                    rows.push(EigenvalueRow {
                        step,
                        output,
                        index,
                        eigenvalue,
                        resolved: eigenvalue > 1e-4 && index <= self.resolved,
                        fisher_eigenvalue: None,
                        mode_speed: (!self.bare).then(|| {
                            let bound = 2.0 * f64::from(self.train) / self.learning_rate(step);
                            1.0 - (1.0 - 2.0 * eigenvalue / bound).abs()
                        }),
                        frequency_centroid: (!self.bare)
                            .then(|| 1.0 + f64::from(index).sqrt() - self.progress(step)),
                    });
                }
            }
        }
        rows
    }

    fn known(&self) -> u32 {
        let (_, rows_a_sample) = self.reduction.blocks(self.outputs);
        self.eigenvectors.min(self.train * u32::try_from(rows_a_sample).unwrap())
    }

    /// λᵢ: a power law that follows 2N/δ; the smallest are noise around 0.
    fn eigenvalue(&self, step: u64, index: u32) -> f64 {
        let step_before = if self.unbounded { 0 } else { step.saturating_sub(1) };
        let bound = 2.0 * f64::from(self.train) / self.learning_rate(step_before);
        let noise = 1e-5 * f64::from(index).sin();
        (0.2 + 0.78 * self.progress(step)) * bound * f64::from(index).powf(-1.8) + noise
    }

    fn energy(&self) -> Vec<EnergyRow> {
        let mut rows = Vec::new();
        for &step in &self.checkpoints {
            for output in 0..self.blocks() {
                for (split, _) in self.splits() {
                    for (signal, outside) in [
                        (Signal::Target, 0.5),
                        (Signal::Output, 0.05),
                        (Signal::Residual, 0.6),
                        (Signal::ShuffledTarget, 0.9),
                    ] {
                        for k in 1..=self.known() {
                            let progress = self.progress(step);
                            let power = match signal {
                                Signal::Target | Signal::Output => 0.4 + 0.5 * progress,
                                Signal::Residual => 0.4 - 0.3 * progress,
                                Signal::ShuffledTarget => 0.2,
                            };
                            // In the middle of the run the output is less within the top.
                            let middle = self.checkpoints[self.checkpoints.len() / 2] == step;
                            let dip = middle && signal == Signal::Output;
                            let outside = if dip { 0.3 } else { outside };
                            let relative_energy = if k == self.train {
                                1.0
                            } else {
                                1.0 - outside * f64::from(k).powf(-power)
                            };
                            rows.push(EnergyRow {
                                step,
                                output,
                                split,
                                signal,
                                k,
                                relative_energy: Some(relative_energy)
                                    .filter(|_| k <= self.resolved),
                                mode_energy: (!self.bare && k <= self.resolved)
                                    .then(|| outside * power * f64::from(k).powf(-power - 1.0)),
                            });
                        }
                    }
                }
            }
        }
        rows
    }

    fn dynamics(&self) -> Vec<DynamicsRow> {
        let mut rows = Vec::new();
        for &step in &self.checkpoints {
            for output in 0..self.blocks() {
                let known = (!self.bare).then_some(());
                let pair = known.filter(|()| self.checkpoints.contains(&(step + 1)));
                rows.push(DynamicsRow {
                    step,
                    output,
                    learning_rate: known.map(|()| self.learning_rate(step)),
                    largest_eigenvalue: self.eigenvalue(step, 1),
                    stability_bound: known
                        .filter(|()| !self.unbounded)
                        .map(|()| 2.0 * f64::from(self.train) / self.learning_rate(step)),
                    trace: 2.0 * self.eigenvalue(step, 1),
                    frobenius_norm: 1.1 * self.eigenvalue(step, 1),
                    effective_rank_entropy: known.map(|()| 14.0 - 9.0 * self.progress(step)),
                    participation_ratio: known.map(|()| 3.0 - 1.4 * self.progress(step)),
                    first_order_error: pair.map(|()| 0.02 + 0.1 * self.progress(step)),
                    first_order_cosine: pair.map(|()| 0.999 - 0.01 * self.progress(step)),
                    smallest_eigenvalue: known.map(|()| -1e-5),
                    resolved_count: None,
                });
            }
        }
        rows
    }

    fn alignment(&self) -> Vec<AlignmentRow> {
        let mut rows = Vec::new();
        for (position, &step) in self.checkpoints.iter().enumerate() {
            for output in 0..self.blocks() {
                let progress = self.progress(step);
                let mut push = |metric, reference_step, k: Option<u32>, value| {
                    let value = Some(value).filter(|_| k.is_none_or(|k| k <= self.resolved));
                    rows.push(AlignmentRow { step, output, metric, reference_step, k, value });
                };
                push(AlignmentMetric::KernelTargetAlignment, None, None, 0.7 + 0.2 * progress);
                push(
                    AlignmentMetric::CentredKernelTargetAlignment,
                    None,
                    None,
                    0.2 + 0.5 * progress,
                );
                push(
                    AlignmentMetric::KernelDistance,
                    Some(self.checkpoints[0]),
                    None,
                    self.turn * progress,
                );
                push(AlignmentMetric::SpectralPosition, None, None, 0.5 - 0.4 * progress);
                if position > 0 {
                    let previous = self.checkpoints[position - 1];
                    let gap = (step - previous) as f64;
                    push(AlignmentMetric::KernelVelocity, Some(previous), None, 0.01 / gap);
                    for (metric, angle) in [
                        (AlignmentMetric::LargestPrincipalAngle, 1.5),
                        (AlignmentMetric::MeanPrincipalAngle, 0.7),
                    ] {
                        push(metric, Some(self.checkpoints[0]), Some(10), angle * progress);
                    }
                    for k in [1, 10, 50] {
                        let turned = (progress - self.progress(previous)) * f64::from(k).powf(0.2);
                        push(
                            AlignmentMetric::EigenspaceOverlap,
                            Some(previous),
                            Some(k),
                            1.0 - 0.5 * turned,
                        );
                        if previous != self.checkpoints[0] {
                            push(
                                AlignmentMetric::EigenspaceOverlap,
                                Some(self.checkpoints[0]),
                                Some(k),
                                1.0 - 0.4 * progress * f64::from(k).powf(0.2),
                            );
                        }
                    }
                }
            }
        }
        rows
    }

    fn baseline(&self) -> Vec<BaselineRow> {
        let mut rows = Vec::new();
        for (split, _) in self.splits() {
            for output in 0..u32::try_from(self.outputs).unwrap() {
                for k in 1..=self.train / 4 * 3 {
                    let relative_energy = 1.0 - 0.6 * f64::from(k).powf(-0.3);
                    let signal = Signal::Target;
                    rows.push(BaselineRow { split, output, signal, k, relative_energy });
                }
            }
        }
        rows
    }

    /// Two exponentials, that of the last kernel twice as fast.
    fn frozen_descent(&self) -> Vec<FrozenDescentRow> {
        let last = self.checkpoints.last().copied().unwrap_or(0);
        let mut rows = Vec::new();
        if self.bare {
            return rows;
        }
        for (kernel_step, speed) in [(self.checkpoints[0], 1.0), (last, 2.0)] {
            for (split, _) in self.splits() {
                for rates in [FrozenRates::Run, FrozenRates::Stable, FrozenRates::SameTrace] {
                    for part in 0..=20_u64 {
                        let step = last * part / 20;
                        let loss = Some(0.06 * (-speed * part as f64 / 20.0).exp());
                        rows.push(FrozenDescentRow { kernel_step, rates, step, split, loss });
                    }
                }
            }
        }
        rows.dedup_by_key(|row| (row.kernel_step, row.split, row.rates as u8, row.step));
        rows
    }

    /// Waves at the start, waves with more and more of the target in them later.
    fn eigenvectors(&self, samples: &[Sample]) -> Vec<EigenvectorRow> {
        let mut rows = Vec::new();
        let (_, rows_a_sample) = self.reduction.blocks(self.outputs);
        for &step in &self.checkpoints {
            for output in 0..self.blocks() {
                // As the stage does: resolved ones alone.
                for index in 1..=self.known().min(self.resolved) {
                    for (split, _) in self.splits() {
                        let values = samples
                            .iter()
                            .filter(|sample| sample.split == split)
                            .flat_map(|sample| {
                                let x: Vec<f64> = sample.x.iter().map(|&x| f64::from(x)).collect();
                                let value = wave(&x, index)
                                    + 2.0 * self.progress(step) * (target(&x, 0) - 0.5);
                                std::iter::repeat_n(
                                    (value / f64::from(self.train).sqrt()) as f32,
                                    rows_a_sample,
                                )
                            })
                            .collect();
                        rows.push(EigenvectorRow { step, output, index, split, values });
                    }
                }
            }
        }
        rows
    }
}

/// A function with smooth parts and an edge, in [0, 1].
fn target(x: &[f64], output: usize) -> f64 {
    let radius = x.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>().sqrt();
    let edge = if radius < 0.3 { 0.4 } else { 0.0 };
    (0.3 + edge + 0.2 * (TAU * x[0] + output as f64).sin()).clamp(0.0, 1.0)
}

/// Wave number `index` of the first two coordinates.
fn wave(x: &[f64], index: u32) -> f64 {
    let (across, down) = (f64::from(index % 4), f64::from(index / 4));
    (PI * (across * x[0] + down * x.get(1).unwrap_or(&0.0))).cos()
}

/// The path that an axis of a made-up sweep sets.
fn path(name: &str) -> &str {
    match name {
        "decay" => "train.with.learning_rate.decay.factor",
        "width" | "depth" => "train.with.network.hidden",
        "rate" => "train.with.learning_rate.initial",
        other => other,
    }
}

/// The inputs of a report over several runs, each at the values of its axes; `directory` takes
/// their artifacts.
pub fn sweep(directory: &Path, variants: &[(serde_json::Value, Run)]) -> Inputs {
    let mut all: Vec<Input> = Vec::new();
    for (number, (axes, run)) in variants.iter().enumerate() {
        for input in run.write(&directory.join(number.to_string())).many("results") {
            let sets: BTreeMap<&str, [&str; 1]> = axes
                .as_object()
                .unwrap()
                .keys()
                .map(|name| (name.as_str(), [path(name)]))
                .collect();
            let (directory, stage) = (&input.directory, &input.stage);
            let input =
                json!({ "directory": directory, "axes": axes, "sets": sets, "stage": stage });
            all.push(serde_json::from_value(input).unwrap());
        }
    }
    Inputs([("results".to_owned(), all)].into())
}

/// The inputs of a report over one run.
fn inputs<const COUNT: usize>(directories: [PathBuf; COUNT]) -> Inputs {
    let input = |directory: PathBuf| {
        let stage = directory.file_name().unwrap().to_str().map(str::to_owned);
        Input { stage, ..Input::at(directory) }
    };
    Inputs([("results".to_owned(), directories.into_iter().map(input).collect())].into())
}
