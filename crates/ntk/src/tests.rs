//! Gramians in pieces against Gramians in one go.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{GRAM, KernelRow, Reduction};
use artifact::tables::training::{CHECKPOINTS, CheckpointRow, HistoryRow};
use artifact::{GramReader, Manifest, Precision, read_rows, table_file, write_rows, write_step};
use network::{Activation, Architecture, Initialization, Network};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use stage::{Input, Pace};

use super::*;

const LIMITS: Limits = Limits { threads: 2, memory_bytes: 1 << 32 };
const STEPS: [u64; 3] = [0, 4, 9];

/// Samples and outputs of a made-up training run.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    train: usize,
    test: usize,
    outputs: usize,
}

/// A dataset and a training run on it.
struct World {
    folder: tempfile::TempDir,
    parameters: Parameters,
    pace: Pace,
}

impl World {
    fn new(sizes: Sizes, parameters: Parameters) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder, parameters, pace: Pace::Sparing };
        let sample = |split, index: usize| Sample {
            split,
            sample: index as u32,
            x: (0..3).map(|d| (index * 3 + d) as f32 * 37.0 % 101.0 / 50.0 - 1.0).collect(),
            y: vec![0.0; sizes.outputs],
            label: None,
            clean_label: None,
            origin: None,
        };
        let train = (0..sizes.train).map(|index| sample(Split::Train, index));
        let test = (0..sizes.test).map(|index| sample(Split::Test, index + 7));
        let samples: Vec<Sample> = train.chain(test).collect();
        let dataset = world.at("dataset");
        write_rows(&dataset, &samples).unwrap();
        manifest(Kind::DATASET, Outline::default(), BTreeMap::new()).write(&dataset).unwrap();

        let architecture =
            Architecture::fully_connected(vec![6, 5], Activation::Tanh, Initialization::Lecun);
        let training = world.at("training");
        for step in STEPS {
            let mut rng = ChaCha8Rng::seed_from_u64(step);
            let mut network =
                Network::<f32>::initialize(&architecture, 3, sizes.outputs, &mut rng).unwrap();
            let rows = network.tensors_mut().map(|(name, tensor)| CheckpointRow {
                step,
                parameter: name.clone(),
                shape: vec![tensor.len() as u32],
                values: tensor.to_vec(),
            });
            write_step(&training, step, &rows.collect::<Vec<_>>()).unwrap();
        }
        let history = STEPS.map(|step| HistoryRow {
            step,
            learning_rate: 0.5 / (1.0 + step as f64),
            train_loss: 0.5,
            test_loss: None,
            train_accuracy: None,
            test_accuracy: None,
            gradient_norm: None,
            update_norm: None,
            sharpness: None,
        });
        write_rows(&training, &history).unwrap();
        let outline = Outline {
            train_samples: Some(sizes.train as u64),
            test_samples: Some(sizes.test as u64),
            input_dim: Some(3),
            output_dim: Some(sizes.outputs as u64),
            network: Some(serde_json::to_value(&architecture).unwrap()),
            ..Outline::default()
        };
        let sources = BTreeMap::from([("dataset".to_owned(), vec!["dataset".to_owned()])]);
        manifest(Kind::TRAINING, outline, sources).write(&training).unwrap();
        world
    }

    /// The folder of that name, which exists.
    fn at(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn inputs(&self) -> Inputs {
        let input = |port: &str| (port.to_owned(), vec![Input::at(self.at(port))]);
        Inputs(["dataset", "training"].map(input).into())
    }

    fn whole(&self) -> PathBuf {
        let output = self.at("whole");
        Ntk::run(&self.parameters, &self.inputs(), &output, &self.context()).unwrap();
        output
    }

    fn piece(&self, index: usize, of: usize) -> Result<PathBuf, StageError> {
        let output = self.at(&format!("piece-{index}-of-{of}"));
        Ntk::run_piece(&self.parameters, &self.inputs(), index, of, &output, &self.context())?;
        Ok(output)
    }

    fn pieces(&self, of: usize) -> Vec<PathBuf> {
        (0..of).map(|index| self.piece(index, of).unwrap()).collect()
    }

    fn join(&self, pieces: &[PathBuf]) -> Result<PathBuf, StageError> {
        let output = self.at(&format!("joined-of-{}", pieces.len()));
        Ntk::join(&self.parameters, &self.inputs(), pieces, &output, &self.context())?;
        Ok(output)
    }

    fn context(&self) -> Context {
        let mut context = Context::silent(0, LIMITS);
        context.pace = self.pace;
        context
    }

    /// Why there is no join of `pieces`.
    fn refused(&self, pieces: &[PathBuf]) -> String {
        self.join(pieces).unwrap_err().message
    }
}

