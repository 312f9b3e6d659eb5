//! Bad input gets a clear, located error before anything runs, and exit code 2.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tests::{data, pipeline, text};

/// The pipeline of the cases, with its line numbers in view.
const GOOD: &str = "\
name: case
seed: 0
stages:
  dataset:
    uses: dataset
    with: { source: { portrait: {} }, train: 64, test: 16 }
  train:
    uses: train
    inputs: { dataset: dataset }
    with:
      network: { hidden: [16] }
      learning_rate: { initial: 0.1, decay: { factor: 0.5, every: 10 } }
      steps: 20
      checkpoints: { at: [10] }
  ntk: { uses: ntk, inputs: { dataset: dataset, training: train } }
  spectrum:
    uses: spectrum
    inputs: { dataset: dataset, training: train, kernel: ntk }
  report: { uses: report, inputs: { results: [spectrum, train, dataset] } }
";

/// Replaces `from` by `to` in the good pipeline and expects an error at `line` whose text holds
/// every one of `parts`.
fn check(from: &str, to: &str, line: usize, parts: &[&str]) {
    assert!(GOOD.contains(from), "the case must change something: {from}");
    let folder = data();
    let file = folder.path().join("case.yaml");
    fs::write(&file, GOOD.replacen(from, to, 1)).expect("a file");
    let output = pipeline(folder.path(), file.to_str().expect("a path"), &[]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let place = format!("case.yaml:{line}:");
    for part in [place.as_str()].iter().chain(parts) {
        assert!(said.contains(part), "`{to}`: no `{part}` in\n{said}");
    }
    assert!(!folder.path().join("store/training").exists(), "something ran: {said}");
}

#[test]
fn the_good_pipeline_is_good() {
    let folder = data();
    let file = folder.path().join("case.yaml");
    fs::write(&file, GOOD).expect("a file");
    let output = pipeline(folder.path(), file.to_str().expect("a path"), &[]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn words_that_do_not_exist_get_the_nearest_that_does() {
    check("uses: train", "uses: trian", 8, &["trian", "train"]);
    check("stages:", "stagse:", 3, &["stagse", "stages"]);
    check("hidden: [16]", "hiden: [16]", 11, &["hiden", "hidden"]);
    check("steps: 20", "step: 20", 13, &["step", "steps"]);
    check("initial: 0.1", "initail: 0.1", 12, &["initail", "initial"]);
    check("portrait: {}", "potrait: {}", 6, &["potrait", "portrait"]);
    check("hidden: [16]", "hidden: [16], activation: rleu", 11, &["rleu", "relu"]);
}

#[test]
fn values_of_the_wrong_type_or_size_are_refused() {
    check("steps: 20", "steps: many", 13, &["many"]);
    check("steps: 20", "steps: 0", 13, &["0"]);
    check("train: 64", "train: 0", 6, &["0"]);
    check("hidden: [16]", "hidden: []", 11, &["hidden"]);
    check("hidden: [16]", "hidden: [0]", 11, &["0"]);
    check("factor: 0.5", "factor: 0", 12, &["factor"]);
    check("factor: 0.5", "factor: -1", 12, &["-1"]);
    check("at: [10]", "at: [21]", 14, &["21", "20"]);
}

#[test]
fn wiring_is_checked() {
    check(
        "inputs: { dataset: dataset, training: train, kernel: ntk }",
        "inputs: { dataset: dataset, training: train }",
        18,
        &["kernel"],
    );
    check(
        "inputs: { dataset: dataset, training: train, kernel: ntk }",
        "inputs: { dataset: ntk, training: train, kernel: ntk }",
        18,
        &["kernel", "dataset"],
    );
    check(
        "inputs: { dataset: dataset }",
        "inputs: { dataset: daatset }",
        9,
        &["daatset", "dataset"],
    );
    check("inputs: { dataset: dataset }", "inputs: { datasets: dataset }", 9, &["datasets"]);
    check("kernel: ntk }\n", "kernel: spectrum }\n", 18, &["spectrum"]);
}

#[test]
fn a_cycle_is_printed_as_the_cycle() {
    // A stage that takes what it gives, through another one of its kind.
    let from = "  report:";
    let to = "  again: { uses: report, inputs: { results: [spectrum, train, again] } }\n  report:";
    check(from, to, 19, &["again"]);
}

#[test]
fn files_that_are_missing_or_no_pictures_or_tables_are_refused() {
    check("portrait: {}", "image: { path: nowhere.png }", 6, &["nowhere.png"]);
    check("portrait: {}", "image: { path: Cargo.toml }", 6, &["Cargo.toml"]);
    let table = |columns: &str| format!("table: {{ path: tests/data/iris-like.csv, {columns} }}");
    check("portrait: {}", &table("inputs: [a, bb], targets: [y]"), 6, &["bb"]);
    check("portrait: {}", &table("inputs: [a, kind], targets: [y]"), 6, &["kind", "setosa"]);
    check("portrait: {}", &table("inputs: [a], targets: [y]"), 6, &["60"]);
}

#[test]
fn more_eigenpairs_than_rows_and_more_memory_than_there_is_are_refused() {
    let with = "uses: spectrum\n    with: { eigenpairs: { top: 65 } }";
    check("uses: spectrum", with, 18, &["65", "64"]);
    check("train: 64, test: 16", "train: 4000000, test: 0", 15, &["GiB", "would fit"]);
}

#[test]
fn all_errors_are_told_at_once() {
    let folder = data();
    let file = folder.path().join("case.yaml");
    let bad = GOOD.replace("steps: 20", "steps: 0").replace("uses: ntk", "uses: nkt");
    fs::write(&file, bad).expect("a file");
    let said = text(&pipeline(folder.path(), file.to_str().expect("a path"), &[]));
    assert!(said.contains("case.yaml:13:") && said.contains("case.yaml:15:"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = data();
    let file = folder.path().join("case.yaml");
    fs::write(&file, GOOD).expect("a file");
    // A file where a folder should be stops even root.
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "").expect("a file");
    fs::set_permissions(&blocked, fs::Permissions::from_mode(0o400)).expect("permissions");
    let output = pipeline(&blocked, file.to_str().expect("a path"), &[]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("blocked"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn an_unknown_pipeline_lists_what_there_is() {
    let folder = data();
    let output = pipeline(folder.path(), "lr-deacy.yaml", &[]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("lr-decay.yaml"), "{said}");
}

#[test]
fn a_value_set_on_the_command_line_is_blamed_on_the_command_line() {
    let folder = data();
    let file = folder.path().join("case.yaml");
    fs::write(&file, GOOD).expect("a file");
    let path = file.to_str().expect("a path");
    for (set, part) in [
        ("train.with.stpes=3", "steps"),
        ("train.with.steps=lots", "lots"),
        ("train.with.learning_rate.decay.factor=-2", "-2"),
        ("nonsense", "="),
    ] {
        let output = pipeline(folder.path(), path, &["--set", set]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--set") && said.contains(part), "{set}:\n{said}");
    }
}

#[test]
fn a_diverging_run_fails_with_step_rate_and_bound_and_leaves_its_log() {
    let folder = data();
    let file = folder.path().join("case.yaml");
    fs::write(&file, GOOD).expect("a file");
    let settings =
        ["--set", "train.with.learning_rate.initial=50", "--set", "train.with.steps=200"];
    let output = pipeline(folder.path(), file.to_str().expect("a path"), &settings);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["diverged", "learning rate", "2N/λ₁", "train.log", "case.yaml:7:"] {
        assert!(said.contains(part), "no `{part}` in\n{said}");
    }
    assert!(folder.path().join("runs/case/logs/train.log").is_file());
}
