//! The samples that a run writes.

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::{Kind, Manifest, Outline, read_rows};
use dataset::{Dataset, Parameters};
use proptest::prelude::*;
use serde_json::{Value, json};
use stage::{Context, Inputs, Limits, Outlines, Stage, StageError};
use tempfile::TempDir;

const LIMITS: Limits = Limits { threads: 1, memory_bytes: 1 << 32 };

fn try_run(parameters: &Value, seed: u64) -> Result<(TempDir, Outline), StageError> {
    let parameters: Parameters =
        serde_json::from_value(parameters.clone()).expect("parameters parse");
    let folder = tempfile::tempdir().unwrap();
    let context = Context::silent(seed, LIMITS);
    let outline = Dataset::run(&parameters, &Inputs::default(), folder.path(), &context)?;
    let plan = Dataset::plan(&parameters, &Outlines::default(), &LIMITS);
    assert_eq!(plan.problems, [], "what runs was planned without problems");
    assert_eq!(plan.outline, outline, "the plan foretells the outline");
    Ok((folder, outline))
}

fn run(parameters: &Value, seed: u64) -> (TempDir, Outline) {
    try_run(parameters, seed).expect("runs")
}

/// Training rows, then test rows.
fn samples(parameters: &Value, seed: u64) -> (Vec<Sample>, Vec<Sample>) {
    let (folder, outline) = run(parameters, seed);
    let rows: Vec<Sample> = read_rows(folder.path()).unwrap();
    let (train, test): (Vec<_>, Vec<_>) =
        rows.iter().cloned().partition(|row| row.split == Split::Train);
    assert_eq!([train.clone(), test.clone()].concat(), rows, "training rows come first");
    assert_eq!(outline.train_samples, Some(train.len() as u64));
    assert_eq!(outline.test_samples, Some(test.len() as u64));
    for rows in [&train, &test] {
        assert!(rows.iter().zip(0..).all(|(row, number)| row.sample == number));
        assert!(rows.iter().all(|row| row.x.len() as u64 == outline.input_dim.unwrap()));
        assert!(rows.iter().all(|row| row.y.len() as u64 == outline.output_dim.unwrap()));
    }
    (train, test)
}

fn bytes(parameters: &Value, seed: u64) -> Vec<u8> {
    let (folder, _) = run(parameters, seed);
    std::fs::read(folder.path().join("samples.parquet")).unwrap()
}

fn csv_table(rows: u32) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let lines: Vec<String> =
        (0..rows).map(|i| format!("{},{},{}", rows - i, i * i % 17, i % 3)).collect();
    std::fs::write(&path, format!("a,t,kind\n{}\n", lines.join("\n"))).unwrap();
    (folder, json!({ "path": path, "inputs": ["a"] }))
}

