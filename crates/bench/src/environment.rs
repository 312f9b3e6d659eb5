//! The Python environments of the peers, made where they are not there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::BenchError;

/// A Python environment with some packages.
#[derive(Debug)]
pub struct Environment {
    /// Its folder.
    name: &'static str,
    /// What pip installs.
    requirements: &'static str,
    /// Options of `pip install`.
    options: &'static [&'static str],
    /// The first of these that makes an environment is taken.
    interpreters: &'static [&'static str],
    /// Said before its packages are installed.
    size: &'static str,
}

/// JAX 0.4.25, the last that neural-tangents works with.
pub static NEURAL_TANGENTS: Environment = Environment {
    name: "neural-tangents",
    requirements: include_str!("../requirements-neural-tangents.txt"),
    // neural-tangents asks for TensorFlow; the file lists all that is needed.
    options: &["--no-deps"],
    interpreters: &["python3.12", "python3.11", "python3.10", "python3.9", "python3"],
    size: "500 MB",
};

/// The newest JAX, NumPy and SciPy.
pub static JAX: Environment = Environment {
    name: "jax",
    requirements: include_str!("../requirements-jax.txt"),
    options: &[],
    interpreters: NEWEST,
    size: "500 MB",
};

/// The newest PyTorch.
pub static TORCH: Environment = Environment {
    name: "torch",
    requirements: include_str!("../requirements-torch.txt"),
    options: &[],
    interpreters: NEWEST,
    size: "up to 7 GB on Linux, where PyPI has PyTorch with CUDA only",
};

const NEWEST: &[&str] = &["python3.14", "python3.13", "python3.12", "python3"];

/// All environments, each made when it is first asked for.
pub struct Environments {
    folder: PathBuf,
    /// The Python of each that was asked for, or why there is none.
    found: RefCell<BTreeMap<&'static str, Result<PathBuf, String>>>,
}

impl Environments {
    /// Environments in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, found: RefCell::default() }
    }

    /// The Python of `environment`.
    ///
    /// # Errors
    /// [`BenchError::Missing`] where it cannot be made; it is tried once.
    pub fn python(&self, environment: &Environment) -> Result<PathBuf, BenchError> {
        let mut found = self.found.borrow_mut();
        let python = found
            .entry(environment.name)
            .or_insert_with(|| environment.made(&self.folder.join(environment.name)));
        python.clone().map_err(|message| BenchError::Missing { message })
    }
}

impl Environment {
    /// The Python of this environment in `folder`, with its packages.
    fn made(&self, folder: &Path) -> Result<PathBuf, String> {
        let python = folder.join("bin/python");
        let stamp = folder.join("requirements.txt");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == self.requirements)
            && python.exists()
        {
            return Ok(python);
        }
        eprintln!("Installing {} into {} ({}) …", self.name, folder.display(), self.size);
        let made = self.install(folder, &python);
        if made.is_err() {
            // Half an environment may be gigabytes that nobody uses.
            let _ = fs::remove_dir_all(folder);
        }
        made?;
        // Last, so that an installation cut short is made again.
        fs::write(&stamp, self.requirements)
            .map_err(|error| format!("writing {} failed: {error}", stamp.display()))?;
        Ok(python)
    }

    fn install(&self, folder: &Path, python: &Path) -> Result<(), String> {
        fs::create_dir_all(folder)
            .map_err(|error| format!("making {} failed: {error}", folder.display()))?;
        let log = folder.with_extension("log");
        let venv = |interpreter: &&str| {
            let mut command = Command::new(interpreter);
            succeed(command.args(["-m", "venv", "--clear"]).arg(folder), &log)
        };
        let mut tried = self.interpreters.iter().map(venv);
        let mut made = tried.next().unwrap_or_else(|| Err("no Python is known".to_owned()));
        while made.is_err()
            && let Some(next) = tried.next()
        {
            made = next;
        }
        made?;
        let list = folder.join("wanted.txt");
        fs::write(&list, self.requirements)
            .map_err(|error| format!("writing {} failed: {error}", list.display()))?;
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        // A cache of gigabytes that nobody reads again.
        pip.arg("--no-cache-dir").args(self.options).arg("--requirement").arg(&list);
        succeed(&mut pip, &log)?;
        let _ = fs::remove_file(&log);
        Ok(())
    }
}

/// A call of `python` with the BLAS kernels that its packages choose by themselves for this machine:
/// variables that force an older machine's would slow the peers down.
pub fn program(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.env_remove("OPENBLAS_CORETYPE").env_remove("OPENBLAS_L2_SIZE");
    command
}

/// Runs `command` with its output in the file `log`; where it fails, the command and what it said.
fn succeed(command: &mut Command, log: &Path) -> Result<(), String> {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    let words = words.join(" ");
    let output = File::create(log).and_then(|file| Ok((file.try_clone()?, file)));
    let (out, err) =
        output.map_err(|error| format!("writing {} failed: {error}", log.display()))?;
    let status = command.stdin(Stdio::null()).stdout(out).stderr(err).status();
    let reason = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => last_words(log).unwrap_or_else(|| status.to_string()),
        Err(error) => error.to_string(),
    };
    Err(format!("`{words}` failed: {reason}"))
}

/// The line of a program's output that says most about its end: the last that names an error, or the
/// last at all.
pub fn last_words(log: &Path) -> Option<String> {
    let text = fs::read(log).ok()?;
    // The end alone: a program that is out of hand may have written a lot.
    let text = String::from_utf8_lossy(&text[text.len().saturating_sub(1 << 16)..]).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let error = lines.iter().rev().find(|line| line.to_lowercase().starts_with("error"));
    let line = error.or(lines.last())?;
    Some(line.chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(interpreters: &'static [&'static str]) -> Environment {
        Environment { name: "none", requirements: "", options: &[], interpreters, size: "0 MB" }
    }

    #[test]
    fn an_environment_that_cannot_be_made_says_which_command_failed_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let environments = Environments::new(folder.path().join("python"));
        let error = environments.python(&environment(&["no-such-python", "false"]));
        let message = error.expect_err("there is no such Python").to_string();
        let tail = "python/none` failed: exit status: 1";
        assert!(
            message.starts_with("`false -m venv --clear ") && message.ends_with(tail),
            "{message}"
        );
        assert!(!folder.path().join("python/none").exists());
    }

    #[test]
    fn the_last_line_that_names_an_error_is_the_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let said = |text: &str| {
            fs::write(&log, text).expect("a file");
            last_words(&log)
        };
        assert_eq!(
            said("x\nERROR: no match\n[notice] new pip\n\n").as_deref(),
            Some("ERROR: no match")
        );
        assert_eq!(said("one\n two \n").as_deref(), Some("two"));
        assert_eq!(said("\n"), None);
    }
}
