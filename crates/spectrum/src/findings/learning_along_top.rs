//! Finding 4: learning along the top eigenfunctions is fast.
//!
//! The residual m̄ = f̄ − ȳ is what is still to be learned. Its energy is split at every checkpoint
//! into the part inside the top k eigenvectors, ‖m̄‖² E(m̄, k), and the part outside,
//! ‖m̄‖² (1 − E(m̄, k)), where ‖m̄‖² = 2N L for least squares with the ½. Learning along the top is
//! fast when what is left of the first part is little beside what is left of the second.

use artifact::tables::Signal;
use artifact::tables::findings::FindingRow;
use artifact::tables::kernel::Reduction;

use super::About;
use super::{Finding, ONE_CHECKPOINT, energy, unresolved, without_structure};
use crate::measures::Measures;
use study::number::measured;

/// How much less must be left inside the top than outside, as a ratio: twice as fast counts.
const FASTER: f64 = 0.5;

/// Whether the residual shrinks faster inside the top eigenvectors than outside.
pub fn measure(measures: &Measures, about: &About) -> FindingRow {
    let top = measures.top;
    let finding = Finding {
        name: "learning_along_top",
        statement: "Learning along the top eigenfunctions is fast.",
        measure: format!(
            "share of the residual's energy ‖m̄‖² at the start that is left at the end: outside the top {top} eigenvectors (before) and inside (after)"
        ),
        rule: format!(
            "inside, less is left than at the start and at most {FASTER} of the share left outside"
        ),
    };
    if measures.first_step == measures.last_step {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    if about.outline.loss.as_deref() != Some("least_squares") {
        return finding.not_applicable(
            "‖m̄‖² follows from the loss for least squares only; the tables do not hold it otherwise.",
        );
    }
    // The energies of these reductions are of all outputs together, as the loss is; those of the
    // others are of one output or of the sum of all.
    let together = matches!(about.outline.reduction, Some(Reduction::Full | Reduction::Trace));
    if about.outline.output_dim != Some(1) && !together {
        return finding.not_applicable(
            "With several outputs, energies and loss speak of the same residual under the reductions full and trace only.",
        );
    }
    if let Some(why) = unresolved(measures, &[measures.first_step, measures.last_step]) {
        return finding.not_applicable(why);
    }
    let loss =
        |step| measures.history.iter().find(|row| row.step == step).map(|row| row.train_loss);
    let at = |step| Some((loss(step)?, energy(measures, step, Signal::Residual)?));
    let (Some((first_loss, first)), Some((last_loss, last))) =
        (at(measures.first_step), at(measures.last_step))
    else {
        return finding.not_applicable(
            "The loss and the residual's energy are not both known at the first and the last checkpoint.",
        );
    };
    let (inside_first, outside_first) = (first_loss * first, first_loss * (1.0 - first));
    if inside_first <= 0.0 || outside_first <= 0.0 {
        return finding.not_applicable(format!(
            "At the start the residual lies wholly inside or wholly outside the top {top}."
        ));
    }
    let inside = last_loss * last / inside_first;
    // Above 1 by rounding, an energy would leave less than nothing outside.
    let outside = (last_loss * (1.0 - last)).max(0.0) / outside_first;
    let note = format!(
        "E(m̄, {top}) goes from {} to {}, the loss from {} to {}.",
        measured(first),
        measured(last),
        measured(first_loss),
        measured(last_loss)
    );
    let margin = (1.0 - inside).min(FASTER * outside - inside);
    without_structure(finding.decided(outside, inside, margin, note))
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, energy, history, measures};
    use super::*;

    fn run(losses: (f64, f64), energies: (f64, f64)) -> Measures {
        Measures {
            history: vec![history(0, 0.1, losses.0), history(100, 0.1, losses.1)],
            energy: vec![
                energy(0, Signal::Residual, energies.0),
                energy(100, Signal::Residual, energies.1),
            ],
            ..measures(100)
        }
    }

    #[test]
    fn it_holds_when_the_residual_leaves_the_top() {
        let row = measure(&run((1.0, 0.1), (0.9, 0.4)), &about());
        assert_eq!(row.verdict, Verdict::Holds);
        // Inside 0.9 → 0.04, outside 0.1 → 0.06.
        assert!((row.after.unwrap() - 0.04 / 0.9).abs() < 1e-15);
        assert!((row.before.unwrap() - 0.6).abs() < 1e-15);
    }

    #[test]
    fn it_does_not_hold_when_both_parts_shrink_alike_or_the_loss_grows() {
        assert_eq!(measure(&run((1.0, 0.1), (0.9, 0.9)), &about()).verdict, Verdict::DoesNotHold);
        assert_eq!(measure(&run((1.0, 9.0), (0.5, 0.2)), &about()).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_to_cross_entropy_or_to_reduced_outputs_or_without_energies() {
        let run = run((1.0, 0.1), (0.9, 0.4));
        let mut other = about();
        other.outline.loss = Some("cross_entropy".to_owned());
        assert_eq!(measure(&run, &other).verdict, Verdict::NotApplicable);
        let mut other = about();
        other.outline.output_dim = Some(3);
        other.outline.reduction = Some(Reduction::SummedLogit);
        assert_eq!(measure(&run, &other).verdict, Verdict::NotApplicable);
        other.outline.reduction = Some(Reduction::Trace);
        assert_eq!(measure(&run, &other).verdict, Verdict::Holds);
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
    }
}
