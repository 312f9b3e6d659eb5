//! Ctrl-C: stages are ended, what they have saved is kept, and the exit code is 130.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether stages are running, which must be ended first.
static IS_RUNNING: AtomicBool = AtomicBool::new(false);
/// Whether an interrupt has come while they were.
static IS_PENDING: AtomicBool = AtomicBool::new(false);

/// Exit code of a command that was interrupted.
pub(crate) const EXIT_CODE: u8 = 128 + libc::SIGINT as u8;
/// What a person is told.
pub(crate) const MESSAGE: &str =
    "interrupted; finished stages and saved work are kept, call again to go on";

/// From now on, an interrupt (Ctrl-C), a hang-up or a request to terminate ends this process with
/// one line and the exit code 130: at once where no stage is running, else after ending those.
pub fn end_on_interrupt() {
    extern "C" fn end(_: libc::c_int) {
        // A second interrupt does not wait: stages end with this process.
        if IS_RUNNING.load(Ordering::SeqCst) && !IS_PENDING.swap(true, Ordering::SeqCst) {
            return;
        }
        // SAFETY: all calls are allowed in a signal handler, and the text is as long as it says.
        unsafe {
            for text in ["\n", MESSAGE, "\n"] {
                libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len());
            }
            libc::_exit(EXIT_CODE.into());
        }
    }
    let end: extern "C" fn(libc::c_int) = end;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler touches no memory of this process but constants and atomics.
        unsafe { libc::signal(signal, end as libc::sighandler_t) };
    }
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
