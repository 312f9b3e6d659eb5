//! A real SLURM of one node: the bytes of a run there are those of a run here, whatever is cancelled
//! and stopped on the way.
//!
//! `cargo xtask test --slurm` runs these; where no SLURM can be started they say why, and are skipped.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests::{data, program, root, tables, text};

/// Two of them would be on one machine's ports.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// What `start.sh` ends with where there is no SLURM to start.
const CANNOT_START: i32 = 77;
/// Long enough for a busy machine.
const LONG: Duration = Duration::from_mins(3);

/// A SLURM that ends with this.
struct Cluster {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// A SLURM of one node, or `None` where there is none to be had; `test` is skipped then.
    fn start(test: &str) -> Option<Self> {
        if env::var_os("XTASK_SLURM").is_none() {
            eprintln!("skipped {test}: `cargo xtask test --slurm` runs it");
            return None;
        }
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = Self { folder: data(), _alone: alone };
        let output = cluster.script("start.sh").output().expect("sh starts");
        if output.status.code() == Some(CANNOT_START) {
            eprintln!("skipped {test}: no SLURM can be started: {}", text(&output).trim());
            return None;
        }
        assert!(output.status.success(), "{}", text(&output));
        Some(cluster)
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg(root().join("tests/slurm").join(name)).arg(self.folder.path());
        command
    }

    /// A command that finds this cluster.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.folder.path().join("slurm.conf")).current_dir(root());
        command
    }

    fn pipeline(&self, data: &Path) -> Command {
        let mut command = self.command(program("xtask"));
        command.args(pipeline(data)).args(["--executor", "slurm", "--follow"]);
        command
    }

    fn run(&self, data: &Path) -> Output {
        self.pipeline(data).output().expect("it starts")
    }

    fn start_run(&self, data: &Path) -> Child {
        let mut command = self.pipeline(data);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    /// Names of the jobs that run.
    fn running(&self) -> Vec<String> {
        let arguments = ["--noheader", "--states=RUNNING", "--format=%j"];
        let output = self.command("squeue").args(arguments).output().expect("squeue starts");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// Waits until the training runs and has saved something, and gives its job's name.
    fn training(&self, data: &Path) -> String {
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < LONG, "the training does not run");
            let name = self.running().into_iter().find(|name| name.contains(".train."));
            if let Some(name) = name.filter(|_| has_saved(data)) {
                return name;
            }
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What cannot be ended ends with the machine.
        let _ = self.script("stop.sh").status();
    }
}

/// Whether a stage has saved a state of its work.
fn has_saved(data: &Path) -> bool {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let works = entries(&data.join("store/.work"));
    works.iter().flat_map(|work| entries(work)).any(|path| path.join(".resume").exists())
}

/// The pipeline in `tests/pipelines/killed.yaml`, its training longer, with its programs as files:
/// cargo is not asked.
fn pipeline(data: &Path) -> Vec<String> {
    let mut arguments = vec!["pipeline".to_owned(), "tests/pipelines/killed.yaml".to_owned()];
    let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    add("--data", data.display().to_string());
    add("--memory", "1GiB".to_owned());
    for stage in ["dataset", "train", "ntk", "spectrum"] {
        let uses = program(&format!("stage-{stage}"));
        add("--set", format!("{stage}.uses={}", uses.display()));
    }
    add("--set", "train.with.steps=12000".to_owned());
    add("--set", "train.with.checkpoints.every=600".to_owned());
    add(
        "--set",
        "sweep.width={ set: train.with.network.hidden, to: { a: [48, 48], b: [64, 64] } }"
            .to_owned(),
    );
    arguments
}

/// Every table of a run on this machine.
fn here() -> BTreeMap<PathBuf, Vec<u8>> {
    let data = data();
    let output = Command::new(program("xtask"))
        .args(pipeline(data.path()))
        .current_dir(root())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", text(&output));
    tables(data.path())
}

/// Batch scripts of a run.
fn scripts(data: &Path) -> usize {
    let folder = data.join("runs/killed/logs/slurm.jobs");
    let entries = fs::read_dir(folder).expect("scripts are kept").flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "sh")).count()
}

fn leftovers(data: &Path) -> usize {
    fs::read_dir(data.join("store/.work")).into_iter().flatten().count()
}

#[test]
fn a_cluster_makes_the_same_bytes_as_this_machine() {
    let test = "a_cluster_makes_the_same_bytes_as_this_machine";
    let Some(cluster) = Cluster::start(test) else { return };
    let data = data();
    let output = cluster.run(data.path());
    assert!(output.status.success(), "{}", text(&output));
    let (found, expected) = (tables(data.path()), here());
    let names = |tables: &BTreeMap<PathBuf, Vec<u8>>| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (name, bytes) in &expected {
        // The times of a run stand in `runs`, and nowhere else.
        let is_same = found[name] == *bytes || name.ends_with("runs.parquet");
        assert!(is_same, "{} differs", name.display());
    }
    assert_eq!(leftovers(data.path()), 0);
}

#[test]
fn a_job_that_is_cancelled_is_said_and_the_next_call_goes_on_to_the_same_bytes() {
    let test = "a_job_that_is_cancelled_is_said_and_the_next_call_goes_on_to_the_same_bytes";
    let Some(cluster) = Cluster::start(test) else { return };
    let data = data();
    let driver = cluster.start_run(data.path());
    let job = cluster.training(data.path());
    let cancelled = cluster.command("scancel").arg(format!("--name={job}")).status();
    assert!(cancelled.expect("scancel starts").success());
    let output = driver.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("its job was cancelled (CANCELLED)"), "{}", text(&output));
    assert!(has_saved(data.path()), "what it has saved is kept");
    let output = cluster.run(data.path());
    assert!(output.status.success(), "{}", text(&output));
    assert!(tables(&data.path().join("store")) == stores(&here()));
    assert_eq!(leftovers(data.path()), 0);
}

#[test]
fn a_driver_that_is_stopped_and_started_again_submits_nothing_twice() {
    let test = "a_driver_that_is_stopped_and_started_again_submits_nothing_twice";
    let Some(cluster) = Cluster::start(test) else { return };
    let data = data();
    for signal in ["-INT", "-KILL"] {
        let driver = cluster.start_run(data.path());
        let job = cluster.training(data.path());
        let process = driver.id().to_string();
        Command::new("kill").args([signal, &process]).status().expect("kill starts");
        let output = driver.wait_with_output().expect("it ends");
        assert!(!output.status.success(), "{}", text(&output));
        assert!(cluster.running().contains(&job), "the job goes on");
    }
    let output = cluster.run(data.path());
    assert!(output.status.success(), "{}", text(&output));
    // Variants become ready together but for what a driver that stops cuts apart.
    assert!((4..=6).contains(&scripts(data.path())), "{} scripts", scripts(data.path()));
    assert!(tables(&data.path().join("store")) == stores(&here()));
    assert_eq!(leftovers(data.path()), 0);
}

/// Those of `tables` that lie in the store.
fn stores(tables: &BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    let within = |(name, bytes): (&PathBuf, &Vec<u8>)| {
        Some((name.strip_prefix("store").ok()?.to_owned(), bytes.clone()))
    };
    tables.iter().filter_map(within).collect()
}
