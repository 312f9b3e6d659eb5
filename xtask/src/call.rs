//! Programs that this one builds and calls.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::XtaskError;

/// The cargo that runs us.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folder that this program is in: `target/release`, or wherever cargo was told to build.
///
/// # Errors
/// Where the system does not say.
pub fn programs() -> Result<PathBuf, XtaskError> {
    let program = env::current_exe().map_err(XtaskError::io("finding", Path::new("xtask")))?;
    Ok(program.parent().map_or_else(PathBuf::new, Path::to_owned))
}

/// Runs `command` to its end with our own input and output.
///
/// # Errors
/// Where it cannot be started or fails.
pub fn call(command: &mut Command) -> Result<(), XtaskError> {
    let program = Path::new(command.get_program()).to_owned();
    let status = command.status().map_err(XtaskError::io("starting", &program))?;
    if status.success() {
        return Ok(());
    }
    let words: Vec<String> = std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .map(Into::into)
        .collect();
    Err(XtaskError::Command { command: words.join(" "), status })
}
