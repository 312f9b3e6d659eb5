//! Finding 2: the top eigenfunctions align toward the target.

use artifact::tables::report::FindingRow;
use artifact::tables::{Signal, Split};

use super::{Finding, ONE_CHECKPOINT, energy_of};
use crate::about::About;
use crate::measures::Measures;
use crate::number::measured;

/// Share by which the part of the target outside the top must shrink.
///
/// The part outside is judged, not the energy itself: a target that starts with 0.99 of its
/// energy inside cannot rise by much. A tenth is well above what eigenvectors in a crowded part
/// of the spectrum lose and win by mixing.
const SHRINKS_BY: f64 = 0.1;

/// Whether the target has more of its energy in the top eigenvectors at the end.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let name = "target_aligns";
    of_split(
        measures,
        Split::Train,
        name,
        "The top eigenfunctions align toward the target function.",
    )
}

/// The same on test samples, by the Nyström extension of the eigenvectors.
pub fn measure_on_test(measures: &Measures, _about: &About) -> FindingRow {
    let name = "target_aligns_on_test";
    of_split(
        measures,
        Split::Test,
        name,
        "On test points, too, the top eigenfunctions align toward the target.",
    )
}

fn of_split(
    measures: &Measures,
    split: Split,
    name: &'static str,
    statement: &'static str,
) -> FindingRow {
    let top = measures.top;
    let samples = match split {
        Split::Train => "",
        Split::Test => " on test samples",
    };
    let finding = Finding {
        name,
        statement,
        measure: format!(
            "E(ȳ, {top}), energy of the target in the top {top} eigenvectors{samples}, at the first and the last checkpoint"
        ),
        rule: format!(
            "1 − E(ȳ, {top}), the part outside, shrinks by {SHRINKS_BY} of itself or more"
        ),
    };
    if measures.first_step == measures.last_step {
        return finding.not_applicable(ONE_CHECKPOINT);
    }
    let at = |step| energy_of(measures, split, step, Signal::Target);
    let (Some(before), Some(after)) = (at(measures.first_step), at(measures.last_step)) else {
        return finding.not_applicable(
            "The energy of the target is not known at the first and the last checkpoint.",
        );
    };
    let (outside_before, outside_after) = (1.0 - before, 1.0 - after);
    // Sums in f32 vectors leave about 1e-6; a part smaller than that is none.
    if outside_before < 1e-6 {
        return finding.not_applicable(format!(
            "The target lies wholly in the top {top} from the start; choose a smaller top."
        ));
    }
    let note = format!(
        "The part outside goes from {} to {}.",
        measured(outside_before),
        measured(outside_after.max(0.0))
    );
    let holds = outside_after <= (1.0 - SHRINKS_BY) * outside_before;
    finding.decided(before, after, holds, note)
}

#[cfg(test)]
mod tests {
    use artifact::tables::report::Verdict;
    use artifact::tables::spectrum::EnergyRow;

    use super::super::made_up::{about, energy, measures};
    use super::*;

    fn verdict(before: f64, after: f64) -> Verdict {
        let energy = vec![energy(0, Signal::Target, before), energy(100, Signal::Target, after)];
        measure(&Measures { energy, ..measures(100) }, &about()).verdict
    }

    #[test]
    fn it_holds_when_the_target_moves_into_the_top() {
        assert_eq!(verdict(0.883, 0.934), Verdict::Holds);
        assert_eq!(verdict(0.990, 0.995), Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_the_target_stays_or_leaves() {
        assert_eq!(verdict(0.883, 0.884), Verdict::DoesNotHold);
        assert_eq!(verdict(0.9, 0.8), Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_where_nothing_can_be_won_or_nothing_is_known() {
        assert_eq!(verdict(1.0, 1.0), Verdict::NotApplicable);
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
        assert_eq!(measure(&measures(0), &about()).verdict, Verdict::NotApplicable);
    }

    #[test]
    fn on_test_samples_their_own_energies_decide() {
        let test =
            |step, value| EnergyRow { split: Split::Test, ..energy(step, Signal::Target, value) };
        let energy = vec![
            energy(0, Signal::Target, 0.8),
            energy(100, Signal::Target, 0.95),
            test(0, 0.8),
            test(100, 0.79),
        ];
        let run = Measures { energy, ..measures(100) };
        assert_eq!(measure(&run, &about()).verdict, Verdict::Holds);
        assert_eq!(measure_on_test(&run, &about()).verdict, Verdict::DoesNotHold);
        assert_eq!(measure_on_test(&measures(100), &about()).verdict, Verdict::NotApplicable);
    }
}
