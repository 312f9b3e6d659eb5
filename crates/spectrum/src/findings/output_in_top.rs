//! Finding 3: the network's output is spanned almost completely by the top eigenfunctions.

use artifact::tables::findings::FindingRow;
use artifact::tables::{Signal, Split};

use super::About;
use super::{Finding, energy, unresolved, without_structure};
use crate::measures::Measures;
use study::number::grouped;

/// Energy that counts as almost all of the output: at most a twentieth of ‖f̄‖² lies outside.
const ALMOST_ALL: f64 = 0.95;

/// Whether the output lies in the top eigenvectors at every checkpoint.
pub fn measure(measures: &Measures, _about: &About) -> FindingRow {
    let top = measures.top;
    let finding = Finding {
        name: "output_in_top",
        statement: "The network's output is spanned almost completely by the top eigenfunctions during the whole optimization.",
        measure: format!(
            "E(f̄, {top}), energy of the output in the top {top} eigenvectors: at the first checkpoint, and its minimum over all checkpoints"
        ),
        rule: format!("min over t of E(f̄, {top}) ≥ {ALMOST_ALL}"),
    };
    if let Some(why) = unresolved(measures, &measures.steps) {
        return finding.not_applicable(why);
    }
    let lowest = measures
        .energy
        .iter()
        .filter(|row| row.split == Split::Train && row.signal == Signal::Output && row.k == top)
        .filter_map(|row| Some((row.step, row.relative_energy?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((step, after)) = lowest else {
        return finding.not_applicable("The energy of the output is not known at any checkpoint.");
    };
    let note = format!("The minimum is at step {}.", grouped(step));
    let before = energy(measures, measures.first_step, Signal::Output);
    let row = finding.decided(before.unwrap_or(after), after, after - ALMOST_ALL, note);
    // An output that is zero at the start has no energy there; the others decide.
    without_structure(FindingRow { before, ..row })
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;

    use super::super::made_up::{about, energy, measures};
    use super::*;

    fn row(energies: &[(u64, f64)]) -> FindingRow {
        let energy =
            energies.iter().map(|&(step, value)| energy(step, Signal::Output, value)).collect();
        measure(&Measures { energy, ..measures(100) }, &about())
    }

    #[test]
    fn it_holds_when_every_checkpoint_is_above() {
        assert_eq!(row(&[(0, 0.99), (50, 0.95), (100, 0.98)]).verdict, Verdict::Holds);
    }

    #[test]
    fn one_checkpoint_below_is_enough_to_fail() {
        let row = row(&[(0, 0.99), (50, 0.949), (100, 0.98)]);
        assert_eq!((row.verdict, row.after), (Verdict::DoesNotHold, Some(0.949)));
    }

    #[test]
    fn an_output_of_zero_at_the_start_leaves_the_other_checkpoints_to_decide() {
        let row = row(&[(50, 0.97), (100, 0.98)]);
        assert_eq!((row.verdict, row.before), (Verdict::Holds, None));
    }

    #[test]
    fn it_is_not_applicable_without_energies_of_the_output() {
        assert_eq!(row(&[]).verdict, Verdict::NotApplicable);
    }
}
