//! What is found of the codes of a run.

use artifact::tables::findings::{FindingRow, Verdict};
use study::Finding;

use super::parameters::Regimes;
use super::regime::{Regime, Summary};

/// Why findings of classes do not apply.
const NO_VOTES: &str = "Neighbours do not vote: the dataset has no classes or no test samples, or `classifiers` leaves out `knn`.";
/// Standard errors that a difference must exceed.
const ERRORS: f64 = 2.0;

/// All findings of the steps `summaries`, in order.
pub fn all(summaries: &[Summary], regimes: Regimes) -> Vec<FindingRow> {
    let (first, last) = (summaries.first(), summaries.last());
    vec![
        codes_tell_samples_apart(first.zip(last), regimes),
        codes_tell_classes_apart(last, regimes),
        training_makes_codes(first.zip(last)),
        regime(last, regimes),
    ]
}

fn codes_tell_samples_apart(ends: Option<(&Summary, &Summary)>, regimes: Regimes) -> FindingRow {
    let finding = Finding {
        name: "codes_tell_samples_apart",
        statement: "Nearly every training sample has a code of its own.",
        measure: "redundancy of the training samples at the first and the last step".to_owned(),
        rule: format!("at most {} at the last step", regimes.sufficient),
    };
    let found = ends.and_then(|(first, last)| first.redundancy.zip(last.redundancy));
    match found {
        Some((first, last)) => finding.decided(first, last, regimes.sufficient - last, None),
        None => finding.not_applicable("There are no training samples."),
    }
}

fn codes_tell_classes_apart(last: Option<&Summary>, regimes: Regimes) -> FindingRow {
    let share = regimes.knn_share;
    let finding = Finding {
        name: "codes_tell_classes_apart",
        statement: "Neighbours by their codes vote nearly as well as the network answers.",
        measure: "test accuracy at the last step, of the network and of its codes' neighbours"
            .to_owned(),
        rule: format!("that of the neighbours is at least {share} of the network's own"),
    };
    match last.and_then(|last| last.network.zip(last.knn())) {
        Some((network, knn)) => finding.decided(network, knn, knn - share * network, None),
        None => finding.not_applicable(NO_VOTES),
    }
}

/// Both rules must hold; the margin is what the tighter one leaves.
fn training_makes_codes(ends: Option<(&Summary, &Summary)>) -> FindingRow {
    let finding = Finding {
        name: "training_makes_codes",
        statement: "Training, not the random start, makes codes that tell samples and classes apart.",
        measure: "test accuracy of the codes' neighbours at the first and the last step".to_owned(),
        rule: "it rises by more than two standard errors over test samples, and the redundancy of training samples does not; the margin is the lesser of both".to_owned(),
    };
    let Some((first, last)) = ends.filter(|(first, last)| first.step != last.step) else {
        return finding.not_applicable("There is one step.");
    };
    let (Some(before), Some(after)) = (first.knn(), last.knn()) else {
        return finding.not_applicable(NO_VOTES);
    };
    let (Some(redundancy), Some(redundancy_after)) = (first.redundancy, last.redundancy) else {
        return finding.not_applicable("There are no training samples.");
    };
    let Some(error) = paired_error(&first.right, &last.right) else {
        return finding.not_applicable("There is one test sample, so that chance is not known.");
    };
    let rises = after - before - ERRORS * error;
    let falls = redundancy - redundancy_after;
    let note = format!(
        "Accuracy {before:.3} to {after:.3} with a standard error of the difference of {error:.3}; redundancy {redundancy:.3} to {redundancy_after:.3}."
    );
    let row = finding.decided(before, after, rises.min(falls), note);
    // The same votes are no rise, though they are not below one either.
    if first.right == last.right {
        FindingRow { verdict: Verdict::DoesNotHold, ..row }
    } else {
        row
    }
}

/// The standard error of the mean difference between answers to the same samples; none of fewer than two. It is no less
/// than that of one answer more or less.
fn paired_error(before: &[bool], after: &[bool]) -> Option<f64> {
    let n = before.len() as f64;
    let difference = |(before, after): (&bool, &bool)| f64::from(*after) - f64::from(*before);
    let differences = || before.iter().zip(after).map(difference);
    let mean = differences().sum::<f64>() / n;
    let squares: f64 = differences().map(|difference| (difference - mean).powi(2)).sum();
    (before.len() > 1).then(|| (squares / (n * (n - 1.0))).sqrt().max(1.0 / n))
}

