//! The stage on made-up artifacts: what it writes, and what it says where it cannot.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::findings::{FindingRow, Verdict};
use artifact::tables::kernel::{DiagonalRow, KernelRow, Reduction};
use artifact::tables::prediction::{Method, Part, PredictionRow, ScoreRow};
use artifact::tables::training::OutputRow;
use artifact::{
    Gram, GramRow, Kind, Manifest, Outline, Precision, RateFrom, read_rows, write_gram, write_rows,
};
use predict::{Parameters, Predict, Predictions, Start};
use stage::{Context, Input, Inputs, Limits, Stage, StageError};
use tempfile::TempDir;

const N: usize = 14;
const M: usize = 6;
const O: usize = 2;
/// δ/N of the run whose outputs are those of descent with the kernel itself.
const RATES: [(u64, f64); 2] = [(0, 0.7), (12, 0.35)];
const CHECKPOINTS: [u64; 3] = [0, 10, 20];

fn place(i: usize) -> f64 {
    (i * 7 % 20) as f64 / 4.0
}

/// k(x_i, x_j) of all samples, those of training first.
fn k(i: usize, j: usize) -> f64 {
    (-(place(i) - place(j)).powi(2) / 2.0).exp() + if i == j { 0.05 } else { 0.0 }
}

fn class(i: usize) -> usize {
    usize::from(place(i).sin() > 0.0)
}

fn target(i: usize, a: usize) -> f64 {
    if class(i) == a { 0.5 } else { -0.5 }
}

struct World {
    dataset: TempDir,
    kernel: TempDir,
    covariance: Option<TempDir>,
    training: Option<TempDir>,
}

fn manifest(kind: Kind, outline: Outline, directory: &Path) {
    let manifest = Manifest { outline, ..Manifest::bare(kind) };
    manifest.write(directory).unwrap();
}

fn outline() -> Outline {
    Outline {
        train_samples: Some(N as u64),
        test_samples: Some(M as u64),
        input_dim: Some(1),
        output_dim: Some(O as u64),
        labelled: Some(true),
        ..Outline::default()
    }
}

fn dataset() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let sample = |i: usize| Sample {
        split: if i < N { Split::Train } else { Split::Test },
        sample: (if i < N { i } else { i - N }) as u32,
        x: vec![place(i) as f32],
        y: (0..O).map(|a| target(i, a) as f32).collect(),
        label: Some(class(i) as u32),
        clean_label: None,
        origin: None,
    };
    write_rows(directory.path(), &(0..N + M).map(sample).collect::<Vec<_>>()).unwrap();
    manifest(Kind::DATASET, outline(), directory.path());
    directory
}

/// A kernel with the entries `k`, the same for each output and nothing between outputs.
fn kernel(reduction: Reduction, steps: &[u64], k: impl Fn(usize, usize) -> f64) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let (count, cell) = reduction.blocks(O);
    let mut rows = Vec::new();
    let mut diagonal = Vec::new();
    for &step in steps {
        let mut gram = Gram::<f64> { rows: Vec::new(), width: N * cell, values: Vec::new() };
        for block in 0..count {
            for row in 0..(N + M) * cell {
                let (i, a) = (row / cell, row % cell);
                let split = if i < N { Split::Train } else { Split::Test };
                let sample = (if i < N { i } else { i - N }) as u32;
                let output = (block + a) as u32;
                gram.rows.push(GramRow { split, sample, output });
                let scale = if reduction == Reduction::Trace { O as f64 } else { 1.0 };
                gram.values.extend((0..N * cell).map(|column| {
                    let (j, b) = (column / cell, column % cell);
                    if a == b { scale * k(i, j) } else { 0.0 }
                }));
                if i >= N {
                    diagonal.push(DiagonalRow { step, sample, output, value: scale * k(i, i) });
                }
            }
            rows.push(KernelRow {
                step,
                output: block as u32,
                learning_rate: None,
                trace: 1.0,
                frobenius_norm: 1.0,
                samples: N as u32,
                rows: (N * cell) as u32,
                test_rows: (M * cell) as u32,
                reduction,
                precision: "f64".to_owned(),
            });
        }
        write_gram(directory.path(), step, &gram).unwrap();
    }
    write_rows(directory.path(), &rows).unwrap();
    write_rows(directory.path(), &diagonal).unwrap();
    let outline = Outline { reduction: Some(reduction), ..outline() };
    manifest(Kind::KERNEL, outline, directory.path());
    directory
}

