//! What this machine offers a stage.

use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::thread;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process, waitid,
};
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

/// Name of this machine; empty where the system does not say it.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// How a child process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// Largest resident memory that it had; `None` where it is not known.
    pub peak_memory_bytes: Option<u64>,
}

/// How the child `process`, the first of a group of processes, has ended; `None` while it runs.
/// Whatever it has left running in its group is ended.
///
/// The kernel counts what the process was before it became the stage, a copy of this one: a
/// peak that is no larger than our own says nothing of the stage and is not known.
///
/// To be called until it answers, and no more: the process is gone from the system then.
///
/// # Errors
/// Where it is no child of ours, or was waited for already.
pub(crate) fn ended(process: u32) -> io::Result<Option<Ended>> {
    let number = pid(process)?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(number), options) {
        Ok(None) | Err(Errno::INTR) => return Ok(None),
        Ok(Some(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // Before the number of the group can be another's.
    end_group(process);
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to our own variables, of the types that the call fills.
    if unsafe { libc::wait4(number.as_raw_nonzero().get(), &raw mut status, 0, usage.as_mut_ptr()) }
        < 0
    {
        return Err(io::Error::last_os_error());
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

fn pid(process: u32) -> io::Result<Pid> {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    number.ok_or_else(|| io::Error::other(format!("{process} is no process")))
}

/// Ends every process of the group whose first is `process`.
pub(crate) fn end_group(process: u32) {
    if let Ok(group) = pid(process) {
        // There may be none left, which is as well.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Whether there is a process of this number.
pub(crate) fn exists(process: u32) -> bool {
    pid(process).is_ok_and(|process| test_kill_process(process).is_ok())
}

/// Has the process of `command` ended by the system when the thread that starts it ends, as it does
/// where this process is killed. Elsewhere than on Linux a stage notices when it tells of its progress.
pub(crate) fn end_with_this_thread(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpid, getppid, set_parent_process_death_signal};
        use std::os::unix::process::CommandExt;
        let parent = Some(getpid());
        let end_with_parent = move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            if getppid() == parent { Ok(()) } else { Err(Errno::SRCH.into()) }
        };
        // SAFETY: it allocates nothing and takes no lock, which another thread could hold.
        unsafe { command.pre_exec(end_with_parent) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Memory of the process beside what it maps from files, in bytes; `None` where nobody tells.
pub(crate) fn memory_of(process: u32) -> Option<u64> {
    field(&fs::read_to_string(format!("/proc/{process}/status")).ok()?, "RssAnon:")
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
