//! What a person sees on the terminal: aligned tables, units, three significant digits.

use std::io::Write;
use std::path::Path;

use crate::case::{BEST, Case, Target};
use crate::matmul::MATMUL;
use crate::measurement::{Measured, Series};
use crate::timing::Quartiles;

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// One case of `--list`.
pub fn listed(case: &Case) {
    line(&format!("{:<20} {:<32} {}", case.name, case.sizes(), case.peers.join(", ")));
}

/// What the numbers below were measured with.
pub fn head(threads: usize, quick: bool, versions: &[(String, String)]) {
    let versions: Vec<String> =
        versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    if quick {
        line("Small sizes, which the targets are not for: this shows only that everything works.");
    }
    line(&format!("{threads} threads; medians [quartiles]  {}", versions.join(", ")));
}

/// Says so where other programs are at work: their threads cost OpenMP's barriers a hundredfold, ours
/// and JAX's much less, so that ratios mislead.
pub fn warn_where_busy() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().and_then(|minute| minute.parse::<f64>().ok());
    if let Some(load) = load.filter(|&load| load > 0.5) {
        line(&format!(
            "This machine is busy (load {load:.1} before the bench): these ratios say little, least of all PyTorch's."
        ));
    }
}

/// The implementations of one case.
pub fn measured(measured: &Measured) {
    let rounds = measured.series.first().map_or(0, |series| series.seconds.len());
    let case = &measured.case;
    line(&format!("\n{} ({}), {rounds} rounds", case.name, case.sizes()));
    for series in &measured.series {
        line(&format!("  {}", cells(measured, series).join("  ")));
    }
}

/// Name, time, GFLOP/s and share of faer's matmul, padded.
fn cells(measured: &Measured, series: &Series) -> [String; 5] {
    let times = Quartiles::of(&series.seconds);
    let spread = format!("[{}, {}]", seconds(times.lower), seconds(times.upper));
    let rate = gflops(series).map_or_else(String::new, |rate| format!("{rate:.0} GFLOP/s"));
    let share = share(measured, series).map_or_else(String::new, |s| format!("{:.0} %", s * 100.0));
    [
        format!("{:<16}", series.name),
        format!("{:>8}", seconds(times.median)),
        format!("{spread:<20}"),
        format!("{rate:>12}"),
        format!("{share:>5}"),
    ]
}

/// Median GFLOP/s, where operations can be counted.
#[must_use]
pub fn gflops(series: &Series) -> Option<f64> {
    let median = Quartiles::of(&series.seconds).median;
    series.flops.map(|flops| flops / median / 1e9)
}

/// Median share of faer's matmul throughput, round by round.
#[must_use]
pub fn share(measured: &Measured, series: &Series) -> Option<f64> {
    let reference = measured.of(MATMUL).filter(|_| series.name != MATMUL)?;
    let share = series.flops? / reference.flops?;
    Some(share * Quartiles::of_ratios(&reference.seconds, &series.seconds).median)
}

/// A time in a unit that leaves three digits.
#[must_use]
pub fn seconds(value: f64) -> String {
    let (scaled, unit) = match value {
        v if v >= 1.0 => (v, "s"),
        v if v >= 1e-3 => (v * 1e3, "ms"),
        v => (v * 1e6, "µs"),
    };
    format!("{} {unit}", significant(scaled))
}

/// Three significant digits of a number from 0.01 on.
#[must_use]
pub fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// A target and what was reached: time of the other over ours, round by round.
#[must_use]
pub fn reached(measured: &Measured, target: &Target) -> Option<Quartiles> {
    let ours = &measured.series.first()?.seconds;
    let theirs = if target.against == BEST {
        measured.best_peer()?
    } else {
        measured.of(target.against)?.seconds.clone()
    };
    Some(Quartiles::of_ratios(&theirs, ours))
}

/// All targets whose other side was measured.
pub fn targets(all: &[Measured]) {
    let rows = all.iter().flat_map(|measured| {
        let targets = measured.case.targets.iter();
        targets.filter_map(move |target| Some((measured, target, reached(measured, target)?)))
    });
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        line("\ntheir time over ours         against          median  [quartiles]      target");
    }
    for (measured, target, ratio) in rows {
        let spread = format!("[{}, {}]", significant(ratio.lower), significant(ratio.upper));
        let verdict = if ratio.median >= target.at_least { "reached" } else { "missed" };
        line(&format!(
            "  {:<26} {:<16} {:>6}  {spread:<15}  {:>4}  {verdict}",
            measured.case.name,
            target.against,
            significant(ratio.median),
            target.at_least
        ));
    }
}

/// Where the table and the page are.
pub fn written(folder: &Path) {
    line(&format!("\nWrote {0}/bench.parquet and {0}/bench.html", folder.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let found = [2.345, 0.012_34, 0.000_123_4].map(seconds);
        assert_eq!(found, ["2.35 s", "12.3 ms", "123 µs"]);
    }
}
