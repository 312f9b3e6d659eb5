//! What is found at the last step. Each finding is decided for every group by itself; its row is that of the
//! group least in its favour.

use artifact::tables::findings::FindingRow;
use statistics::jackknife::{self, Estimate};
use study::{Decision, Finding, Spread};

use crate::comparison::{Against, Compared, of};
use crate::evaluation::{Measured, Score};
use crate::table::Predictor;

/// All findings of `networks`; of the kernel predictors, where no network is wired. `missing` says what
/// failed before.
pub fn all(groups: &[Compared], has_networks: bool, missing: Option<&str>) -> Vec<FindingRow> {
    let mut rows = vec![
        ensembling_helps(groups),
        centring_reduces_variance(groups, has_networks),
        centring_helps(groups, has_networks),
        ensemble_nears_kernel(groups, has_networks),
        kernel_beats_networks(groups, has_networks),
        ensemble_beats_kernel(groups, has_networks),
        ensemble_beats_first(groups),
    ];
    for row in &mut rows {
        row.note = match (row.note.take(), missing) {
            (Some(note), Some(missing)) => Some(format!("{note} {missing}")),
            (note, missing) => note.or(missing.map(str::to_owned)),
        };
    }
    rows
}

/// The row of the group least in favour of `finding`: networks and draws differ by chance, so that one member
/// decides nothing.
fn decided(finding: Finding, decisions: &[Decision], none: &str) -> FindingRow {
    finding.of_least_favourable(decisions, Spread::Needed, none)
}

/// The accuracy of each, where both have one; else −mse: more is better.
fn quality(one: &Measured, other: &Measured) -> fn(&Score) -> Option<f64> {
    if one.whole.accuracy.is_some() && other.whole.accuracy.is_some() {
        |score| score.accuracy
    } else {
        |score| score.mse.map(|mse| -mse)
    }
}

/// From one predictor to another of the same members, more being better.
fn gain(group: &Compared, from: Predictor, to: Predictor) -> Option<Decision> {
    let (from, to) = (of(&group.measured, from)?, of(&group.measured, to)?);
    let quality = quality(from, to);
    Some(Decision {
        label: group.label.clone(),
        before: quality(&from.whole)?,
        after: quality(&to.whole)?,
        margin: to.minus(from, quality)?,
        members: group.members,
        also: None,
    })
}

/// Decisions of every pair of networks and kernel.
fn pairs(
    groups: &[Compared],
    decision: impl Fn(&Compared, &Against) -> Option<Decision>,
) -> Vec<Decision> {
    let pairs = groups.iter().flat_map(|group| group.against.iter().map(move |it| (group, it)));
    pairs
        .filter_map(|(group, against)| {
            let labels = [group.label.as_str(), against.label.as_str()];
            let label = match labels {
                [one, ""] => one.to_owned(),
                ["", other] => format!("against {other}"),
                [one, other] => format!("{one} against {other}"),
            };
            Some(Decision { label, ..decision(group, against)? })
        })
        .collect()
}

const NO_TEST: &str = "There are no test samples.";
const NO_NETWORKS: &str = "No training run is wired.";
const NO_START: &str = "Not all networks have their outputs at step 0 on test samples.";
const NO_KERNEL: &str =
    "No kernel predictor is wired that goes with the networks and is tested on the same samples.";

