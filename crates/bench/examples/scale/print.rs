//! What a person sees: aligned tables, units, three significant digits.

use std::io::Write;

use crate::cluster::{Outcome, Wait};
use crate::measured::Run;
use crate::sweep::Task;

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// What each stage took in the run, and how often the sweep has it.
pub fn measured(run: &Run, tasks: &[Task]) {
    line(&format!(
        "measured: {} variants, threads a job: {}; tasks are those of the sweep, the rest is of one of them",
        run.variants, run.threads
    ));
    line(&format!(
        "{:<10} {:>7} {:>10} {:>17} {:>9} {:>7} {:>9}",
        "stage", "tasks", "mean time", "least to most", "memory", "inodes", "bytes"
    ));
    for (index, stage) in run.stages.iter().enumerate() {
        let of_stage = tasks.iter().filter(|task| task.stage == index);
        let all = stage.costs.iter();
        let mean = |of: fn(&crate::measured::Cost) -> f64| {
            stage.costs.iter().map(of).sum::<f64>() / stage.costs.len() as f64
        };
        let least = all.clone().map(|cost| cost.seconds).fold(f64::INFINITY, f64::min);
        let most = all.clone().map(|cost| cost.seconds).fold(0.0, f64::max);
        let peak = all.filter_map(|cost| cost.peak_bytes).max();
        line(&format!(
            "{:<10} {:>7} {:>10} {:>17} {:>9} {:>7} {:>9}",
            stage.name,
            of_stage.count(),
            time(mean(|cost| cost.seconds)),
            format!("{} to {}", time(least), time(most)),
            peak.map_or_else(String::new, |peak| bytes(peak as f64)),
            significant(mean(|cost| cost.inodes as f64)),
            bytes(mean(|cost| cost.bytes as f64)),
        ));
    }
}

/// Files and bytes of the sweep, but for the scripts.
pub fn disk(run: &Run, tasks: &[Task], variants: usize) {
    let store: u64 = tasks.iter().map(|task| task.cost.inodes).sum();
    let stored: u64 = tasks.iter().map(|task| task.cost.bytes).sum();
    // The store remembers the hashes of each artifact in one file.
    let stamps = tasks.len() as u64;
    let of_variants = run.variants_inodes * variants as u64 / run.variants as u64;
    let results = run.results_inodes + of_variants;
    line(&format!(
        "\n{} tasks: {} inodes = {store} in the store + {stamps} stamps + {results} in the results; {}",
        tasks.len(),
        store + stamps + results,
        bytes(stored as f64),
    ));
}

/// Names of the columns of [`outcome`].
pub fn head() {
    line(&format!(
        "\n{:>6} {:>7} {:>9} {:>11} {:>6} {:>7} {:>8} {:>7}  waits for, share of all cores",
        "nodes", "jobs at", "makespan", "core hours", "busy", "sbatch", "jobs of", "arrays"
    ));
    line(&format!(
        "{:>6} {:>7} {:>9} {:>11} {:>6} {:>7} {:>8} {:>7}",
        "", "a time", "", "", "", "calls", "SLURM", ""
    ));
}

/// What the sweep took on `nodes`, which run `slots` jobs side by side.
pub fn outcome(nodes: u32, slots: usize, run: &Run, tasks: &[Task], outcome: &Outcome) {
    let all = outcome.makespan * slots as f64;
    let useful: f64 = tasks.iter().map(|task| task.cost.seconds).sum();
    let mut waits: Vec<(&str, f64)> =
        outcome.idle.iter().map(|(&wait, &seconds)| (name(wait), seconds)).collect();
    waits.push(("start-up", outcome.held - useful));
    waits.sort_by(|a, b| b.1.total_cmp(&a.1));
    let waits: Vec<String> = waits
        .iter()
        .filter(|(_, seconds)| seconds / all >= 0.01)
        .map(|(name, seconds)| format!("{name} {}", percent(seconds / all)))
        .collect();
    line(&format!(
        "{nodes:>6} {slots:>7} {:>9} {:>11} {:>6} {:>7} {:>8} {:>7}  {}",
        time(outcome.makespan),
        significant(outcome.held * run.threads as f64 / 3600.0),
        percent(useful / all),
        outcome.calls,
        outcome.known,
        outcome.arrays,
        waits.join(", "),
    ));
}

fn name(wait: Wait) -> &'static str {
    match wait {
        Wait::Controller => "the controller",
        Wait::Jobs => "--jobs",
        Wait::Driver => "the driver",
        Wait::Report => "the report",
        Wait::LastJobs => "the last jobs",
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{} s", significant(s)),
        s if s < 7_200.0 => format!("{} min", significant(s / 60.0)),
        s if s < 172_800.0 => format!("{} h", significant(s / 3600.0)),
        s => format!("{} d", significant(s / 86_400.0)),
    }
}

fn bytes(value: f64) -> String {
    let (scaled, unit) = match value {
        v if v >= 1e12 => (v / 1e12, "TB"),
        v if v >= 1e9 => (v / 1e9, "GB"),
        v if v >= 1e6 => (v / 1e6, "MB"),
        v => (v / 1e3, "kB"),
    };
    format!("{} {unit}", significant(scaled))
}

/// Three significant digits of a number from 0.01 on.
fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}
