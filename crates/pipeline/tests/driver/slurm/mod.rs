//! A cluster: fake programs of SLURM that run each job at once, or let it fail as they are told.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use artifact::Kind;
use pipeline::{Executor, Made, Pace, PipelineError, Progress, Ran, Slurm, Submitted};

use crate::world::{PLAN_ECHO, RIGHT, World, dataset, succeed, train};

mod failing;
mod following;
mod submitting;

/// One stage.
const ONE: &str = "name: one\nstages:\n  data: { uses: dataset }\n";
/// Four variants of a training, and a kernel of each.
const SWEEP: &str = "name: swept
stages:
  data: { uses: dataset }
  train: { uses: train, inputs: { dataset: data }, with: { steps: 10 } }
  ntk: { uses: ntk, inputs: { dataset: data, training: train } }
sweep:
  steps: { set: train.with.steps, to: [10, 11, 12, 13] }
";
/// Without the waiting that a real cluster needs.
const FAST: Pace = Pace {
    look: Duration::from_millis(100),
    longest_look: Duration::from_millis(200),
    read: Duration::from_millis(50),
    longest_read: Duration::from_millis(100),
    grace: Duration::from_millis(600),
};

/// A world with a cluster.
fn cluster() -> World {
    let world = World::new();
    for (name, text) in [
        ("sbatch", include_str!("fake/sbatch")),
        ("fake-job", include_str!("fake/fake-job")),
        ("squeue", include_str!("fake/squeue")),
        ("sacct", include_str!("fake/sacct")),
        ("scancel", include_str!("fake/scancel")),
        ("sinfo", include_str!("fake/sinfo")),
        ("scontrol", include_str!("fake/scontrol")),
    ] {
        world.program(&format!("bin/{name}"), text);
    }
    world.note("partitions", "short*|4|8000|1:00:00|up\nlong|64|512000|7-00:00:00|up\n");
    world.note("largest", "1001\n");
    let here = fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux says it");
    world.note("nodes", &format!("node7|{here}"));
    world
}

impl World {
    /// Writes a file that the fake programs read.
    fn note(&self, name: &str, text: &str) {
        fs::create_dir_all(self.root().join("slurm")).expect("it is ours");
        fs::write(self.root().join("slurm").join(name), text).expect("it is ours");
    }

    /// What the fake programs have noted.
    fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.root().join("slurm").join(name)).unwrap_or_default()
    }

    /// The cluster of this world.
    fn slurm(&self) -> Result<Slurm, PipelineError> {
        let mut slurm = Slurm::find(&self.project)?;
        slurm.pace = FAST;
        slurm.program = env!("CARGO_BIN_EXE_ntk-lab").into();
        Ok(slurm)
    }

    /// Checks the pipeline `text`, and runs it on the cluster.
    fn executed(&self, text: &str, set: &[&str], follow: bool) -> Result<Ran, PipelineError> {
        let plan = self.check(text, set)?;
        let mut slurm = self.slurm()?;
        slurm.follow = follow;
        let ran = slurm.run(&self.project, &plan, &Progress::new(true))?;
        if let Ran::Made(made) = &ran {
            pipeline::gather(&self.project, &plan, made)?;
        }
        Ok(ran)
    }

    /// Runs and follows the pipeline `text`.
    fn submit(&self, text: &str, set: &[&str]) -> Result<Vec<Made>, PipelineError> {
        match self.executed(text, set, true)? {
            Ran::Made(made) => Ok(made),
            Ran::Left(left) => panic!("it was to be followed: {left}"),
        }
    }

    /// Submits the pipeline `text` and leaves it.
    fn leave(&self, text: &str) -> Submitted {
        match self.executed(text, &[], false).expect("it can be submitted") {
            Ran::Left(left) => left,
            Ran::Made(_) => panic!("there was something to be made"),
        }
    }

    /// Waits until no job waits or runs.
    fn wait_for_jobs(&self) {
        let jobs = self.root().join("slurm/jobs");
        let is_alive = |text: String| text.contains(" PENDING ") || text.contains(" RUNNING ");
        let started = Instant::now();
        loop {
            let files = fs::read_dir(&jobs).expect("jobs were submitted").flatten();
            let mut texts = files.map(|file| fs::read_to_string(file.path()).unwrap_or_default());
            if !texts.any(is_alive) {
                return;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "jobs go on");
            sleep(Duration::from_millis(20));
        }
    }

    /// How that fails, as a person sees it, without what differs from run to run.
    fn refused(&self, text: &str, set: &[&str]) -> String {
        self.tidy(&self.submit(text, set).expect_err("it fails").to_string())
    }

    /// `ntk-lab ARGUMENTS` in this project, within a job of its own as far as it can tell.
    fn lab(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ntk-lab"));
        let path = format!("{}:/usr/bin:/bin", self.root().join("bin").display());
        command.args(arguments).current_dir(self.root()).env("PATH", path);
        command.env("SLURM_JOB_ID", "7").env("SLURM_MEM_PER_CPU", "1");
        // Else the workspace of this test would be the project.
        command.env_remove("CARGO_MANIFEST_DIR");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts `ntk-lab` on [`ONE`], whose stage waits for the file `go`, and stops it when the
    /// stage runs.
    fn stopped(&self) -> Output {
        let patient = format!(
            "echo began >> began\nuntil [ -f go ]; do sleep 0.05; done\n{}",
            succeed("dataset")
        );
        self.stage("dataset", &dataset(), crate::world::PLAN_DATASET, &patient);
        fs::write(self.root().join("pipelines/one.yaml"), ONE).expect("it is ours");
        let driver = self.lab(&["pipeline", "one", "--executor", "slurm", "--follow"]).spawn();
        let driver = driver.expect("it starts");
        wait_for(&self.root().join("began"));
        end(driver, "-INT")
    }

    fn go(&self) {
        fs::write(self.root().join("go"), "").expect("it is ours");
    }

    /// Batch scripts that were kept.
    fn scripts(&self, run: &str) -> Vec<String> {
        let files = self.files(&format!("data/jobs/{run}"));
        let is_script = |file: &String| Path::new(file).extension().is_some_and(|end| end == "sh");
        files.into_iter().filter(is_script).collect()
    }
}

fn wait_for(path: &Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < Duration::from_mins(1), "{} is not there", path.display());
        sleep(Duration::from_millis(20));
    }
}

/// Ends `driver` by a signal.
fn end(driver: Child, signal: &str) -> Output {
    Command::new("kill").args([signal, &driver.id().to_string()]).status().expect("kill starts");
    driver.wait_with_output().expect("it ends")
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n")
}
