//! The chain from samples to a report, by the real programs.

use std::fs;
use std::path::{Path, PathBuf};

use artifact::tables::kernel::KernelRow;
use artifact::tables::spectrum::{DynamicsRow, EigenvalueRow, EigenvectorRow, EnergyRow};
use artifact::tables::training::HistoryRow;
use artifact::tables::{Signal, Split};
use artifact::{Manifest, read_rows};
use tests::{data, pipeline, root, skip, small_run, tables, text};

#[test]
fn a_pipeline_leaves_its_tables_its_report_and_a_summary() {
    let data = data();
    let output = pipeline(data.path(), "tests/pipelines/small.yaml", &[]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let results = data.path().join("runs/small");
    for file in
        ["report.html", "findings.parquet", "energy.parquet", "history.parquet", "runs.parquet"]
    {
        assert!(results.join(file).is_file(), "{file} is missing");
    }
    assert!(results.join("gram/step-0000000000.parquet").is_file());
    assert!(said.contains("report.html") && said.contains("duckdb"), "{said}");
}

#[test]
fn the_same_request_gives_the_same_bytes_on_any_number_of_threads() {
    let (one, three) = (small_run(&["--threads", "1"]), small_run(&["--threads", "3"]));
    let store = |data: &Path| tables(&data.join("store"));
    let (one, three) = (store(one.path()), store(three.path()));
    assert_eq!(one.keys().collect::<Vec<_>>(), three.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &three[name], "{} differs", name.display());
    }
}

#[test]
fn another_seed_gives_other_samples() {
    let (one, other) = (small_run(&[]), small_run(&["--seed", "4"]));
    let samples = |data: &Path| fs::read(data.join("runs/small/samples.parquet")).expect("samples");
    assert_ne!(samples(one.path()), samples(other.path()));
}

#[test]
fn a_second_call_computes_nothing_and_a_changed_stage_only_what_follows() {
    let data = small_run(&[]);
    let keys = |said: &str| said.matches("reused").count();
    let again = pipeline(data.path(), "tests/pipelines/small.yaml", &[]);
    assert!(again.status.success(), "{}", text(&again));
    assert_eq!(keys(&text(&again)), 5, "{}", text(&again));
    let changed = pipeline(
        data.path(),
        "tests/pipelines/small.yaml",
        &["--set", "spectrum.with.eigenvectors=7"],
    );
    assert!(changed.status.success(), "{}", text(&changed));
    assert_eq!(keys(&text(&changed)), 3, "{}", text(&changed));
}

#[test]
fn what_is_measured_obeys_the_theory() {
    let data = small_run(&[]);
    let results = data.path().join("runs/small");
    let eigenvalues: Vec<EigenvalueRow> = read_rows(&results).expect("eigenvalues");
    let kernels: Vec<KernelRow> = read_rows(&results).expect("kernels");
    let energies: Vec<EnergyRow> = read_rows(&results).expect("energies");
    let vectors: Vec<EigenvectorRow> = read_rows(&results).expect("eigenvectors");
    let dynamics: Vec<DynamicsRow> = read_rows(&results).expect("dynamics");
    let history: Vec<HistoryRow> = read_rows(&results).expect("history");
    assert_eq!(kernels.len(), 7, "a kernel for each of the steps 0, 20, …, 120");
    for kernel in &kernels {
        let of_step: Vec<&EigenvalueRow> =
            eigenvalues.iter().filter(|row| row.step == kernel.step).collect();
        assert_eq!(of_step.len(), 81);
        assert!(of_step.windows(2).all(|pair| pair[0].eigenvalue >= pair[1].eigenvalue));
        // N eigenvalues, each off by at most a few ε of λ₁ in single precision.
        let sum: f64 = of_step.iter().map(|row| row.eigenvalue).sum();
        let bound = 81.0 * f64::from(f32::EPSILON) * 8.0 * of_step[0].eigenvalue;
        assert!((sum - kernel.trace).abs() <= bound, "{sum} is not the trace {}", kernel.trace);
    }
    for signal in [Signal::Target, Signal::Output, Signal::Residual] {
        let last: Vec<&EnergyRow> = energies
            .iter()
            .filter(|row| row.split == Split::Train && row.signal == signal && row.k == 81)
            .collect();
        assert_eq!(last.len(), 7, "{signal:?}");
        // Over all eigenvectors it is 1, where all are resolved; else NULL.
        for row in last {
            let step = eigenvalues.iter().filter(|value| value.step == row.step);
            let all = step.into_iter().all(|value| value.resolved);
            assert_eq!(row.relative_energy.is_some(), all, "{row:?}");
            assert!(row.relative_energy.is_none_or(|sum| (sum - 1.0).abs() <= 1e-5), "{row:?}");
        }
    }
    for vector in vectors.iter().filter(|row| row.split == Split::Train) {
        let norm: f64 = vector.values.iter().map(|&v| f64::from(v).powi(2)).sum();
        assert!((norm - 1.0).abs() <= 1e-5);
    }
    // The step after each checkpoint was kept, so the first-order error is known but at the end.
    assert!(dynamics.iter().all(|row| row.first_order_error.is_some() == (row.step < 120)));
    let rate_at =
        |step: u64| history.iter().find(|row| row.step == step).expect("a row").learning_rate;
    for row in &dynamics {
        let bound = 2.0 * 81.0 / rate_at(row.step);
        assert_eq!(row.stability_bound, Some(bound));
    }
}

