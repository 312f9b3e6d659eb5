//! Both stages on a made-up training run: what they write, and what they refuse.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::findings::FindingRow;
use artifact::tables::training::{CheckpointRow, HistoryRow};
use artifact::{Kind, Manifest, Outline, read_rows, read_step, write_rows, write_step};
use codes::{
    Classifier, CodeKernel, CodeRow, Codes, EncodingRow, KernelKind, KernelParameters, Layers,
    Metric, NeighbourRow, Parameters, PlaneRow, RegimeRow,
};
use kernel::Kernels;
use kernel::decomposition::eigenpairs;
use network::{Architecture, Network};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use stage::{Context, Input, Inputs, Limits, Outlines, Stage, StageError};
use tempfile::TempDir;

const TRAIN: usize = 90;
const TEST: usize = 40;
const CLASSES: usize = 3;
const INPUTS: usize = 4;

/// A dataset, and a training run of `network` with checkpoints at steps 0 and 9.
struct Made {
    dataset: TempDir,
    training: TempDir,
    outline: Outline,
}

fn samples(is_labelled: bool) -> Vec<Sample> {
    let sample = |(split, sample): (Split, usize)| {
        let (class, salt) = (sample % CLASSES, if split == Split::Train { 0.0 } else { 0.4 });
        let x = |j: usize| {
            let noise = ((sample * INPUTS + j) as f32 + salt).sin();
            (class as f32 * 2.1 + j as f32).cos() + 0.4 * noise
        };
        Sample {
            split,
            sample: sample as u32,
            x: (0..INPUTS).map(x).collect(),
            y: (0..CLASSES).map(|a| if a == class { 1.0 } else { 0.0 }).collect(),
            label: is_labelled.then_some(class as u32),
            clean_label: None,
            origin: None,
        }
    };
    let of = |split, count| (0..count).map(move |sample| (split, sample));
    of(Split::Train, TRAIN).chain(of(Split::Test, TEST)).map(sample).collect()
}

fn made(network: &Value, is_labelled: bool) -> Made {
    let (dataset, training) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_rows(dataset.path(), &samples(is_labelled)).unwrap();
    let outline = Outline {
        train_samples: Some(TRAIN as u64),
        test_samples: Some(TEST as u64),
        input_dim: Some(INPUTS as u64),
        output_dim: Some(CLASSES as u64),
        labelled: Some(is_labelled),
        ..Outline::default()
    };
    let manifest = Manifest { outline: outline.clone(), ..Manifest::bare(Kind::DATASET) };
    manifest.write(dataset.path()).unwrap();

    let architecture: Architecture = serde_json::from_value(network.clone()).unwrap();
    for step in [0, 9] {
        let mut random = ChaCha8Rng::seed_from_u64(step);
        let mut network =
            Network::<f32>::initialize(&architecture, INPUTS, CLASSES, &mut random).unwrap();
        let row = |(parameter, values): (String, &mut [f32])| CheckpointRow {
            step,
            parameter,
            shape: vec![values.len() as u32],
            values: values.to_vec(),
        };
        let mut rows: Vec<CheckpointRow> = network.tensors_mut().map(row).collect();
        rows.extend(network.statistics_mut().map(row));
        write_step(training.path(), step, &rows).unwrap();
    }
    let history = |step| HistoryRow {
        step,
        learning_rate: 0.5,
        train_loss: 1.0,
        test_loss: None,
        train_accuracy: None,
        test_accuracy: None,
        gradient_norm: None,
        update_norm: None,
        sharpness: None,
    };
    write_rows(training.path(), &[history(0), history(9)]).unwrap();
    let outline = Outline {
        network: Some(network.clone()),
        checkpoints: Some(vec![0, 9]),
        last_step: Some(9),
        loss: Some("cross_entropy".to_owned()),
        optimizer: Some("sgd".to_owned()),
        ..outline
    };
    let manifest = Manifest { outline: outline.clone(), ..Manifest::bare(Kind::TRAINING) };
    manifest.write(training.path()).unwrap();
    Made { dataset, training, outline }
}

fn dense() -> Value {
    json!({ "hidden": [40, 20], "activation": "relu", "init": "he" })
}

fn inputs(made: &Made) -> Inputs {
    let at = |directory: &TempDir| vec![Input::at(directory.path().to_owned())];
    let inputs =
        [("dataset".to_owned(), at(&made.dataset)), ("training".to_owned(), at(&made.training))];
    Inputs(inputs.into())
}

fn context() -> Context {
    Context::silent(5, Limits { threads: 2, memory_bytes: 1 << 30 })
}

fn run<S: Stage>(parameters: &S::Parameters, made: &Made) -> Result<TempDir, StageError> {
    let output = tempfile::tempdir().unwrap();
    S::run(parameters, &inputs(made), output.path(), &context())?;
    Manifest::record_tables(output.path(), S::OUTPUT).unwrap();
    Ok(output)
}

