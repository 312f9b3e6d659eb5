//! Whether a measure rises or falls with what an axis varies, by more than its uncertainty.

use artifact::tables::findings::{FindingRow, Verdict};
use serde_json::Value;

use super::super::Finding;
use super::decision::Decision;
use crate::axis::{Axis, Varies};
use crate::measures::Measures;
use crate::number::measured;
use crate::statistics::Mean;
use crate::variant::{Group, Variant, joined};

/// Which way a measure must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Upwards.
    Rises,
    /// Downwards.
    Falls,
}

/// What runs differ in, as a number of each.
pub(super) struct Quantity {
    /// A few words: `hidden layers`.
    pub name: &'static str,
    /// What an axis must vary.
    pub varies: Varies,
    /// Why the finding does not apply where no axis does.
    pub no_axis: &'static str,
    /// The quantity of a run, as it was measured or recorded, whatever the axis calls it.
    pub of: fn(&Variant) -> Option<f64>,
    /// What must be the same in runs that are compared, beyond the other axes.
    pub held: fn(&Variant) -> Value,
}

/// A trend along a quantity.
pub(super) struct Trend {
    /// What the runs differ in.
    pub quantity: Quantity,
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
            "from the least to the greatest value of {} the mean over seeds {way} by more than two standard errors of the difference, and between neighbours it nowhere {back} by more than two; runs with the same seed are paired",
            self.quantity.name
        )
    }

    /// Decides `finding` over `groups`. For each combination of what else differs the trend must be
    /// there; the numbers are those of the combination that decides.
    pub(super) fn decide(&self, finding: Finding, groups: &[Group]) -> FindingRow {
        let quantity = &self.quantity;
        let varies = |group: &Group| group.axes.iter().any(|axis| axis.varies == quantity.varies);
        if !groups.iter().any(varies) {
            return finding.not_applicable(quantity.no_axis);
        }
        let mut lines: Vec<Line> = Vec::new();
        for group in groups {
            let Some(&first) = group.members.first() else { continue };
            let Some(value) = (quantity.of)(first) else {
                return finding.not_applicable(format!(
                    "The number of {} of the variant {} is not known.",
                    quantity.name,
                    group.label()
                ));
            };
            let (others, held) = (group.others(quantity.varies), (quantity.held)(first));
            match lines.iter_mut().find(|line| line.others == others && line.held == held) {
                Some(line) => line.points.push((value, group)),
                None => lines.push(Line { others, held, points: vec![(value, group)] }),
            }
        }
        let mut decisions = Vec::new();
        for Line { others, points: mut line, .. } in lines {
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            line.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
            if line.len() < 2 {
                continue;
            }
            match self.along(&others, &line) {
                Some(decision) => decisions.push(decision),
                None => {
                    return finding.not_applicable(
                        "The measure is not known for every variant: where too few eigenpairs are resolved there is none.",
                    );
                }
            }
        }
        Decision::of_all(finding, decisions, || {
            format!("No two runs differ in the number of {} alone.", quantity.name)
        })
    }

    /// The trend over two groups or more, by rising quantity.
    fn along(&self, others: &[Axis], line: &[(f64, &Group)]) -> Option<Decision> {
        let ((least, first), (greatest, last)) = (line.first()?, line.last()?);
        let signed = |mean: Mean| match self.direction {
            Direction::Rises => mean,
            Direction::Falls => mean.negated(),
        };
        let ends = first.difference(last, self.end)?;
        let steps: Option<Vec<Mean>> =
            line.windows(2).map(|pair| pair[0].1.difference(pair[1].1, self.end)).collect();
        let steps = steps?;
        let goes_back =
            steps.iter().any(|&step| signed(step).verdict(Verdict::Holds) == Verdict::DoesNotHold);
        let verdict = match signed(ends).verdict(Verdict::DoesNotHold) {
            Verdict::Holds if goes_back => Verdict::DoesNotHold,
            verdict => verdict,
        };
        let mut means = Vec::new();
        for (value, group) in line {
            let mean = Mean::of(&group.measured(self.end)?)?;
            means.push((*value, mean.value));
        }
        let told: Vec<String> =
            means.iter().map(|(at, mean)| format!("{}: {}", whole(*at), measured(*mean))).collect();
        let step = |(step, pair): (&Mean, &[(f64, &Group)])| {
            format!("{} → {}: {}", whole(pair[0].0), whole(pair[1].0), with_uncertainty(*step))
        };
        let mut differences: Vec<String> = Vec::new();
        if line.len() > 2 {
            differences.extend(steps.iter().zip(line.windows(2)).map(step));
        }
        differences.push(format!(
            "{} → {}: {}",
            whole(*least),
            whole(*greatest),
            with_uncertainty(ends)
        ));
        let combination = match joined(others, ", ").as_str() {
            "" => String::new(),
            others => format!(" Shown for {others}."),
        };
        Some(Decision {
            before: means.first()?.1,
            after: means.last()?.1,
            margin: signed(ends),
            verdict,
            note: format!(
                "Means by {}: {}. Differences: {}.{combination}",
                self.quantity.name,
                told.join("; "),
                differences.join("; ")
            ),
        })
    }
}

/// Groups that differ in the quantity alone.
struct Line<'g> {
    /// What they share of the other axes.
    others: Vec<Axis>,
    /// What else they share.
    held: Value,
    /// The groups, each at its quantity.
    points: Vec<(f64, &'g Group<'g>)>,
}

/// `0.0123 ± 0.0045`, as far as the uncertainty is known.
pub(super) fn with_uncertainty(mean: Mean) -> String {
    match mean.uncertainty {
        Some(uncertainty) => format!("{} ± {}", measured(mean.value), measured(uncertainty)),
        None => measured(mean.value),
    }
}

/// A quantity that is often a whole number, in as few digits as it has.
fn whole(value: f64) -> String {
    crate::number::tick(value)
}
