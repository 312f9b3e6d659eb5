//! A finding that is decided for several groups of repetitions, each by itself.

use artifact::tables::findings::{FindingRow, Verdict};
use statistics::jackknife::Estimate;

use crate::finding::Finding;

/// Standard errors that count as the uncertainty of a margin.
const ERRORS: f64 = 2.0;
/// What rounding may make of a difference, relative to what is compared: functions are f32.
const ROUNDING: f64 = f32::EPSILON as f64;

/// What a finding came to for one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The group; empty where there is one.
    pub label: String,
    /// What is compared with, or what it was at the start.
    pub before: f64,
    /// What is compared.
    pub after: f64,
    /// By how much the rule is met; below 0 where it is not.
    pub margin: Estimate,
    /// Members of the group, over which the error of the margin is.
    pub members: u32,
    /// What else to know of it.
    pub also: Option<String>,
}

/// Whether a rule can be decided without knowing how far repetitions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// It cannot: two things are compared that differ by chance.
    Needed,
    /// It can; the spread is told where it is known.
    Optional,
}

impl Decision {
    fn uncertainty(&self) -> Option<f64> {
        self.margin.error.filter(|_| self.members > 1).map(|error| ERRORS * error)
    }

    fn verdict(&self, spread: Spread) -> Verdict {
        let rounding = ROUNDING * self.before.abs().max(self.after.abs());
        let known = self.uncertainty().map(|uncertainty| uncertainty.max(rounding));
        match known {
            Some(bound) if self.margin.value > bound => Verdict::Holds,
            Some(bound) if self.margin.value < -bound => Verdict::DoesNotHold,
            None if spread == Spread::Optional && self.margin.value >= 0.0 => Verdict::Holds,
            None if spread == Spread::Optional => Verdict::DoesNotHold,
            _ => Verdict::NotDecided,
        }
    }

    /// Less is less favourable.
    fn favour(&self, spread: Spread) -> (u8, f64) {
        let rank = match self.verdict(spread) {
            Verdict::DoesNotHold => 0,
            Verdict::NotDecided => 1,
            Verdict::Holds | Verdict::NotApplicable => 2,
        };
        (rank, self.margin.value - self.uncertainty().unwrap_or(0.0))
    }

    /// `width=8: 0.71 to 0.74, margin 0.03 ± 0.01, holds`.
    fn shown(&self, spread: Spread) -> String {
        let label = if self.label.is_empty() { String::new() } else { format!("{}: ", self.label) };
        let error = self.uncertainty().map_or_else(String::new, |it| format!(" ± {it:.2e}"));
        let also = self.also.as_ref().map_or_else(String::new, |also| format!(", {also}"));
        format!(
            "{label}{:.4} to {:.4}{also}, margin {:.4}{error}, {}",
            self.before,
            self.after,
            self.margin.value,
            self.verdict(spread).in_words()
        )
    }
}

impl Finding {
    /// The row of the group least in favour of it, whose note tells of all `decisions`; not applicable because
    /// of `none` where there are none.
    #[must_use]
    pub fn of_least_favourable(
        self,
        decisions: &[Decision],
        spread: Spread,
        none: &str,
    ) -> FindingRow {
        let least = decisions.iter().min_by(|a, b| {
            let (a, b) = (a.favour(spread), b.favour(spread));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let Some(least) = least else { return self.not_applicable(none) };
        let all = decisions.iter().map(|it| it.shown(spread)).collect::<Vec<_>>().join("; ");
        let known = match least.members {
            1 => {
                "With one member the spread over members is not known: add an axis that sets `seed`."
                    .to_owned()
            }
            members => {
                format!("± is two standard errors, by the jackknife over {members} members.")
            }
        };
        let note = format!("{all}. {known}");
        let row = self.decided(least.before, least.after, least.margin.value, note);
        if row.verdict == Verdict::NotApplicable {
            return row;
        }
        FindingRow {
            uncertainty: least.uncertainty(),
            n: Some(least.members),
            verdict: least.verdict(spread),
            ..row
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(label: &str, margin: f64, error: Option<f64>, members: u32) -> Decision {
        let margin = Estimate { value: margin, error };
        Decision { label: label.to_owned(), before: 0.0, after: 1.0, margin, members, also: None }
    }

    #[test]
    fn one_member_decides_where_no_spread_is_needed() {
        for (margin, expected) in
            [(0.1, Verdict::Holds), (0.0, Verdict::Holds), (-0.1, Verdict::DoesNotHold)]
        {
            let one = decision("", margin, None, 1);
            assert_eq!(one.verdict(Spread::Optional), expected);
            assert_eq!(one.verdict(Spread::Needed), Verdict::NotDecided);
        }
    }

    #[test]
    fn within_two_standard_errors_nothing_is_decided() {
        for (margin, expected) in [(0.3, Verdict::Holds), (0.1, Verdict::NotDecided)] {
            for spread in [Spread::Needed, Spread::Optional] {
                assert_eq!(decision("", margin, Some(0.1), 3).verdict(spread), expected);
            }
        }
    }

    #[test]
    fn the_group_least_in_favour_decides() {
        let finding = || Finding {
            name: "a",
            statement: "A.",
            measure: "m".to_owned(),
            rule: "r".to_owned(),
        };
        let all = [decision("w=1", 0.3, Some(0.01), 3), decision("w=2", -0.2, Some(0.01), 2)];
        let row = finding().of_least_favourable(&all, Spread::Needed, "none");
        assert_eq!((row.verdict, row.n, row.margin), (Verdict::DoesNotHold, Some(2), Some(-0.2)));
        assert!(
            row.note.unwrap().contains("w=1: 0.0000 to 1.0000, margin 0.3000 ± 2.00e-2, holds")
        );
        let row = finding().of_least_favourable(&[], Spread::Needed, "none");
        assert_eq!((row.verdict, row.note.as_deref()), (Verdict::NotApplicable, Some("none")));
    }
}
