//! Finding 1, its other half: the kernel grows or shrinks along the optimization.

use artifact::tables::findings::FindingRow;

use super::About;
use super::{Finding, ONE_CHECKPOINT, without_structure};
use crate::measures::Measures;
use study::number::measured;

/// Change of λ₁ that counts, as a factor up or down.
const FACTOR: f64 = 2.0;

/// Whether λ₁ at the end is another than at the start.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let finding = Finding {
        name: "kernel_grows",
        statement: "The size of the kernel changes along the optimization.",
        measure: "λ₁ at the first and at the last checkpoint".to_owned(),
        rule: format!("λ₁ changes by a factor of {FACTOR} or more, up or down"),
    };
    if measures.first_step == measures.last_step {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    let largest = |step| {
        let row = measures.dynamics.iter().find(|row| row.step == step);
        row.map(|row| row.largest_eigenvalue).filter(|&value| value > 0.0)
    };
    let (Some(before), Some(after)) = (largest(measures.first_step), largest(measures.last_step))
    else {
        return finding.not_applicable("λ₁ is not positive at the first and the last checkpoint.");
    };
    let note = format!("A factor of {}.", measured(after / before));
    let margin = (after / before).ln().abs() - FACTOR.ln();
    without_structure(finding.decided(before, after, margin, note))
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, dynamics, measures};
    use super::*;

    fn verdict(first: f64, last: f64) -> Verdict {
        let dynamics = vec![dynamics(0, 0.1, first), dynamics(100, 0.1, last)];
        measure(&Measures { dynamics, ..measures(100) }, &about()).verdict
    }

    #[test]
    fn it_holds_for_a_kernel_that_grows_or_shrinks() {
        assert_eq!(verdict(1.0, 2.0), Verdict::Holds);
        assert_eq!(verdict(1.0, 0.4), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_for_a_kernel_that_keeps_its_size() {
        assert_eq!(verdict(1.0, 1.9), Verdict::DoesNotHold);
        assert_eq!(verdict(1.0, 0.6), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_checkpoint_or_a_kernel_of_zero() {
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
        assert_eq!(verdict(0.0, 1.0), Verdict::NotApplicable);
    }
}
