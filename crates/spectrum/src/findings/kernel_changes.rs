//! Finding 1: the kernel turns along the optimization.

use artifact::tables::findings::FindingRow;
use artifact::tables::spectrum::AlignmentMetric;

use super::About;
use super::{Finding, ONE_CHECKPOINT};
use crate::measures::Measures;

/// Kernel distance from which a kernel counts as another one.
///
/// S is one minus a cosine, so 0.1 is an angle of 26° between the two kernels. The infinite-width
/// theory says 0, and wide networks in the NTK parameterization stay a factor of ten below.
const DISTANCE: f64 = 0.1;

/// Whether the kernel at the end points elsewhere than at the start; its size does not matter.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let finding = Finding {
        name: "kernel_changes",
        statement: "The kernel turns along the optimization; it is not the constant kernel of the infinite-width theory.",
        measure: "kernel distance S(0, t) = 1 − tr(G₀Gₜ)/(‖G₀‖‖Gₜ‖), at the start and at the end"
            .to_owned(),
        rule: format!("S(0, T) ≥ {DISTANCE}, whatever the growth of the kernel"),
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
    let Some(distance) = distance.and_then(|row| row.value) else {
        return finding
            .not_applicable("The distance between the first and the last kernel is not known.");
    };
    // S(0, 0) = 0 by definition.
    finding.decided(0.0, distance, distance - DISTANCE, None)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, alignment, dynamics, measures};
    use super::*;

    fn row(distance: f64, first: f64, last: f64) -> FindingRow {
        let run = Measures {
            alignment: vec![alignment(100, AlignmentMetric::KernelDistance, Some(0), distance)],
            dynamics: vec![dynamics(0, 0.1, first), dynamics(100, 0.1, last)],
            ..measures(100)
        };
        measure(&run, &about())
    }

    #[test]
    fn it_holds_for_a_kernel_that_turns() {
        let row = row(0.3, 1.0, 1.0);
        assert_eq!((row.verdict, row.after, row.n), (Verdict::Holds, Some(0.3), Some(1)));
        assert!((row.margin.unwrap() - 0.2).abs() < 1e-12 && row.uncertainty.is_none());
    }

    #[test]
    fn it_does_not_hold_for_a_kernel_that_stays_or_only_grows() {
        assert_eq!(row(0.09, 1.0, 1.9).verdict, Verdict::DoesNotHold);
        assert_eq!(row(0.0, 1.0, 9.1).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_checkpoint_or_without_the_distance() {
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
    }
}
