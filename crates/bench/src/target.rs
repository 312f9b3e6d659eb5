//! What should be reached, and whether it was.

use std::fmt;

use crate::measurement::Measured;
use crate::timing::Quartiles;

/// Stands for the fastest of the peers, repetition by repetition.
pub const BEST: &str = "best peer";

/// The verdict where a side of the ratio has no times.
const NOT_MEASURED: &str = "not measured";

/// A ratio that is to be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Time of another implementation, or of the [`BEST`], over our first one's.
    Speedup(&'static str),
    /// Useful operations a second of our first implementation over those of faer's matmul.
    MatmulShare,
    /// Time of another of our own implementations over our first one's.
    TimeShare(&'static str),
    /// Peak memory of a program over 4N² bytes, the size of one Gramian.
    Gramians(&'static str),
}

/// A ratio with what it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The ratio.
    pub measure: Measure,
    /// What it must reach.
    pub required: Option<f64>,
    /// What it is hoped to reach.
    pub aim: Option<f64>,
}

impl Target {
    /// The ratio in `measured`, round by round; none where its other side was not measured.
    #[must_use]
    pub fn reached(&self, measured: &Measured) -> Option<Quartiles> {
        let ours = measured.series.first()?;
        match self.measure {
            Measure::Speedup(BEST) => Quartiles::of_ratios(&measured.best_peer()?, &ours.seconds),
            Measure::Speedup(other) | Measure::TimeShare(other) => {
                Quartiles::of_ratios(&measured.of(other)?.seconds, &ours.seconds)
            }
            Measure::MatmulShare => measured.matmul_share(ours),
            Measure::Gramians(program) => {
                let peaks = &measured.of(program)?.peaks;
                let gramian = 4.0 * (measured.case.samples as f64).powi(2);
                let ratios: Vec<f64> = peaks.iter().map(|&bytes| bytes as f64 / gramian).collect();
                Quartiles::of(&ratios)
            }
        }
    }

    /// Whether both sides of the ratio stand in `measured`, timed or not.
    fn is_asked_for(&self, measured: &Measured) -> bool {
        let stands = |name: &str| measured.of(name).is_some();
        match self.measure {
            Measure::Speedup(BEST) => measured.case.peers.iter().any(|peer| stands(peer)),
            Measure::Speedup(other) | Measure::TimeShare(other) => stands(other),
            // A peak may be unknown though the program ran.
            Measure::MatmulShare | Measure::Gramians(_) => measured.ours_failed(),
        }
    }

    /// What `ratio` says of the target.
    #[must_use]
    pub fn verdict(&self, ratio: f64) -> &'static str {
        let meets = |bound: f64| {
            if self.measure.more_is_better() { ratio >= bound } else { ratio <= bound }
        };
        match (self.required, self.aim) {
            (_, Some(aim)) if meets(aim) => "aim reached",
            (Some(required), _) if meets(required) => "reached",
            (None, _) => "short of the aim",
            _ => "missed",
        }
    }
}

impl Measure {
    fn more_is_better(self) -> bool {
        matches!(self, Self::Speedup(_) | Self::MatmulShare)
    }

    /// A bound as people write it: `≥ 2`.
    #[must_use]
    pub fn bound(self, bound: f64) -> String {
        format!("{} {bound}", if self.more_is_better() { '≥' } else { '≤' })
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Speedup(other) => write!(f, "time of {other} over ours"),
            Self::MatmulShare => f.write_str("throughput over faer's matmul"),
            Self::TimeShare(other) => write!(f, "time of {other} over computing"),
            Self::Gramians(program) => write!(f, "memory of {program} over 4N²"),
        }
    }
}

/// A target beside what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Name of the case.
    pub case: String,
    /// Its sizes.
    pub sizes: String,
    /// What is compared.
    pub measure: Measure,
    /// The ratio that was found; none where a side of it was not measured.
    pub ratio: Option<Quartiles>,
    /// The target and what `ratio` says of it; absent at sizes that it is not for.
    pub judged: Option<(Target, &'static str)>,
}

