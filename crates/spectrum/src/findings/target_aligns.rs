//! Finding 2: the top eigenfunctions align toward the target.

use artifact::tables::findings::FindingRow;
use artifact::tables::{Signal, Split};

use super::About;
use super::{Finding, ONE_CHECKPOINT, energy_at, unresolved};
use crate::measures::Measures;
use study::number::{grouped, measured};

/// Share by which the part of the target outside the top must shrink.
///
/// The part outside is judged, not the energy itself: a target that starts with 0.99 of its
/// energy inside cannot rise by much. A tenth is well above what eigenvectors in a crowded part
/// of the spectrum lose and win by mixing.
pub(super) const SHRINKS_BY: f64 = 0.1;

/// Sums in f32 vectors leave about this much outside; less is none.
const NOTHING: f64 = 1e-6;

/// Other sizes of the top whose energies are told.
const SIZES: [u32; 4] = [5, 10, 25, 100];

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
    if let Some(why) = unresolved(measures, &[measures.first_step, measures.last_step]) {
        return finding.not_applicable(why);
    }
    let Some((before, after)) = ends(measures, split, Signal::Target, top) else {
        return finding.not_applicable(
            "The energy of the target is not known at the first and the last checkpoint.",
        );
    };
    if 1.0 - before < NOTHING {
        return finding.not_applicable(format!(
            "The target lies wholly in the top {top} from the start; choose a smaller top."
        ));
    }
    let row = finding.decided(before, after, margin(before, after), over_k(measures, split));
    FindingRow { control: control(measures, split), ..row }
}

/// E(φ, k) at the first and the last checkpoint.
fn ends(measures: &Measures, split: Split, signal: Signal, k: u32) -> Option<(f64, f64)> {
    let at = |step| energy_at(measures, split, step, signal, k);
    Some((at(measures.first_step)?, at(measures.last_step)?))
}

/// By how much more than asked the part outside shrinks.
fn margin(before: f64, after: f64) -> f64 {
    (1.0 - SHRINKS_BY) * (1.0 - before) - (1.0 - after)
}

/// The same measure and rule for the target with its values shuffled among the samples.
fn control(measures: &Measures, split: Split) -> Option<String> {
    let (before, after) = ends(measures, split, Signal::ShuffledTarget, measures.top)?;
    let verdict = if margin(before, after) >= 0.0 { "holds" } else { "does not hold" };
    Some(format!("shuffled target {} → {}: {verdict}", measured(before), measured(after)))
}

/// What the same rule says with tops of other sizes.
fn over_k(measures: &Measures, split: Split) -> String {
    let resolved = [measures.first_step, measures.last_step]
        .into_iter()
        .filter_map(|step| measures.resolved_at(step))
        .min();
    let mut sizes: Vec<u32> = measures
        .energy
        .iter()
        .filter(|row| {
            row.step == measures.last_step
                && row.split == split
                && row.signal == Signal::Target
                && resolved.is_none_or(|resolved| row.k <= resolved)
        })
        .map(|row| row.k)
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let judged: Vec<(u32, f64, f64)> = sizes
        .into_iter()
        .filter_map(|k| {
            let (before, after) = ends(measures, split, Signal::Target, k)?;
            (1.0 - before >= NOTHING).then_some((k, before, after))
        })
        .collect();
    let told: Vec<String> = judged
        .iter()
        .filter(|(k, _, _)| SIZES.contains(k))
        .map(|(k, before, after)| format!("{k}: {} → {}", measured(*before), measured(*after)))
        .collect();
    let told =
        if told.is_empty() { String::new() } else { format!(" With k = {}.", told.join("; ")) };
    format!("{}{told}", ranges(&judged))
}

/// For which of the sizes the rule holds.
fn ranges(judged: &[(u32, f64, f64)]) -> String {
    let holds = |&&(_, before, after): &&(u32, f64, f64)| margin(before, after) >= 0.0;
    let held = judged.iter().filter(holds).count();
    let count = judged.len();
    let (Some((least, ..)), Some((most, ..))) = (judged.first(), judged.last()) else {
        return "No other k can be judged.".to_owned();
    };
    let (least, most) = (grouped(u64::from(*least)), grouped(u64::from(*most)));
    if held == count || held == 0 {
        let all = if held == 0 { "for none" } else { "for each" };
        return format!("The rule holds {all} of the k from {least} to {most}.");
    }
    let runs: Vec<&[(u32, f64, f64)]> =
        judged.chunk_by(|a, b| holds(&a) == holds(&b)).filter(|run| holds(&&run[0])).collect();
    if runs.len() > 3 {
        return format!("The rule holds for {held} of the {count} k from {least} to {most}.");
    }
    let shown: Vec<String> = runs
        .iter()
        .map(|run| {
            let (from, to) = (run[0].0, run[run.len() - 1].0);
            let (from, to) = (grouped(u64::from(from)), grouped(u64::from(to)));
            if from == to { from } else { format!("{from} to {to}") }
        })
        .collect();
    format!("The rule holds for k = {}, of {least} to {most}.", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use artifact::tables::spectrum::EnergyRow;

    use super::super::made_up::{about, energy, measures};
    use super::*;

    fn run(energies: &[(u64, u32, f64)]) -> Measures {
        let row = |&(step, k, value): &(u64, u32, f64)| EnergyRow {
            k,
            ..energy(step, Signal::Target, value)
        };
        Measures { energy: energies.iter().map(row).collect(), ..measures(100) }
    }

    fn verdict(before: f64, after: f64) -> Verdict {
        measure(&run(&[(0, 50, before), (100, 50, after)]), &about()).verdict
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
    fn it_is_not_applicable_where_the_top_is_noise() {
        let mut run = run(&[(0, 50, 0.5), (100, 50, 0.9)]);
        run.resolved = vec![(0, 0, 3), (100, 0, 50)];
        let row = measure(&run, &about());
        assert_eq!(row.verdict, Verdict::NotApplicable);
        assert!(row.note.unwrap().starts_with("3 of 50 resolved at step 0"));
        run.resolved = vec![(0, 0, 50), (100, 0, 64)];
        assert_eq!(measure(&run, &about()).verdict, Verdict::Holds);
    }

    #[test]
    fn the_note_says_how_the_verdict_depends_on_k() {
        let note = |energies: &[(u64, u32, f64)]| measure(&run(energies), &about()).note.unwrap();
        let both = note(&[
            (0, 1, 0.5),
            (0, 10, 0.6),
            (0, 50, 0.8),
            (0, 100, 0.9),
            (100, 1, 0.4),
            (100, 10, 0.9),
            (100, 50, 0.9),
            (100, 100, 0.9),
        ]);
        assert_eq!(
            both,
            "The rule holds for k = 10 to 50, of 1 to 100. With k = 10: 0.600 → 0.900; 100: 0.900 → 0.900."
        );
        let all = note(&[(0, 5, 0.5), (0, 50, 0.6), (100, 5, 0.7), (100, 50, 0.9)]);
        assert!(all.starts_with("The rule holds for each of the k from 5 to 50."), "{all}");
    }

    #[test]
    fn a_shuffled_target_stands_beside_the_verdict() {
        let mut run = run(&[(0, 50, 0.5), (100, 50, 0.9)]);
        run.energy.push(energy(0, Signal::ShuffledTarget, 0.774));
        run.energy.push(energy(100, Signal::ShuffledTarget, 0.774));
        assert_eq!(
            measure(&run, &about()).control.as_deref(),
            Some("shuffled target 0.774 → 0.774: does not hold")
        );
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
