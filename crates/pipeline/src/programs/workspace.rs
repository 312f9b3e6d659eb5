//! Stage programs of this workspace: which there are, and building them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::error::PipelineError;
use crate::project::Project;
use crate::system::can_draw;

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
    let metadata = metadata(root)?;
    let target = Path::new(metadata["target_directory"].as_str().unwrap_or("target"));
    let mut stages = BTreeMap::new();
    for Binary { name, package, .. } in programs(&metadata) {
        if let Some(stage) = name.strip_prefix("stage-") {
            let built = target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX));
            let built = built.is_file().then_some(built);
            stages.insert(stage.to_owned(), WorkspaceStage { package, built });
        }
    }
    Ok(stages)
}

/// What cargo says of the workspace at `root`.
fn metadata(root: &Path) -> Result<Value, PipelineError> {
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
    serde_json::from_slice(&output.stdout)
        .map_err(|error| PipelineError::Cargo(format!("cargo's metadata is no JSON: {error}")))
}

/// Folders of the packages of the workspace of `project` that have the program `ntk-lab` or a stage:
/// what is installed for use without this source.
///
/// # Errors
/// Where cargo cannot be run or does not understand the workspace.
pub fn installed_packages(project: &Project) -> Result<BTreeSet<PathBuf>, PipelineError> {
    let is_installed = |name: &str| name == "ntk-lab" || name.starts_with("stage-");
    let programs = programs(&metadata(&project.root)?);
    let folders = programs.into_iter().filter(|program| is_installed(&program.name));
    Ok(folders.map(|program| program.folder).collect())
}

/// A program of the workspace.
struct Binary {
    name: String,
    package: String,
    /// Folder of the package.
    folder: PathBuf,
}

/// Every `[[bin]]` of a workspace.
fn programs(metadata: &Value) -> Vec<Binary> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let is_program = |target: &&Value| {
        target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into()))
    };
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let folder = manifest.parent().unwrap_or(&manifest).to_owned();
        let targets = package["targets"].as_array().into_iter().flatten();
        found.extend(targets.filter(is_program).map(|target| Binary {
            name: text(&target["name"]),
            package: text(&package["name"]),
            folder: folder.clone(),
        }));
    }
    found
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
