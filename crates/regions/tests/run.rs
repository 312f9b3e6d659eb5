//! The stage on made-up training runs: its tables, whatever the threads, and what it refuses.

use std::collections::{BTreeMap, BTreeSet};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::findings::FindingRow;
use artifact::tables::training::CheckpointRow;
use artifact::{Kind, Manifest, Outline, read_rows, write_rows, write_step};
use network::{Architecture, Network, Shape};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use regions::{LayerRow, LineRow, Parameters, PlaneRow, Regions, SampleRow, StepRow, TileRow};
use serde_json::{Value, json};
use stage::{Context, Input, Inputs, Limits, Outlines, Stage, StageError};
use tempfile::TempDir;

/// A dataset of `n` samples of `d` numbers, in three classes or with one target, and a training run of `network` on it with
/// checkpoints at steps 0 and 5.
struct Made {
    dataset: TempDir,
    training: TempDir,
}

fn made(network: &Value, d: usize, classes: bool, n: u32) -> Made {
    let (dataset, training) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let number = |i: u32, j: usize| (1.7 * f64::from(i) + 2.3 * j as f64).sin() as f32;
    let samples: Vec<Sample> = (0..n)
        .map(|i| Sample {
            split: Split::Train,
            sample: i,
            x: (0..d).map(|j| number(i, j)).collect(),
            y: if classes {
                (0..3).map(|c| f32::from(i % 3 == c)).collect()
            } else {
                vec![number(i, 9)]
            },
            label: classes.then_some(i % 3),
            clean_label: None,
            origin: None,
        })
        .collect();
    write_rows(dataset.path(), &samples).unwrap();
    let outputs = if classes { 3 } else { 1 };
    let outline = Outline {
        train_samples: Some(u64::from(n)),
        test_samples: Some(0),
        input_dim: Some(d as u64),
        output_dim: Some(outputs),
        labelled: Some(classes),
        ..Outline::default()
    };
    Manifest { outline: outline.clone(), ..Manifest::bare(Kind::DATASET) }
        .write(dataset.path())
        .unwrap();
    let architecture: Architecture = serde_json::from_value(network.clone()).unwrap();
    for step in [0, 5] {
        let mut random = ChaCha8Rng::seed_from_u64(step);
        let network = Network::<f32>::initialize(
            &architecture,
            Shape::Vector(d),
            outputs as usize,
            &mut random,
        )
        .unwrap();
        let rows: Vec<CheckpointRow> = network
            .tensors()
            .map(|(parameter, shape, values)| CheckpointRow {
                step,
                parameter,
                shape: shape.iter().map(|&side| side as u32).collect(),
                values: values.to_vec(),
            })
            .collect();
        write_step(training.path(), step, &rows).unwrap();
    }
    let outline = Outline {
        network: Some(network.clone()),
        checkpoints: Some(vec![0, 5]),
        last_step: Some(5),
        ..outline
    };
    Manifest { outline, ..Manifest::bare(Kind::TRAINING) }.write(training.path()).unwrap();
    Made { dataset, training }
}

fn relu() -> Value {
    json!({ "hidden": [12, 12], "activation": "relu", "init": { "ntk": { "weight_std": 1.4, "bias_std": 0.5 } } })
}

fn run(parameters: &Parameters, made: &Made, threads: usize) -> Result<TempDir, StageError> {
    let output = tempfile::tempdir().unwrap();
    let at = |directory: &TempDir| vec![Input::at(directory.path().to_owned())];
    let inputs =
        [("dataset".to_owned(), at(&made.dataset)), ("training".to_owned(), at(&made.training))];
    let context = Context::silent(3, Limits { threads, memory_bytes: 1 << 30 });
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| Regions::run(parameters, &Inputs(inputs.into()), output.path(), &context))?;
    Manifest::record_tables(output.path(), Regions::OUTPUT).unwrap();
    Ok(output)
}

fn small() -> Parameters {
    Parameters { lines: 8, resolution: 20, ..Parameters::default() }
}

#[test]
fn inputs_of_two_dimensions_have_one_plane_with_all_samples() {
    let made = made(&relu(), 2, false, 30);
    let output = run(&small(), &made, 2).unwrap();
    let planes: Vec<PlaneRow> = read_rows(output.path()).unwrap();
    assert_eq!(planes.iter().map(|row| row.step).collect::<Vec<_>>(), [0, 5]);
    let tiles: Vec<TileRow> = read_rows(output.path()).unwrap();
    for plane in &planes {
        let of = tiles.iter().filter(|row| row.step == plane.step);
        let found: BTreeSet<u32> = of.clone().map(|row| row.region).collect();
        assert_eq!(Some(found.len() as u32), plane.tiled_regions);
        assert!(plane.tiled_regions <= plane.regions);
        assert!(plane.largest_share.is_some_and(|share| share > 0.0 && share < 1.0));
        for row in of {
            assert!((0.0..=1.0).contains(&row.shade) && row.class.is_none());
            assert!(row.hue.is_none_or(|hue| (0.0..1.0).contains(&hue)));
        }
    }
    let samples: Vec<SampleRow> = read_rows(output.path()).unwrap();
    assert_eq!(samples.len(), 30);
    let written: Vec<Sample> = read_rows(made.dataset.path()).unwrap();
    for (row, sample) in samples.iter().zip(&written) {
        let bits = [row.u, row.v].map(|of| (of as f32).to_bits());
        assert!(bits.into_iter().eq(sample.x.iter().map(|of| of.to_bits())));
    }
    let lines: Vec<LineRow> = read_rows(output.path()).unwrap();
    assert!(lines.len() == 16 && lines.iter().all(|row| row.same_class.is_none()));
    let pairs = |row: &LineRow| (row.line, row.from, row.to);
    assert!(lines[..8].iter().map(pairs).eq(lines[8..].iter().map(pairs)), "the same lines");
    let means: Vec<StepRow> = read_rows(output.path()).unwrap();
    assert_eq!(means.iter().map(|row| row.pairs.as_str()).collect::<Vec<_>>(), ["all", "all"]);
    let layers: Vec<LayerRow> = read_rows(output.path()).unwrap();
    let transitions: f64 =
        layers.iter().filter(|row| row.step == 0).map(|row| row.rate * f64::from(row.units)).sum();
    assert!((transitions - means[0].density).abs() <= 1e-12, "layers add up to all");
    assert_eq!(read_rows::<FindingRow>(output.path()).unwrap().len(), 6);
}

