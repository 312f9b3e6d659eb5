//! What is found of the regions along lines.

use artifact::tables::findings::FindingRow;
use statistics::jackknife::{Estimate, standard_error};
use study::{Decision, Finding, Spread};

use crate::counts::mean;
use crate::table::LineRow;

/// What the findings are decided on.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The rows of all lines at every step, by step, then by line.
    pub lines: Vec<LineRow>,
    /// Units of each layer that bends, and the transitions of one per unit of length along each line, at the first
    /// step.
    pub rates: Vec<(u32, Vec<f64>)>,
}

impl Evidence {
    /// The rows at the first step, and at the last; none where there is one step.
    fn first_and_last(&self) -> Option<[Vec<&LineRow>; 2]> {
        let (first, last) = (self.lines.first()?.step, self.lines.last()?.step);
        (first != last).then(|| [self.at(first), self.at(last)])
    }

    fn at(&self, step: u64) -> Vec<&LineRow> {
        self.lines.iter().filter(|row| row.step == step).collect()
    }

    fn at_last(&self) -> Vec<&LineRow> {
        self.lines.last().map(|row| self.at(row.step)).unwrap_or_default()
    }
}

/// All findings.
#[must_use]
pub fn all(evidence: &Evidence) -> Vec<FindingRow> {
    vec![
        training_makes_regions(evidence),
        classes_are_apart(evidence),
        few_regions_near_samples(evidence),
        training_clears_samples(evidence),
        no_more_transitions_than_units(evidence),
        depth_does_not_count_at_start(evidence),
    ]
}

fn decided(
    finding: Finding,
    (before, after): (f64, f64),
    margin: Estimate,
    lines: usize,
    none: &str,
) -> FindingRow {
    if !(before.is_finite() && after.is_finite() && margin.value.is_finite()) {
        return finding.not_applicable(none);
    }
    let (label, members) = (String::new(), lines as u32);
    let also = Some(format!("over {lines} lines"));
    let decision = Decision { label, before, after, margin, members, also };
    let row = finding.of_least_favourable(&[decision], Spread::Needed, none);
    // Lines are no repetitions of the run.
    FindingRow { n: row.n.map(|_| 1), ..row }
}

/// The finding that the second number of each line is greater than its first.
fn greater(finding: Finding, pairs: &[(f64, f64)], none: &str) -> FindingRow {
    let of = |number: fn(&(f64, f64)) -> f64| mean(&pairs.iter().map(number).collect::<Vec<_>>());
    let (before, after, gain) = (of(|pair| pair.0), of(|pair| pair.1), of(|pair| pair.1 - pair.0));
    match (before, after, gain) {
        (Some(before), Some(after), Some(gain)) => {
            decided(finding, (before.value, after.value), gain, pairs.len(), none)
        }
        _ => finding.not_applicable(none),
    }
}

const NO_LENGTH: &str = "No line has a length.";
const ONE_STEP: &str = "There is one step.";

fn training_makes_regions(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "training_makes_regions",
        statement: "Training makes more linear regions between training samples.",
        measure: "transitions between linear regions per unit of length along lines between training samples, at the first and the last step, mean over lines".to_owned(),
        rule: "that of the last step is greater by two standard errors of the paired difference".to_owned(),
    };
    let Some([first, last]) = evidence.first_and_last() else {
        return finding.not_applicable(ONE_STEP);
    };
    let pairs: Vec<(f64, f64)> = first
        .iter()
        .zip(last)
        .filter_map(|(first, last)| first.density.zip(last.density))
        .collect();
    greater(finding, &pairs, "No line has a count at both steps.")
}

fn classes_are_apart(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "classes_are_apart",
        statement: "Between samples of different classes there are more linear regions than between those of one class.",
        measure: "transitions per unit of length within a class and between two at the last step, means over lines".to_owned(),
        rule: "that between classes is greater by two standard errors".to_owned(),
    };
    let rows = evidence.at_last();
    let of = |same: bool| {
        let of_it = rows.iter().filter(|row| row.same_class == Some(same));
        let densities: Vec<f64> = of_it.filter_map(|row| row.density).collect();
        Some((mean(&densities)?, densities.len()))
    };
    match (of(true), of(false)) {
        (Some((within, few)), Some((between, many))) => decided(
            finding,
            (within.value, between.value),
            between.minus(within),
            // A spread of one side alone is none.
            few.min(many),
            NO_LENGTH,
        ),
        _ => {
            finding.not_applicable("There are no lines of both kinds: the dataset has no classes.")
        }
    }
}

const NEAR: &str = "transitions per unit of length in the middle half of lines between training samples less those in their outer quarters";

fn few_regions_near_samples(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "few_regions_near_samples",
        statement: "Near training samples there are fewer linear regions than half way between them.",
        measure: "transitions per unit of length in the outer quarters of lines between training samples and in their middle half, at the last step, means over lines".to_owned(),
        rule: "that of the middle is greater by two standard errors of the paired difference".to_owned(),
    };
    let pairs: Vec<(f64, f64)> = evidence
        .at_last()
        .iter()
        .filter_map(|row| row.end_density.zip(row.middle_density))
        .collect();
    greater(finding, &pairs, "No line has a count.")
}

fn training_clears_samples(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "training_clears_samples",
        statement: "Training moves linear regions away from the training samples, beyond what there was before it.",
        measure: format!("{NEAR}, at the first and the last step, means over lines"),
        rule: "that of the last step is greater by two standard errors of the paired difference"
            .to_owned(),
    };
    let Some([first, last]) = evidence.first_and_last() else {
        return finding.not_applicable(ONE_STEP);
    };
    let excess = |row: &LineRow| Some(row.middle_density? - row.end_density?);
    let pairs: Vec<(f64, f64)> = first
        .iter()
        .zip(last)
        .filter_map(|(first, last)| excess(first).zip(excess(last)))
        .collect();
    greater(finding, &pairs, "No line has a count at both steps.")
}