fn otherwise(has_networks: bool, why: &'static str) -> &'static str {
    if has_networks { why } else { NO_NETWORKS }
}

fn ensembling_helps(groups: &[Compared]) -> FindingRow {
    let finding = Finding {
        name: "ensembling_helps",
        statement: "The mean of the members predicts better than a member.",
        measure: "mean test accuracy of the members, and the test accuracy of their mean, at the last step; without classes −mse"
            .to_owned(),
        rule: "that of the mean is greater by more than two standard errors".to_owned(),
    };
    let decisions: Vec<Decision> = groups
        .iter()
        .filter_map(|group| gain(group, Predictor::One, Predictor::Ensemble))
        .collect();
    decided(finding, &decisions, NO_TEST)
}

fn ensemble_beats_first(groups: &[Compared]) -> FindingRow {
    let finding = Finding {
        name: "ensemble_beats_first",
        statement: "The mean of the members predicts better than the first of them.",
        measure: "test accuracy of the member that is first in the sweep, and of the mean of all, at the last step, each the mean over ensembles that repeat each other; without classes −mse"
            .to_owned(),
        rule: "that of the mean is greater by more than two standard errors over ensembles".to_owned(),
    };
    let mut pools: Vec<&str> = groups.iter().map(|group| group.pool.as_str()).collect();
    pools.dedup();
    let decision = |pool: &&str| {
        let pairs: Vec<(f64, f64)> =
            groups.iter().filter(|group| group.pool == **pool).filter_map(first_and_mean).collect();
        let count = pairs.len() as f64;
        let (first, mean): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let gains: Vec<f64> = pairs.iter().map(|(first, mean)| mean - first).collect();
        let average = |values: &[f64]| values.iter().sum::<f64>() / count;
        let error = jackknife::standard_error(&jackknife::means_without(&gains));
        (!pairs.is_empty()).then(|| Decision {
            label: (*pool).to_owned(),
            before: average(&first),
            after: average(&mean),
            margin: Estimate { value: average(&gains), error },
            members: pairs.len() as u32,
            also: None,
        })
    };
    let decisions: Vec<Decision> = pools.iter().filter_map(decision).collect();
    decided(finding, &decisions, "There are no test samples, or one member only.")
}

/// How good the first member and the mean are, more being better; none of a single member.
fn first_and_mean(group: &Compared) -> Option<(f64, f64)> {
    let (first, mean) = (group.first?, of(&group.measured, Predictor::Ensemble)?.whole);
    let pair = match (first.accuracy, mean.accuracy) {
        (Some(first), Some(mean)) => (first, mean),
        _ => (-first.mse?, -mean.mse?),
    };
    (group.members > 1).then_some(pair)
}

fn centring_reduces_variance(groups: &[Compared], has_networks: bool) -> FindingRow {
    let finding = Finding {
        name: "centring_reduces_variance",
        statement: "Networks differ less without the functions that they start from.",
        measure: "mean over test samples and outputs of the variance over networks of f_t, and of f_t − f_0, at the last step; f_t is what was trained"
            .to_owned(),
        rule: "that of f_t − f_0 is less by more than two standard errors".to_owned(),
    };
    let decision = |group: &Compared| {
        let one = of(&group.measured, Predictor::One)?;
        let centred = of(&group.measured, Predictor::Centred)?;
        let variance = |score: &Score| score.variance;
        let (before, after) = (variance(&one.whole)?, variance(&centred.whole)?);
        Some(Decision {
            label: group.label.clone(),
            before,
            after,
            margin: one.minus(centred, variance)?,
            members: group.members,
            also: (before > 0.0).then(|| format!("a ratio of {:.3}", after / before)),
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    let has_start = groups.iter().any(|it| of(&it.measured, Predictor::Centred).is_some());
    let none = if has_start { "One network has no variance." } else { NO_START };
    decided(finding, &decisions, otherwise(has_networks, none))
}

fn centring_helps(groups: &[Compared], has_networks: bool) -> FindingRow {
    let finding = Finding {
        name: "centring_helps",
        statement: "A network predicts better without the function that it starts from.",
        measure: "mean test accuracy of the networks, and of f_t − f_0, at the last step; without classes −mse"
            .to_owned(),
        rule: "that of f_t − f_0 is greater by more than two standard errors".to_owned(),
    };
    let decisions: Vec<Decision> =
        groups.iter().filter_map(|group| gain(group, Predictor::One, Predictor::Centred)).collect();
    decided(finding, &decisions, otherwise(has_networks, NO_START))
}

fn ensemble_nears_kernel(groups: &[Compared], has_networks: bool) -> FindingRow {
    let finding = Finding {
        name: "ensemble_nears_kernel",
        statement: "The centred ensemble is nearer to the kernel predictor than a network.",
        measure: "‖f − f_kernel‖ / ‖f_kernel‖ on test samples at the last step, the mean over networks, and of the mean of all f_t − f_0"
            .to_owned(),
        rule: "that of the centred ensemble is less by more than two standard errors".to_owned(),
    };
    let decisions = pairs(groups, |group, against| {
        let one = of(&against.networks, Predictor::One)?;
        let ensemble = of(&against.networks, Predictor::CentredEnsemble)?;
        let distance = |score: &Score| score.distance;
        Some(Decision {
            label: String::new(),
            before: distance(&one.whole)?,
            after: distance(&ensemble.whole)?,
            margin: one.minus(ensemble, distance)?,
            members: group.members,
            also: None,
        })
    });
    let has_kernel = groups.iter().any(|group| !group.against.is_empty());
    let none = if has_kernel { NO_START } else { NO_KERNEL };
    decided(finding, &decisions, otherwise(has_networks, none))
}

fn kernel_beats_networks(groups: &[Compared], has_networks: bool) -> FindingRow {
    let finding = Finding {
        name: "kernel_beats_networks",
        statement: "Kernels beat finite networks.",
        measure: "mean test accuracy of the networks at the last step, and the test accuracy of the chosen ridge; without classes −mse"
            .to_owned(),
        rule: "the kernel's is greater by more than two standard errors".to_owned(),
    };
    let decisions = pairs(groups, |group, against| {
        let one = of(&against.networks, Predictor::One)?;
        let quality = quality(one, &against.kernel);
        let (networks, kernel) = (one.estimate(quality)?, against.kernel.estimate(quality)?);
        Some(Decision {
            label: String::new(),
            before: networks.value,
            after: kernel.value,
            margin: kernel.minus(networks),
            members: group.members,
            also: None,
        })
    });
    decided(finding, &decisions, otherwise(has_networks, NO_KERNEL))
}

fn ensemble_beats_kernel(groups: &[Compared], has_networks: bool) -> FindingRow {
    let finding = Finding {
        name: "ensemble_beats_kernel",
        statement: "The mean of the networks beats the kernel.",
        measure: "test accuracy of the chosen ridge, and of the mean of the networks at the last step; without classes −mse"
            .to_owned(),
        rule: "that of the mean is greater by more than two standard errors".to_owned(),
    };
    let decisions = pairs(groups, |group, against| {
        let ensemble = of(&against.networks, Predictor::Ensemble)?;
        let quality = quality(ensemble, &against.kernel);
        let (mean, kernel) = (ensemble.estimate(quality)?, against.kernel.estimate(quality)?);
        Some(Decision {
            label: String::new(),
            before: kernel.value,
            after: mean.value,
            margin: mean.minus(kernel),
            members: group.members,
            also: None,
        })
    });
    decided(finding, &decisions, otherwise(has_networks, NO_KERNEL))
}

#[cfg(test)]
mod tests {
    use Verdict::{DoesNotHold, Holds, NotApplicable, NotDecided};
    use artifact::tables::findings::Verdict;

    use super::*;

    /// A predictor of three members whose measures are `value` give or take `spread`.
    fn measured(predictor: Predictor, value: f64, spread: f64) -> Measured {
        let score = |value: f64| Score {
            accuracy: Some(value),
            mse: Some(1.0 - value),
            variance: Some(1.0 - value),
            distance: Some(1.0 - value),
        };
        let without = [-1.0, 0.0, 1.0].map(|sign| score(value + sign * spread));
        Measured { predictor, whole: score(value), without: without.to_vec() }
    }

    /// Of `one`, `centred`, `ensemble`, `centred_ensemble` and the kernel.
    fn group(label: &str, values: [f64; 5], spread: f64) -> Compared {
        let predictors =
            [Predictor::One, Predictor::Centred, Predictor::Ensemble, Predictor::CentredEnsemble];
        let all: Vec<Measured> = predictors
            .iter()
            .zip(values)
            .zip([spread, 0.0, 0.0, 0.0])
            .map(|((&predictor, value), spread)| measured(predictor, value, spread))
            .collect();
        let kernel = measured(Predictor::One, values[4], 0.0);
        let against = Against { label: String::new(), kernel, networks: all.clone() };
        Compared {
            label: label.to_owned(),
            pool: label.to_owned(),
            members: 3,
            first: Some(all[0].whole),
            measured: all,
            against: vec![against],
        }
    }

    /// Of all but the last, which compares ensembles that repeat each other.
    fn verdicts(groups: &[Compared]) -> Vec<Verdict> {
        all(groups, true, None).into_iter().take(6).map(|row| row.verdict).collect()
    }

    const GOOD: [f64; 5] = [0.5, 0.6, 0.7, 0.9, 0.65];

    #[test]
    fn findings_hold_where_they_should() {
        assert_eq!(verdicts(&[group("", GOOD, 0.01)]), [Holds; 6]);
        let row = &all(&[group("", GOOD, 0.01)], true, None)[0];
        assert!((row.margin.unwrap() - 0.2).abs() <= 1e-12);
        // √(2/3 · 2 · 0.01²), twice.
        assert!((row.uncertainty.unwrap() - 2.0 * 0.01 * (4.0_f64 / 3.0).sqrt()).abs() <= 1e-12);
        assert_eq!(row.n, Some(3));
        assert_eq!(
            row.note.as_deref(),
            Some(
                "0.5000 to 0.7000, margin 0.2000 ± 2.31e-2, holds. ± is two standard errors, by the jackknife over 3 members."
            )
        );
    }

    #[test]
    fn findings_fail_where_they_should() {
        let poor = group("", [0.6, 0.5, 0.4, 0.5, 0.45], 0.01);
        assert_eq!(verdicts(&[poor]), [DoesNotHold; 6]);
    }

    #[test]
    fn what_lies_within_two_standard_errors_is_not_decided() {
        let found = verdicts(&[group("", GOOD, 0.3)]);
        assert_eq!(found[..5], [NotDecided; 5]);
    }

    #[test]
    fn one_member_decides_nothing() {
        let mut one = group("", GOOD, 0.01);
        one.members = 1;
        for measured in one.measured.iter_mut().chain(&mut one.against[0].networks) {
            measured.without.clear();
            measured.whole.variance = None;
        }
        // The kernel's own draws do not make up for the spread of networks.
        let rows = all(&[one], true, None);
        let verdicts: Vec<Verdict> = rows.iter().map(|row| row.verdict).collect();
        assert_eq!(
            verdicts,
            [
                NotDecided,
                NotApplicable,
                NotDecided,
                NotDecided,
                NotDecided,
                NotDecided,
                NotApplicable
            ]
        );
        assert!(rows.iter().all(|row| row.uncertainty.is_none()));
        assert!(rows[0].note.as_ref().unwrap().ends_with("add an axis that sets `seed`."));
        assert_eq!(rows[1].note.as_deref(), Some("One network has no variance."));
    }

    #[test]
    fn the_group_least_in_favour_decides_and_all_are_named() {
        let groups = [
            group("width=8", GOOD, 0.01),
            group("width=64", [0.5, 0.6, 0.4, 0.9, 0.65], 0.01),
            group("width=512", GOOD, 0.3),
        ];
        let row = &all(&groups, true, Some("1 input is missing."))[0];
        assert_eq!((row.verdict, row.after), (DoesNotHold, Some(0.4)));
        let note = row.note.as_ref().unwrap();
        for part in ["width=8: 0.5", "width=64: 0.5", "width=512: 0.5", "1 input is missing."] {
            assert!(note.contains(part), "{note}");
        }
        assert_eq!(verdicts(&[groups[0].clone(), groups[2].clone()])[0], NotDecided);
    }

    #[test]
    fn ensembles_that_repeat_each_other_are_held_against_their_first_members() {
        let last = |groups: &[Compared]| all(groups, true, None).pop().unwrap();
        let with = |first: f64, mean: f64| {
            let mut group = group("seed=0", [first, first, mean, mean, 0.5], 0.0);
            group.pool.clear();
            group
        };
        let row = last(&[with(0.5, 0.6), with(0.4, 0.52), with(0.45, 0.53)]);
        assert_eq!(
            (row.finding.as_str(), row.verdict, row.n),
            ("ensemble_beats_first", Holds, Some(3))
        );
        assert!((row.margin.unwrap() - 0.1).abs() <= 1e-12);
        // Gains 0.1, 0.12, 0.08: their standard error is 0.02 / √3.
        assert!((row.uncertainty.unwrap() - 0.04 / 3.0_f64.sqrt()).abs() <= 1e-12);
        assert_eq!(last(&[with(0.5, 0.6), with(0.5, 0.42)]).verdict, NotDecided);
        assert_eq!(last(&[with(0.5, 0.4), with(0.5, 0.4)]).verdict, DoesNotHold);
        assert_eq!(last(&[with(0.5, 0.6)]).verdict, NotDecided);
    }

    #[test]
    fn without_classes_errors_decide() {
        let mut without = group("", GOOD, 0.01);
        for measured in &mut without.measured {
            measured.whole.accuracy = None;
            measured.without.iter_mut().for_each(|score| score.accuracy = None);
        }
        let row = &all(&[without], true, None)[0];
        assert_eq!((row.before, row.verdict), (Some(-0.5), Holds));
    }

    #[test]
    fn what_is_not_wired_is_said() {
        let notes = |groups: &[Compared], has_networks| -> Vec<Option<String>> {
            all(groups, has_networks, None).into_iter().map(|row| row.note).collect()
        };
        assert_eq!(verdicts(&[]), [NotApplicable; 6]);
        assert_eq!(notes(&[], true)[0].as_deref(), Some(NO_TEST));
        let mut alone = group("", GOOD, 0.01);
        alone.against.clear();
        for note in &notes(&[alone.clone()], true)[3..6] {
            assert_eq!(note.as_deref(), Some(NO_KERNEL));
        }
        alone.measured.retain(|it| it.predictor == Predictor::One);
        for note in &notes(&[alone.clone()], true)[1..3] {
            assert_eq!(note.as_deref(), Some(NO_START));
        }
        for note in &notes(&[alone], false)[1..6] {
            assert_eq!(note.as_deref(), Some(NO_NETWORKS));
        }
    }
}
