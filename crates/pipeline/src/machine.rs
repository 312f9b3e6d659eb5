//! What this machine offers a stage.

use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::thread;

use stage::Limits;

/// Memory that stages are told of where the system does not say what is free (no
/// `/proc/meminfo`): what a laptop has to spare.
pub const DEFAULT_MEMORY_BYTES: u64 = 4 << 30;

/// Bytes in the unit of `ru_maxrss`: kB but on Apple's systems.
const PEAK_UNIT: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };

/// The given limits; by default every thread and the memory that is free now.
#[must_use]
pub fn limits(threads: Option<usize>, memory_bytes: Option<u64>) -> Limits {
    let threads =
        threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    let memory_bytes = memory_bytes.or_else(free_memory).unwrap_or(DEFAULT_MEMORY_BYTES);
    Limits { threads, memory_bytes }
}

/// `MemAvailable`: what can be had without swapping.
fn free_memory() -> Option<u64> {
    field(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// How a child process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// Largest resident memory that it had; `None` where it is not known.
    pub peak_memory_bytes: Option<u64>,
}

/// How the child `process` ended; `None` while it runs, unless told to `wait`.
///
/// The kernel counts what the process was before it became the stage, a copy of this one: a
/// peak that is no larger than our own says nothing of the stage and is not known.
///
/// To be called until it answers, and no more: the process is gone from the system then.
///
/// # Errors
/// Where it is no child of ours, or was waited for already.
pub(crate) fn ended(process: u32, wait: bool) -> io::Result<Option<Ended>> {
    let number = libc::pid_t::try_from(process).map_err(io::Error::other)?;
    let options = if wait { 0 } else { libc::WNOHANG };
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to our own variables, of the types that the call fills.
    let found = unsafe { libc::wait4(number, &raw mut status, options, usage.as_mut_ptr()) };
    match found {
        0 => return Ok(None),
        -1 => {
            let error = io::Error::last_os_error();
            let again = error.kind() == io::ErrorKind::Interrupted;
            return if again { Ok(None) } else { Err(error) };
        }
        _ => {}
    }
    let mut own = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: as above. Zeros are a valid `rusage`, so both are one whether filled or not.
    let (usage, own) = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, own.as_mut_ptr());
        (usage.assume_init(), own.assume_init())
    };
    let peak = u64::try_from(usage.ru_maxrss).ok().filter(|_| usage.ru_maxrss > own.ru_maxrss);
    Ok(Some(Ended {
        status: ExitStatus::from_raw(status),
        peak_memory_bytes: peak.map(|peak| peak * PEAK_UNIT),
    }))
}

/// From now on, an interrupt (Ctrl-C) ends this process with one line and the exit code 130.
///
/// The stage that is running gets the interrupt from the terminal as well.
pub fn end_on_interrupt() {
    extern "C" fn end(_: libc::c_int) {
        const LINE: &[u8] = b"\ninterrupted; finished stages are kept, call again to go on\n";
        const CODE: libc::c_int = 128 + libc::SIGINT;
        // SAFETY: both calls are allowed in a signal handler, and the line is as long as it says.
        unsafe {
            libc::write(libc::STDERR_FILENO, LINE.as_ptr().cast(), LINE.len());
            libc::_exit(CODE);
        }
    }
    let end: extern "C" fn(libc::c_int) = end;
    // SAFETY: the handler touches no memory of this process but a constant.
    unsafe { libc::signal(libc::SIGINT, end as libc::sighandler_t) };
}

/// A field of a file in `/proc` that is given in kB, in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_in_bytes() {
        assert_eq!(
            field("MemFree: 1 kB\nMemAvailable:   2048 kB\n", "MemAvailable:"),
            Some(2 << 20)
        );
        assert_eq!(field("MemFree: 1 kB\n", "MemAvailable:"), None);
    }

    #[test]
    fn given_limits_are_taken_as_they_are() {
        assert_eq!(limits(Some(3), Some(5)), Limits { threads: 3, memory_bytes: 5 });
    }
}
