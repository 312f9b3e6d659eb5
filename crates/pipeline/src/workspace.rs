//! Stage programs of this workspace: which there are, and building them.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::error::PipelineError;
use crate::progress::can_draw;

/// Words of cargo's output by which it is worth seeing. A warning is not among them: cargo
/// repeats those of earlier builds.
const WORTH_SEEING: [&str; 5] = ["Compiling", "Downloading", "Updating", "Blocking", "error"];

/// A stage program of this workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkspaceStage {
    /// The package that has it.
    pub package: String,
    /// Where the last build left it, if there was one.
    pub built: Option<PathBuf>,
}

/// The stage programs of the workspace at `root`, by stage name: every `[[bin]]` that is called
/// `stage-NAME`. None where `root` is no workspace.
///
/// # Errors
/// Where cargo cannot be run or does not understand the workspace.
pub(crate) fn stages(root: &Path) -> Result<BTreeMap<String, WorkspaceStage>, PipelineError> {
    if !root.join("Cargo.toml").is_file() {
        return Ok(BTreeMap::new());
    }
    let output = cargo(root)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .map_err(|error| PipelineError::Cargo(format!("running cargo failed: {error}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(PipelineError::Cargo(format!(
            "cargo does not understand the workspace:\n{text}"
        )));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| PipelineError::Cargo(format!("cargo's metadata is no JSON: {error}")))?;
    let target = Path::new(metadata["target_directory"].as_str().unwrap_or("target"));
    let mut stages = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for program in package["targets"].as_array().into_iter().flatten() {
            let is_program =
                program["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into()));
            let name = program["name"].as_str().and_then(|name| name.strip_prefix("stage-"));
            if let (true, Some(name), Some(package)) = (is_program, name, package["name"].as_str())
            {
                let built =
                    target.join("release").join(format!("stage-{name}{}", env::consts::EXE_SUFFIX));
                let built = built.is_file().then_some(built);
                stages
                    .insert(name.to_owned(), WorkspaceStage { package: package.to_owned(), built });
            }
        }
    }
    Ok(stages)
}

/// Builds `packages` in one call and returns their programs by name (`stage-ntk`).
///
/// Cargo's own progress is shown as soon as something is to be compiled.
///
/// # Errors
/// Where the build fails; cargo has said why by then.
pub(crate) fn build(
    root: &Path,
    packages: &[&str],
) -> Result<BTreeMap<String, PathBuf>, PipelineError> {
    let mut command = cargo(root);
    command.args(["build", "--release", "--message-format", "json-render-diagnostics"]);
    for package in packages {
        command.args(["--package", package]);
    }
    if std::io::stderr().is_terminal() && can_draw() {
        // Cargo sees a pipe; we pass on what it draws.
        command.env("CARGO_TERM_COLOR", "always");
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "80");
    }
    let failed = |error| PipelineError::Cargo(format!("running cargo failed: {error}"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let watcher = thread::spawn(move || errors.map_or(Vec::new(), show_if_worth_seeing));
    let mut programs = BTreeMap::new();
    for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()) {
        let message: Value = serde_json::from_str(&line.map_err(failed)?).unwrap_or_default();
        if let (Some(name), Some(path)) =
            (message["target"]["name"].as_str(), message["executable"].as_str())
        {
            programs.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    let status = child.wait().map_err(failed)?;
    let held_back = watcher.join().unwrap_or_default();
    if status.success() {
        Ok(programs)
    } else {
        let held_back = String::from_utf8_lossy(&held_back);
        Err(PipelineError::Cargo(format!("building the stage programs failed\n{held_back}")))
    }
}

/// Passes on what cargo says from the moment it is worth seeing; returns what was not.
fn show_if_worth_seeing(mut errors: impl Read) -> Vec<u8> {
    let (mut held_back, mut seen) = (Vec::new(), false);
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = errors.read(&mut chunk) {
        held_back.extend_from_slice(&chunk[..count]);
        if !seen {
            let text = String::from_utf8_lossy(&held_back);
            seen = WORTH_SEEING.iter().any(|word| text.contains(word));
        }
        if seen {
            // Progress for people only: a closed terminal is no reason to stop the build.
            let _ = std::io::stderr().write_all(&held_back);
            held_back.clear();
        }
    }
    held_back
}

/// The cargo that runs us, in `root`.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
