//! What a larger sweep would cost on a cluster, from the stage times of one that was run.
//!
//! ```sh
//! cargo run --release -p bench --example scale -- data/runs/depth --variants 10000 --nodes 1,10,100
//! ```

mod cluster;
mod measured;
mod print;
mod sweep;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cluster::Cluster;
use measured::{Run, RunError};

/// What a larger sweep would cost on a SLURM cluster, from the stage times of one that was run.
#[derive(Debug, Parser)]
#[command(name = "scale")]
struct Arguments {
    /// Results of a finished run, as data/runs/depth; its store lies beside.
    run: PathBuf,
    /// Variants of the larger sweep.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    variants: u32,
    /// Nodes; several numbers give several lines.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    nodes: Vec<u32>,
    /// Cores of a node.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    cpus: u32,
    /// Jobs that wait or run at a time, as `--jobs` of a pipeline.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Jobs that the controller starts a second.
    #[arg(long, default_value_t = 20.0, value_parser = positive)]
    starts: f64,
    /// Seconds that a job holds its cores beside its stage.
    #[arg(long, default_value_t = 2.0, value_parser = not_negative)]
    overhead: f64,
    /// MB a second that the driver reads back, checks and hashes.
    #[arg(long, default_value_t = 500.0, value_parser = positive)]
    read: f64,
    /// Mean seconds of a stage in place of the measured ones, as train=60,ntk=4: those of a machine that
    /// was not busy.
    #[arg(long, value_delimiter = ',', value_name = "STAGE=SECONDS", value_parser = stage_seconds)]
    seconds: Vec<(String, f64)>,
    /// Seconds that a stage which takes all variants needs for each more of them.
    #[arg(long, default_value_t = 0.036, value_parser = not_negative)]
    gather: f64,
    /// Jobs of an array at most, SLURM's MaxArraySize.
    #[arg(long, default_value_t = 1001, value_parser = clap::value_parser!(u32).range(1..))]
    array: u32,
}

fn positive(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err("it is not above 0".to_owned()) }
}

fn not_negative(text: &str) -> Result<f64, String> {
    if text.parse() == Ok(0.0) { Ok(0.0) } else { positive(text) }
}

fn stage_seconds(text: &str) -> Result<(String, f64), String> {
    let (stage, value) = text.split_once('=').ok_or("it is no STAGE=SECONDS")?;
    Ok((stage.to_owned(), positive(value)?))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match checked(&arguments) {
        Ok(run) => {
            simulate(&run, &arguments);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn checked(arguments: &Arguments) -> Result<Run, RunError> {
    let mut run = Run::read(&arguments.run)?;
    for (stage, seconds) in &arguments.seconds {
        run.take(stage, *seconds)?;
    }
    let cpus = arguments.cpus as usize;
    if cpus < run.threads {
        return Err(RunError::Cores { threads: run.threads, cpus });
    }
    Ok(run)
}

fn simulate(run: &Run, arguments: &Arguments) {
    let tasks = sweep::tasks(run, arguments.variants as usize, arguments.gather);
    print::measured(run, &tasks);
    print::disk(run, &tasks, arguments.variants as usize);
    print::head();
    for &nodes in &arguments.nodes {
        let slots = nodes as usize * (arguments.cpus as usize / run.threads);
        let cluster = Cluster {
            slots,
            overhead: arguments.overhead,
            starts: arguments.starts,
            array: arguments.array as usize,
            jobs: arguments.jobs.into(),
            read: arguments.read * 1e6,
        };
        let outcome = cluster::run(&tasks, cluster);
        print::outcome(nodes, slots, run, &tasks, &outcome);
    }
}
