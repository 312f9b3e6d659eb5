//! What this machine offers a stage.

use std::fs;
use std::num::NonZero;
use std::thread;

use stage::Limits;

/// Memory that stages are told of where the system does not say what is free (no
/// `/proc/meminfo`): what a laptop has to spare.
pub const DEFAULT_MEMORY_BYTES: u64 = 4 << 30;

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

/// Largest resident memory so far of a running process, where the system tells.
pub(crate) fn peak_memory(process: u32) -> Option<u64> {
    field(&fs::read_to_string(format!("/proc/{process}/status")).ok()?, "VmHWM:")
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
