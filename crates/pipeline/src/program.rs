//! A stage program: its bytes, and its answers to `describe` and `plan`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;
use stage::{Description, Message, Plan, PlanRequest};

/// Lines of a program's standard error that are worth repeating.
const LAST_LINES: usize = 5;

/// A stage program and what it says of itself.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// BLAKE3 of its bytes.
    pub hash: String,
    /// Its answer to `describe`.
    pub description: Description,
}

impl Program {
    /// Asks the program at `path` what it is. It runs in `root`.
    ///
    /// # Errors
    /// A sentence that says why the program cannot be used, to follow its name.
    pub(crate) fn describe(path: &Path, root: &Path) -> Result<Self, String> {
        let hash = artifact::hash_file(path).map_err(|error| error.to_string())?;
        let output = call(path, root, &["describe".as_ref()])?;
        let value: serde_json::Value = answer(&output, "describe")?;
        // The version first: a description of another major version may not even parse.
        let version = value["contract"].as_str().unwrap_or("none").to_owned();
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&version) != major(artifact::CONTRACT) {
            return Err(format!(
                "speaks version {version} of the contract; this driver speaks {}",
                artifact::CONTRACT
            ));
        }
        let description = serde_json::from_value(value)
            .map_err(|error| format!("answers `describe` with no valid description: {error}"))?;
        Ok(Self { path: path.to_owned(), hash, description })
    }

    /// Asks the program what it would do.
    ///
    /// # Errors
    /// A sentence that says why there is no answer, to follow the program's name.
    pub(crate) fn plan(&self, request: &PlanRequest, root: &Path) -> Result<Plan, String> {
        let file = request_file(request).map_err(|error| format!("cannot be asked: {error}"))?;
        let output = call(&self.path, root, &["plan".as_ref(), file.path().as_os_str()])?;
        answer(&output, "plan")
    }
}

/// A request in a file that goes when it is dropped.
fn request_file(request: &impl Serialize) -> io::Result<tempfile::NamedTempFile> {
    let file = tempfile::Builder::new().prefix("plan-").suffix(".json").tempfile()?;
    fs::write(file.path(), serde_json::to_vec(request)?)?;
    Ok(file)
}

fn call(path: &Path, root: &Path, arguments: &[&std::ffi::OsStr]) -> Result<Output, String> {
    Command::new(path)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&error))
}

/// Why a program could not be started, to follow its name.
pub(crate) fn cannot_start(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "is not executable: `chmod +x` makes it so".to_owned(),
        // A script without a `#!` line, or the program of another system.
        _ if error.raw_os_error() == Some(8) => {
            "cannot be started: it needs a first line such as `#!/usr/bin/env python3`".to_owned()
        }
        _ => format!("cannot be started: {error}"),
    }
}

fn answer<T: DeserializeOwned>(output: &Output, question: &str) -> Result<T, String> {
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        if let Some(Message::Error(error)) = said {
            return Err(format!("failed to answer `{question}`: {}", error.message));
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = errors.trim_end().lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n    ");
        return Err(format!("failed to answer `{question}` ({}):\n    {last}", output.status));
    }
    serde_json::from_str(&text).map_err(|error| {
        let beginning: String = text.trim().chars().take(60).collect();
        format!("answers `{question}` with what is no valid JSON ({error}): {beginning}")
    })
}