/// A manifest whose key is its kind.
fn manifest(kind: Kind, outline: Outline, inputs: BTreeMap<String, Vec<String>>) -> Manifest {
    Manifest {
        key: serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned(),
        stage: "made-up".to_owned(),
        stage_version: "1".to_owned(),
        inputs,
        outline,
        ..Manifest::bare(kind)
    }
}

/// Every file below `folder` with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn parameters(reduction: Reduction, precision: Precision, test_rows: bool) -> Parameters {
    Parameters { reduction, precision, samples: None, test_rows }
}

fn plain() -> Parameters {
    parameters(Reduction::Full, Precision::F32, true)
}

/// Whether `of` pieces of the Gramians of these sizes are joined to the bytes of the whole.
fn same_bytes(sizes: Sizes, parameters: Parameters, of: usize) -> bool {
    let world = World::new(sizes, parameters);
    let whole = files(&world.whole());
    assert_eq!(whole.len(), 1 + STEPS.len());
    files(&world.join(&world.pieces(of)).unwrap()) == whole
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_are_joined_to_the_bytes_of_the_whole(
        train in prop_oneof![1_usize..8, 1_usize..300],
        test in prop_oneof![0_usize..3, 0_usize..500],
        outputs in 1_usize..4,
        of in 1_usize..=5,
        reduction in prop::sample::select(vec![
            Reduction::Full, Reduction::Trace, Reduction::PerOutput, Reduction::SummedLogit,
        ]),
        precision in prop::sample::select(vec![Precision::F32, Precision::F64]),
        test_rows in prop::bool::weighted(0.8),
    ) {
        let parameters = parameters(reduction, precision, test_rows);
        let sizes = Sizes { train, test, outputs };
        prop_assert!(same_bytes(sizes, parameters, of), "{sizes:?}");
    }
}

#[test]
fn tiles_of_the_largest_side_and_several_parts_of_test_samples_are_joined_too() {
    assert!(same_bytes(Sizes { train: 1700, test: 0, outputs: 1 }, plain(), 4));
    assert!(same_bytes(Sizes { train: 20, test: 2500, outputs: 1 }, plain(), 3));
}

#[test]
fn more_pieces_than_there_is_work_for_are_joined_too() {
    for (train, test) in [(1, 0), (100, 1), (0, 0)] {
        assert!(same_bytes(Sizes { train, test, outputs: 2 }, plain(), 7), "{train}, {test}");
    }
}

#[test]
fn a_piece_has_its_rows_alone_and_says_so() {
    let parameters = parameters(Reduction::PerOutput, Precision::F32, true);
    let world = World::new(Sizes { train: 200, test: 500, outputs: 2 }, parameters);
    let [first, last] = [0, 1].map(|index| world.piece(index, 2).unwrap());
    let kernels = |piece: &Path| read_rows::<KernelRow>(piece).unwrap();
    // Strips of 48: 48·2 and 48·2 + 8 samples, and 192 of 500.
    let rows = |piece| kernels(piece).iter().map(|row| (row.rows, row.test_rows)).max();
    assert_eq!((rows(&first), rows(&last)), (Some((96, 192)), Some((104, 308))));
    let gram = GramReader::open(&first, STEPS[1]).unwrap();
    assert_eq!((gram.rows().len(), gram.width()), (2 * (96 + 192), 200));
    let whole: Vec<KernelRow> = read_rows(&world.whole()).unwrap();
    for (whole, (a, b)) in whole.iter().zip(kernels(&first).iter().zip(&kernels(&last))) {
        let norm = a.frobenius_norm.hypot(b.frobenius_norm);
        assert!((a.trace + b.trace - whole.trace).abs() <= 1e-12 * whole.trace);
        assert!((norm - whole.frobenius_norm).abs() <= 1e-12 * norm);
    }
}