fn with(mut value: Value, more: &Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// One source of each kind, and what keeps its files.
fn sources() -> (TempDir, Vec<Value>) {
    let (folder, table) = csv_table(60);
    let picture = folder.path().join("p.png");
    image::GrayImage::from_fn(9, 7, |i, j| image::Luma([(i * 20 + j * 9) as u8]))
        .save(&picture)
        .unwrap();
    let function = |formula: Value| json!({ "function": { "input_dim": 3, "formula": formula } });
    let sources = vec![
        json!({ "portrait": {} }),
        json!({ "image": { "path": picture } }),
        function(json!({ "sinusoids": { "terms": [{ "frequency": [1, 0, 2] }] } })),
        function(json!({ "random_sinusoids": {} })),
        function(json!({ "checkerboard": {} })),
        function(json!({ "radial": {} })),
        function(json!({ "polynomial": { "terms": [{ "powers": [1, 2, 0] }] } })),
        function(json!({ "teacher": { "network": { "hidden": [4] }, "output_dim": 2 } })),
        json!({ "table": with(table.clone(), &json!({ "targets": ["t"] })) }),
        json!({ "table": with(table.clone(), &json!({ "label": "kind" })) }),
        json!({ "digits": { "path": table["path"], "label_column": "last" } }),
    ];
    (folder, sources)
}

#[test]
fn every_source_gives_the_same_bytes_for_a_seed_and_others_for_another() {
    let (_folder, sources) = sources();
    for source in sources {
        let parameters = json!({ "source": source, "train": 20, "test": 9 });
        let first = bytes(&parameters, 1);
        assert!(first == bytes(&parameters, 1), "{source} repeats");
        assert!(first != bytes(&parameters, 2), "{source} depends on the seed");
    }
}

#[test]
fn every_source_makes_an_artifact_of_its_kind() {
    let (_folder, sources) = sources();
    for source in sources {
        let (folder, _) = run(&json!({ "source": source, "train": 5, "test": 2 }), 0);
        let tables = Manifest::record_tables(folder.path(), Kind::DATASET).unwrap();
        assert_eq!((tables.len(), tables[0].rows), (1, 7));
    }
}

#[test]
fn the_number_of_test_samples_changes_no_training_sample_and_the_other_way_round() {
    let (_folder, sources) = sources();
    for source in sources {
        for sampling in ["uniform", "latin_hypercube"] {
            let table = source.get("table").or(source.get("digits")).is_some();
            let with = |train, test| {
                let noise = if table { 0.0 } else { 0.1 };
                let sampling = if table { "uniform" } else { sampling };
                samples(
                    &json!({ "source": source, "train": train, "test": test,
                    "sampling": sampling, "label_noise": noise }),
                    4,
                )
            };
            assert_eq!(with(10, 0).0, with(10, 7).0, "{source}");
            if !table {
                assert_eq!(with(10, 7).1, with(12, 7).1, "{source}");
            }
        }
    }
}

#[test]
fn training_and_test_samples_are_different_ones() {
    let (train, test) = samples(&json!({ "train": 50, "test": 50 }), 4);
    assert!(train.iter().all(|a| test.iter().all(|b| a.x != b.x)));
}

#[test]
fn noise_falls_on_training_targets_alone_with_its_deviation() {
    let clean = json!({ "train": 2000, "test": 2000 });
    let noisy = with(clean.clone(), &json!({ "label_noise": 0.3 }));
    let (clean, noisy) = (samples(&clean, 5), samples(&noisy, 5));
    assert_eq!(clean.1, noisy.1);
    let noise: Vec<f64> = clean
        .0
        .iter()
        .zip(&noisy.0)
        .map(|(clean, noisy)| {
            assert_eq!(clean.x, noisy.x);
            f64::from(noisy.y[0]) - f64::from(clean.y[0])
        })
        .collect();
    let mean = noise.iter().sum::<f64>() / 2000.0;
    let deviation = (noise.iter().map(|n| n * n).sum::<f64>() / 2000.0).sqrt();
    // Standard errors 0.3/√2000 = 0.0067 and 0.3/√4000 = 0.0047: five of them.
    assert!(mean.abs() < 0.034 && (deviation - 0.3).abs() < 0.024, "{mean} {deviation}");
}

#[test]
fn shuffled_targets_are_the_same_values_at_other_inputs() {
    let clean = json!({ "train": 300, "test": 100 });
    let shuffled = with(clean.clone(), &json!({ "shuffle_targets": true }));
    let (before, after) = (samples(&clean, 3), samples(&shuffled, 3));
    for (before, after) in [(&before.0, &after.0), (&before.1, &after.1)] {
        assert!(before.iter().zip(after).all(|(a, b)| a.x == b.x), "inputs stay");
        let moved = before.iter().zip(after).filter(|(a, b)| a.y != b.y).count();
        assert!(moved > before.len() / 2, "{moved}");
        let sorted = |rows: &[Sample]| {
            let mut values: Vec<f32> = rows.iter().map(|row| row.y[0]).collect();
            values.sort_by(f32::total_cmp);
            values
        };
        assert_eq!(sorted(before), sorted(after));
    }
    assert_eq!(bytes(&shuffled, 3), bytes(&shuffled, 3));
    assert_ne!(bytes(&shuffled, 3), bytes(&shuffled, 4));
}

#[test]
fn shuffled_classes_keep_their_one_hot_targets() {
    let (folder, mut source) = csv_table(90);
    source["label"] = json!("kind");
    let parameters =
        json!({ "source": { "table": source }, "train": 60, "test": 20, "shuffle_targets": true });
    for row in samples(&parameters, 1).0 {
        let class = row.label.unwrap() as usize;
        assert!(row.y.iter().enumerate().all(|(at, &y)| (y > 0.5) == (at == class)), "{row:?}");
    }
    drop(folder);
}

#[test]
fn the_share_of_labels_that_is_asked_for_is_flipped_to_the_other_classes_alike() {
    let (_folder, table) = csv_table(3000);
    let source = json!({ "table": with(table, &json!({ "label": "kind" })) });
    let at = |share: f64| {
        samples(&json!({ "source": source, "train": 2000, "test": 1000, "label_flips": share }), 5)
    };
    let clean = at(0.0);
    // (sample, old class, new class)
    let flips = |share: f64| {
        let noisy = at(share);
        assert_eq!(clean.1, noisy.1, "test samples keep their classes");
        let pairs = clean.0.iter().zip(&noisy.0);
        let found: Vec<(u32, u32, u32)> = pairs
            .inspect(|(clean, noisy)| {
                let one_hot = |class: u32| {
                    (0..3).map(|a| f32::from(u8::from(a == class))).collect::<Vec<_>>()
                };
                assert_eq!((&clean.x, &one_hot(noisy.label.unwrap())), (&noisy.x, &noisy.y));
                assert_eq!((noisy.clean_label, clean.clean_label), (clean.label, None));
            })
            .map(|(clean, noisy)| (clean.sample, clean.label.unwrap(), noisy.label.unwrap()))
            .filter(|(_, old, new)| old != new)
            .collect();
        found
    };
    let (few, more) = (flips(0.25), flips(0.6));
    assert_eq!((few.len(), more.len(), flips(1.0).len()), (500, 1200, 2000));
    assert!(few.iter().all(|flip| more.contains(flip)), "a larger share flips these too");
    for old in 0..3 {
        for new in (0..3).filter(|&new| new != old) {
            let count = more.iter().filter(|flip| (flip.1, flip.2) == (old, new)).count();
            // 200 expected, standard deviation at most √200 = 14.1: five of them.
            assert!((129..=271).contains(&count), "{old} → {new}: {count}");
        }
    }
}

#[test]
fn centred_inputs_are_the_unit_ones_stretched_and_targets_stay() {
    let unit = json!({ "source": { "function": { "formula": { "radial": {} } } }, "train": 300 });
    let centred = with(unit.clone(), &json!({ "inputs": "centred" }));
    let (unit, centred) = (samples(&unit, 6).0, samples(&centred, 6).0);
    for (unit, centred) in unit.iter().zip(&centred) {
        for (u, x) in unit.x.iter().zip(&centred.x) {
            assert!((2.0 * u - 1.0 - x).abs() <= f32::EPSILON);
        }
        // Slope 4π of the radial formula, times the rounding of its point.
        assert!((unit.y[0] - centred.y[0]).abs() <= 40.0 * f32::EPSILON);
    }
    assert!(centred.iter().any(|sample| sample.x[0] < -0.9));
}

#[test]
fn a_test_grid_is_the_picture_in_raster_order_without_noise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.png");
    let level = |i: u32, j: u32| (i * 60 + j * 15) as u8;
    image::GrayImage::from_fn(4, 4, |i, j| image::Luma([level(i, j)])).save(&path).unwrap();
    let (train, test) = samples(
        &json!({ "source": { "image": { "path": path } }, "train": 3,
        "test": 16, "test_sampling": "grid", "label_noise": 0.5 }),
        7,
    );
    assert_eq!(train.len(), 3);
    for (pixel, sample) in (0..).zip(&test) {
        let (i, j) = (pixel % 4, pixel / 4);
        assert_eq!(sample.x, [(i as f32 + 0.5) / 4.0, (j as f32 + 0.5) / 4.0]);
        assert!((sample.y[0] - f32::from(level(i, j)) / 255.0).abs() <= f32::EPSILON);
    }
}

