//! The Python environment of the peers, made when it is not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::BenchError;

const REQUIREMENTS: &str = include_str!("../requirements.txt");
const TORCH_REQUIREMENTS: &str = include_str!("../requirements-torch.txt");

/// A Python in `folder` that has the required packages; PyTorch may lack, with a word about it.
///
/// # Errors
/// Where there is no Python, or packages other than PyTorch cannot be installed.
pub fn environment(folder: &Path) -> Result<PathBuf, BenchError> {
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.txt");
    let wanted = [REQUIREMENTS, TORCH_REQUIREMENTS].concat();
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) && python.exists() {
        return Ok(python);
    }
    eprintln!("Installing the peers into {} …", folder.display());
    call(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    install(&python, &folder.join("peers.txt"), REQUIREMENTS)?;
    eprintln!("… and PyTorch, whose form on PyPI brings 2.4 GB");
    let torch = install(&python, &folder.join("torch.txt"), TORCH_REQUIREMENTS)
        .and_then(|()| call(Command::new(&python).args(["-c", "import torch"])));
    if let Err(error) = torch {
        eprintln!("PyTorch is left out of the comparison: {error}");
        // Not stamped as complete: the next bench tries again.
        return Ok(python);
    }
    // Last, so that an installation cut short is made again.
    fs::write(&stamp, wanted).map_err(BenchError::io("writing", &stamp))?;
    Ok(python)
}

/// A call of `python` with the BLAS kernels that its packages choose by themselves for this machine:
/// variables that force an older machine's would slow the peers down.
pub fn program(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.env_remove("OPENBLAS_CORETYPE").env_remove("OPENBLAS_L2_SIZE");
    command
}

/// Installs exactly what `requirements` lists; they are left in `list` for pip to read.
fn install(python: &Path, list: &Path, requirements: &str) -> Result<(), BenchError> {
    fs::write(list, requirements).map_err(BenchError::io("writing", list))?;
    let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    // A cache of gigabytes that nobody reads again.
    call(Command::new(python).args(words).args(["--no-cache-dir", "--requirement"]).arg(list))
}

fn call(command: &mut Command) -> Result<(), BenchError> {
    // Standard output is for the bench's own tables.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    Err(BenchError::Python { command: words.join(" ") })
}
