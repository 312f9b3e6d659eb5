//! Finding 1: the kernel changes along the optimization.

use artifact::tables::report::FindingRow;
use artifact::tables::spectrum::AlignmentMetric;

use super::{Finding, ONE_CHECKPOINT};
use crate::about::About;
use crate::measures::Measures;
use crate::number::measured;

/// Kernel distance from which a kernel counts as another one.
///
/// S is one minus a cosine, so 0.1 is an angle of 26° between the two kernels. The infinite-width
/// theory says 0, and wide networks in the NTK parameterization stay a factor of ten below.
const DISTANCE: f64 = 0.1;

/// Change of λ₁ that counts, as a factor up or down. S does not see a kernel that only grows.
const GROWTH: f64 = 2.0;

/// Whether the kernel at the end is another than at the start.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let finding = Finding {
        name: "kernel_changes",
        statement: "The kernel changes along the optimization; it is not the constant kernel of the infinite-width theory.",
        measure: "kernel distance S(0, t) = 1 − tr(G₀Gₜ)/(‖G₀‖‖Gₜ‖), at the start and at the end"
            .to_owned(),
        rule: format!("S(0, T) ≥ {DISTANCE}, or λ₁ changes by a factor of {GROWTH} or more"),
    };
    let (first, last) = (measures.first_step, measures.last_step);
    if first == last {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    let distance = measures.alignment.iter().find(|row| {
        row.metric == AlignmentMetric::KernelDistance
            && row.step == last
            && row.reference_step == Some(first)
    });
    let Some(distance) = distance.map(|row| row.value) else {
        return finding.not_applicable(
            "The distance between the first and the last kernel is not in the table alignment.",
        );
    };
    let largest = |step| {
        measures.dynamics.iter().find(|row| row.step == step).map(|row| row.largest_eigenvalue)
    };
    let growth = match (largest(first), largest(last)) {
        (Some(before), Some(after)) if before > 0.0 && after > 0.0 => Some((before, after)),
        _ => None,
    };
    let grown = growth.is_some_and(|(before, after)| {
        let factor = after / before;
        factor >= GROWTH || factor <= GROWTH.recip()
    });
    let note = growth.map(|(before, after)| {
        format!(
            "λ₁ went from {} to {}, a factor of {}.",
            measured(before),
            measured(after),
            measured(after / before)
        )
    });
    // S(0, 0) = 0 by definition.
    finding.decided(0.0, distance, distance >= DISTANCE || grown, note)
}

#[cfg(test)]
mod tests {
    use artifact::tables::report::Verdict;

    use super::super::made_up::{about, alignment, dynamics, measures};
    use super::*;

    fn verdict(distance: f64, first: f64, last: f64) -> Verdict {
        let run = Measures {
            alignment: vec![alignment(100, AlignmentMetric::KernelDistance, Some(0), distance)],
            dynamics: vec![dynamics(0, 0.1, first), dynamics(100, 0.1, last)],
            ..measures(100)
        };
        measure(&run, &about()).verdict
    }

    #[test]
    fn it_holds_for_a_kernel_that_turns_and_for_one_that_grows_or_shrinks() {
        assert_eq!(verdict(0.3, 1.0, 1.0), Verdict::Holds);
        assert_eq!(verdict(0.0, 1.0, 2.0), Verdict::Holds);
        assert_eq!(verdict(0.0, 1.0, 0.4), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_for_a_kernel_that_stays() {
        assert_eq!(verdict(0.09, 1.0, 1.9), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_checkpoint_or_without_the_distance() {
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
    }
}