/// A network that is linear with the kernel `k`, and starts from `start` at every sample.
fn training(start: f64) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut f = vec![[start; O]; N + M];
    let mut rows = Vec::new();
    for step in 0..=*CHECKPOINTS.last().unwrap() {
        if CHECKPOINTS.contains(&step) {
            rows.extend((0..N + M).map(|i| OutputRow {
                step,
                split: if i < N { Split::Train } else { Split::Test },
                sample: (if i < N { i } else { i - N }) as u32,
                output: f[i].map(|value| value as f32).to_vec(),
            }));
        }
        let rate = RATES.iter().rev().find(|(from, _)| *from <= step).unwrap().1;
        let before = f.clone();
        for (i, f) in f.iter_mut().enumerate() {
            for (a, value) in f.iter_mut().enumerate() {
                let force = |j: usize| k(i, j) * (before[j][a] - target(j, a));
                *value -= rate / N as f64 * (0..N).map(force).sum::<f64>();
            }
        }
    }
    write_rows(directory.path(), &rows).unwrap();
    let rates = RATES.map(|(step, learning_rate)| RateFrom { step, learning_rate });
    let outline = Outline {
        last_step: CHECKPOINTS.last().copied(),
        checkpoints: Some(CHECKPOINTS.to_vec()),
        loss: Some("least_squares".to_owned()),
        optimizer: Some("gradient_descent".to_owned()),
        learning_rates: Some(rates.to_vec()),
        ..outline()
    };
    manifest(Kind::TRAINING, outline, directory.path());
    directory
}

fn world(reduction: Reduction) -> World {
    let kernel = kernel(reduction, &[0], k);
    World { dataset: dataset(), kernel, covariance: None, training: None }
}

struct Answer {
    scores: Vec<ScoreRow>,
    predictions: Vec<PredictionRow>,
    findings: Vec<FindingRow>,
    output: TempDir,
}

impl Answer {
    fn score(&self, method: Method, split: Part, at: f64) -> &ScoreRow {
        let fits = |row: &&ScoreRow| {
            row.method == method && row.split == split && row.ridge.or(row.time) == Some(at)
        };
        self.scores.iter().find(fits).unwrap()
    }

    fn finding(&self, name: &str) -> &FindingRow {
        self.findings.iter().find(|row| row.finding == name).unwrap()
    }
}

fn run(world: &World, parameters: &Parameters) -> Result<Answer, StageError> {
    let output = tempfile::tempdir().unwrap();
    let at = |directory: &TempDir| vec![Input::at(directory.path().to_owned())];
    let mut inputs = Inputs::default();
    inputs.0.insert("dataset".to_owned(), at(&world.dataset));
    inputs.0.insert("kernel".to_owned(), at(&world.kernel));
    for (port, directory) in [("covariance", &world.covariance), ("training", &world.training)] {
        if let Some(directory) = directory {
            inputs.0.insert(port.to_owned(), at(directory));
        }
    }
    let context = Context::silent(0, Limits { threads: 1, memory_bytes: 1 << 30 });
    Predict::run(parameters, &inputs, output.path(), &context)?;
    Ok(Answer {
        scores: read_rows(output.path()).unwrap(),
        predictions: read_rows(output.path()).unwrap(),
        findings: read_rows(output.path()).unwrap(),
        output,
    })
}

fn parameters() -> Parameters {
    Parameters {
        ridges: vec![0.0, 1e-3, 1e-1],
        times: vec![3.0, 30.0],
        predictions: Predictions::All,
        ..Parameters::default()
    }
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a.is_finite() && b.is_finite() && (a - b).abs() <= tolerance
}

#[test]
fn a_run_has_tables_findings_and_figures_that_can_be_drawn() {
    let world = World { training: Some(training(0.0)), ..world(Reduction::Trace) };
    let answer =
        run(&world, &Parameters { ridges: vec![1e-3, 1e-2, 0.1], ..parameters() }).unwrap();
    let records = Manifest::record_tables(answer.output.path(), Predict::OUTPUT).unwrap();
    // 3 ridges, 2 times and 2 checkpoints on 3 splits, and the network on 2; 20 samples of each solve.
    assert_eq!(
        records.iter().map(|record| record.rows).collect::<Vec<_>>(),
        [7 * 3 + 2, 7 * 20, 6]
    );
    let study = study::Study::read(answer.output.path()).unwrap();
    assert_eq!(study.faults(Predict::OUTPUT), [""; 0]);
    assert!(study.figures.iter().any(|figure| figure.name == "distance_to_network"));
    assert!(answer.scores.iter().all(|row| row.resolved && row.mse.is_some()));
    assert!(answer.scores.is_sorted_by_key(|row| row.step));
    for name in ["precision_suffices", "kernel_accuracy", "kernel_mse", "ridge_is_early_stopping"] {
        let row = answer.finding(name);
        assert_eq!(row.verdict, Verdict::Holds, "{row:?}");
    }
    let chosen: Vec<&ScoreRow> =
        answer.scores.iter().filter(|row| row.chosen && row.split == Part::LeftOut).collect();
    assert_eq!(chosen.len(), 3, "one of each method");
    for row in chosen {
        let others = answer
            .scores
            .iter()
            .filter(|other| other.method == row.method && other.split == Part::LeftOut);
        assert!(others.map(|other| other.mse).all(|mse| mse >= row.mse));
    }
}