#[test]
fn training_columns_of_a_table_are_standardized_and_labels_kept() {
    let (_folder, table) = csv_table(60);
    let numbers = json!({ "table": with(table.clone(), &json!({ "targets": ["t"] })) });
    let (train, test) = samples(&json!({ "source": numbers, "train": 40, "test": 20 }), 8);
    for value in [|sample: &Sample| sample.x[0], |sample: &Sample| sample.y[0]] {
        let moments = |rows: &[Sample]| {
            let n = rows.len() as f64;
            let mean = rows.iter().map(|s| f64::from(value(s))).sum::<f64>() / n;
            (mean, rows.iter().map(|s| f64::from(value(s)).powi(2)).sum::<f64>() / n)
        };
        let (mean, square) = moments(&train);
        // Values of a few units, each rounded to f32.
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
        assert!(moments(&test).0.abs() > 1e-6, "test rows are not standardized by themselves");
    }
    let classes = json!({ "table": with(table, &json!({ "label": "kind" })) });
    for sample in samples(&json!({ "source": classes, "train": 40 }), 8).0 {
        let label = sample.label.unwrap() as usize;
        let mut one_hot = [0.0; 3];
        one_hot[label] = 1.0;
        assert_eq!(sample.y, one_hot);
    }
}

#[test]
fn an_unplanned_run_says_what_is_wrong() {
    for (parameters, message) in [
        (json!({ "train": 0 }), "train is 0"),
        (json!({ "train": 5, "sampling": "grid" }), "a grid in 2 dimensions"),
        (
            json!({ "train": 5, "source": { "function": { "input_dim": 0, "formula": { "radial": {} } } } }),
            "input_dim is 0",
        ),
        (json!({ "train": 5, "source": { "image": { "path": "none.png" } } }), "none.png"),
        (
            json!({ "train": 5, "source": { "table": { "path": "none.csv", "inputs": ["a"], "targets": ["t"] } } }),
            "none.csv",
        ),
    ] {
        let error = try_run(&parameters, 0).unwrap_err();
        assert!(error.message.contains(message), "{error:?}");
    }
}

