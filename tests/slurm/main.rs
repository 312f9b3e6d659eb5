//! A real SLURM: the bytes of a run there are those of a run here, whatever is cancelled, killed and
//! stopped on the way.
//!
//! `cargo xtask test --slurm` runs these; where no SLURM can be started they say why, and are skipped.

mod cluster;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use tests::{data, program, root, tables, text};

use cluster::{Cluster, has_saved};

/// What makes `pipelines/depth.yaml` small, its Gramians still of several tiles.
const SMALL: [&str; 8] = [
    "dataset.with.train=600",
    "dataset.with.test=49",
    "train.with.steps=24",
    "train.with.checkpoints={every: 12}",
    "train.with.history_every=6",
    "train.with.learning_rate={initial: 0.05}",
    "spectrum.with.eigenpairs={top: 60}",
    "spectrum.with.top=10",
];

/// The call of a pipeline with its artifacts and results in `data`.
fn call(file: &str, data: &Path, settings: &[String]) -> Vec<String> {
    let mut arguments = vec!["pipeline".to_owned(), file.to_owned()];
    let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    add("--data", data.display().to_string());
    for setting in settings {
        add("--set", setting.clone());
    }
    arguments
}

/// Settings that name the built programs of these stages: cargo is not asked.
fn programs(stages: &[&str]) -> Vec<String> {
    let uses =
        |stage: &&str| format!("{stage}.uses={}", program(&format!("stage-{stage}")).display());
    stages.iter().map(uses).collect()
}

/// The pipeline in `tests/pipelines/killed.yaml`, its training longer, in two variants.
fn pipeline(data: &Path) -> Vec<String> {
    let mut settings = programs(&["dataset", "train", "ntk", "spectrum"]);
    let widths = "{ set: train.with.network.hidden, to: { a: [48, 48], b: [64, 64] } }";
    settings.extend([
        "train.with.steps=12000".to_owned(),
        "train.with.checkpoints.every=600".to_owned(),
        format!("sweep.width={widths}"),
    ]);
    call("tests/pipelines/killed.yaml", data, &settings)
}

/// The pipeline `depth.yaml` at a small scale.
fn depth(data: &Path, more: &[&str]) -> Vec<String> {
    let mut settings = programs(&["dataset", "train", "ntk", "spectrum", "report"]);
    settings.extend(SMALL.iter().chain(more).map(ToString::to_string));
    call("depth", data, &settings)
}

/// Every table of a run on this machine.
fn here(pipeline: impl Fn(&Path) -> Vec<String>) -> BTreeMap<PathBuf, Vec<u8>> {
    let data = data();
    let mut command = Command::new(program("xtask"));
    let output = command.args(pipeline(data.path())).current_dir(root()).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{}", text(&output));
    tables(data.path())
}

/// Holds the tables in `data` against those of a run on this machine.
fn check(data: &Path, expected: &BTreeMap<PathBuf, Vec<u8>>) {
    let found = tables(data);
    let names = |tables: &BTreeMap<PathBuf, Vec<u8>>| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(expected));
    for (name, bytes) in expected {
        // The times of a run stand in `runs`, and nowhere else.
        let is_same = found[name] == *bytes || name.ends_with("runs.parquet");
        assert!(is_same, "{} differs", name.display());
    }
    let leftovers = fs::read_dir(data.join("store/.work")).into_iter().flatten().count();
    assert_eq!(leftovers, 0);
}

/// Batch scripts of a run.
fn scripts(data: &Path, run: &str) -> usize {
    let folder = data.join("jobs").join(run);
    let entries = fs::read_dir(folder).expect("scripts are kept").flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "sh")).count()
}

#[test]
fn jobs_that_are_left_make_of_depth_the_same_bytes_with_every_gramian_in_four_pieces() {
    let Some(cluster) = Cluster::start(2) else { return };
    let data = data();
    let output = cluster.leave(&depth(data.path(), &["ntk.resources.split=4"]));
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("0 of 21 artifacts are there"), "{}", text(&output));
    cluster.wait_for_jobs();
    // No driver was there, nor is one needed: the last job has gathered the results.
    check(data.path(), &here(|data| depth(data, &[])));
    assert!(data.path().join("runs/depth/report.html").is_file());
}