#[test]
fn a_network_that_is_linear_is_where_its_descent_predicts_it() {
    for (start, from) in [(Start::Zero, 0.0), (Start::Network, 0.3)] {
        let world = World { training: Some(training(from)), ..world(Reduction::PerOutput) };
        let answer = run(&world, &Parameters { start, ..parameters() }).unwrap();
        for time in [10.0, 20.0] {
            for split in [Part::Train, Part::Test] {
                let row = answer.score(Method::Descent, split, time);
                let distance = row.distance_to_network.unwrap();
                // The network's outputs are kept in f32.
                assert!(distance <= 1e-6, "{start:?} {time} {split:?}: {distance}");
            }
        }
        assert!(answer.score(Method::Ridge, Part::Test, 1e-3).distance_to_network.unwrap() > 1e-3);
    }
}

#[test]
fn descent_from_a_later_step_counts_updates_from_there() {
    let late = kernel(Reduction::Trace, &[10], k);
    let world = World { kernel: late, training: Some(training(0.3)), ..world(Reduction::Trace) };
    let answer = run(&world, &Parameters { start: Start::Network, ..parameters() }).unwrap();
    let row = answer.score(Method::Descent, Part::Test, 10.0);
    assert!(row.distance_to_network.unwrap() <= 1e-6);
    let times = answer.scores.iter().filter(|row| row.method == Method::Descent);
    assert_eq!(times.count(), 3, "the one checkpoint after step 10, on three splits");
}

#[test]
fn every_reduction_of_a_kernel_without_pairs_of_outputs_predicts_the_same() {
    let answers = [Reduction::Trace, Reduction::PerOutput, Reduction::Full]
        .map(|reduction| run(&world(reduction), &parameters()).unwrap());
    for other in &answers[1..] {
        for (one, other) in answers[0].scores.iter().zip(&other.scores) {
            assert_eq!(
                (one.method, one.split, one.ridge),
                (other.method, other.split, other.ridge)
            );
            assert!(close(one.mse.unwrap(), other.mse.unwrap(), 1e-9), "{one:?} {other:?}");
            assert_eq!((one.accuracy, one.chosen), (other.accuracy, other.chosen));
            assert_eq!(one.nll.is_some(), other.nll.is_some());
            if let (Some(one), Some(other)) = (one.nll, other.nll) {
                assert!(close(one, other, 1e-8));
            }
        }
        for (one, other) in answers[0].predictions.iter().zip(&other.predictions) {
            assert_eq!(one.sample, other.sample);
            assert_eq!(one.variance.is_some(), one.split == Part::Test);
            if let (Some(one), Some(other)) = (one.variance, other.variance) {
                assert!(close(one, other, 1e-9), "{one} {other}");
            }
        }
    }
}

#[test]
fn a_kernel_that_is_its_own_covariance_has_the_same_flow_but_no_likelihood() {
    let alone = run(&world(Reduction::Trace), &parameters()).unwrap();
    let covariance = Some(kernel(Reduction::Trace, &[3], k));
    let both = run(&World { covariance, ..world(Reduction::Trace) }, &parameters()).unwrap();
    for (one, other) in alone.predictions.iter().zip(&both.predictions) {
        if let (Method::Flow, Some(one), Some(other)) = (one.method, one.variance, other.variance) {
            assert!(close(one, other, 1e-10), "{one} {other}");
        }
    }
    assert!(alone.scores.iter().any(|row| row.nll.is_some()));
    assert!(both.scores.iter().all(|row| row.nll.is_none()));
}

