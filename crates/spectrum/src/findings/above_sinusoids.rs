//! At the end, the top eigenvectors hold more of the target than as many sinusoids.

use artifact::tables::findings::FindingRow;
use artifact::tables::{Signal, Split};

use super::About;
use super::{Finding, energy, unresolved};
use crate::measures::Measures;
use study::number::measured;

/// Share of what sinusoids leave outside that eigenvectors may leave: a tenth less counts.
const LESS: f64 = 0.9;

/// Whether E(ȳ, k) at the last checkpoint is above that of the k lowest-frequency sinusoids.
pub fn measure(measures: &Measures, about: &About) -> FindingRow {
    let top = measures.top;
    let finding = Finding {
        name: "above_sinusoids",
        statement: "At the end the top eigenfunctions hold more of the target than as many sinusoids of low frequency.",
        measure: format!(
            "E(ȳ, {top}): in the {top} sinusoids of lowest frequency (before), in the top {top} eigenvectors at the last checkpoint (after)"
        ),
        rule: format!("the eigenvectors leave at most {LESS} of what the sinusoids leave outside"),
    };
    // k counts directions over all samples and outputs; only one output a kernel has as many
    // as its samples, as the sinusoids have.
    let blocks = about.outline.kernel_blocks.unwrap_or(1);
    if about.outline.output_dim != Some(1) && about.outline.output_dim != Some(blocks) {
        return finding.not_applicable(
            "With several outputs in one kernel, k eigenvectors and k sinusoids for each output are different things.",
        );
    }
    if let Some(why) = unresolved(measures, &[measures.last_step]) {
        return finding.not_applicable(why);
    }
    let sinusoids = measures
        .baseline
        .iter()
        .find(|row| row.split == Split::Train && row.signal == Signal::Target && row.k == top)
        .map(|row| row.relative_energy);
    let found = energy(measures, measures.last_step, Signal::Target);
    let (Some(sinusoids), Some(found)) = (sinusoids, found) else {
        return finding.not_applicable(format!(
            "The energy in {top} sinusoids and in {top} eigenvectors at the last checkpoint is not known."
        ));
    };
    let start = energy(measures, measures.first_step, Signal::Target);
    let note =
        start.map(|start| format!("At the first checkpoint E(ȳ, {top}) is {}.", measured(start)));
    finding.decided(sinusoids, found, LESS * (1.0 - sinusoids) - (1.0 - found), note)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use artifact::tables::spectrum::BaselineRow;

    use super::super::made_up::{about, energy as row, measures};
    use super::*;

    fn run(sinusoids: f64, found: f64) -> Measures {
        let baseline = BaselineRow {
            split: Split::Train,
            output: 0,
            signal: Signal::Target,
            k: 50,
            relative_energy: sinusoids,
        };
        let energy = vec![row(0, Signal::Target, 0.1), row(100, Signal::Target, found)];
        Measures { baseline: vec![baseline], energy, ..measures(100) }
    }

    #[test]
    fn it_holds_when_eigenvectors_leave_less_outside() {
        assert_eq!(measure(&run(0.9, 0.95), &about()).verdict, Verdict::Holds);
    }

    #[test]
    fn it_does_not_hold_when_sinusoids_do_as_well_or_better() {
        assert_eq!(measure(&run(0.9, 0.905), &about()).verdict, Verdict::DoesNotHold);
        assert_eq!(measure(&run(0.9, 0.8), &about()).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn it_is_not_applicable_without_sinusoids_or_with_outputs_in_one_kernel() {
        assert_eq!(measure(&measures(100), &about()).verdict, Verdict::NotApplicable);
        let mut several = about();
        several.outline.output_dim = Some(3);
        assert_eq!(measure(&run(0.9, 0.95), &several).verdict, Verdict::NotApplicable);
        several.outline.kernel_blocks = Some(3);
        assert_eq!(measure(&run(0.9, 0.95), &several).verdict, Verdict::Holds);
    }
}
