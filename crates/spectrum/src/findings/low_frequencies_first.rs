//! At the start, the top eigenfunctions are the smooth ones.

use artifact::tables::findings::FindingRow;

use super::About;
use super::{Finding, fewer_resolved, without_structure};
use crate::measures::Measures;
use statistics::correlation::spearman;
use study::number::measured;

/// Eigenvectors that count as the first: those that the paper draws.
const FIRST: u32 = 6;
/// Later ones that are needed for a comparison.
const FEWEST: u32 = 10;
/// Rank correlation of index and frequency from which frequencies count as rising with the index.
const RISES: f64 = 0.5;

/// Whether the first eigenvectors are of lower radial frequency than later ones at the first
/// checkpoint.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let finding = Finding {
        name: "low_frequencies_first",
        statement: "At the start the top eigenfunctions are of lower frequency than later ones.",
        measure: format!(
            "mean radial frequency at the first checkpoint, in cycles per box: of the first {FIRST} eigenvectors (before) and of the later ones (after)"
        ),
        rule: format!(
            "that of the first is lower, and the rank correlation of index and frequency is at least {RISES}"
        ),
    };
    if let Some((_, why)) = fewer_resolved(measures, measures.first_step, FIRST + FEWEST) {
        return finding.not_applicable(why);
    }
    let known: Vec<(u32, f64)> = measures
        .eigenvalues
        .iter()
        .filter(|row| row.step == measures.first_step && row.resolved)
        .filter_map(|row| Some((row.index, row.frequency_centroid?)))
        .collect();
    let mean = |later: bool| {
        let values: Vec<f64> =
            known.iter().filter(|row| (row.0 > FIRST) == later).map(|row| row.1).collect();
        (values.len(), values.iter().sum::<f64>() / values.len().max(1) as f64)
    };
    let ((first_count, first), (later_count, later)) = (mean(false), mean(true));
    if first_count == 0 || later_count < FEWEST as usize {
        return finding.not_applicable(format!(
            "Frequencies are known for {} resolved eigenvectors at the first checkpoint, and {} are needed; inputs of more than three dimensions have none.",
            known.len(),
            FIRST + FEWEST
        ));
    }
    let indices: Vec<f64> = known.iter().map(|row| f64::from(row.0)).collect();
    let frequencies: Vec<f64> = known.iter().map(|row| row.1).collect();
    // Without any order where one side is constant.
    let correlation = spearman(&indices, &frequencies).unwrap_or(0.0);
    let note = format!(
        "The rank correlation over {} eigenvectors is {}.",
        known.len(),
        measured(correlation)
    );
    // As a share of the later ones' frequency, to stand beside a correlation.
    let lower = (later - first) / later.max(f64::MIN_POSITIVE);
    without_structure(finding.decided(first, later, lower.min(correlation - RISES), note))
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, eigenvalue, measures};
    use super::*;

    fn row(frequency: fn(u32) -> f64) -> FindingRow {
        let eigenvalues = (1..=40).map(|i| eigenvalue(0, i, Some(frequency(i)))).collect();
        measure(&Measures { eigenvalues, ..measures(100) }, &about())
    }

    #[test]
    fn it_holds_when_frequency_rises_with_the_index() {
        assert_eq!(row(|i| f64::from(i).sqrt()).verdict, Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_frequency_falls_or_has_nothing_to_do_with_the_index() {
        assert_eq!(row(|i| 10.0 / f64::from(i)).verdict, Verdict::DoesNotHold);
        assert_eq!(row(|i| f64::from(i * 17 % 41)).verdict, Verdict::DoesNotHold);
        assert_eq!(row(|_| 2.0).verdict, Verdict::DoesNotHold);
        // Low first ones alone do not make a trend.
        assert_eq!(
            row(|i| if i < 7 { 9.0 } else { 100.0 - f64::from(i) }).verdict,
            Verdict::DoesNotHold
        );
    }

    #[test]
    fn it_is_not_applicable_without_frequencies() {
        let eigenvalues = (1..=40).map(|i| eigenvalue(0, i, None)).collect();
        let run = Measures { eigenvalues, ..measures(100) };
        assert_eq!(measure(&run, &about()).verdict, Verdict::NotApplicable);
        let eigenvalues = (1..=40).map(|i| eigenvalue(100, i, Some(1.0))).collect();
        let late = Measures { eigenvalues, ..measures(100) };
        assert_eq!(measure(&late, &about()).verdict, Verdict::NotApplicable);
    }

    #[test]
    fn it_is_not_applicable_where_too_few_eigenvectors_are_resolved() {
        let eigenvalues = (1..=40).map(|i| eigenvalue(0, i, Some(f64::from(i)))).collect();
        let run = Measures { eigenvalues, resolved: vec![(0, 0, 3)], ..measures(100) };
        let row = measure(&run, &about());
        assert_eq!(row.verdict, Verdict::NotApplicable);
        assert!(row.note.unwrap().starts_with("3 of 16 resolved at step 0"));
    }
}