#[test]
fn the_likelihood_is_that_of_the_written_means_and_variances() {
    let answer = run(&world(Reduction::PerOutput), &parameters()).unwrap();
    for ridge in [1e-3, 1e-1] {
        let own = answer.predictions.iter().filter(|row| {
            row.method == Method::Ridge && row.ridge == Some(ridge) && row.split == Part::Test
        });
        // tr K / N is 1.05.
        let terms: Vec<f64> = own
            .flat_map(|row| {
                let v = row.variance.unwrap() + ridge * 1.05;
                let i = N + row.sample as usize;
                row.mean.iter().enumerate().map(move |(a, &f)| {
                    let r = target(i, a) - f64::from(f);
                    0.5 * (std::f64::consts::TAU * v).ln() + r * r / (2.0 * v)
                })
            })
            .collect();
        let expected = terms.iter().sum::<f64>() / terms.len() as f64;
        let found = answer.score(Method::Ridge, Part::Test, ridge).nll.unwrap();
        assert!(close(found, expected, 1e-5), "{found} {expected}");
    }
}

#[test]
fn a_covariance_without_its_diagonal_gives_no_variance_and_the_note_says_so() {
    let covariance = kernel(Reduction::Trace, &[0], k);
    std::fs::remove_file(covariance.path().join("diagonal.parquet")).unwrap();
    let covariance = Some(covariance);
    let answer = run(&World { covariance, ..world(Reduction::Trace) }, &parameters()).unwrap();
    assert!(answer.predictions.iter().all(|row| row.variance.is_none()));
    let note = answer.finding("precision_suffices").note.clone().unwrap();
    assert!(note.ends_with("no table `diagonal`: variances are NULL."), "{note}");
}

#[test]
fn one_ridge_alone_is_what_it_is_among_others() {
    let all = run(&world(Reduction::Full), &parameters()).unwrap();
    let one = Parameters { ridges: vec![1e-3], times: vec![], ..parameters() };
    let one = run(&world(Reduction::Full), &one).unwrap();
    for split in [Part::Train, Part::Test, Part::LeftOut] {
        let (a, b) = (all.score(Method::Ridge, split, 1e-3), one.score(Method::Ridge, split, 1e-3));
        assert!(close(a.mse.unwrap(), b.mse.unwrap(), 1e-10));
        assert_eq!(a.accuracy, b.accuracy);
        assert_eq!(a.nll.is_some(), b.nll.is_some());
    }
    assert_eq!(one.finding("ridge_is_early_stopping").verdict, Verdict::NotApplicable);
    assert_eq!(one.finding("precision_suffices").verdict, Verdict::Holds);
    let (a, b) = (all.finding("precision_suffices"), one.finding("precision_suffices"));
    assert!(b.before.unwrap() <= 1.01 * a.before.unwrap());
}

#[test]
fn the_first_samples_are_those_of_a_kernel_of_these() {
    let few = Parameters { samples: Some(9), ..parameters() };
    let world = World { training: Some(training(0.0)), ..world(Reduction::Full) };
    let answer = run(&world, &few).unwrap();
    assert!(answer.scores.iter().all(|row| row.samples == 9));
    assert!(
        answer.scores.iter().all(|row| row.method != Method::Descent),
        "the run has updates of 14 samples"
    );
    let train = answer.predictions.iter().filter(|row| row.split == Part::Train);
    assert_eq!(train.count(), 5 * 9);
    let error = run(&world, &Parameters { samples: Some(15), ..parameters() }).err().unwrap();
    assert!(error.message.starts_with("15 training samples are asked for"), "{}", error.message);
}

/// A kernel so smooth that its smallest eigenvalues are below the rounding of a few bits.
fn smooth(i: usize, j: usize) -> f64 {
    (-(place(i) - place(j)).powi(2) / 50.0).exp()
}

#[test]
fn a_kernel_of_few_bits_says_which_ridge_and_how_many_samples_would_do() {
    let world = World { kernel: kernel(Reduction::Trace, &[0], smooth), ..world(Reduction::Trace) };
    let rounded = |ridges: Vec<f64>| Parameters {
        ridges,
        times: vec![],
        round_bits: Some(8),
        ..Parameters::default()
    };
    let answer = run(&world, &rounded(vec![1e-4, 5e-3, 1e-2])).unwrap();
    let row = answer.finding("precision_suffices");
    assert_eq!(row.verdict, Verdict::DoesNotHold, "{row:?}");
    let note = row.note.clone().unwrap();
    let ridge = note.split("A relative ridge of ").nth(1).unwrap();
    let ridge: f64 = ridge.split(' ').next().unwrap().parse().unwrap();
    let answer = run(&world, &rounded(vec![ridge, 2.0 * ridge])).unwrap();
    assert!(answer.scores.iter().all(|row| row.resolved), "{ridge}");
    assert_eq!(answer.finding("precision_suffices").verdict, Verdict::Holds);
    let less = run(&world, &rounded(vec![0.7 * ridge, 2.0 * ridge])).unwrap();
    assert!(!less.score(Method::Ridge, Part::Test, 0.7 * ridge).resolved);
    // A ridge of which nothing is left has no numbers.
    let mixed = run(&world, &rounded(vec![0.0, ridge])).unwrap();
    let none = mixed.score(Method::Ridge, Part::Test, 0.0);
    assert_eq!((none.mse, none.accuracy, none.resolved), (None, None, false));
}

