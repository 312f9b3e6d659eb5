//! At a constant learning rate: curvature rises to the edge of stability and stays there.
//!
//! Of the kernel, λ₁ against 2N/δ, and of the loss itself, its sharpness against 2/δ.

use artifact::tables::findings::FindingRow;

use super::About;
use super::{Finding, ONE_CHECKPOINT};
use crate::measures::Measures;
use study::number::measured;

/// How far from the edge, as a share of it, a curvature may lie and still be at it.
///
/// There the curvature swings about its bound (Cohen et al. 2021, figure 1). Of two rates that
/// differ by a factor of two the edges do as well, so that a fifth tells them apart.
const NEAR: f64 = 0.2;
/// Part of the run, at its end, over which the median is taken: swings must not decide.
const END: f64 = 0.75;

/// Whether λ₁ of the Gramian rises to 2N/δ and stays there.
pub fn measure_eigenvalue(measures: &Measures, about: &About) -> FindingRow {
    let finding = Finding {
        name: "eigenvalue_reaches_edge",
        statement: "At a constant learning rate the top eigenvalue of the kernel rises to 2N/δ and stays there.",
        measure:
            "λ₁ / (2N/δ) at the first checkpoint, and its median over the last quarter of the steps"
                .to_owned(),
        rule: rule(),
    };
    if !about.is_full_batch_least_squares() {
        return finding.not_applicable(
            "2N/δ bounds λ₁ for full-batch gradient descent on least squares only.",
        );
    }
    let shares = measures
        .dynamics
        .iter()
        .filter_map(|row| Some((row.step, row.largest_eigenvalue / row.stability_bound?)));
    decide(finding, measures, &shares.collect::<Vec<_>>(), "The bound 2N/δ is not known.")
}

/// Whether the sharpness of the loss, the largest eigenvalue of its Hessian, rises to 2/δ and stays
/// there.
pub fn measure_sharpness(measures: &Measures, about: &About) -> FindingRow {
    let finding = Finding {
        name: "sharpness_reaches_edge",
        statement: "At a constant learning rate the sharpness of the loss rises to 2/δ and stays there.",
        measure: "sharpness / (2/δ) where it is first measured, and its median over the last quarter of the steps"
            .to_owned(),
        rule: rule(),
    };
    if !about.is_full_batch() {
        return finding.not_applicable("2/δ is the edge of full-batch gradient descent only.");
    }
    let shares = measures.history.iter().zip(measures.learning_rates()).filter_map(
        |(row, (step, learning_rate))| Some((step, row.sharpness? * learning_rate / 2.0)),
    );
    decide(
        finding,
        measures,
        &shares.collect::<Vec<_>>(),
        "The sharpness was not measured: set `sharpness` of the stage train.",
    )
}

fn rule() -> String {
    format!("the median lies within {NEAR} of 1, and above the value at the start")
}

/// Decides by the shares of the bound, by rising step; `unknown` says why there are none.
fn decide(
    finding: Finding,
    measures: &Measures,
    shares: &[(u64, f64)],
    unknown: &str,
) -> FindingRow {
    let mut rates = measures.learning_rates().map(|(_, rate)| rate);
    let first_rate = rates.next();
    if rates.any(|rate| Some(rate) != first_rate) {
        return finding.not_applicable("The learning rate is not constant.");
    }
    let Some(&(first_step, first)) = shares.first() else {
        return finding.not_applicable(unknown);
    };
    let from = END * measures.last_step as f64;
    let late: Vec<f64> =
        shares.iter().filter(|(step, _)| *step as f64 >= from).map(|(_, share)| *share).collect();
    if first_step == measures.last_step {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    let Some(end) = median(&late) else {
        return finding.not_applicable("Nothing was measured in the last quarter of the steps.");
    };
    let highest = shares.iter().map(|(_, share)| *share).fold(f64::MIN, f64::max);
    let note = format!("At most {} of the edge.", measured(highest));
    let margin = (NEAR - (end - 1.0).abs()).min(end - first);
    finding.decided(first, end, margin, note)
}

/// The middle value, the upper one of two; `None` of none.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use artifact::tables::training::HistoryRow;

    use super::super::made_up::{about, dynamics, history, measures};
    use super::*;

    /// At the rate 0.1, whose edges are 200 for λ₁ at N = 10 and 20 for the sharpness.
    fn run(shares: [f64; 5]) -> Measures {
        let steps = [0, 25, 50, 75, 100];
        let at = |(step, share): (u64, f64)| dynamics(step, 0.1, 200.0 * share);
        let sharp = |(step, share): (u64, f64)| HistoryRow {
            sharpness: Some(20.0 * share),
            ..history(step, 0.1, 1.0)
        };
        Measures {
            dynamics: steps.into_iter().zip(shares).map(at).collect(),
            history: steps.into_iter().zip(shares).map(sharp).collect(),
            ..measures(100)
        }
    }

    fn verdicts(run: &Measures, about: &About) -> [Verdict; 2] {
        [measure_eigenvalue(run, about).verdict, measure_sharpness(run, about).verdict]
    }

    #[test]
    fn it_holds_for_a_curvature_that_rises_to_the_edge_and_swings_about_it() {
        let run = run([0.3, 0.6, 1.3, 0.9, 1.05]);
        assert_eq!(verdicts(&run, &about()), [Verdict::Holds; 2]);
        let row = measure_eigenvalue(&run, &about());
        assert_eq!((row.before, row.after), (Some(0.3), Some(1.05)));
    }

    #[test]
    fn it_does_not_hold_below_the_edge_far_above_it_or_for_a_curvature_that_falls_to_it() {
        for shares in
            [[0.3, 0.4, 0.5, 0.6, 0.7], [0.3, 0.6, 1.0, 1.3, 1.4], [1.5, 1.4, 1.3, 1.1, 1.0]]
        {
            assert_eq!(verdicts(&run(shares), &about()), [Verdict::DoesNotHold; 2], "{shares:?}");
        }
    }

    #[test]
    fn it_is_not_applicable_with_decay_other_optimizers_or_nothing_measured() {
        let good = run([0.3, 0.6, 1.0, 1.0, 1.0]);
        let mut decayed = good.clone();
        decayed.history[3].learning_rate = 0.05;
        assert_eq!(verdicts(&decayed, &about()), [Verdict::NotApplicable; 2]);

        let mut adam = about();
        adam.outline.optimizer = Some("adam".to_owned());
        assert_eq!(verdicts(&good, &adam), [Verdict::NotApplicable; 2]);

        let mut unknown = good.clone();
        unknown.history.iter_mut().for_each(|row| row.sharpness = None);
        unknown.dynamics.iter_mut().for_each(|row| row.stability_bound = None);
        assert_eq!(verdicts(&unknown, &about()), [Verdict::NotApplicable; 2]);

        let mut early = good;
        early.history.truncate(3);
        early.dynamics.truncate(3);
        assert_eq!(verdicts(&early, &about()), [Verdict::NotApplicable; 2]);
        assert_eq!(verdicts(&measures(0), &about()), [Verdict::NotApplicable; 2]);
    }

    #[test]
    fn the_edge_of_the_loss_needs_no_least_squares() {
        let mut cross_entropy = about();
        cross_entropy.outline.loss = Some("cross_entropy".to_owned());
        let run = run([0.3, 0.6, 1.0, 1.0, 1.0]);
        assert_eq!(verdicts(&run, &cross_entropy), [Verdict::NotApplicable, Verdict::Holds]);
    }
}
