//! What is found at the last step of the kernel.

use artifact::tables::findings::FindingRow;
use study::Finding;

/// How good predictions are on test samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Share classified right, where there are classes.
    pub accuracy: Option<f64>,
    /// Mean squared error.
    pub mse: f64,
}

/// The flow that is most like the chosen ridge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// a: its relative time is a/ε.
    pub multiple: f64,
    /// ‖f_flow − f_ridge‖ / ‖f_ridge‖ on test samples.
    pub distance: f64,
    /// The least test error of all ridges.
    pub best_ridge: f64,
    /// The least test error of all times: those asked for, and a/ε for each ridge.
    pub best_time: f64,
}

/// How the chosen solve stands against rounding.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// How far rounding moves eigenvalues.
    pub noise: f64,
    /// s_min + λ.
    pub above: f64,
    /// How many solves are asked for, and how many of them are resolved.
    pub solves: (usize, usize),
    /// The relative ridge that would be resolved, and the number of leading samples that would be with the
    /// chosen ridge; where it is not.
    pub remedies: Option<(f64, usize)>,
    /// Test samples whose variance is below 0 by rounding.
    pub negative_variances: usize,
    /// Whether a covariance is wired that has no table `diagonal`, so that no variance is known.
    pub lacks_diagonal: bool,
}

/// What findings are made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Of the chosen ridge, or the chosen time where no ridge is asked for.
    pub kernel: Option<Scored>,
    /// Of the network at its last checkpoint.
    pub network: Option<Scored>,
    /// The share of the most frequent class among test samples.
    pub chance: Option<f64>,
    /// Mean y² over test samples and outputs.
    pub zero_mse: Option<f64>,
    /// The flow like the ridge, or why there is none.
    pub early_stopping: Option<Result<EarlyStopping, String>>,
    /// Against rounding.
    pub precision: Option<Precision>,
    /// ‖f − f_net‖ / ‖f‖ on test samples, of the same and of the network at its last checkpoint.
    pub distance: Option<f64>,
}

/// Largest distance at which a flow counts as the same as a ridge.
const SAME: f64 = 0.15;

/// Largest distance at which a network counts as its kernel's: a tenth of the squared size is beside it.
const NEAR: f64 = 0.3;

/// All findings.
pub fn all(evidence: &Evidence) -> Vec<FindingRow> {
    vec![
        kernel_beats_network(evidence),
        network_nears_kernel(evidence),
        ridge_is_early_stopping(evidence),
        precision_suffices(evidence),
        kernel_accuracy(evidence),
        kernel_mse(evidence),
    ]
}

fn kernel_beats_network(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "kernel_beats_network",
        statement: "The kernel predicts better than the network.",
        measure: "test accuracy of the network at its last checkpoint and of the chosen ridge; without classes −mse"
            .to_owned(),
        rule: "the kernel's is at least the network's".to_owned(),
    };
    match (evidence.network, evidence.kernel) {
        (Some(network), Some(kernel)) => {
            let (before, after) = match (network.accuracy, kernel.accuracy) {
                (Some(network), Some(kernel)) => (network, kernel),
                _ => (-network.mse, -kernel.mse),
            };
            finding.decided(before, after, after - before, None)
        }
        (None, _) => finding.not_applicable("No training run with test outputs is wired."),
        (_, None) => finding.not_applicable(NO_TEST),
    }
}

fn network_nears_kernel(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "network_nears_kernel",
        statement: "The trained network predicts what its kernel does.",
        measure: "‖f − f_net‖ / ‖f‖ on test samples, f of the chosen ridge and f_net at the last checkpoint"
            .to_owned(),
        rule: format!("at most {NEAR}"),
    };
    match evidence.distance {
        Some(distance) => finding.decided(0.0, distance, NEAR - distance, None),
        None => finding.not_applicable("No training run with test outputs is wired."),
    }
}

const NO_TEST: &str = "There is no prediction of test samples.";

fn ridge_is_early_stopping(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "ridge_is_early_stopping",
        statement: "A ridge predicts what gradient flow predicts that stops early.",
        measure: "‖f_flow − f_ridge‖ / ‖f_ridge‖ on test samples, each without what predictions start from, of the chosen ridge ε and the flow of relative time a/ε most like it, a from 0.3 to 4"
            .to_owned(),
        rule: format!("at most {SAME}"),
    };
    match &evidence.early_stopping {
        Some(Ok(found)) => {
            let note = format!(
                "a = {:.2}; the least test mse is {:.4} over ridges and {:.4} over times.",
                found.multiple, found.best_ridge, found.best_time
            );
            finding.decided(0.0, found.distance, SAME - found.distance, note)
        }
        Some(Err(why)) => finding.not_applicable(why.clone()),
        None => finding.not_applicable(NO_TEST),
    }
}

