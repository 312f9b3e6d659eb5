//! The table `bench.parquet`: one row a reading, and one for each implementation that has none.

use artifact::{Column, Data, Layout, Row, Table};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::error::BenchError;
use crate::judgement::Judgement;
use crate::matmul::MATMUL;
use crate::timing::Quartiles;

/// Every reading of a bench.
pub const BENCH: Table = Table {
    name: "bench",
    about: "Every reading of a bench, taken in turn within a case and repetition, and every implementation without one.",
    version: 2,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        Column::new("case", Data::Text, "The work."),
        Column::new("implementation", Data::Text, "Who did it."),
        Column::new("version", Data::Text, "Versions of a peer's packages; NULL for ours.").or_null(),
        Column::new("n", Data::UInt32, "Samples."),
        Column::new("width", Data::UInt32, "Width of the hidden layers, or channels of the widest."),
        Column::new("depth", Data::UInt32, "Layers with weights on the longest way, but for the last."),
        Column::new("outputs", Data::UInt32, "Outputs of the network."),
        Column::new("threads", Data::UInt32, "Threads that each implementation was given."),
        Column::new(
            "status",
            Data::Text,
            "`measured`; `differs`: its result is wrong, it was not timed; `failed`; `missing`: it could not be installed or imported.",
        ),
        Column::new("repetition", Data::UInt32, "The round, from 0; NULL unless measured.").or_null(),
        Column::new("seconds", Data::Float64, "Time of one run; NULL unless measured.")
            .in_unit("s")
            .or_null(),
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
        Column::new(
            "error",
            Data::Float64,
            "Distance of its result from the f64 reference; NULL where there is none, or it is not finite.",
        )
        .or_null(),
        Column::new("tolerance", Data::Float64, "The largest error of a right result.").or_null(),
        Column::new("measure", Data::Text, "What `error` is, as a formula.").or_null(),
        Column::new("message", Data::Text, "Why it was not measured.").or_null(),
    ],
};

/// A row of [`BENCH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The work.
    pub case: String,
    /// Who did it.
    pub implementation: String,
    /// Versions of a peer's packages.
    pub version: Option<String>,
    /// Samples.
    pub n: u32,
    /// Width of the hidden layers, or channels of the widest.
    pub width: u32,
    /// Layers with weights on the longest way, but for the last.
    pub depth: u32,
    /// Outputs of the network.
    pub outputs: u32,
    /// Threads.
    pub threads: u32,
    /// What became of the implementation.
    pub status: Status,
    /// The round.
    pub repetition: Option<u32>,
    /// Time of one run.
    pub seconds: Option<f64>,
    /// Useful operations a second.
    pub gflops: Option<f64>,
    /// Largest resident memory of a stage's program.
    pub peak_memory_bytes: Option<u64>,
    /// Distance from the reference.
    pub error: Option<f64>,
    /// The largest distance of a right result.
    pub tolerance: Option<f64>,
    /// What the distance is.
    pub measure: Option<String>,
    /// Why it was not measured.
    pub message: Option<String>,
}

impl Row for Reading {
    const TABLE: &'static Table = &BENCH;
}

/// What became of an implementation in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was timed, and its result is right where there is one to judge.
    Measured,
    /// Its result is wrong; it was not timed.
    Differs,
    /// It crashed, hung, ran out of memory or answered nonsense.
    Failed,
    /// It could not be installed or imported.
    Missing,
}

impl Status {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Differs => "differs",
            Self::Failed => "failed",
            Self::Missing => "missing",
        }
    }
}