/// JSON Pointers and messages of what a plan refuses.
fn problems<S: Stage>(parameters: &S::Parameters, outline: &Outline) -> Vec<(String, String)> {
    let one = |name: &str| (name.to_owned(), vec![outline.clone()]);
    let inputs: Outlines =
        std::collections::BTreeMap::from([one("dataset"), one("training")]).into();
    let plan = S::plan(parameters, &inputs, &Limits { threads: 2, memory_bytes: 1 << 30 });
    let is_known = plan.outline.network.is_some() && plan.problems.is_empty();
    assert!(plan.memory_bytes.is_some() || !is_known, "a plan says what memory it needs");
    plan.problems.into_iter().map(|problem| (problem.at, problem.message)).collect()
}

fn value(rows: &[EncodingRow], step: u64, layer: Option<u32>, split: Split, metric: Metric) -> f64 {
    let mut found = rows
        .iter()
        .filter(|row| (row.step, row.layer, row.split, row.metric) == (step, layer, split, metric));
    let value = found.next().and_then(|row| row.value);
    assert!(found.next().is_none(), "{metric:?} stands twice");
    value.unwrap_or_else(|| panic!("there is no {metric:?}"))
}

#[test]
fn codes_are_written_and_measured_at_every_checkpoint() {
    let made = made(&dense(), true);
    let parameters = Parameters { per_layer: true, ..Parameters::default() };
    let output = run::<Codes>(&parameters, &made).unwrap();
    let rows: Vec<EncodingRow> = read_rows(output.path()).unwrap();
    for step in [0, 9] {
        let codes: Vec<CodeRow> = read_step(output.path(), step).unwrap();
        assert_eq!(codes.len(), TRAIN + TEST);
        assert!(codes.iter().all(|row| row.code.len() == 2));
        let mut distinct: Vec<_> =
            codes.iter().filter(|row| row.split == Split::Train).map(|row| &row.code).collect();
        distinct.sort();
        distinct.dedup();
        let found = |metric| value(&rows, step, None, Split::Train, metric);
        assert_eq!(found(Metric::Distinct) as usize, distinct.len());
        let redundancy = (TRAIN - distinct.len()) as f64 / TRAIN as f64;
        assert!((found(Metric::Redundancy) - redundancy).abs() <= 1e-15);
        assert!(found(Metric::HammingWithin) < found(Metric::HammingBetween));
        // Layers side by side share as many bits as they have.
        let dead = |layer| value(&rows, step, layer, Split::Test, Metric::DeadUnits);
        assert!((dead(None) - dead(Some(0)) - dead(Some(1))).abs() <= 0.0);
        for metric in [Metric::Knn, Metric::Logistic, Metric::KmeansTransferred, Metric::RawKnn] {
            let accuracy = value(&rows, step, None, Split::Test, metric);
            assert!((0.5..=1.0).contains(&accuracy), "{metric:?} {accuracy}");
        }
    }
    let regimes: Vec<RegimeRow> = read_rows(output.path()).unwrap();
    assert_eq!(regimes.iter().map(|row| row.step).collect::<Vec<_>>(), [0, 9]);
    let near: Vec<NeighbourRow> = read_rows(output.path()).unwrap();
    assert_eq!(near.len(), 2 * 8 * 9);
    assert!(near.windows(2).all(|pair| {
        pair[1].rank == 1
            || (pair[0].distance, pair[0].neighbour) < (pair[1].distance, pair[1].neighbour)
    }));
    let plane: Vec<PlaneRow> = read_rows(output.path()).unwrap();
    assert_eq!(plane.len(), 2 * (TRAIN + TEST));
    let findings: Vec<FindingRow> = read_rows(output.path()).unwrap();
    assert_eq!(findings.len(), 4);
    assert!(output.path().join(study::STUDY_FILE).is_file());
}

/// Every file below `directory` with its bytes, by name.
fn files(directory: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path.strip_prefix(directory).unwrap().to_owned(), bytes));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let made = made(&dense(), true);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let output = pool.install(|| run::<Codes>(&Parameters::default(), &made)).unwrap();
        files(output.path())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn without_classes_what_needs_none_is_measured() {
    let made = made(&dense(), false);
    let output = run::<Codes>(&Parameters::default(), &made).unwrap();
    let rows: Vec<EncodingRow> = read_rows(output.path()).unwrap();
    assert_eq!(rows.len(), 2 * 2 * 4);
    let near: Vec<NeighbourRow> = read_rows(output.path()).unwrap();
    assert_eq!(near.len(), 2 * 8 * 9);
    assert!(near.iter().all(|row| row.same_class.is_none()));
    assert_eq!(read_rows::<RegimeRow>(output.path()).unwrap(), []);
    let asked = Parameters { classifiers: Some(vec![Classifier::Knn]), ..Parameters::default() };
    let (at, message) = problems::<Codes>(&asked, &made.outline).remove(0);
    assert_eq!(at, "/classifiers");
    assert!(message.contains("has no classes"), "{message}");
    assert!(run::<Codes>(&asked, &made).is_err());
}

