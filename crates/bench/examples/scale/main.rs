//! What a larger sweep would cost on a cluster, from the stage times of one that was run.
//!
//! ```sh
//! cargo run --release -p bench --example scale -- data/runs/depth --nodes 1,10,100 --batch 1,4
//! ```

mod cluster;
mod measured;
mod sweep;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, value_parser};
use cluster::{Cluster, Outcome};
use measured::Stage;
use sweep::Job;

/// What a larger sweep would cost on a SLURM cluster, from the stage times of one that was run.
#[derive(Debug, Parser)]
struct Arguments {
    /// Results of a finished run with one thread a stage, as data/runs/depth; its store lies beside.
    run: PathBuf,
    /// Variants of the larger sweep.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=100_000))]
    variants: u32,
    /// Nodes of 64 cores; several numbers give several lines.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100", value_parser = value_parser!(u32).range(1..=100_000))]
    nodes: Vec<u32>,
    /// Artifacts of a job, as `batch` of all stages; several numbers give several lines.
    #[arg(long, value_delimiter = ',', default_value = "1,4", value_parser = value_parser!(u16).range(1..))]
    batch: Vec<u16>,
    /// Mean seconds of a stage in place of the measured ones, as train=60,ntk=4.
    #[arg(long, value_delimiter = ',', value_name = "STAGE=SECONDS", value_parser = stage_seconds)]
    seconds: Vec<(String, f64)>,
    /// Jobs that the controller starts a second.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
    starts: u16,
    /// Jobs that the queue holds: MaxJobCount, or MaxSubmitJobs with `--remembered 0`.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..))]
    queue: u32,
    /// Seconds for which it holds a job that is over: MinJobAge.
    #[arg(long, default_value_t = 300)]
    remembered: u32,
}

fn stage_seconds(text: &str) -> Result<(String, f64), String> {
    let (stage, value) = text.split_once('=').ok_or("it is no STAGE=SECONDS")?;
    let seconds = value.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
    Ok((stage.to_owned(), seconds.ok_or("there is no number above 0")?))
}

fn main() -> ExitCode {
    match simulate(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn simulate(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut stages = measured::stages(&arguments.run)?;
    for (name, seconds) in &arguments.seconds {
        let stage = stages.iter_mut().find(|stage| stage.name == *name);
        let stage = stage.ok_or_else(|| format!("the run has no stage {name}"))?;
        let grown = seconds / mean(stage);
        stage.seconds.iter_mut().for_each(|of| *of *= grown);
    }
    let variants = arguments.variants as usize;
    show_stages(&stages, variants);
    line("\nnodes batch    jobs  makespan core hours   busy  waits for, as a share of all cores");
    for &nodes in &arguments.nodes {
        for &batch in &arguments.batch {
            let jobs = sweep::jobs(&stages, variants, batch.into());
            let cluster = Cluster {
                slots: 64 * nodes as usize,
                starts: arguments.starts.into(),
                queue: arguments.queue as usize,
                remembered: arguments.remembered.into(),
            };
            let outcome = cluster::run(&jobs, cluster);
            show_outcome(&format!("{nodes:>5} {batch:>5}"), &jobs, cluster, &outcome);
        }
    }
    Ok(())
}

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

fn mean(stage: &Stage) -> f64 {
    stage.seconds.iter().sum::<f64>() / stage.seconds.len() as f64
}

/// What an artifact of each stage took and left, and what all of the sweep leave there.
fn show_stages(stages: &[Stage], variants: usize) {
    line("stage    artifacts  mean time   files         MB");
    let (mut files, mut bytes) = (0.0, 0.0);
    for (stage, count) in stages.iter().zip(sweep::artifacts(stages, variants)) {
        let (name, seconds, measured) = (&stage.name, mean(stage), stage.seconds.len() as f64);
        let (of_one, size) = (stage.files as f64 / measured, stage.bytes as f64 / measured);
        let size_mb = size / 1e6;
        line(&format!("{name:<8} {count:>9} {seconds:>8.2} s {of_one:>7.1} {size_mb:>10.2}"));
        files += of_one * count as f64;
        bytes += size * count as f64;
    }
    line(&format!("all of them: {files:.0} files and folders, {:.2} TB", bytes / 1e12));
}

/// Where the time of all cores has gone.
fn show_outcome(of: &str, jobs: &[Job], cluster: Cluster, outcome: &Outcome) {
    let useful: f64 = jobs.iter().map(|job| job.useful).sum();
    let held: f64 = jobs.iter().map(|job| job.held).sum();
    let percent = |seconds: f64| 100.0 * seconds / (outcome.makespan * cluster.slots as f64);
    let waits = outcome.idle.iter().map(|(wait, seconds)| (*wait, percent(*seconds)));
    let mut waits: Vec<(&str, f64)> = waits.chain([("start-up", percent(held - useful))]).collect();
    waits.retain(|(_, share)| *share >= 1.0);
    waits.sort_by(|a, b| b.1.total_cmp(&a.1));
    let waits: Vec<String> = waits.iter().map(|(wait, of)| format!("{wait} {of:.0} %")).collect();
    line(&format!(
        "{of} {:>7} {:>9} {:>10.0} {:>4.0} %  {}",
        jobs.len(),
        time(outcome.makespan),
        held / 3600.0,
        percent(useful),
        waits.join(", "),
    ));
}

fn time(seconds: f64) -> String {
    match seconds / 3600.0 {
        hours if hours < 2.0 => format!("{:.1} min", hours * 60.0),
        hours if hours < 48.0 => format!("{hours:.2} h"),
        hours => format!("{:.2} d", hours / 24.0),
    }
}
