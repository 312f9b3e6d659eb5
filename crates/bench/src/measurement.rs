//! The table `bench.parquet`: one row a reading.

use artifact::{Column, Data, Layout, Row, Table};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::matmul::MATMUL;
use crate::timing::Quartiles;

/// Every reading of a bench.
pub const BENCH: Table = Table {
    name: "bench",
    about: "Every reading of a bench; those of one case and repetition were taken in turn.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("case", Data::Text, "The work."),
        Column::new("implementation", Data::Text, "Who did it."),
        Column::new("n", Data::UInt32, "Samples."),
        Column::new("width", Data::UInt32, "Width of the hidden layers."),
        Column::new("depth", Data::UInt32, "Hidden layers."),
        Column::new("outputs", Data::UInt32, "Outputs of the network."),
        Column::new("threads", Data::UInt32, "Threads that each implementation was given."),
        Column::new("repetition", Data::UInt32, "The round, from 0."),
        Column::new("seconds", Data::Float64, "Time of one run.").in_unit("s"),
        Column::new(
            "gflops",
            Data::Float64,
            "Useful operations a second; NULL where they cannot be counted.",
        )
        .in_unit("GFLOP/s")
        .or_null(),
        Column::new(
            "peak_memory_bytes",
            Data::UInt64,
            "Largest resident memory of a stage's program; NULL for all else.",
        )
        .in_unit("B")
        .or_null(),
    ],
};

/// A row of [`BENCH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The work.
    pub case: String,
    /// Who did it.
    pub implementation: String,
    /// Samples.
    pub n: u32,
    /// Width of the hidden layers.
    pub width: u32,
    /// Hidden layers.
    pub depth: u32,
    /// Outputs of the network.
    pub outputs: u32,
    /// Threads.
    pub threads: u32,
    /// The round.
    pub repetition: u32,
    /// Time of one run.
    pub seconds: f64,
    /// Useful operations a second.
    pub gflops: Option<f64>,
    /// Largest resident memory of a stage's program.
    pub peak_memory_bytes: Option<u64>,
}

impl Row for Reading {
    const TABLE: &'static Table = &BENCH;
}

/// What one implementation took in each round of a case.
#[derive(Clone, Debug)]
pub struct Series {
    /// The implementation.
    pub name: String,
    /// Operations of one run.
    pub flops: Option<f64>,
    /// Seconds of one run, round by round.
    pub seconds: Vec<f64>,
    /// Largest resident memory in bytes, round by round; empty where it is not measured.
    pub peaks: Vec<u64>,
}

impl Series {
    /// An empty series of work whose operations are not counted.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), flops: None, seconds: Vec::new(), peaks: Vec::new() }
    }
}

/// A case that was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The case.
    pub case: Case,
    /// All implementations: the one that has targets first, faer's matmul last where it was measured.
    pub series: Vec<Series>,
}

impl Measured {
    /// The rows of the table.
    pub fn readings(&self, threads: usize) -> impl Iterator<Item = Reading> {
        let case = &self.case;
        self.series.iter().flat_map(move |series| {
            series.seconds.iter().enumerate().map(move |(round, &seconds)| Reading {
                case: case.name.clone(),
                implementation: series.name.clone(),
                n: case.samples as u32,
                width: case.width as u32,
                depth: case.depth as u32,
                outputs: case.outputs as u32,
                threads: threads as u32,
                repetition: round as u32,
                seconds,
                gflops: series.flops.map(|flops| flops / seconds / 1e9),
                peak_memory_bytes: series.peaks.get(round).copied(),
            })
        })
    }

    /// The series of an implementation.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// Throughput of `series` over that of faer's matmul, round by round; none where operations cannot
    /// be counted, or for the reference itself.
    #[must_use]
    pub fn matmul_share(&self, series: &Series) -> Option<Quartiles> {
        let reference = self.of(MATMUL).filter(|_| series.name != MATMUL)?;
        let share = series.flops? / reference.flops?;
        let works: Vec<f64> = reference.seconds.iter().map(|seconds| share * seconds).collect();
        Some(Quartiles::of_ratios(&works, &series.seconds))
    }

    /// Times of the fastest peer, round by round; none without peers.
    #[must_use]
    pub fn best_peer(&self) -> Option<Vec<f64>> {
        let peers: Vec<&Series> = self.case.peers.iter().filter_map(|peer| self.of(peer)).collect();
        let rounds = peers.first()?.seconds.len();
        let fastest =
            |round: usize| peers.iter().map(|p| p.seconds[round]).fold(f64::MAX, f64::min);
        Some((0..rounds).map(fastest).collect())
    }
}