fn no_more_transitions_than_units(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "no_more_transitions_than_units",
        statement: "A line between samples meets no more transitions than the network has units, though depth would allow more.",
        measure: "number of units that bend, and of transitions along lines between training samples at the last step, mean over lines".to_owned(),
        rule: "the transitions are fewer by two standard errors".to_owned(),
    };
    let units: f64 = evidence.rates.iter().map(|(units, _)| f64::from(*units)).sum();
    let rows = evidence.at_last();
    let counts: Vec<f64> =
        rows.iter().filter_map(|row| row.regions.map(|count| f64::from(count) - 1.0)).collect();
    match mean(&counts) {
        Some(Estimate { value, error }) => {
            let margin = Estimate { value: units - value, error };
            decided(finding, (units, value), margin, counts.len(), "No line has a count.")
        }
        None => finding.not_applicable("No line has a count."),
    }
}

/// How far the rates of two layers may be apart, as a ratio.
const ALIKE: f64 = 0.5;

fn depth_does_not_count_at_start(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "depth_does_not_count_at_start",
        statement: "Before training a unit bends about as often along a line in the last layer as in the first: units count, not depth.",
        measure: "transitions per unit and unit of length of the first and of the last layer that bends, at step 0, means over lines".to_owned(),
        rule: format!("the smaller of both is more than {ALIKE} of the greater, by two standard errors"),
    };
    if evidence.lines.first().is_none_or(|row| row.step != 0) {
        return finding.not_applicable("There is no checkpoint at step 0.");
    }
    let (Some((_, first)), Some((_, last))) = (evidence.rates.first(), evidence.rates.last())
    else {
        return finding.not_applicable("The network has no layer that bends.");
    };
    if evidence.rates.len() < 2 {
        return finding.not_applicable("The network has one layer that bends.");
    }
    let sum = |rates: &[f64]| rates.iter().sum::<f64>();
    let ratio = |first: f64, last: f64| first.min(last) / first.max(last);
    let (of_first, of_last) = (sum(first), sum(last));
    let without: Vec<f64> = first
        .iter()
        .zip(last)
        .map(|(first, last)| ratio(of_first - first, of_last - last))
        .collect();
    let error = standard_error(&without);
    let margin = Estimate { value: ratio(of_first, of_last) - ALIKE, error };
    let count = first.len() as f64;
    let means = (of_first / count, of_last / count);
    decided(finding, means, margin, first.len(), "No unit of these layers bends along a line.")
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{
        self, DoesNotHold, Holds, NotApplicable, NotDecided,
    };

    use super::*;
    use crate::counts::line_row;
    use crate::lines::Line;

    /// Rows of lines of length 1 with so many bends near the samples and in the middle, and whether within a class.
    fn rows(step: u64, lines: &[(usize, usize, Option<bool>)]) -> Vec<LineRow> {
        let row = |(number, &(ends, middle, same_class)): (u32, &(usize, usize, Option<bool>))| {
            let line = Line { samples: [0, 1], same_class, length: 1.0 };
            let bends = [vec![(0.1, 0); ends], vec![(0.5, 0); middle]].concat();
            line_row(step, number, &line, Ok(&bends))
        };
        (0..).zip(lines).map(row).collect()
    }

    fn verdicts(evidence: &Evidence) -> Vec<Verdict> {
        all(evidence).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_fail_and_need_what_they_compare() {
        let classes =
            [(0, 4, Some(true)), (1, 9, Some(false)), (0, 5, Some(true)), (1, 8, Some(false))];
        let few = [(1, 0, Some(true)); 4];
        let alike = vec![(8, vec![1.0, 1.1, 0.9, 1.0]), (8, vec![0.9, 1.2, 0.8, 1.0])];
        let both = |a: &[_], b: &[_]| [rows(0, a), rows(9, b)].concat();
        let grown = Evidence { lines: both(&few, &classes), rates: alike.clone() };
        assert_eq!(verdicts(&grown), [Holds; 6]);
        // The other way round there is one class at the end, more near samples, and fewer than before.
        let shrunk = Evidence { lines: both(&classes, &few), rates: alike.clone() };
        assert_eq!(
            verdicts(&shrunk),
            [DoesNotHold, NotApplicable, DoesNotHold, DoesNotHold, Holds, Holds]
        );
        let uneven = vec![(2, vec![1.0, 1.1, 0.9, 1.0]), (2, vec![0.1, 0.2, 0.1, 0.2])];
        let last = Evidence { lines: rows(0, &[(3, 3, None); 4]), rates: uneven };
        assert_eq!(
            verdicts(&last),
            [NotApplicable, NotApplicable, NotDecided, NotApplicable, DoesNotHold, DoesNotHold]
        );
        assert_eq!(verdicts(&Evidence::default()), [NotApplicable; 6]);
        let late = Evidence { lines: rows(5, &few), rates: alike };
        assert_eq!(verdicts(&late)[5], NotApplicable);
    }

    #[test]
    fn one_line_decides_nothing() {
        let lines = [rows(0, &[(1, 1, None)]), rows(9, &[(1, 9, None)])].concat();
        let evidence = Evidence { lines, rates: vec![(30, vec![1.0])] };
        assert_eq!(verdicts(&evidence)[0], NotDecided);
    }
}
