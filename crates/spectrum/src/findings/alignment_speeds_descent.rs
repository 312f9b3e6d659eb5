//! Finding 4: the alignment of the kernel speeds up optimization.
//!
//! Gradient descent on the linear model of a kernel that is held fixed shows how fast that kernel
//! learns the target by itself. The first kernel is scaled to the trace of the last, for a kernel that
//! has only grown learns faster without any alignment. Both descend from the same outputs with the same
//! rates, at which neither overshoots, so that what is left at the end compares their shapes.

use artifact::tables::Split;
use artifact::tables::findings::FindingRow;
use artifact::tables::spectrum::FrozenRates;

use super::About;
use super::{Finding, ONE_CHECKPOINT};
use crate::measures::Measures;
use study::number::{grouped, measured};

/// How much less loss the last kernel must leave than the first, as a ratio.
const FASTER: f64 = 0.9;

/// Whether the last kernel held fixed learns the training target faster than the first.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let finding = Finding {
        name: "alignment_speeds_descent",
        statement: "The kernel at the end, held fixed, learns the training target faster than the kernel at the start scaled to its size.",
        measure: "training loss that descent with the fixed first kernel, scaled to the trace of the last, G₀ tr G_T / tr G₀ (before), and with the fixed last kernel G_T (after) has left after all steps, at the same stable rates".to_owned(),
        rule: format!("the last kernel leaves at most {FASTER} of what the first leaves"),
    };
    if measures.first_step == measures.last_step {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    let left = |kernel: u64, rates: FrozenRates, split: Split| {
        let rows = measures
            .frozen_descent
            .iter()
            .filter(|row| row.kernel_step == kernel && row.split == split && row.rates == rates);
        rows.max_by_key(|row| row.step).and_then(|row| Some((row.step, row.loss?)))
    };
    let of = |rates, split| {
        Some((left(measures.first_step, rates, split)?, left(measures.last_step, rates, split)?))
    };
    let Some(((steps, first), (same, last))) = of(FrozenRates::SameTrace, Split::Train) else {
        return finding.not_applicable(
            "Descent with fixed kernels of the same trace is known for full-batch least squares only, and not in the table frozen_descent here.",
        );
    };
    if steps != same || first <= 0.0 {
        return finding.not_applicable("The two descents cannot be compared.");
    }
    let test = of(FrozenRates::SameTrace, Split::Test).map(|((_, first), (_, last))| {
        format!(" On the test split {} and {}.", measured(first), measured(last))
    });
    let as_it_was = of(FrozenRates::Stable, Split::Train).map(|((_, first), _)| {
        format!(" The first kernel as it was, not scaled, leaves {}.", measured(first))
    });
    let note = format!(
        "After {} steps.{}{}",
        grouped(steps),
        test.unwrap_or_default(),
        as_it_was.unwrap_or_default()
    );
    finding.decided(first, last, FASTER - last / first, note)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use artifact::tables::spectrum::FrozenDescentRow;

    use super::super::made_up::{about, measures};
    use super::*;

    fn row(kernel_step: u64, step: u64, loss: f64) -> FrozenDescentRow {
        let rates = FrozenRates::SameTrace;
        FrozenDescentRow { kernel_step, rates, step, split: Split::Train, loss: Some(loss) }
    }

    fn run(first: f64, last: f64) -> Measures {
        let mut frozen_descent =
            vec![row(0, 0, 1.0), row(100, 0, 1.0), row(0, 100, first), row(100, 100, last)];
        // With the run's own rates a kernel may diverge, which says nothing of its speed.
        frozen_descent.push(FrozenDescentRow { rates: FrozenRates::Run, ..row(100, 100, 1e30) });
        // A first kernel that is smaller is slower for that alone.
        frozen_descent.push(FrozenDescentRow { rates: FrozenRates::Stable, ..row(0, 100, 1e3) });
        Measures { frozen_descent, ..measures(100) }
    }

    #[test]
    fn it_holds_when_the_last_kernel_leaves_less() {
        let row = measure(&run(0.5, 0.1), &about());
        assert_eq!((row.verdict, row.before, row.after), (Verdict::Holds, Some(0.5), Some(0.1)));
    }

    #[test]
    fn it_does_not_hold_when_it_leaves_as_much_or_more() {
        assert_eq!(measure(&run(0.5, 0.48), &about()).verdict, Verdict::DoesNotHold);
        assert_eq!(measure(&run(0.5, 0.9), &about()).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_without_both_descents() {
        let mut one = run(0.5, 0.1);
        one.frozen_descent.retain(|row| row.kernel_step == 0);
        assert_eq!(measure(&one, &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
    }
}
