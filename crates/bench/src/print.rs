//! What a person sees on the terminal: aligned tables, units, three significant digits.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use crate::case::Case;
use crate::measurement::{Measured, Series};
use crate::target::{Measure, Row};
use crate::timing::Quartiles;

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// One case of `--list`.
pub fn listed(case: &Case) {
    line(&format!("{:<26} {:<68} {}", case.name, case.sizes(), case.peers.join(", ")));
}

/// What the numbers below were measured with.
pub fn head(threads: usize, quick: bool) {
    if quick {
        line("Small sizes: this shows only that everything works, and says nothing of speed.");
    }
    line(&format!(
        "{threads} threads; medians [quartiles]; error: distance from the same work in f64"
    ));
}

/// Share of the processors' time above which their being busy is mentioned.
const BUSY: f64 = 0.5;

/// Says so where other programs took most of the processors' time just before: their threads cost
/// OpenMP's barriers a hundredfold, ours and JAX's much less, so that ratios mislead.
pub fn warn_where_busy(share: Option<f64>) {
    if let Some(share) = share.filter(|&share| share > BUSY) {
        line(&format!(
            "This machine is busy (other programs use {:.0} % of it): these ratios say little, least of all PyTorch's.",
            share * 100.0
        ));
    }
}

/// The implementations of one case.
pub fn measured(measured: &Measured) {
    let rounds = measured.series.iter().map(|series| series.seconds.len()).max().unwrap_or(0);
    let case = &measured.case;
    let plural = if rounds == 1 { "" } else { "s" };
    line(&format!("\n{} ({}), {rounds} round{plural}", case.name, case.sizes()));
    for series in &measured.series {
        line(&format!("  {:<22}  {}", series.name, cells(measured, series)));
    }
}

/// Time, GFLOP/s, share of faer's matmul, error and peak memory, padded; or why there is none.
fn cells(measured: &Measured, series: &Series) -> String {
    let Some(times) = series.quartiles() else {
        return format!("{:>8}  {}", series.status.name(), reason(series));
    };
    let spread = format!("[{}, {}]", seconds(times.lower), seconds(times.upper));
    let rate = gflops(series).map_or_else(String::new, |rate| format!("{rate:.0} GFLOP/s"));
    let share = share(measured, series).map_or_else(String::new, percent);
    [
        format!("{:>8}", seconds(times.median)),
        format!("{spread:<20}"),
        format!("{rate:>12}"),
        format!("{share:>5}"),
        format!("{:<13}", error(series).map_or_else(String::new, |error| format!("error {error}"))),
        peak_memory(series).unwrap_or_default(),
    ]
    .join("  ")
}

/// Why an implementation has no times.
#[must_use]
pub fn reason(series: &Series) -> &str {
    series.message.as_deref().unwrap_or("no round was made")
}

/// The distance of a result from the reference, where it was judged and is finite.
#[must_use]
pub fn error(series: &Series) -> Option<String> {
    let error = series.judgement.map(|judgement| judgement.error);
    error.filter(|error| error.is_finite()).map(|error| format!("{error:.1e}"))
}

/// Names and versions of all peers that answered: `torch 2.15.0`, ….
#[must_use]
pub fn versions(all: &[Measured]) -> Vec<String> {
    let series = all.iter().flat_map(|measured| &measured.series);
    let known =
        series.filter_map(|series| Some(format!("{} {}", series.name, series.version.as_ref()?)));
    known.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Median GFLOP/s, where operations can be counted.
#[must_use]
pub fn gflops(series: &Series) -> Option<f64> {
    Some(series.flops? / series.quartiles()?.median / 1e9)
}

/// Median share of faer's matmul throughput, round by round.
#[must_use]
pub fn share(measured: &Measured, series: &Series) -> Option<f64> {
    measured.matmul_share(series).map(|share| share.median)
}

/// Median of the peak memory, where it was measured.
#[must_use]
pub fn peak_memory(series: &Series) -> Option<String> {
    let peaks: Vec<f64> = series.peaks.iter().map(|&bytes| bytes as f64).collect();
    Quartiles::of(&peaks).map(|peaks| format!("{:.0} MB", peaks.median / 1e6))
}

/// A share of one in percent.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
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

/// The cells of a target after its case: what is compared, median, quartiles, target, aim, verdict.
#[must_use]
pub fn target_cells(row: &Row) -> [String; 6] {
    let shown = |ratio: f64| match row.measure {
        Measure::MatmulShare => percent(ratio),
        _ => significant(ratio),
    };
    let (required, aim, verdict) = match row.judged {
        Some((target, verdict)) => (target.required, target.aim, verdict),
        None => (None, None, ""),
    };
    let bound = |bound: Option<f64>| bound.map_or_else(String::new, |b| row.measure.bound(b));
    let (median, quartiles) = row.ratio.map_or_else(Default::default, |ratio| {
        (shown(ratio.median), format!("{} to {}", shown(ratio.lower), shown(ratio.upper)))
    });
    [row.measure.to_string(), median, quartiles, bound(required), bound(aim), verdict.to_owned()]
}

/// Why small sizes have no verdict.
pub const NOT_JUDGED: &str =
    "The targets are for the full sizes: without --quick they stand beside these ratios.";

/// All targets whose other side was measured.
pub fn targets(rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let aligned = |case: &str, [measure, median, quartiles, required, aim, verdict]: [&str; 6]| {
        line(&format!(
            "{case:<26} {measure:<34} {median:>6}  {quartiles:<15} {required:>6} {aim:>6}  {verdict}"
        ));
    };
    let judged = rows.iter().any(|row| row.judged.is_some());
    let (target, aim) = if judged { ("target", "aim") } else { ("", "") };
    line("");
    aligned("case", ["ratio", "median", "quartiles", target, aim, ""]);
    for row in rows {
        let cells = target_cells(row);
        aligned(&row.case, cells.each_ref().map(String::as_str));
    }
    if !judged {
        line(NOT_JUDGED);
    }
}

/// Names the peers that answered, and how many implementations have no times.
pub fn unmeasured(all: &[Measured]) {
    let versions = versions(all);
    if !versions.is_empty() {
        line(&format!("\nPeers: {}", versions.join("; ")));
    }
    let series: Vec<&Series> = all.iter().flat_map(|measured| &measured.series).collect();
    let without = series.iter().filter(|series| series.seconds.is_empty()).count();
    if without > 0 {
        line(&format!("\n{without} of {} series have no times; their rows say why.", series.len()));
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
