//! Ctrl-C: stages are ended, what they have saved is kept, and the exit code is 130.

use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether stages are running, which must be ended first.
static IS_RUNNING: AtomicBool = AtomicBool::new(false);
/// Whether an interrupt has come while they were.
static IS_PENDING: AtomicBool = AtomicBool::new(false);

/// Exit code of a command that was interrupted.
pub(crate) const EXIT_CODE: u8 = 130;
/// What a person is told.
pub(crate) const MESSAGE: &str =
    "interrupted; finished stages and saved work are kept, call again to go on";

/// From now on, an interrupt (Ctrl-C), a hang-up or a request to terminate ends this process with
/// one line and the exit code 130: at once where no stage is running, else after ending those.
pub fn end_on_interrupt() {
    let end = || {
        // A second interrupt does not wait: stages end with this process.
        if IS_RUNNING.load(Ordering::SeqCst) && !IS_PENDING.swap(true, Ordering::SeqCst) {
            return;
        }
        // Nothing can be said where standard error is closed.
        let _ = write!(io::stderr(), "\n{MESSAGE}\n");
        process::exit(EXIT_CODE.into());
    };
    // It fails where it was called before: once is enough.
    let _ = ctrlc::set_handler(end);
}

/// Whether an interrupt has come while stages were running.
pub(crate) fn is_pending() -> bool {
    IS_PENDING.load(Ordering::SeqCst)
}

/// While this is there, an interrupt waits for stages to be ended.
#[derive(Debug)]
pub(crate) struct Running;

impl Running {
    pub(crate) fn begin() -> Self {
        IS_RUNNING.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        IS_RUNNING.store(false, Ordering::SeqCst);
    }
}