#[test]
fn a_gramian_is_stored_in_the_precision_in_which_it_is_made() {
    let sizes = Sizes { train: 70, test: 9, outputs: 2 };
    let gram = |precision| {
        let world = World::new(sizes, parameters(Reduction::Full, precision, true));
        let folder = world.whole();
        let kernels: Vec<KernelRow> = read_rows(&folder).unwrap();
        let reader = GramReader::open(&folder, STEPS[2]).unwrap();
        assert_eq!(reader.precision(), precision);
        assert!(kernels.iter().all(|row| row.precision == precision.name()));
        let all = 0..reader.rows().len();
        reader.values::<f64>(std::slice::from_ref(&all)).unwrap()
    };
    let (single, double) = (gram(Precision::F32), gram(Precision::F64));
    let largest = double.iter().copied().fold(0.0, f64::max);
    let differ = |of: &f64| f64::from(*of as f32).to_bits() != of.to_bits();
    assert!(double.iter().filter(|of| differ(of)).count() > double.len() / 2, "it is rounded");
    for (one, other) in single.iter().zip(&double) {
        assert!((one - other).abs() <= 1e-5 * largest, "{one} {other}");
    }
}

/// Has `run` fail at the second step, where it reads `file`, and go on.
fn killed(
    file: &Path,
    run: impl Fn() -> Result<PathBuf, StageError>,
) -> BTreeMap<PathBuf, Vec<u8>> {
    let content = fs::read(file).unwrap();
    fs::write(file, b"damaged").unwrap();
    assert!(run().is_err());
    fs::write(file, content).unwrap();
    files(&run().unwrap())
}

#[test]
fn a_piece_and_a_join_that_were_killed_go_on_to_the_same_bytes() {
    let mut world = World::new(Sizes { train: 120, test: 9, outputs: 2 }, plain());
    world.pace = Pace::Always;
    let mut pieces = world.pieces(2);
    let (piece, whole) = (files(&pieces[1]), files(&world.whole()));

    fs::remove_dir_all(&pieces[1]).unwrap();
    let checkpoint = table_file(&world.at("training"), &CHECKPOINTS, Some(STEPS[1]));
    assert!(killed(&checkpoint, || world.piece(1, 2)) == piece);

    let gram = table_file(&pieces[0], &GRAM, Some(STEPS[1]));
    assert!(killed(&gram, || world.join(&pieces)) == whole);

    // What is written is not made again: of the first step the piece is gone.
    fs::remove_dir_all(world.at("joined-of-2")).unwrap();
    fs::write(&gram, b"damaged").unwrap();
    assert!(world.join(&pieces).is_err());
    pieces[1] = world.piece(1, 2).unwrap();
    fs::write(table_file(&pieces[1], &GRAM, Some(STEPS[0])), b"damaged").unwrap();
    let message = world.refused(&pieces);
    assert!(message.contains("step-0000000004"), "{message}");
}

#[test]
fn what_is_no_piece_of_these_gramians_is_refused() {
    let sizes = Sizes { train: 120, test: 9, outputs: 2 };
    let world = World::new(sizes, plain());
    let pieces = world.pieces(2);
    let [first, last] = [&pieces[0], &pieces[1]].map(Clone::clone);
    let order = world.refused(&[last, first.clone()]);
    assert!(order.contains("has other rows at step 0 than its place"), "{order}");
    let count = world.refused(std::slice::from_ref(&first));
    assert!(count.contains("has other rows at step 0"), "{count}");
    for (others, why) in [
        (Sizes { train: 121, ..sizes }, "has another kernel at step 0"),
        (Sizes { test: 400, ..sizes }, "has other rows at step 0"),
    ] {
        let other = World::new(others, plain());
        let message = world.refused(&[first.clone(), other.piece(1, 2).unwrap()]);
        assert!(message.contains(why), "{message}");
    }
    let other = World::new(sizes, parameters(Reduction::Trace, Precision::F32, true));
    let message = world.refused(&[first.clone(), other.piece(1, 2).unwrap()]);
    assert!(message.contains("has another kernel at step 0"), "{message}");

    fs::remove_file(table_file(&pieces[1], &GRAM, Some(9))).unwrap();
    let steps = world.refused(&pieces);
    assert!(steps.contains("has steps [0, 4], and the whole [0, 4, 9]"), "{steps}");
}
