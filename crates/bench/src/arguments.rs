//! What a user may ask of the bench.

use std::path::PathBuf;

/// Time every kernel of this project, or compare them with their peers.
///
/// Prints medians with quartiles; writes bench.parquet (one row a repetition) and bench.html.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
pub struct Arguments {
    /// Compare with PyTorch, JAX, neural-tangents, SciPy and NumPy, in a Python environment that is
    /// set up on the first call (4.7 GB, most of it libraries that PyTorch asks for).
    #[arg(long)]
    pub peers: bool,
    /// Only the case of this name, or all whose name contains it where none has it; may be given several
    /// times.
    #[arg(long = "case", value_name = "NAME")]
    pub cases: Vec<String>,
    /// List the cases and leave.
    #[arg(long)]
    pub list: bool,
    /// Small sizes and few repetitions: shows that everything works, says nothing of speed.
    #[arg(long)]
    pub quick: bool,
    /// Threads of every implementation [default: all].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,
    /// Seconds that a case is measured for, at three repetitions at least.
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Folder for bench.parquet and bench.html.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    pub out: PathBuf,
    /// Folder of the Python environment.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-python")]
    pub python: PathBuf,
}
