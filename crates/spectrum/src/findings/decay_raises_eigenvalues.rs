//! Finding 5: after a decay of the learning rate the eigenvalues grow, under 2N/δ.

use artifact::tables::findings::FindingRow;
use artifact::tables::spectrum::DynamicsRow;
use artifact::tables::training::HistoryRow;

use super::About;
use super::{Finding, without_structure};
use crate::measures::Measures;
use study::number::{grouped, measured};

/// How far λ₁ may stand above 2N/δ and still be at the edge of stability.
///
/// There the sharpness does not stop at the bound but swings about it by a few percent (Cohen et
/// al. 2021), and λ₁ of G is N times the loss Hessian's only up to the curvature of the residual.
const EDGE: f64 = 1.05;
/// Growth from one decay to the next that counts: a percent is beyond the rounding of λ₁ by far, and
/// less says nothing.
const RISES: f64 = 1.01;

/// Whether λ₁ rises after every decay of the learning rate and stays under 2N/δ or at its edge.
pub fn measure(measures: &Measures, about: &About) -> FindingRow {
    let finding = Finding {
        name: "decay_raises_eigenvalues",
        statement: "After each decay of the learning rate the top eigenvalue grows, and stays under 2N/δ.",
        measure: "λ₁ at the first decay and at the last checkpoint".to_owned(),
        rule: format!(
            "λ₁ at the last checkpoint before the next decay ≥ {RISES} times λ₁ at the decay, for every decay; and λ₁ ≤ {EDGE} · 2N/δ at all checkpoints after the first decay"
        ),
    };
    let plateaus = plateaus(&measures.history);
    if plateaus.len() < 2 {
        return finding.not_applicable("The learning rate does not decay.");
    }
    let short = plateaus.iter().filter(|plateau| plateau.rows == 1).count();
    if 2 * short > plateaus.len() {
        return finding.not_applicable(
            "The learning rate decays all the time; the finding is about single decays.",
        );
    }
    if !about.is_full_batch_least_squares() {
        return finding.not_applicable(
            "2N/δ bounds λ₁ for full-batch gradient descent on least squares only.",
        );
    }
    let spans: Vec<Span> =
        plateaus.iter().skip(1).filter_map(|plateau| span(plateau, &measures.dynamics)).collect();
    let (Some(first), Some(last)) = (spans.first(), measures.dynamics.last()) else {
        return finding.not_applicable(
            "No decay has a checkpoint before it and one before the next; add checkpoints.",
        );
    };
    let before = first.at_decay;
    let growth: Vec<f64> = spans.iter().map(|span| span.before_next / span.at_decay).collect();
    let Some(shares) = spans.iter().map(|span| span.of_bound).collect::<Option<Vec<_>>>() else {
        return finding
            .not_applicable("The bound 2N/δ is not known at every checkpoint after a decay.");
    };
    let closest = shares.into_iter().fold(f64::MIN, f64::max);
    let least = growth.iter().copied().fold(f64::MAX, f64::min);
    let margin = (least - RISES).min(EDGE - closest);
    let factors: Vec<String> =
        growth.iter().map(|&factor| format!("×{}", measured(factor))).collect();
    let unmeasured = plateaus.len() - 1 - spans.len();
    let skipped = match unmeasured {
        0 => String::new(),
        count => {
            format!(" Decays without checkpoints to judge them by: {}.", grouped(count as u64))
        }
    };
    let note = format!(
        "λ₁ changes by {} from decay to decay and reaches at most {} of 2N/δ.{skipped}",
        factors.join(", "),
        measured(closest)
    );
    without_structure(finding.decided(before, last.largest_eigenvalue, margin, note))
}

/// Steps that one learning rate governs.
#[derive(Debug)]
struct Plateau {
    /// First step with this rate: the decay.
    start: u64,
    /// First step with the next rate, or the last step.
    end: u64,
    learning_rate: f64,
    /// Rows of the history at this rate.
    rows: usize,
}

/// Splits a history at every fall of its learning rate.
///
/// The rate of the last row governs no update, so a fall there is none.
fn plateaus(history: &[HistoryRow]) -> Vec<Plateau> {
    let Some((last, governed)) = history.split_last() else { return Vec::new() };
    let mut plateaus: Vec<Plateau> = Vec::new();
    for row in governed {
        match plateaus.last_mut() {
            Some(plateau) if row.learning_rate >= plateau.learning_rate => plateau.rows += 1,
            previous => {
                if let Some(plateau) = previous {
                    plateau.end = row.step;
                }
                plateaus.push(Plateau {
                    start: row.step,
                    end: last.step,
                    learning_rate: row.learning_rate,
                    rows: 1,
                });
            }
        }
    }
    plateaus
}