fn regime(last: Option<&Summary>, regimes: Regimes) -> FindingRow {
    let Regimes { under, sufficient, knn_share } = regimes;
    let finding = Finding {
        name: "regime",
        statement: "The network is sufficiently expressive.",
        measure: "redundancy of the training samples, and test accuracy of the codes' neighbours by the network's own, at the last step".to_owned(),
        rule: format!(
            "redundancy at most {sufficient} and {knn_share} of the network's accuracy; above a redundancy of {under} it is under-expressive, and else critically expressive"
        ),
    };
    let row = last.and_then(|last| last.regime_row(last.network?, regimes));
    let Some(row) = row else { return finding.not_applicable(NO_VOTES) };
    let expressive = match Regime::of(row.redundancy_train, row.knn, row.network_accuracy, regimes)
    {
        Regime::Under => "Under-expressive",
        Regime::Critical => "Critically expressive",
        Regime::Sufficient => "Sufficiently expressive",
    };
    let ratio = if row.network_accuracy > 0.0 { row.knn / row.network_accuracy } else { 1.0 };
    let margin =
        (sufficient - row.redundancy_train).min(row.knn - knn_share * row.network_accuracy);
    let note = format!(
        "{expressive}: redundancy {:.3}, neighbours {:.3}, network {:.3}.",
        row.redundancy_train, row.knn, row.network_accuracy
    );
    finding.decided(row.redundancy_train, ratio, margin, note)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{DoesNotHold, Holds, NotApplicable};

    use super::*;

    /// A step at which `right` of 100 test samples are voted right.
    fn summary(step: u64, redundancy: f64, right: usize, network: f64) -> Summary {
        Summary {
            step,
            redundancy: Some(redundancy),
            right: (0..100).map(|sample| sample < right).collect(),
            network: Some(network),
        }
    }

    fn verdicts(summaries: &[Summary]) -> Vec<Verdict> {
        all(summaries, Regimes::default()).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_and_fail() {
        let good = [summary(0, 0.5, 60, 0.1), summary(9, 0.0, 90, 0.95)];
        assert_eq!(verdicts(&good), [Holds; 4]);
        let bad = [summary(0, 0.1, 80, 0.1), summary(9, 0.6, 60, 0.95)];
        assert_eq!(verdicts(&bad), [DoesNotHold; 4]);
        // The vote is better, but codes are more redundant; and the reverse, within two standard errors.
        let mixed = [summary(0, 0.005, 60, 0.1), summary(9, 0.01, 90, 0.95)];
        assert_eq!(verdicts(&mixed)[2], DoesNotHold);
        let little = [summary(0, 0.5, 60, 0.1), summary(9, 0.0, 62, 0.95)];
        assert_eq!(verdicts(&little)[2], DoesNotHold);
        let same = [summary(0, 0.5, 60, 0.1), summary(9, 0.0, 60, 0.95)];
        assert_eq!(verdicts(&same)[2], DoesNotHold);
    }

    #[test]
    fn what_lacks_steps_or_votes_is_not_applicable() {
        assert_eq!(verdicts(&[summary(0, 0.0, 90, 0.95)]), [Holds, Holds, NotApplicable, Holds]);
        let no_votes = |step| Summary { step, redundancy: Some(0.0), ..Summary::default() };
        let found = verdicts(&[no_votes(0), no_votes(1)]);
        assert_eq!(found, [Holds, NotApplicable, NotApplicable, NotApplicable]);
        assert_eq!(verdicts(&[]), [NotApplicable; 4]);
    }

    #[test]
    fn the_error_of_a_difference_is_that_of_paired_samples() {
        let error = paired_error(&[true, false, true, false], &[true, true, true, false]);
        // Differences 0, 1, 0, 0: variance ¼ over 4 samples.
        assert!((error.unwrap() - 0.25).abs() <= 1e-12);
        // All alike: no spread, which says little of two samples.
        assert_eq!(paired_error(&[false, false], &[true, true]), Some(0.5));
        assert_eq!(paired_error(&[false], &[true]), None);
    }
}