#[test]
fn where_no_ridge_exists_the_error_says_what_would_help() {
    let world = World { kernel: kernel(Reduction::Trace, &[0], smooth), ..world(Reduction::Trace) };
    for ridges in [vec![0.0], vec![0.0, 1e-9]] {
        let parameters =
            Parameters { ridges, times: vec![], round_bits: Some(8), ..Parameters::default() };
        let error = run(&world, &parameters).err().unwrap();
        assert!(
            error.message.starts_with(
                "at step 0: K + λI of a kernel rounded to 8 bits has the eigenvalue -"
            ),
            "{}",
            error.message
        );
        let hint = error.hint.unwrap();
        let samples = hint.split("`samples: ").nth(1).unwrap().split('`').next().unwrap();
        let samples: u32 = samples.parse().unwrap();
        assert!((1..N as u32).contains(&samples));
        let fewer = Parameters { samples: Some(samples), ..parameters };
        let fewer = run(&world, &fewer).unwrap();
        assert!(fewer.scores.iter().any(|row| row.resolved), "{samples}");
    }
}

#[test]
fn precisions_agree_as_far_as_they_go() {
    let single = Parameters { precision: Precision::F32, ..parameters() };
    let (single, double) = (
        run(&world(Reduction::Trace), &single).unwrap(),
        run(&world(Reduction::Trace), &parameters()).unwrap(),
    );
    for (one, other) in single.scores.iter().zip(&double.scores) {
        assert!(close(one.mse.unwrap(), other.mse.unwrap(), 1e-4), "{one:?} {other:?}");
    }
}

#[test]
fn kernels_of_other_samples_and_of_summed_outputs_are_refused() {
    let summed = run(&world(Reduction::SummedLogit), &parameters()).err().unwrap();
    assert!(summed.message.contains("summed-logit"), "{}", summed.message);
    let mut odd = world(Reduction::Trace);
    odd.kernel =
        kernel(Reduction::Trace, &[0], |i, j| if i == 0 && j == 1 { 0.9 } else { k(i, j) });
    let error = run(&odd, &parameters()).err().unwrap();
    assert!(error.message.contains("not symmetric"), "{}", error.message);
    let without = Parameters { start: Start::Network, ..parameters() };
    let error = run(&world(Reduction::Trace), &without).err().unwrap();
    assert!(error.message.contains("no training run is wired"), "{}", error.message);
}

#[test]
fn one_sample_without_classes_or_test_split_is_enough() {
    let (dataset, kernel) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sample = Sample {
        split: Split::Train,
        sample: 0,
        x: vec![0.0],
        y: vec![3.0],
        label: None,
        clean_label: None,
        origin: None,
    };
    write_rows(dataset.path(), &[sample]).unwrap();
    manifest(Kind::DATASET, Outline::default(), dataset.path());
    let rows = vec![GramRow { split: Split::Train, sample: 0, output: 0 }];
    write_gram(kernel.path(), 5, &Gram { rows, width: 1, values: vec![2.0_f32] }).unwrap();
    let row = KernelRow {
        step: 5,
        output: 0,
        learning_rate: None,
        trace: 2.0,
        frobenius_norm: 2.0,
        samples: 1,
        rows: 1,
        test_rows: 0,
        reduction: Reduction::SummedLogit,
        precision: "f32".to_owned(),
    };
    write_rows(kernel.path(), &[row]).unwrap();
    manifest(Kind::KERNEL, Outline::default(), kernel.path());
    let world = World { dataset, kernel, covariance: None, training: None };
    let answer = run(&world, &parameters()).unwrap();
    let row = answer.score(Method::Ridge, Part::Train, 0.1);
    // f = 2/(2 + 0.2) · 3.
    assert!(close(row.mse.unwrap(), (3.0 - 6.0 / 2.2_f64).powi(2), 1e-12));
    assert!(close(answer.score(Method::Ridge, Part::LeftOut, 0.1).mse.unwrap(), 9.0, 1e-12));
    assert!(answer.scores.iter().all(|row| row.split != Part::Test && row.accuracy.is_none()));
    for row in &answer.findings {
        let applies = row.finding == "precision_suffices";
        assert_eq!(row.verdict == Verdict::NotApplicable, !applies, "{row:?}");
    }
}
