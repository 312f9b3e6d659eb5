//! What the end-to-end tests share: they run the real programs in the real project, with artifacts
//! and results in a temporary folder.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;

/// Root of the project.
///
/// # Panics
/// Where this crate lies in no folder.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}

/// The built program `name`. `cargo xtask test` builds all of them first; a bare `cargo test`
/// needs `cargo build --release --workspace` before it.
///
/// # Panics
/// Where it was not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let folder = env::var_os("XTASK_PROGRAMS").map_or_else(
        || {
            let test = env::current_exe().expect("a test knows where it is");
            test.ancestors().nth(2).expect("it lies in target/release/deps").to_owned()
        },
        PathBuf::from,
    );
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is not built: run the tests by `cargo xtask test`",
        program.display()
    );
    program
}

/// A Python with DuckDB and Polars, where `cargo xtask test` made one.
#[must_use]
pub fn python() -> Option<PathBuf> {
    env::var_os("XTASK_PYTHON").map(PathBuf::from)
}

/// PATH with that Python first, so that `#!/usr/bin/env python3` of a stage finds its packages.
#[must_use]
pub fn path() -> OsString {
    let found = env::var_os("PATH").unwrap_or_default();
    let bin = python().and_then(|python| python.parent().map(Path::to_owned));
    // Joining fails only where a folder has a colon in its name.
    env::join_paths(bin.into_iter().chain(env::split_paths(&found))).unwrap_or(found)
}

/// Says that the test that calls this is skipped, and why, where everybody sees it: what a test that
/// passes prints is not shown.
pub fn skip(why: impl Display) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("a test");
    // Nothing can be said where standard error is closed.
    let _ = writeln!(io::stderr(), "skipped {name}: {why}");
}

/// A folder for artifacts and results.
///
/// # Panics
/// Where none can be made.
#[must_use]
pub fn data() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs `cargo xtask pipeline FILE …` with artifacts and results in `data`.
///
/// # Panics
/// Where the program cannot be started.
#[must_use]
pub fn pipeline(data: &Path, file: &str, arguments: &[&str]) -> Output {
    Command::new(program("xtask"))
        .args(["pipeline", file, "--data"])
        .arg(data)
        .args(arguments)
        .current_dir(root())
        .env("PATH", path())
        .output()
        .expect("xtask starts")
}

/// What a program wrote to standard output and standard error.
#[must_use]
pub fn text(output: &Output) -> String {
    let words = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    words.join("\n")
}

/// Runs the test pipeline and returns its data folder.
///
/// # Panics
/// Where it fails.
#[must_use]
pub fn small_run(arguments: &[&str]) -> TempDir {
    let data = data();
    let output = pipeline(data.path(), "tests/pipelines/small.yaml", arguments);
    assert!(output.status.success(), "{}", text(&output));
    data
}

/// Every Parquet file below `folder` with its bytes.
///
/// # Panics
/// Where one cannot be read.
#[must_use]
pub fn tables(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                let name = path.strip_prefix(folder).expect("below").to_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}
