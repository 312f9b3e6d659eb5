//! A real SLURM, all of it on this machine, for as long as a test takes.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests::{data, program, root, skip, text};

/// Two of them would be on one machine's ports.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// What `start.sh` ends with where there is no SLURM to start.
const CANNOT_START: i32 = 77;
/// Long enough for a busy machine.
pub const LONG: Duration = Duration::from_mins(5);

/// A SLURM that ends with this.
pub struct Cluster {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// A SLURM of so many nodes, or `None` where there is none to be had; the test is skipped then.
    pub fn start(nodes: usize) -> Option<Self> {
        if env::var_os("XTASK_SLURM").is_none() {
            skip("`cargo xtask test --slurm` runs it");
            return None;
        }
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = Self { folder: data(), _alone: alone };
        let mut start = cluster.script("start.sh");
        let output = start.arg(nodes.to_string()).output().expect("sh starts");
        if output.status.code() == Some(CANNOT_START) {
            skip(format_args!("no SLURM can be started: {}", text(&output).trim()));
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
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.folder.path().join("slurm.conf")).current_dir(root());
        command
    }

    /// `cargo xtask ARGUMENTS` on this cluster.
    pub fn xtask(&self, arguments: &[String]) -> Command {
        let mut command = self.command(program("xtask"));
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Submits the pipeline that `arguments` are of, and follows its jobs.
    pub fn follow(&self, arguments: &[String]) -> Child {
        let mut command = self.xtask(arguments);
        command.args(["--executor", "slurm", "--follow"]).spawn().expect("it starts")
    }

    /// Submits the pipeline that `arguments` are of, and leaves its jobs.
    pub fn leave(&self, arguments: &[String]) -> Output {
        self.xtask(arguments).args(["--executor", "slurm"]).output().expect("it starts")
    }

    /// What squeue says of all jobs that wait or run, a line each, in this format.
    pub fn queue(&self, format: &str) -> Vec<String> {
        let arguments = ["--noheader", "--array", &format!("--format={format}")];
        let output = self.command("squeue").args(arguments).output().expect("squeue starts");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// Names of the jobs that run.
    pub fn running(&self) -> Vec<String> {
        let jobs = self.queue("%T %j").into_iter();
        jobs.filter_map(|job| job.strip_prefix("RUNNING ").map(str::to_owned)).collect()
    }

    /// Waits until the training runs and has saved something, and gives its job's name.
    pub fn training(&self, data: &Path) -> String {
        let mut found = None;
        wait_for("the training", || {
            found = self.running().into_iter().find(|name| name.contains(".train."));
            found.is_some() && has_saved(data)
        });
        found.expect("it was waited for")
    }

    /// Waits until no job waits or runs.
    pub fn wait_for_jobs(&self) {
        wait_for("the end of all jobs", || self.queue("%j").is_empty());
    }

    /// Kills the daemon of the one node; the job that it has started goes on.
    pub fn kill_node(&self) {
        let pid = fs::read_dir(self.folder.path()).expect("it is there").flatten().find(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("slurmd.") && Path::new(&name).extension() == Some("pid".as_ref())
        });
        let process = fs::read_to_string(pid.expect("a node runs").path()).expect("it is ours");
        let killed = Command::new("kill").args(["-KILL", process.trim()]).status();
        assert!(killed.expect("kill starts").success());
    }

    /// Starts the daemon of the one node again.
    pub fn start_node(&self) {
        let node = &self.nodes()[0];
        let conf = self.folder.path().join("slurm.conf");
        let started = self.command("slurmd").arg("-f").arg(conf).args(["-N", node]).status();
        assert!(started.expect("slurmd starts").success());
    }

    fn nodes(&self) -> Vec<String> {
        let arguments = ["--noheader", "--Node", "--format=%N"];
        let output = self.command("sinfo").args(arguments).output().expect("sinfo starts");
        let nodes = String::from_utf8_lossy(&output.stdout);
        nodes.lines().map(|line| line.trim().to_owned()).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What cannot be ended ends with the machine.
        let _ = self.script("stop.sh").status();
    }
}

/// Waits for `what` until it `is_so`.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LONG, "{what} does not come");
        sleep(Duration::from_millis(100));
    }
}

/// Whether a stage has saved a state of its work.
pub fn has_saved(data: &Path) -> bool {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let works = entries(&data.join("store/.work"));
    works.iter().flat_map(|work| entries(work)).any(|path| path.join(".resume").exists())
}