#[test]
fn a_cluster_makes_the_same_bytes_as_this_machine() {
    let Some(cluster) = Cluster::start(1) else { return };
    let data = data();
    let output = cluster.follow(&pipeline(data.path())).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    check(data.path(), &here(pipeline));
}

#[test]
fn a_job_that_is_cancelled_is_said_and_the_next_call_goes_on_to_the_same_bytes() {
    let Some(cluster) = Cluster::start(1) else { return };
    let data = data();
    let driver = cluster.follow(&pipeline(data.path()));
    let job = cluster.training(data.path());
    let cancelled = cluster.command("scancel").arg(format!("--name={job}")).status();
    assert!(cancelled.expect("scancel starts").success());
    let output = driver.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("its job was cancelled (CANCELLED)"), "{}", text(&output));
    assert!(has_saved(data.path()), "what it has saved is kept");
    let output = cluster.follow(&pipeline(data.path())).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    check(data.path(), &here(pipeline));
}

#[test]
fn a_run_is_cancelled_as_a_whole() {
    let Some(cluster) = Cluster::start(1) else { return };
    let data = data();
    let output = cluster.leave(&pipeline(data.path()));
    assert!(output.status.success(), "{}", text(&output));
    cluster.training(data.path());
    let folder = data.path().display().to_string();
    let arguments = ["cancel", "killed", "--data", &folder].map(str::to_owned);
    let output = cluster.xtask(&arguments).output().expect("it starts");
    assert!(text(&output).contains("jobs of `killed` are cancelled"), "{}", text(&output));
    cluster.wait_for_jobs();
    let output = cluster.follow(&pipeline(data.path())).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    check(data.path(), &here(pipeline));
}

#[test]
fn a_driver_that_is_stopped_and_started_again_submits_nothing_twice() {
    let Some(cluster) = Cluster::start(1) else { return };
    let data = data();
    for signal in ["-INT", "-KILL"] {
        let driver = cluster.follow(&pipeline(data.path()));
        let job = cluster.training(data.path());
        let process = driver.id().to_string();
        Command::new("kill").args([signal, &process]).status().expect("kill starts");
        let output = driver.wait_with_output().expect("it ends");
        assert!(!output.status.success(), "{}", text(&output));
        assert!(cluster.running().contains(&job), "the job goes on");
    }
    let output = cluster.follow(&pipeline(data.path())).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    // One for each stage but the training, which asks for more memory in one of its variants or not.
    let expected = scripts_of_one_call(&cluster);
    assert_eq!(scripts(data.path(), "killed"), expected);
    check(data.path(), &here(pipeline));
}

/// Batch scripts that one call makes, which cannot be started: its jobs wait for ever.
fn scripts_of_one_call(cluster: &Cluster) -> usize {
    let data = data();
    let mut arguments = pipeline(data.path());
    arguments.extend(["--set", "cluster.lines=[--hold]"].map(str::to_owned));
    let output = cluster.leave(&arguments);
    assert!(output.status.success(), "{}", text(&output));
    // One of them gathers the results, which a driver does that follows.
    let count = scripts(data.path(), "killed") - 1;
    let folder = data.path().display().to_string();
    let arguments = ["cancel", "killed", "--data", &folder].map(str::to_owned);
    assert!(cluster.xtask(&arguments).status().expect("it starts").success());
    count
}

#[test]
fn a_node_whose_daemon_is_killed_and_comes_back_loses_nothing() {
    let Some(cluster) = Cluster::start(1) else { return };
    let data = data();
    let driver = cluster.follow(&pipeline(data.path()));
    cluster.training(data.path());
    cluster.kill_node();
    sleep(Duration::from_secs(2));
    cluster.start_node();
    let output = driver.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    assert!(!text(&output).contains("tried again"), "{}", text(&output));
    assert_eq!(scripts(data.path(), "killed"), scripts_of_one_call(&cluster));
    check(data.path(), &here(pipeline));
}