/// Every target whose two sides were asked for; `quick` sizes are not judged.
#[must_use]
pub fn rows(all: &[Measured], quick: bool) -> Vec<Row> {
    let of = |measured: &Measured, target: &Target| {
        let ratio = target.reached(measured);
        let verdict = ratio.map_or(NOT_MEASURED, |ratio| target.verdict(ratio.median));
        (ratio.is_some() || target.is_asked_for(measured)).then(|| Row {
            case: measured.case.name.clone(),
            sizes: measured.case.sizes(),
            measure: target.measure,
            ratio,
            judged: (!quick).then_some((*target, verdict)),
        })
    };
    all.iter()
        .flat_map(|measured| measured.case.targets.iter().filter_map(|t| of(measured, t)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cases;
    use crate::matmul::MATMUL;
    use crate::measurement::Series;

    fn measured() -> Measured {
        let mut case = cases(true).swap_remove(0);
        (case.samples, case.peers) = (10, &["fast", "slow"]);
        let series = |name: &str, seconds: &[f64], flops, peaks: &[u64]| Series {
            flops,
            seconds: seconds.to_vec(),
            peaks: peaks.to_vec(),
            ..Series::named(name)
        };
        let series = vec![
            series("ours", &[1.0, 2.0], Some(30.0), &[800, 1_000]),
            series("fast", &[4.0, 8.0], None, &[]),
            series("slow", &[6.0, 6.0], None, &[]),
            series(MATMUL, &[1.0, 2.0], Some(40.0), &[]),
        ];
        Measured { case, series }
    }

    fn median(measure: Measure) -> Option<f64> {
        let target = Target { measure, required: None, aim: None };
        target.reached(&measured()).map(|ratio| ratio.median)
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        assert_eq!(median(Measure::Speedup("fast")), Some(4.0));
        assert_eq!(median(Measure::TimeShare("slow")), Some(4.5));
        // The best of the first round is not that of the second.
        assert_eq!(median(Measure::Speedup(BEST)), Some(3.5));
        assert_eq!(median(Measure::MatmulShare), Some(0.75));
        assert_eq!(median(Measure::Gramians("ours")), Some(2.25));
    }

    #[test]
    fn what_was_not_measured_has_no_ratio() {
        assert_eq!(median(Measure::Speedup("absent")), None);
        assert_eq!(median(Measure::Gramians("fast")), None);
    }

    #[test]
    fn a_side_that_failed_leaves_a_row_and_one_that_nobody_asked_for_none() {
        const TARGETS: &[Target] =
            &[Target { measure: Measure::Speedup("fast"), required: Some(2.0), aim: None }];
        fn failed(series: &mut Series) {
            series.fail(&crate::error::BenchError::Panic { message: String::new() });
        }
        let verdicts = |measured: Measured| {
            let rows = rows(&[measured], false);
            rows.iter().map(|row| (row.ratio, row.judged.map(|j| j.1))).collect::<Vec<_>>()
        };
        let with = |change: fn(&mut Measured)| {
            let mut measured = measured();
            measured.case.targets = TARGETS;
            change(&mut measured);
            verdicts(measured)
        };
        let not_measured = [(None, Some("not measured"))];
        assert_eq!(with(|m| failed(&mut m.series[1])), not_measured);
        assert_eq!(with(|m| failed(&mut m.series[0])), not_measured);
        assert_eq!(with(|m| drop(m.series.remove(1))), []);
    }

    #[test]
    fn a_peer_that_failed_is_not_the_best() {
        let mut measured = measured();
        measured.series[1].seconds.clear();
        let target = Target { measure: Measure::Speedup(BEST), required: None, aim: None };
        assert_eq!(target.reached(&measured).map(|ratio| ratio.median), Some(4.5));
    }

    #[test]
    fn quick_sizes_are_not_judged() {
        const TARGETS: &[Target] =
            &[Target { measure: Measure::Speedup("fast"), required: Some(2.0), aim: None }];
        let mut measured = measured();
        measured.case.targets = TARGETS;
        let of = |quick| rows(std::slice::from_ref(&measured), quick).swap_remove(0);
        assert_eq!(of(true).judged, None);
        assert_eq!(of(true).ratio, of(false).ratio);
        assert_eq!(of(false).judged.map(|judged| judged.1), Some("reached"));
    }

    #[test]
    fn a_target_is_reached_from_its_own_side_and_never_by_nan() {
        let speed =
            Target { measure: Measure::Speedup("fast"), required: Some(2.0), aim: Some(4.0) };
        assert_eq!(
            [1.9, 2.0, 4.0, f64::NAN].map(|ratio| speed.verdict(ratio)),
            ["missed", "reached", "aim reached", "missed"]
        );
        let memory =
            Target { measure: Measure::Gramians("ours"), required: Some(3.0), aim: Some(1.5) };
        assert_eq!(
            [3.1, 3.0, 1.5, f64::NAN].map(|ratio| memory.verdict(ratio)),
            ["missed", "reached", "aim reached", "missed"]
        );
        let hope = Target { measure: Measure::MatmulShare, required: None, aim: Some(0.75) };
        assert_eq!(
            [0.7, 0.8].map(|ratio| hope.verdict(ratio)),
            ["short of the aim", "aim reached"]
        );
    }
}