#[test]
fn norms_are_coded_behind_their_activation() {
    let network =
        json!({ "layers": [{ "dense": 12 }, { "batch_norm": {} }, "relu", { "dense": 3 }] });
    let made = made(&network, true);
    let output = run::<Codes>(&Parameters::default(), &made).unwrap();
    let codes: Vec<CodeRow> = read_step(output.path(), 0).unwrap();
    assert!(codes.iter().all(|row| row.code.len() == 1 && row.code[0] < 1 << 12));
}

#[test]
fn a_plan_refuses_what_has_no_codes_or_no_meaning() {
    let mut outline = made(&dense(), true).outline;
    assert_eq!(problems::<Codes>(&Parameters::default(), &outline), []);
    let pointers = |parameters: &Parameters| {
        problems::<Codes>(parameters, &outline).into_iter().map(|it| it.0).collect::<Vec<_>>()
    };
    let wrong = Parameters {
        layers: Layers::Numbers(vec![0, 2]),
        clusters: Some(91),
        starts: 0,
        neighbours: 91,
        logistic_c: -1.0,
        ..Parameters::default()
    };
    let found = pointers(&wrong);
    assert_eq!(found, ["/starts", "/logistic_c", "/clusters", "/neighbours", "/layers/1"]);
    let regimes = codes::Regimes { under: 0.1, sufficient: 0.2, knn_share: f64::NAN };
    let found = pointers(&Parameters { regimes, ..Parameters::default() });
    assert_eq!(found, ["/regimes", "/regimes/knn_share"]);

    outline.network = Some(json!({ "hidden": [4], "activation": "tanh" }));
    let (at, message) = problems::<Codes>(&Parameters::default(), &outline).remove(0);
    assert_eq!(at, "/layers");
    assert!(message.contains("`tanh`, whose units are neither on nor off"), "{message}");
    outline.network = None;
    assert_eq!(problems::<Codes>(&Parameters::default(), &outline), []);
}

fn kernel(kind: KernelKind) -> KernelParameters {
    serde_json::from_value(json!({ "kind": kind, "precision": "f64" })).unwrap()
}

#[test]
fn kernels_are_positive_and_what_reads_kernels_reads_them() {
    let made = made(&dense(), true);
    for kind in [KernelKind::Match, KernelKind::Coactivation, KernelKind::Path] {
        let output = run::<CodeKernel>(&kernel(kind), &made).unwrap();
        let kernels = Kernels::read(&Input::at(output.path().to_owned())).unwrap();
        assert_eq!(
            (kernels.steps(), kernels.samples(), kernels.tests()),
            (vec![0, 9], TRAIN, TEST)
        );
        // What stands for each of the outputs is a third of their sum, the matrix itself.
        let block = kernels.blocks(9, TRAIN, (CLASSES, TEST)).unwrap().remove(0);
        let pairs = eigenpairs(block.kernel.as_ref(), artifact::Precision::F64).unwrap();
        let (least, most) = (pairs.values[0], pairs.values[TRAIN - 1]);
        assert!(least >= -1e-12 * most, "{kind:?}: {least} {most}");
        if kind == KernelKind::Match {
            let is_one = |i: usize| (CLASSES as f64 * block.kernel[(i, i)] - 1.0).abs() <= 1e-15;
            assert!((0..TRAIN).all(is_one));
        }
    }
}

#[test]
fn pieces_are_joined_to_the_bytes_of_one_go() {
    let made = made(&dense(), true);
    let parameters = kernel(KernelKind::Match);
    let whole = run::<CodeKernel>(&parameters, &made).unwrap();
    let (inputs, context) = (inputs(&made), context());
    let pieces: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    for (index, piece) in pieces.iter().enumerate() {
        CodeKernel::run_piece(&parameters, &inputs, index, 2, piece.path(), &context).unwrap();
    }
    let joined = tempfile::tempdir().unwrap();
    let at: Vec<_> = pieces.iter().map(|piece| piece.path().to_owned()).collect();
    CodeKernel::join(&parameters, &inputs, &at, joined.path(), &context).unwrap();
    assert_eq!(files(joined.path()), files(whole.path()));
}

#[test]
fn paths_are_refused_where_they_do_not_factorize() {
    let listed =
        json!({ "layers": [{ "dense": 12 }, { "batch_norm": {} }, "relu", { "dense": 3 }] });
    let made = made(&listed, true);
    let found = problems::<CodeKernel>(&kernel(KernelKind::Path), &made.outline);
    assert_eq!(found[0].0, "/kind");
    assert_eq!(problems::<CodeKernel>(&kernel(KernelKind::Match), &made.outline), []);
    let outline = Outline { network: Some(dense()), ..made.outline };
    let last = KernelParameters {
        layers: serde_json::from_value(json!("last")).unwrap(),
        ..kernel(KernelKind::Path)
    };
    assert_eq!(problems::<CodeKernel>(&last, &outline)[0].0, "/layers");
    let many = KernelParameters { samples: Some(91), ..kernel(KernelKind::Match) };
    assert_eq!(problems::<CodeKernel>(&many, &outline)[0].0, "/samples");
}