/// What the checkpoints say of one plateau.
struct Span {
    at_decay: f64,
    before_next: f64,
    /// Largest λ₁ / (2N/δ) over its checkpoints, δ the rate that led there.
    of_bound: Option<f64>,
}

/// The span of a plateau, where it has a checkpoint of its own and one that came before.
fn span(plateau: &Plateau, dynamics: &[DynamicsRow]) -> Option<Span> {
    let at_decay = dynamics.iter().rfind(|row| row.step <= plateau.start)?;
    let own = || dynamics.iter().filter(|row| row.step > plateau.start && row.step <= plateau.end);
    let before_next = own().next_back()?;
    let of_bound = own()
        .map(|row| {
            // 2N from the row's own bound: at the step of the next decay its rate is the next one.
            let twice_samples = row.stability_bound? * row.learning_rate?;
            Some(row.largest_eigenvalue / (twice_samples / plateau.learning_rate))
        })
        .try_fold(f64::MIN, |largest, share| Some(largest.max(share?)));
    Some(Span {
        at_decay: at_decay.largest_eigenvalue,
        before_next: before_next.largest_eigenvalue,
        of_bound,
    })
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, dynamics, history, measures};
    use super::*;

    /// Rate 0.2 to step 20, 0.1 to 40, 0.05 to 60, 0.025 after the last step; N = 10, so that
    /// 2N/δ is 100, 200, 400.
    fn run(eigenvalues: [f64; 4]) -> Measures {
        let rate = |step: u64| 0.2 / f64::from(1 << (step / 20));
        Measures {
            history: (0..=12).map(|i| history(5 * i, rate(5 * i), 1.0)).collect(),
            dynamics: [0, 20, 40, 60]
                .into_iter()
                .zip(eigenvalues)
                .map(|(step, value)| dynamics(step, rate(step), value))
                .collect(),
            ..measures(60)
        }
    }

    fn verdict(eigenvalues: [f64; 4]) -> Verdict {
        measure(&run(eigenvalues), &about()).verdict
    }

    #[test]
    fn it_holds_when_every_decay_lets_the_top_eigenvalue_grow_to_the_edge() {
        let row = measure(&run([50.0, 95.0, 190.0, 410.0]), &about());
        assert_eq!(row.verdict, Verdict::Holds, "{row:?}");
        assert_eq!((row.before, row.after), (Some(95.0), Some(410.0)));
    }

    #[test]
    fn it_does_not_hold_when_one_decay_is_followed_by_a_fall_or_the_bound_is_passed() {
        assert_eq!(verdict([50.0, 95.0, 94.0, 300.0]), Verdict::DoesNotHold);
        assert_eq!(verdict([50.0, 95.0, 190.0, 421.0]), Verdict::DoesNotHold);
        // The bound that led to step 40 is 200, though the rate that leaves it allows 400.
        assert_eq!(verdict([50.0, 95.0, 250.0, 300.0]), Verdict::DoesNotHold);
    }

    #[test]
    fn a_rate_that_falls_at_the_last_step_is_no_decay() {
        let mut run = run([50.0, 95.0, 190.0, 380.0]);
        run.history.truncate(5);
        run.dynamics.truncate(2);
        assert_eq!(measure(&run, &about()).verdict, Verdict::NotApplicable);
    }

    #[test]
    fn it_is_not_applicable_without_decay_without_bound_or_between_too_few_checkpoints() {
        let good = run([50.0, 95.0, 190.0, 380.0]);
        let mut constant = good.clone();
        constant.history.iter_mut().for_each(|row| row.learning_rate = 0.2);
        assert_eq!(measure(&constant, &about()).verdict, Verdict::NotApplicable);

        let mut exponential = good.clone();
        for (i, row) in exponential.history.iter_mut().enumerate() {
            row.learning_rate = 0.2 * 0.9_f64.powi(i32::try_from(i).unwrap());
        }
        assert_eq!(measure(&exponential, &about()).verdict, Verdict::NotApplicable);

        let mut unbounded = good.clone();
        unbounded.dynamics.iter_mut().for_each(|row| row.stability_bound = None);
        assert_eq!(measure(&unbounded, &about()).verdict, Verdict::NotApplicable);

        let mut adam = about();
        adam.outline.optimizer = Some("adam".to_owned());
        assert_eq!(measure(&good, &adam).verdict, Verdict::NotApplicable);

        let mut sparse = good;
        sparse.dynamics.truncate(1);
        assert_eq!(measure(&sparse, &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
    }
}