#[test]
fn a_smaller_step_makes_the_first_order_error_smaller_in_proportion() {
    let error = |rate: &str| -> f64 {
        let set = format!("train.with.learning_rate.initial={rate}");
        let data = small_run(&["--set", &set]);
        let rows: Vec<DynamicsRow> = read_rows(&data.path().join("runs/small")).expect("dynamics");
        rows[0].first_order_error.expect("the step after 0 was kept")
    };
    let (large, small) = (error("0.08"), error("0.02"));
    // Linear in δ up to the next order and to f32 rounding of f̄_{t+1} − f̄_t.
    assert!((large / small - 4.0).abs() < 1.0, "{large} against {small}");
}

#[test]
fn the_manifest_says_how_every_artifact_was_made() {
    let data = small_run(&[]);
    for kind in ["dataset", "training", "kernel", "spectrum", "report"] {
        let folder = fs::read_dir(data.path().join("store").join(kind)).expect("a kind");
        let folders: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(folders.len(), 1, "{kind}");
        let manifest = Manifest::read(&folders[0]).expect("a manifest");
        assert_eq!(manifest.kind.name(), kind);
        assert!(manifest.parameters.is_object() && !manifest.tables.is_empty());
        for table in &manifest.tables {
            let hash = artifact::hash_file(&folders[0].join(&table.file)).expect("a table");
            assert_eq!(hash, table.blake3, "{}", table.file);
        }
    }
    let leftovers: Vec<PathBuf> = fs::read_dir(data.path().join("store/.work"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

/// Every way of training, in every shape of data, ends in a report.
#[test]
fn the_chain_runs_for_other_data_and_other_training() {
    let table = root().join("tests/data/iris-like.csv");
    let table = format!(
        "dataset.with.source={{table: {{path: {}, inputs: [a, b, c], targets: [y]}}}}",
        table.display()
    );
    let labelled = root().join("tests/data/iris-like.csv");
    let labelled = format!(
        "dataset.with.source={{table: {{path: {}, inputs: [a, b, c], label: kind}}}}",
        labelled.display()
    );
    let cases: [&[&str]; 5] = [
        // d = 3, no test split.
        &[
            &table,
            "dataset.with.train=40",
            "dataset.with.test=0",
            "dataset.with.test_sampling=uniform",
            "dataset.with.inputs=unit",
            "spectrum.with.top=10",
        ],
        // Three classes, cross-entropy, every output by itself.
        &[
            &labelled,
            "dataset.with.train=40",
            "dataset.with.test=10",
            "dataset.with.test_sampling=uniform",
            "dataset.with.inputs=unit",
            "train.with.loss=cross_entropy",
            "ntk.with.reduction=per-output",
            "spectrum.with.top=10",
        ],
        &[
            &labelled,
            "dataset.with.train=30",
            "dataset.with.test=10",
            "dataset.with.test_sampling=uniform",
            "dataset.with.inputs=unit",
            "train.with.optimizer={adam: {batch: 10}}",
            "train.with.learning_rate={initial: 0.01}",
            "ntk.with.reduction=trace",
            "spectrum.with.top=10",
        ],
        // Mini-batches with momentum, f64 kernels, only the leading eigenpairs.
        &[
            "train.with.optimizer={sgd: {batch: 16, momentum: 0.9}}",
            "train.with.learning_rate={initial: 0.01, cosine: {}}",
            "ntk.with.precision=f64",
            "spectrum.with.eigenpairs={top: 12}",
            "spectrum.with.eigenvectors=10",
            "spectrum.with.test_energies=10",
            "spectrum.with.top=10",
        ],
        // One input.
        &[
            "dataset.with.source={function: {input_dim: 1, formula: {random_sinusoids: {}}}}",
            "train.with.network.activation=sine",
            "train.with.network.init={ntk: {weight_std: 1.5}}",
        ],
    ];
    for settings in cases {
        let arguments: Vec<&str> =
            settings.iter().flat_map(|setting| ["--set", *setting]).collect();
        let data = data();
        let output = pipeline(data.path(), "tests/pipelines/small.yaml", &arguments);
        assert!(output.status.success(), "{settings:?}\n{}", text(&output));
        assert!(data.path().join("runs/small/report.html").is_file());
    }
}

/// The portrait of the paper, which is test material outside the project.
#[test]
fn a_picture_from_a_file_is_learned() {
    let picture = root().join("../shared/data/mona-lisa.png");
    if !picture.is_file() {
        skip(format_args!("{} is not here", picture.display()));
        return;
    }
    let set = format!("dataset.with.source.image.path={}", picture.display());
    let data = small_run(&["--set", &set]);
    let history: Vec<HistoryRow> = read_rows(&data.path().join("runs/small")).expect("history");
    assert!(history[history.len() - 1].train_loss < 0.5 * history[0].train_loss);
}
