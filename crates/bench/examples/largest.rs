//! How large a Gramian may be: what the stages plan for N samples, and what it takes at a measured rate.
//!
//! ```sh
//! cargo run --release -p bench --example largest
//! ```

use std::collections::BTreeMap;
use std::io::Write;

use artifact::Outline;
use clap::Parser;
use ntk::Ntk;
use spectrum::{Pairs, SpectrumStage};
use stage::{Limits, Outlines, Part, Stage};

/// Samples of which the two decompositions were timed.
const TIMED: f64 = 4_000.0;
/// Eigenpairs of the top, as many as were timed.
const TOP: u32 = 200;
/// Layers and width of the network, of two inputs and one output.
const NETWORK: (usize, usize) = (6, 256);
const GIB: f64 = (1_u64 << 30) as f64;

/// How large a Gramian may be: what the stages plan for N samples, and what it takes at the rates
/// that `cargo xtask bench` measures.
#[derive(Debug, Parser)]
#[command(name = "largest")]
struct Arguments {
    /// Training samples; several numbers give several lines.
    #[arg(long, value_delimiter = ',', default_value = "10000,30000,100000,300000", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    samples: Vec<u64>,
    /// Memory of a node in GiB.
    #[arg(long, value_delimiter = ',', default_value = "24,64,256,1024", value_parser = clap::value_parser!(u32).range(1..))]
    memory: Vec<u32>,
    /// Checkpoints of a run.
    #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    checkpoints: u64,
    /// Jobs that make a Gramian together.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    split: u16,
    /// GFLOP/s of the case `gramian-large`.
    #[arg(long, default_value_t = 140.0)]
    gflops: f64,
    /// Seconds of the case `all-pairs`.
    #[arg(long, default_value_t = 5.2)]
    all: f64,
    /// Seconds of the case `top-cold`.
    #[arg(long, default_value_t = 0.25)]
    top: f64,
}

/// Bytes that one Gramian of N samples needs.
struct Needs {
    matrix: f64,
    ntk: f64,
    piece: f64,
    spectrum_all: f64,
    spectrum_top: f64,
}

impl Needs {
    fn of(samples: u64, arguments: &Arguments) -> Self {
        let (depth, width) = NETWORK;
        let network = serde_json::json!({
            "hidden": vec![width; depth], "activation": { "leaky_relu": 0.01 },
            "init": "glorot", "bias": true,
        });
        let training = Outline {
            train_samples: Some(samples),
            test_samples: Some(0),
            input_dim: Some(2),
            output_dim: Some(1),
            checkpoints: Some((0..arguments.checkpoints).collect()),
            network: Some(network),
            ..Outline::default()
        };
        // So much that nothing is refused: what is asked for is the need.
        let limits = Limits { threads: 2, memory_bytes: u64::MAX };
        let at = |port: &str, outline: &Outline| (port.to_owned(), vec![outline.clone()]);
        let inputs = BTreeMap::from([at("dataset", &training), at("training", &training)]);
        let parameters = ntk::Parameters {
            reduction: artifact::tables::kernel::Reduction::default(),
            samples: None,
            precision: artifact::Precision::default(),
            test_rows: false,
        };
        let outlines = Outlines::from(inputs.clone());
        let ntk = Ntk::plan(&parameters, &outlines, &limits);
        let of = usize::from(arguments.split);
        let piece = Part::Piece { index: of - 1, of };
        let piece = Ntk::plan_part(&parameters, &outlines, piece, &limits);
        let mut inputs = inputs;
        inputs.extend([at("kernel", &ntk.outline)]);
        let inputs = Outlines::from(inputs);
        let spectrum = |eigenpairs| {
            let parameters = spectrum::Parameters { eigenpairs, ..Default::default() };
            bytes(SpectrumStage::plan(&parameters, &inputs, &limits).memory_bytes)
        };
        let rows = samples as f64;
        Self {
            matrix: 4.0 * rows * rows,
            ntk: bytes(ntk.memory_bytes),
            piece: bytes(piece.memory_bytes),
            spectrum_all: spectrum(Pairs::All),
            spectrum_top: spectrum(Pairs::Top(TOP)),
        }
    }
}

fn bytes(planned: Option<u64>) -> f64 {
    planned.map_or(f64::NAN, |bytes| bytes as f64)
}

/// Σ_l (n_l + m_l), inputs and signals of every layer; the output's signals are 1 and cost nothing.
fn inputs_and_signals() -> f64 {
    let (depth, width) = NETWORK;
    (2 + 2 * depth * width) as f64
}

/// The largest number of samples that need no more than `limit` bytes.
fn largest(limit: f64, need: impl Fn(u64) -> f64) -> u64 {
    let (mut low, mut high) = (0_u64, 10_000_000);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if need(middle) <= limit { low = middle } else { high = middle - 1 }
    }
    low
}

/// Writes a line to standard output; a reader that went away (`| head`) is no error.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.2} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

fn main() {
    let arguments = Arguments::parse();
    let gib = |bytes: f64| format!("{:.2} GiB", bytes / GIB);
    line(&format!("{} × {}; a checkpoint; split {}", NETWORK.0, NETWORK.1, arguments.split));
    line(
        "       N      matrix         ntk    ntk piece  spectrum all  spectrum top        disk   ntk time    all time    top time",
    );
    for &samples in &arguments.samples {
        let needs = Needs::of(samples, &arguments);
        let rows = samples as f64;
        let grown = rows / TIMED;
        // Half of 2N² Σ (n + m): one triangle.
        let flops = rows * rows * inputs_and_signals();
        line(&format!(
            "{samples:>8} {:>11} {:>11} {:>12} {:>13} {:>13} {:>11} {:>10} {:>11} {:>11}",
            gib(needs.matrix),
            gib(needs.ntk),
            gib(needs.piece),
            gib(needs.spectrum_all),
            gib(needs.spectrum_top),
            gib(needs.matrix * arguments.checkpoints as f64),
            time(flops / (arguments.gflops * 1e9)),
            time(arguments.all * grown.powi(3)),
            time(arguments.top * grown.powi(2)),
        ));
    }
    line("\n  memory  largest N: ntk    ntk piece  spectrum all  spectrum top");
    for &memory in &arguments.memory {
        let limit = f64::from(memory) * GIB;
        let of = |need: fn(Needs) -> f64| largest(limit, |n| need(Needs::of(n, &arguments)));
        line(&format!(
            "{memory:>4} GiB {:>15} {:>12} {:>13} {:>13}",
            of(|needs| needs.ntk),
            of(|needs| needs.piece),
            of(|needs| needs.spectrum_all),
            of(|needs| needs.spectrum_top),
        ));
    }
}
