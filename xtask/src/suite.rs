//! `cargo xtask test`: every test, with all that they need set up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipeline::Project;

use crate::call::{call, cargo, programs};
use crate::error::XtaskError;

/// Python packages with which the tests read our tables, one a line.
const REQUIREMENTS: &str = include_str!("../requirements.txt");
/// Variable that tells tests where the Python with those packages is.
const PYTHON: &str = "XTASK_PYTHON";
/// Variable that tells tests where the built programs are: `xtask` and every `stage-NAME`.
const PROGRAMS: &str = "XTASK_PROGRAMS";
/// Variable that tells tests to start a SLURM.
const SLURM: &str = "XTASK_SLURM";

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Run those tests, too, that start a SLURM on this machine; they need root, slurm-wlm and munge.
    #[arg(long)]
    slurm: bool,
    /// What `cargo test` is to get, as a filter of names or `-p CRATE`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds every program, makes the Python environment, and runs the tests of the workspace.
///
/// # Errors
/// Where any of that fails; the program that failed has said why.
pub fn run(project: &Project, arguments: &Arguments) -> Result<(), XtaskError> {
    // End-to-end tests call the programs, which `cargo test` alone does not build.
    let build = ["build", "--release", "--workspace", "--bins"];
    call(cargo().args(build).current_dir(&project.root))?;
    let programs = programs()?;
    let python = python(&programs)?;
    let mut test = cargo();
    test.args(["test", "--release"]).current_dir(&project.root);
    if !arguments.rest.iter().any(|word| word == "-p" || word == "--package") {
        test.arg("--workspace");
    }
    test.args(&arguments.rest).env(PYTHON, python).env(PROGRAMS, programs);
    if arguments.slurm {
        test.env(SLURM, "1");
    }
    call(&mut test)
}

/// A Python that has the required packages, made when it is not there or asks for others.
fn python(programs: &Path) -> Result<PathBuf, XtaskError> {
    let folder = programs.with_file_name("python");
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == REQUIREMENTS) && python.exists() {
        return Ok(python);
    }
    call(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let packages = REQUIREMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    call(Command::new(&python).args(install).args(packages))?;
    // Last, so that an installation cut short is made again.
    fs::write(&stamp, REQUIREMENTS).map_err(XtaskError::io("writing", &stamp))?;
    Ok(python)
}