#[test]
fn planes_go_through_three_samples_where_inputs_have_more_dimensions() {
    let made = made(&relu(), 5, true, 30);
    let output = run(&Parameters { planes: 2, ..small() }, &made, 2).unwrap();
    let samples: Vec<SampleRow> = read_rows(output.path()).unwrap();
    assert_eq!(samples.iter().map(|row| row.plane).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
    let tiles: Vec<TileRow> = read_rows(output.path()).unwrap();
    assert!(tiles.iter().all(|row| row.class.is_some_and(|class| class < 3) && row.value >= 0.0));
    let lines: Vec<LineRow> = read_rows(output.path()).unwrap();
    assert_eq!(lines.iter().filter(|row| row.same_class == Some(true)).count(), 8);
    let means: Vec<StepRow> = read_rows(output.path()).unwrap();
    assert_eq!(means.len(), 6);
}

#[test]
fn the_bytes_of_all_tables_are_those_of_any_number_of_threads() {
    let made = made(&relu(), 2, true, 30);
    let bytes = |threads| {
        let output = run(&small(), &made, threads).unwrap();
        let mut files: Vec<_> = std::fs::read_dir(output.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
            .collect();
        files.sort();
        assert_eq!(files.len(), 7);
        files.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    assert!(bytes(1) == bytes(3));
}

#[test]
fn more_regions_than_allowed_are_null_and_have_no_tiles() {
    let made = made(&relu(), 2, false, 30);
    let output = run(&Parameters { most_regions: 3, ..small() }, &made, 2).unwrap();
    let planes: Vec<PlaneRow> = read_rows(output.path()).unwrap();
    assert!(planes.iter().all(|row| row.regions.is_none() && row.tiled_regions.is_none()));
    assert!(read_rows::<TileRow>(output.path()).unwrap().is_empty());
}

#[test]
fn another_dataset_than_that_of_the_training_is_refused() {
    let (own, other) = (made(&relu(), 2, false, 30), made(&relu(), 3, false, 30));
    let mixed = Made { dataset: other.dataset, training: own.training };
    let error = run(&small(), &mixed, 1).unwrap_err();
    assert_eq!(error.message, "training sample 0 has 3 inputs where the network takes 2");
}

#[test]
fn a_plan_refuses_what_has_no_regions_and_points_at_the_field() {
    let plan = |parameters: &Parameters, network: Value, d: u64, memory_bytes| {
        let outline = Outline {
            train_samples: Some(30),
            input_dim: Some(d),
            output_dim: Some(1),
            network: Some(network),
            checkpoints: Some(vec![0, 5]),
            ..Outline::default()
        };
        let inputs = [("dataset", vec![outline.clone()]), ("training", vec![outline])];
        let inputs = inputs.map(|(port, of)| (port.to_owned(), of));
        let inputs: Outlines = BTreeMap::from(inputs).into();
        let plan = Regions::plan(parameters, &inputs, &Limits { threads: 1, memory_bytes });
        plan.problems.into_iter().map(|it| (it.at, it.message)).collect::<Vec<_>>()
    };
    let free = 1 << 30;
    assert_eq!(plan(&small(), relu(), 2, free), []);
    let bad = Parameters { lines: 0, planes: 3, resolution: 5, margin: -1.0, most_regions: 0 };
    let found = plan(&bad, relu(), 2, free);
    let at: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(at, ["/lines", "/resolution", "/most_regions", "/margin", "/planes"]);
    assert_eq!(found[0].1, "lines is 0; it must be 1 to 100000");
    assert_eq!(found[4].1, "planes is 3; inputs of two dimensions have one plane, of all inputs");
    let found = plan(&small(), relu(), 1, free);
    assert_eq!(found[0].1, "inputs of one dimension have no planes");
    let curved = json!({ "hidden": [4], "activation": "tanh" });
    let found = plan(&small(), curved, 2, free);
    assert_eq!(found[0].1, "the activation `tanh` is curved, so the network has no linear regions");
    let norm = json!({ "layers": [{ "dense": 4 }, { "layer_norm": {} }, "relu", { "dense": 1 }] });
    let found = plan(&small(), norm, 2, free);
    assert!(found[0].1.starts_with("a layer norm divides by what it measures of a sample"));
    let found = plan(&small(), relu(), 2, 1 << 20);
    assert!(found[0].1.starts_with("the regions need about 0.1 GB of memory"), "{found:?}");
}