/// What one implementation took in each round of a case, or why it took nothing.
#[derive(Clone, Debug)]
pub struct Series {
    /// The implementation.
    pub name: String,
    /// Versions of its packages, of a peer.
    pub version: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Why it was not measured.
    pub message: Option<String>,
    /// How far its result is from the reference, where it was judged.
    pub judgement: Option<Judgement>,
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
        Self {
            name: name.to_owned(),
            version: None,
            status: Status::Measured,
            message: None,
            judgement: None,
            flops: None,
            seconds: Vec::new(),
            peaks: Vec::new(),
        }
    }

    /// Median and quartiles of the times; none without times.
    #[must_use]
    pub fn quartiles(&self) -> Option<Quartiles> {
        Quartiles::of(&self.seconds)
    }

    /// Keeps `judgement`; a result that is wrong leaves no times.
    pub fn judge(&mut self, judgement: Judgement) {
        self.judgement = Some(judgement);
        if judgement.holds() {
            return;
        }
        let Judgement { measure, error, tolerance } = judgement;
        let message = if error.is_finite() {
            format!("{measure} is {error:.1e}, more than {tolerance:.1e}")
        } else {
            "its result has NaN or infinity".to_owned()
        };
        self.end(Status::Differs, message);
    }

    /// Notes that the implementation failed, and why; its times do not count.
    pub fn fail(&mut self, error: &BenchError) {
        let missing = matches!(error, BenchError::Missing { .. });
        self.end(if missing { Status::Missing } else { Status::Failed }, error.to_string());
    }

    /// A series of an implementation that failed before anything was measured.
    #[must_use]
    pub fn failed(name: &str, error: &BenchError) -> Self {
        let mut series = Self::named(name);
        series.fail(error);
        series
    }

    fn end(&mut self, status: Status, message: String) {
        (self.status, self.message) = (status, Some(message));
        (self.seconds, self.peaks) = (Vec::new(), Vec::new());
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
    /// A case of which nothing could be measured.
    #[must_use]
    pub fn failed(case: &Case, error: &BenchError) -> Self {
        Self { case: case.clone(), series: vec![Series::failed(case.ours(), error)] }
    }

    /// The rows of the table.
    pub fn readings(&self, threads: usize) -> impl Iterator<Item = Reading> {
        self.series.iter().flat_map(move |series| {
            let rounds = series.seconds.iter().enumerate();
            let measured = rounds.map(move |(round, &seconds)| Reading {
                repetition: Some(round as u32),
                seconds: Some(seconds),
                gflops: series.flops.map(|flops| flops / seconds / 1e9),
                peak_memory_bytes: series.peaks.get(round).copied(),
                ..self.row(series, threads)
            });
            let without = series.seconds.is_empty().then(|| self.row(series, threads));
            measured.chain(without)
        })
    }

    /// A row of `series` without times.
    fn row(&self, series: &Series, threads: usize) -> Reading {
        let (case, judgement) = (&self.case, series.judgement);
        Reading {
            case: case.name.clone(),
            implementation: series.name.clone(),
            version: series.version.clone(),
            n: case.samples as u32,
            width: case.model.width() as u32,
            depth: case.model.depth() as u32,
            outputs: case.outputs as u32,
            threads: threads as u32,
            status: series.status,
            repetition: None,
            seconds: None,
            gflops: None,
            peak_memory_bytes: None,
            error: judgement.map(|found| found.error).filter(|error| error.is_finite()),
            tolerance: judgement.map(|found| found.tolerance),
            measure: judgement.map(|found| found.measure.to_owned()),
            message: series.message.clone(),
        }
    }

    /// The series of an implementation.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// The series of an implementation that was timed.
    #[must_use]
    pub fn timed(&self, name: &str) -> Option<&Series> {
        self.of(name).filter(|series| !series.seconds.is_empty())
    }

    /// Whether an implementation of this project failed or is wrong.
    #[must_use]
    pub fn ours_failed(&self) -> bool {
        let ours = |series: &&Series| !self.case.peers.contains(&series.name.as_str());
        self.series.iter().filter(ours).any(|series| series.status != Status::Measured)
    }

    /// Throughput of `series` over that of faer's matmul, round by round; none where operations cannot
    /// be counted, for the reference itself, or where either was not timed.
    #[must_use]
    pub fn matmul_share(&self, series: &Series) -> Option<Quartiles> {
        let reference = self.timed(MATMUL).filter(|_| series.name != MATMUL)?;
        let share = series.flops? / reference.flops?;
        let works: Vec<f64> = reference.seconds.iter().map(|seconds| share * seconds).collect();
        Quartiles::of_ratios(&works, &series.seconds)
    }

    /// Times of the fastest peer, round by round; none where no peer was timed.
    #[must_use]
    pub fn best_peer(&self) -> Option<Vec<f64>> {
        let peers: Vec<&Series> =
            self.case.peers.iter().filter_map(|peer| self.timed(peer)).collect();
        let rounds = peers.iter().map(|peer| peer.seconds.len()).min()?;
        let fastest =
            |round: usize| peers.iter().map(|p| p.seconds[round]).fold(f64::MAX, f64::min);
        Some((0..rounds).map(fastest).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cases;

    fn judgement(error: f64) -> Judgement {
        Judgement { measure: "‖G − G₆₄‖ / ‖G₆₄‖", error, tolerance: 1e-5 }
    }

    fn rows(series: Series) -> Vec<Reading> {
        let case = cases(true).swap_remove(0);
        Measured { case, series: vec![series] }.readings(2).collect()
    }

    #[test]
    fn an_implementation_without_times_is_one_row_that_says_why() {
        let mut series = Series { seconds: vec![1.0, 2.0], ..Series::named("jax") };
        series.judge(judgement(1e-6));
        let measured = rows(series.clone());
        assert_eq!(
            measured.iter().map(|row| row.repetition).collect::<Vec<_>>(),
            [Some(0), Some(1)]
        );
        assert!(measured.iter().all(|row| row.error == Some(1e-6) && row.message.is_none()));

        series.judge(judgement(2.4e-4));
        let [row] = &rows(series.clone())[..] else { panic!("one row") };
        assert_eq!((row.status, row.seconds, row.error), (Status::Differs, None, Some(2.4e-4)));
        let message = row.message.as_deref();
        assert_eq!(message, Some("‖G − G₆₄‖ / ‖G₆₄‖ is 2.4e-4, more than 1.0e-5"));

        series.judge(judgement(f64::NAN));
        let [row] = &rows(series)[..] else { panic!("one row") };
        assert_eq!((row.status, row.error), (Status::Differs, None));
        assert_eq!(row.message.as_deref(), Some("its result has NaN or infinity"));
    }

    #[test]
    fn only_our_own_failures_are_ours() {
        let mut case = cases(true).swap_remove(0);
        case.peers = &["jax"];
        let error = BenchError::Panic { message: "oh".to_owned() };
        let failed = |name: &str| {
            let series = vec![Series::named("fused"), Series::failed(name, &error)];
            Measured { case: case.clone(), series }.ours_failed()
        };
        assert!(failed("dfdx") && !failed("jax"));
        assert!(Measured::failed(&case, &error).ours_failed());
    }
}
