//! Whether a measure rises or falls along an axis of a sweep, by more than its spread over seeds.

use artifact::tables::report::FindingRow;

use super::super::Finding;
use crate::measures::Measures;
use crate::number::measured;
use crate::statistics::Spread;
use crate::variant::{Group, joined};

/// Which way a measure must go along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Upwards.
    Rises,
    /// Downwards.
    Falls,
}

/// A trend along one axis.
pub(super) struct Trend {
    /// Name of the axis, whose values must be numbers.
    pub axis: &'static str,
    /// What is measured of each run.
    pub end: fn(&Measures) -> Option<f64>,
    /// Which way it must go.
    pub direction: Direction,
}

impl Trend {
    /// The rule in words.
    pub(super) fn rule(&self) -> String {
        let (way, back) = match self.direction {
            Direction::Rises => ("rises", "falls"),
            Direction::Falls => ("falls", "rises"),
        };
        format!(
            "from the first to the last {} the mean over seeds {way} by more than the standard deviation of the difference, and between neighbours it nowhere {back} by more than that",
            self.axis
        )
    }

    /// Decides `finding` over `groups`. For each combination of the other axes the trend must be
    /// there; the numbers are those of the combination in which it is weakest.
    pub(super) fn decide(&self, finding: Finding, groups: &[Group]) -> FindingRow {
        if !groups.iter().any(|group| group.axes.iter().any(|axis| axis.name == self.axis)) {
            return finding.not_applicable(format!("The sweep has no axis {}.", self.axis));
        }
        if groups.iter().any(|group| group.number(self.axis).is_none()) {
            return finding.not_applicable(format!(
                "The values of the axis {} are not all numbers, so that it has no direction.",
                self.axis
            ));
        }
        let mut lines: Vec<Vec<&Group>> = Vec::new();
        for group in groups {
            let others = group.without(self.axis);
            match lines.iter_mut().find(|line| line[0].without(self.axis) == others) {
                Some(line) => line.push(group),
                None => lines.push(vec![group]),
            }
        }
        let mut found = Vec::new();
        for line in lines {
            match self.along(line) {
                Some(line) => found.push(line),
                None => {
                    return finding.not_applicable(
                        "The measure is not known for every variant, or the axis has one value only.",
                    );
                }
            }
        }
        let holds = found.iter().all(|line| line.holds);
        let Some(weakest) = found.iter().min_by(|a, b| {
            (a.holds, a.excess)
                .partial_cmp(&(b.holds, b.excess))
                .unwrap_or(std::cmp::Ordering::Less)
        }) else {
            return finding.not_applicable("The sweep has no variants.");
        };
        let combination = match weakest.others.as_str() {
            "" => String::new(),
            others => format!(" Shown for {others}, where the trend is weakest."),
        };
        let note = format!("{}{combination}", weakest.note);
        finding.decided(weakest.first, weakest.last, holds, note)
    }

    /// The trend over groups that differ in the axis alone.
    fn along(&self, mut line: Vec<&Group>) -> Option<Line> {
        let place = |group: &Group| group.number(self.axis).unwrap_or(f64::NAN);
        line.sort_by(|a, b| place(a).total_cmp(&place(b)));
        let spreads: Vec<Spread> = line
            .iter()
            .map(|group| {
                let ends: Option<Vec<f64>> =
                    group.members.iter().map(|run| (self.end)(&run.measures)).collect();
                Spread::of(&ends?)
            })
            .collect::<Option<_>>()?;
        let (&first, &last) = (spreads.first()?, spreads.last()?);
        if spreads.len() < 2 {
            return None;
        }
        let sign = match self.direction {
            Direction::Rises => 1.0,
            Direction::Falls => -1.0,
        };
        let excess = sign * (last.mean - first.mean) - first.with(last);
        let straight = spreads
            .windows(2)
            .all(|pair| sign * (pair[1].mean - pair[0].mean) >= -pair[0].with(pair[1]));
        let values: Vec<String> = line
            .iter()
            .zip(&spreads)
            .map(|(group, spread)| {
                let value = group.axes.iter().find(|axis| axis.name == self.axis);
                let value =
                    value.map(|axis| joined(std::slice::from_ref(axis), "")).unwrap_or_default();
                let deviation = if spread.count > 1 {
                    format!(" ± {}", measured(spread.deviation))
                } else {
                    String::new()
                };
                format!("{value}: {}{deviation}", measured(spread.mean))
            })
            .collect();
        let seeds = if spreads.iter().any(|spread| spread.count < 2) {
            " One seed only, so the spread is not known."
        } else {
            ""
        };
        Some(Line {
            others: joined(&line[0].without(self.axis), ", "),
            first: first.mean,
            last: last.mean,
            excess,
            holds: excess > 0.0 && straight,
            note: format!("{}.{seeds}", values.join("; ")),
        })
    }
}

/// What the trend is for one combination of the other axes.
struct Line {
    others: String,
    first: f64,
    last: f64,
    /// By how much the difference of the ends is more than its spread.
    excess: f64,
    holds: bool,
    note: String,
}
