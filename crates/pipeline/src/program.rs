//! A stage program: its bytes, and its answers to `describe` and `plan`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;
use stage::{Description, Message, Plan, PlanRequest};

use crate::store::Stamps;

/// Lines of a program's standard error that are worth repeating.
const LAST_LINES: usize = 5;
/// Characters of an answer that is no JSON that are shown.
const SHOWN_CHARACTERS: usize = 60;

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

/// Why a program cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// What is wrong; where it comes from [`Program`], to follow the program's name.
    pub message: String,
    /// What to do about it, or what else the program said.
    pub help: Option<String>,
}

impl From<String> for Unusable {
    fn from(message: String) -> Self {
        Self { message, help: None }
    }
}

impl Program {
    /// Asks the program at `path` what it is. It runs in `root`; its hash may be one of `stamps`.
    ///
    /// # Errors
    /// Where the program cannot be started or is no stage.
    pub(crate) fn describe(
        path: &Path,
        root: &Path,
        stamps: &mut Stamps,
    ) -> Result<Self, Unusable> {
        let hash =
            stamps.hash(&path.display().to_string(), path).map_err(|error| error.to_string())?;
        let output = call(path, root, &["describe".as_ref()])?;
        let value: serde_json::Value = answer(&output, "describe")?;
        // The version first: a description of another major version may not even parse.
        let version = value["contract"].as_str().unwrap_or("none").to_owned();
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&version) != major(artifact::CONTRACT) {
            let ours = artifact::CONTRACT;
            return Err(Unusable::from(format!(
                "speaks version {version} of the contract; this driver speaks {ours}"
            )));
        }
        let description = serde_json::from_value(value)
            .map_err(|error| format!("answers `describe` with no valid description: {error}"))?;
        Ok(Self { path: path.to_owned(), hash, description })
    }

    /// Whether the port `name` takes all variants of a sweep at once.
    pub(crate) fn gathers(&self, name: &str) -> bool {
        self.description.inputs.iter().any(|port| port.many && port.name == name)
    }

    /// Asks the program what it would do.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) fn plan(&self, request: &PlanRequest, root: &Path) -> Result<Plan, Unusable> {
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

fn call(path: &Path, root: &Path, arguments: &[&OsStr]) -> Result<Output, Unusable> {
    Command::new(path)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&error))
}

/// Why a program could not be started, to follow its name.
pub(crate) fn cannot_start(error: &io::Error) -> Unusable {
    /// ENOEXEC: a script without a `#!` line, or the program of another system.
    const NO_PROGRAM: i32 = 8;
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => Some("`chmod +x` makes it executable"),
        _ if error.raw_os_error() == Some(NO_PROGRAM) => {
            Some("a script needs a first line such as `#!/usr/bin/env python3`")
        }
        _ => None,
    };
    Unusable { message: format!("cannot be started: {error}"), help: help.map(str::to_owned) }
}

fn answer<T: DeserializeOwned>(output: &Output, question: &str) -> Result<T, Unusable> {
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        if let Some(Message::Error(error)) = said {
            let message = format!("failed to answer `{question}`: {}", error.message);
            return Err(Unusable { message, help: error.hint });
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = errors.trim_end().lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n    ");
        let help = (!last.is_empty()).then(|| format!("it said:\n    {last}"));
        let message = format!("failed to answer `{question}` ({})", output.status);
        return Err(Unusable { message, help });
    }
    serde_json::from_str(&text).map_err(|error| {
        let beginning: String = text.trim().chars().take(SHOWN_CHARACTERS).collect();
        let said =
            if beginning.is_empty() { "nothing".to_owned() } else { format!("`{beginning}`") };
        Unusable {
            message: format!("answers `{question}` with {said}, which is no valid JSON ({error})"),
            help: None,
        }
    })
}
