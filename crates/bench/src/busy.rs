//! Whether other programs are at work on this machine.

use std::fs;
use std::thread;
use std::time::Duration;

/// How long the processors are watched.
const SAMPLE: Duration = Duration::from_millis(500);

/// The share of all processor time that was spent just now, while this program slept.
///
/// `None` where the system does not say (no `/proc/stat`).
#[must_use]
pub fn share() -> Option<f64> {
    let read = || fs::read_to_string("/proc/stat").ok();
    let before = read()?;
    thread::sleep(SAMPLE);
    between(&before, &read()?)
}

/// The share of the time between two readings of `/proc/stat` that was not idle.
fn between(before: &str, after: &str) -> Option<f64> {
    let ((idle_before, all_before), (idle, all)) = (times(before)?, times(after)?);
    let all = all.checked_sub(all_before).filter(|&ticks| ticks > 0)?;
    // Waiting for a disk may be counted back.
    Some(1.0 - idle.saturating_sub(idle_before) as f64 / all as f64)
}

/// Idle and all ticks of all processors together.
fn times(stat: &str) -> Option<(u64, u64)> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    // user nice system idle iowait irq softirq steal; guests are counted as users already.
    let ticks: Vec<u64> = fields.split_whitespace().take(8).flat_map(str::parse).collect();
    Some((ticks.get(3)? + ticks.get(4)?, ticks.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_neither_idle_nor_waiting_is_busy() {
        let before = "cpu  10 0 10 100 20 0 0 0 5 0\ncpu0 1 2 3";
        let after = "cpu  40 5 20 140 30 3 2 0 9 0\ncpu0 1 2 3";
        // 50 of 100 ticks; a guest's are in the user's.
        assert_eq!(between(before, after), Some(0.5));
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        assert_eq!(between("", ""), None);
        assert_eq!(between("cpu  1 2", "cpu  1 3"), None);
        let still = "cpu  10 0 10 100 20 0 0 0 0 0";
        assert_eq!(between(still, still), None);
    }
}