fn precision_suffices(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "precision_suffices",
        statement: "The kernel is precise enough for its predictions.",
        measure: "how far rounding moves eigenvalues, and s_min + λ of the chosen ridge".to_owned(),
        rule: "s_min + λ is above the rounding".to_owned(),
    };
    let Some(found) = &evidence.precision else {
        return finding
            .not_applicable("No solve is chosen: none has predictions of samples left out.");
    };
    let (asked, resolved) = found.solves;
    let counts = format!("{resolved} of {asked} ridges and times stand above the rounding.");
    let remedies = found.remedies.map(|(ridge, samples)| {
        let with = match samples {
            0 => "no number of samples would with the chosen ridge".to_owned(),
            _ => format!("or the first {samples} samples with the chosen ridge"),
        };
        format!("A relative ridge of {ridge:.1e} would, {with}.")
    });
    let negative = (found.negative_variances > 0).then(|| {
        let count = found.negative_variances;
        format!("Rounding makes the variance of {count} test samples negative; it is NULL.")
    });
    let lacking = "The artifact at `covariance` has no table `diagonal`: variances are NULL.";
    let lacking = found.lacks_diagonal.then(|| lacking.to_owned());
    let sentences = [Some(counts), remedies, negative, lacking];
    let note = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
    // Relative to the greater one: a factor of 1e11 says no more than one of 100.
    let margin = (found.above - found.noise) / found.above.abs().max(found.noise);
    finding.decided(found.noise, found.above, margin, note)
}

fn kernel_accuracy(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "kernel_accuracy",
        statement: "The kernel predicts better than chance.",
        measure: "the share of the most frequent class among test samples, and the test accuracy of the chosen ridge"
            .to_owned(),
        rule: "the accuracy is at least that share".to_owned(),
    };
    let accuracy = evidence.kernel.and_then(|kernel| kernel.accuracy);
    match evidence.chance.zip(accuracy) {
        Some((chance, accuracy)) => finding.decided(chance, accuracy, accuracy - chance, None),
        None => finding.not_applicable("There is no prediction of test samples that have classes."),
    }
}

fn kernel_mse(evidence: &Evidence) -> FindingRow {
    let finding = Finding {
        name: "kernel_mse",
        statement: "The kernel predicts better than 0.",
        measure: "mean y² over test samples, and the test mse of the chosen ridge".to_owned(),
        rule: "the mse is at most the mean square".to_owned(),
    };
    match evidence.zero_mse.zip(evidence.kernel) {
        Some((zero, kernel)) => finding.decided(zero, kernel.mse, zero - kernel.mse, None),
        None => finding.not_applicable(NO_TEST),
    }
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{self, DoesNotHold, Holds, NotApplicable};

    use super::*;

    fn verdicts(evidence: &Evidence) -> Vec<Verdict> {
        all(evidence).into_iter().map(|row| row.verdict).collect()
    }

    fn scored(accuracy: f64, mse: f64) -> Scored {
        Scored { accuracy: Some(accuracy), mse }
    }

    fn precision() -> Precision {
        Precision {
            noise: 1e-3,
            above: 2e-3,
            solves: (4, 3),
            remedies: None,
            negative_variances: 0,
            lacks_diagonal: false,
        }
    }

    fn good() -> Evidence {
        let stopping =
            EarlyStopping { multiple: 0.6, distance: 0.05, best_ridge: 0.03, best_time: 0.031 };
        Evidence {
            kernel: Some(scored(0.9, 0.03)),
            network: Some(scored(0.8, 0.02)),
            chance: Some(0.3),
            zero_mse: Some(0.1),
            early_stopping: Some(Ok(stopping)),
            precision: Some(precision()),
            distance: Some(0.2),
        }
    }

    #[test]
    fn findings_hold_where_they_should() {
        assert_eq!(verdicts(&good()), [Holds; 6]);
        assert_eq!(verdicts(&Evidence::default()), [NotApplicable; 6]);
    }

    #[test]
    fn findings_fail_where_they_should() {
        let stopping =
            EarlyStopping { multiple: 0.6, distance: 0.2, best_ridge: 0.03, best_time: 0.031 };
        let poor = Evidence {
            kernel: Some(scored(0.2, 0.3)),
            early_stopping: Some(Ok(stopping)),
            precision: Some(Precision {
                above: -5e-4,
                remedies: Some((1.1e-3, 200)),
                negative_variances: 3,
                ..precision()
            }),
            distance: Some(0.31),
            ..good()
        };
        assert_eq!(verdicts(&poor), [DoesNotHold; 6]);
        let note = all(&poor)[3].note.clone().unwrap();
        assert_eq!(
            note,
            "3 of 4 ridges and times stand above the rounding. A relative ridge of 1.1e-3 would, or the first 200 samples with the chosen ridge. Rounding makes the variance of 3 test samples negative; it is NULL."
        );
    }

    #[test]
    fn without_classes_the_error_decides() {
        let of = |mse| Some(Scored { accuracy: None, mse });
        let evidence = Evidence { kernel: of(0.1), network: of(0.2), ..Evidence::default() };
        let row = &all(&evidence)[0];
        assert_eq!((row.before, row.after, row.verdict), (Some(-0.2), Some(-0.1), Holds));
    }
}