#[test]
fn targets_beyond_f32_are_refused() {
    let formula = json!({ "polynomial": { "terms": [{ "coefficient": 1e300, "powers": [0] }] } });
    let source = json!({ "function": { "input_dim": 1, "formula": formula } });
    let error = try_run(&json!({ "source": source, "train": 2 }), 0).unwrap_err();
    assert_eq!(
        error.message,
        "the target of training sample 0 is 1e300; numbers beyond 1e15 overflow the f32 in which networks are trained"
    );
}

#[test]
fn our_own_samples_are_a_source_that_gives_the_same_samples() {
    let parameters = json!({ "train": 30, "test": 12, "label_noise": 0.1 });
    let (folder, _) = run(&parameters, 3);
    let table = json!({ "path": folder.path().join("samples.parquet"), "inputs": ["x"], "targets": ["y"],
        "split": "split", "standardize_inputs": false, "standardize_targets": false });
    let again = json!({ "source": { "table": table }, "train": 30, "test": 12 });
    let bits = |(train, test): (Vec<Sample>, Vec<Sample>)| {
        [train, test].map(|rows| {
            let row = |row: Sample| row.x.into_iter().chain(row.y).map(f32::to_bits).collect();
            let mut rows: Vec<Vec<u32>> = rows.into_iter().map(row).collect();
            rows.sort_unstable();
            rows
        })
    };
    assert_eq!(bits(samples(&again, 8)), bits(samples(&parameters, 3)));
}

#[test]
fn a_real_picture_can_be_sampled() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mona-lisa.png");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return;
    }
    let (train, test) = samples(
        &json!({ "source": { "image": { "path": path } }, "train": 500,
        "test": 400, "test_sampling": "grid" }),
        9,
    );
    let levels: Vec<f32> = train.iter().chain(&test).map(|sample| sample.y[0]).collect();
    assert!(levels.iter().all(|level| (0.0..=1.0).contains(level)));
    let spread =
        levels.iter().copied().fold(0.0, f32::max) - levels.iter().copied().fold(1.0, f32::min);
    assert!(spread > 0.5, "{spread}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn samples_lie_in_the_range_of_the_inputs(
        seed: u64, centred: bool, train in 1_u32..40, test in 0_u32..40, dim in 1_u32..5,
    ) {
        let source = json!({ "function": { "input_dim": dim, "formula": { "checkerboard": {} } } });
        let inputs = if centred { "centred" } else { "unit" };
        let (train, test) = samples(
            &json!({ "source": source, "train": train, "test": test, "inputs": inputs }), seed);
        let low = if centred { -1.0 } else { 0.0 };
        for sample in train.iter().chain(&test) {
            prop_assert!(sample.x.iter().all(|x| (low..=1.0).contains(x)));
            prop_assert_eq!((sample.y[0].abs(), sample.label), (1.0, None));
        }
    }
}

#[test]
fn a_draw_of_augmentation_moves_training_pixels_and_nothing_else() {
    let source = json!({ "glyphs": { "classes": 4, "side": 8 } });
    let at = |augment: Value| {
        let base = json!({ "source": source, "train": 40, "test": 10, "inputs": "centred" });
        samples(&with(base, &augment), 5)
    };
    let draw = |draw: u32| at(json!({ "augment": { "shift": 2, "flip": true, "draw": draw } }));
    let (plain, zero, one, two) = (at(json!({})), draw(0), draw(1), draw(2));
    assert_eq!(plain, zero);
    assert_eq!(plain.1, one.1, "test samples are left as they are");
    assert!(plain.0.iter().zip(&one.0).all(|(a, b)| (a.label, &a.y) == (b.label, &b.y)));
    let moved = |a: &[Sample], b: &[Sample]| a.iter().zip(b).filter(|(a, b)| a.x != b.x).count();
    assert!(moved(&plain.0, &one.0) > 30 && moved(&one.0, &two.0) > 30);
    // What comes in from outside is as black as the picture can be.
    assert!(one.0.iter().all(|sample| sample.x.iter().all(|x| (-1.0..=1.0).contains(x))));
    assert!(one.0.iter().flat_map(|sample| &sample.x).any(|&x| x <= -1.0));
}
