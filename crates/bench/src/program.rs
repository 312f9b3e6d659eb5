//! Our pipelines as a user runs them: the built program `xtask`, each time into an empty store.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use artifact::{Kind, Manifest};
use tempfile::TempDir;

use crate::error::BenchError;

/// Where cargo builds, for `xtask` builds stages itself.
const TARGET: &str = "CARGO_TARGET_DIR";

/// The built program `xtask`.
pub struct Program {
    path: PathBuf,
    /// Folder of everything that is built: it has our own program, whatever the environment says.
    target: PathBuf,
    threads: usize,
    folder: PathBuf,
}

impl Program {
    /// Builds `xtask` beside this program; its runs get `threads` threads and leave what they make in
    /// folders of `folder`, which lies where a user's results would.
    ///
    /// # Errors
    /// Where it cannot be built, as outside of this project.
    pub fn built(threads: usize, folder: &Path) -> Result<Self, BenchError> {
        let bench = env::current_exe().map_err(BenchError::io("finding", Path::new("bench")))?;
        let programs = bench.parent().unwrap_or(Path::new("."));
        let target = programs.parent().unwrap_or(programs).to_owned();
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--release", "--quiet", "--package", "xtask"]);
        succeed(cargo.env(TARGET, &target))?;
        let path = programs.join(format!("xtask{}", env::consts::EXE_SUFFIX));
        Ok(Self { path, target, threads, folder: folder.to_owned() })
    }

    /// Builds the stages of the pipeline `file`, so that no run has to.
    ///
    /// # Errors
    /// Where that fails.
    pub fn prepare(&self, file: &Path, settings: &[String]) -> Result<(), BenchError> {
        let folder = self.folder()?;
        succeed(self.call(file, settings, folder.path()).arg("--dry-run").stdout(Stdio::null()))
    }

    /// Runs the pipeline `file` with `settings`, as after `--set`.
    ///
    /// # Errors
    /// Where it fails.
    pub fn run(&self, file: &Path, settings: &[String]) -> Result<Run, BenchError> {
        let folder = self.folder()?;
        let mut call = self.call(file, settings, folder.path());
        let start = Instant::now();
        succeed(call.arg("--quiet"))?;
        Ok(Run { seconds: start.elapsed().as_secs_f64(), folder })
    }

    fn folder(&self) -> Result<TempDir, BenchError> {
        tempfile::tempdir_in(&self.folder)
            .map_err(BenchError::io("making a folder in", &self.folder))
    }

    fn call(&self, file: &Path, settings: &[String], data: &Path) -> Command {
        let mut call = Command::new(&self.path);
        call.env(TARGET, &self.target);
        call.arg("pipeline").arg(file).arg("--threads").arg(self.threads.to_string());
        call.arg("--data").arg(data);
        for setting in settings {
            call.args(["--set", setting]);
        }
        call
    }
}

/// Runs `command`, which says on standard error itself why it fails.
fn succeed(command: &mut Command) -> Result<(), BenchError> {
    let status = command.stdin(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    Err(BenchError::Command { command: words.join(" ") })
}

/// What a run left behind; it is gone when this is dropped.
pub struct Run {
    /// Wall time of the whole call.
    pub seconds: f64,
    folder: TempDir,
}

/// What a stage took.
#[derive(Clone, Debug, PartialEq)]
pub struct StageCost {
    /// The stage.
    pub stage: String,
    /// Wall time of its process.
    pub seconds: f64,
    /// Its largest resident memory, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl Run {
    /// The folder and the manifest of the only artifact of `kind`.
    ///
    /// # Errors
    /// Where there is none or it cannot be read.
    pub fn artifact(&self, kind: Kind) -> Result<(PathBuf, Manifest), BenchError> {
        let folder = self.folder.path().join("store").join(kind.name());
        let mut found = fs::read_dir(&folder).map_err(BenchError::io("listing", &folder))?;
        let entry = found.next().ok_or_else(|| std::io::ErrorKind::NotFound.into());
        let path =
            entry.and_then(|entry| entry).map_err(BenchError::io("listing", &folder))?.path();
        let manifest = Manifest::read(&path)?;
        Ok((path, manifest))
    }

    /// What each stage took, in the order of the chain, as their manifests say.
    ///
    /// # Errors
    /// Where a manifest cannot be read.
    pub fn stages(&self) -> Result<Vec<StageCost>, BenchError> {
        let store = self.folder.path().join("store");
        let made = Kind::SHARED.into_iter().filter(|kind| store.join(kind.name()).is_dir());
        let cost = |kind| {
            let manifest = self.artifact(kind)?.1;
            Ok(StageCost {
                stage: manifest.stage,
                seconds: manifest.wall_time_s,
                peak_memory_bytes: manifest.peak_memory_bytes,
            })
        };
        made.map(cost).collect()
    }
}
