//! One finding over several comparisons: it holds where it holds in each.

use artifact::tables::findings::{FindingRow, Verdict};

use crate::statistics::Mean;
use study::Trend;

/// What stands in a row of every outcome of a trend.
pub(super) struct Row {
    row: FindingRow,
}

impl Row {
    /// The row of `trend`, decided by `rule`.
    pub(super) fn of(trend: &Trend, rule: String) -> Self {
        let row = FindingRow {
            finding: trend.finding.clone(),
            variant: None,
            statement: trend.statement.clone(),
            measure: trend.measure.clone(),
            before: None,
            after: None,
            margin: None,
            uncertainty: None,
            n: None,
            rule,
            verdict: Verdict::NotApplicable,
            control: None,
            note: None,
        };
        Self { row }
    }

    /// That it does not apply, and why.
    pub(super) fn not_applicable(self, why: impl Into<String>) -> FindingRow {
        FindingRow { note: Some(why.into()), ..self.row }
    }
}

/// What one comparison of groups came to.
pub(super) struct Decision {
    /// Mean of the measure at the first group.
    pub before: f64,
    /// Mean of the measure at the last group.
    pub after: f64,
    /// By how much the rule is met.
    pub margin: Mean,
    /// What that decides.
    pub verdict: Verdict,
    /// What was compared, in words.
    pub note: String,
}

impl Decision {
    /// The row of `finding`: the one of the comparison that is least in its favour; not applicable
    /// because of `none` where there is no comparison.
    pub(super) fn of_all(
        finding: Row,
        decisions: Vec<Self>,
        none: impl FnOnce() -> String,
    ) -> FindingRow {
        let favour = |decision: &Self| {
            let rank = rank(decision.verdict);
            (rank, decision.margin.value - decision.margin.uncertainty.unwrap_or(0.0))
        };
        let least = decisions.into_iter().min_by(|a, b| {
            let (a, b) = (favour(a), favour(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let Some(least) = least else { return finding.not_applicable(none()) };
        let seeds = match (least.verdict, least.margin.count) {
            (Verdict::NotDecided, 1) => {
                " Not decided with 1 seed: its spread is not known; add an axis that sets `seed`."
                    .to_owned()
            }
            (Verdict::NotDecided, count) => format!(" Not decided with {count} seeds."),
            (_, count) => format!(" ± is two standard errors, over {count} seeds."),
        };
        FindingRow {
            before: Some(least.before),
            after: Some(least.after),
            margin: Some(least.margin.value).filter(|margin| margin.is_finite()),
            uncertainty: least.margin.uncertainty.filter(|uncertainty| uncertainty.is_finite()),
            n: u32::try_from(least.margin.count).ok(),
            note: Some(format!("{}{seeds}", least.note)),
            verdict: least.verdict,
            ..finding.row
        }
    }
}

/// Verdicts from the least favourable on: what fails once does not hold, what is open once is not
/// decided.
pub(super) fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::DoesNotHold => 0,
        Verdict::NotDecided => 1,
        Verdict::Holds => 2,
        Verdict::NotApplicable => 3,
    }
}
