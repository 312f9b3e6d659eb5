//! Beside finding 2: whether the kernel as a whole aligns with the target.

use artifact::tables::findings::FindingRow;
use artifact::tables::spectrum::AlignmentMetric;

use super::About;
use super::target_aligns::SHRINKS_BY;
use super::{Finding, ONE_CHECKPOINT};
use crate::measures::Measures;
use study::number::measured;

/// What it means where this finding and `target_aligns` differ.
const DIFFERENCE: &str = "KTA weighs each eigenvector by its eigenvalue, E(ȳ, k) counts the first k alike: where KTA falls while E rises, the target moves into the top eigenvectors, and the kernel's weight into few of them that hold less of it.";

/// Whether kernel-target alignment is nearer to 1 at the end.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let finding = Finding {
        name: "kernel_target_alignment_rises",
        statement: "The kernel as a whole aligns with the target: kernel-target alignment rises.",
        measure: "KTA = ȳᵀGȳ / (‖G‖ ‖ȳ‖²) at the first and the last checkpoint".to_owned(),
        rule: format!("1 − KTA shrinks by {SHRINKS_BY} of itself or more"),
    };
    let (first, last) = (measures.first_step, measures.last_step);
    if first == last {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    let ends = |metric: AlignmentMetric| {
        let at = |step| {
            let row =
                measures.alignment.iter().find(|row| row.metric == metric && row.step == step);
            row.and_then(|row| row.value)
        };
        Some((at(first)?, at(last)?))
    };
    let Some((before, after)) = ends(AlignmentMetric::KernelTargetAlignment) else {
        return finding.not_applicable("KTA is not known at the first and the last checkpoint.");
    };
    let centred = match ends(AlignmentMetric::CentredKernelTargetAlignment) {
        Some((before, after)) => {
            format!(
                "Centred, without what is constant over the samples: {} → {}. ",
                measured(before),
                measured(after)
            )
        }
        None => String::new(),
    };
    let margin = (1.0 - SHRINKS_BY) * (1.0 - before) - (1.0 - after);
    finding.decided(before, after, margin, format!("{centred}{DIFFERENCE}"))
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, alignment, measures};
    use super::*;

    fn row(before: f64, after: f64) -> FindingRow {
        let kta = AlignmentMetric::KernelTargetAlignment;
        let centred = AlignmentMetric::CentredKernelTargetAlignment;
        let alignment = vec![
            alignment(0, centred, None, 0.2),
            alignment(0, kta, None, before),
            alignment(100, kta, None, after),
            alignment(100, centred, None, 0.4),
        ];
        measure(&Measures { alignment, ..measures(100) }, &about())
    }

    #[test]
    fn it_holds_when_the_alignment_rises() {
        let row = row(0.6, 0.7);
        assert_eq!((row.verdict, row.before, row.after), (Verdict::Holds, Some(0.6), Some(0.7)));
        assert!(row.note.unwrap().contains("0.200 → 0.400"));
    }

    #[test]
    fn it_does_not_hold_when_the_alignment_falls_or_stays() {
        let falls = row(0.773, 0.659);
        assert_eq!(falls.verdict, Verdict::DoesNotHold);
        assert!(falls.margin.unwrap() < -0.1);
        assert_eq!(row(0.7, 0.72).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_with_one_checkpoint_or_without_the_alignment() {
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
    }
}
