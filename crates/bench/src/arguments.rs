//! What a user may ask of the bench.

use std::path::PathBuf;

/// Time every kernel of this project, or compare it with its peers.
///
/// Prints medians with quartiles. After each case it writes bench.parquet (one row a repetition, and one
/// for each implementation without any) and bench.html: an interrupted bench leaves the cases before.
///
/// Every result is judged by its distance from the same work in f64 before it is timed. A peer that
/// is missing, crashes, hangs or is wrong is a row that says so, and the bench goes on.
///
/// Exit codes: 0 everything of this project was measured, and is right; 1 some of it failed or is wrong,
/// or the results cannot be written; 2 the arguments are wrong, and nothing was measured; 130 interrupted.
/// Peers do not change the exit code.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
pub struct Arguments {
    /// Compare with PyTorch, JAX, neural-tangents, SciPy and NumPy, in Python environments that are made
    /// when first needed (1 GB; PyTorch up to 7 GB more).
    #[arg(long)]
    pub peers: bool,
    /// Only the case of this name, or all whose name contains it where none has it (repeatable).
    #[arg(long = "case", value_name = "NAME")]
    pub cases: Vec<String>,
    /// List the cases and exit.
    #[arg(long)]
    pub list: bool,
    /// Small sizes and few repetitions: shows that everything works, says nothing of speed.
    #[arg(long)]
    pub quick: bool,
    /// Threads of every implementation [default: all].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,
    /// Seconds that a case is measured for, at three repetitions at least.
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub seconds: f64,
    /// Seconds that a peer may take for one answer: to import its packages, compile, or run once; at 20 ms
    /// a run or less, for as many as fill 20 ms. One that is late twice is not asked again.
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// Folder for bench.parquet and bench.html.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    pub out: PathBuf,
    /// Folder of the Python environments; remove it to install the newest peers.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-python")]
    pub python: PathBuf,
}

/// A number of seconds, from 0 on.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    seconds.ok_or_else(|| "must be a number of seconds, 0 or more".to_owned())
}
