//! A finding of one run: what was measured, the rule, the verdict.

use artifact::tables::findings::{FindingRow, Verdict};

/// What stands in a row of every outcome of one finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Short name.
    pub name: &'static str,
    /// The finding in a sentence.
    pub statement: &'static str,
    /// What is measured, in the symbols of the tables.
    pub measure: String,
    /// The rule that decides.
    pub rule: String,
}

impl Finding {
    /// The row of one run: the rule is met where `margin` is 0 or more.
    #[must_use]
    pub fn decided(
        self,
        before: f64,
        after: f64,
        margin: f64,
        note: impl Into<Option<String>>,
    ) -> FindingRow {
        if !margin.is_finite() {
            return self.not_applicable("What the rule compares is not a finite number.");
        }
        let verdict = if margin >= 0.0 { Verdict::Holds } else { Verdict::DoesNotHold };
        FindingRow {
            before: Some(before),
            after: Some(after),
            margin: Some(margin),
            n: Some(1),
            note: note.into(),
            ..self.row(verdict)
        }
    }

    /// The row of a run that lacks what the rule needs.
    #[must_use]
    pub fn not_applicable(self, why: impl Into<String>) -> FindingRow {
        FindingRow { note: Some(why.into()), ..self.row(Verdict::NotApplicable) }
    }

    /// A row without numbers.
    #[must_use]
    pub fn row(self, verdict: Verdict) -> FindingRow {
        FindingRow {
            finding: self.name.to_owned(),
            variant: None,
            statement: self.statement.to_owned(),
            measure: self.measure,
            before: None,
            after: None,
            margin: None,
            uncertainty: None,
            n: None,
            rule: self.rule,
            verdict,
            control: None,
            note: None,
        }
    }
}
