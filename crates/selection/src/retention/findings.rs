//! What is found along chains of training runs.

use artifact::tables::findings::FindingRow;
use statistics::jackknife::{Estimate, means_without, standard_error};
use study::{Decision, Finding, Spread};

use super::Parameters;
use super::chain::Phase;

/// All findings of `phases`.
pub fn all(phases: &[Phase], parameters: &Parameters) -> Vec<FindingRow> {
    vec![others_are_forgotten(phases), easy_samples_stay(phases, parameters)]
}

/// What a chain lost of the samples of one stage, the mean over the phases that learned from others.
fn lost(phases: &[&Phase], all: &[Phase], samples_of: Option<&str>) -> Option<f64> {
    let losses: Vec<f64> = phases
        .iter()
        .filter(|phase| {
            let earlier = phase.before.map(|before| all[before].samples_of.as_str());
            samples_of.is_none() || earlier == samples_of
        })
        .filter_map(|phase| phase.on_earlier().map(|[before, after]| before - after))
        .collect();
    (!losses.is_empty()).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
}

/// Chains that repeat each other.
struct Group<'a> {
    /// What they differ in from others, by the axes of their last phases.
    label: &'a str,
    is_control: bool,
    /// The phases of each chain.
    chains: Vec<Vec<&'a Phase>>,
}

/// The chains of all phases after which none comes, by group.
fn groups(phases: &[Phase]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (place, last) in phases.iter().enumerate() {
        if phases.iter().any(|phase| phase.before == Some(place)) {
            continue;
        }
        let chain = std::iter::successors(Some(last), |phase| Some(&phases[phase.before?]));
        let chain: Vec<&Phase> = chain.collect();
        match groups.iter_mut().find(|group| group.label == last.group) {
            Some(group) => group.chains.push(chain),
            None => groups.push(Group {
                label: &last.group,
                is_control: last.is_control,
                chains: vec![chain],
            }),
        }
    }
    groups
}

/// Why no phase tells what was lost.
fn silence(phases: &[Phase]) -> &'static str {
    if phases.iter().any(|phase| phase.before.is_some()) {
        "The runs have no accuracies: the dataset has no classes."
    } else {
        "No phase begins where another ended."
    }
}

fn estimate(values: &[f64]) -> Option<Estimate> {
    let value = values.iter().sum::<f64>() / values.len() as f64;
    let error = standard_error(&means_without(values));
    (!values.is_empty()).then_some(Estimate { value, error })
}

fn others_are_forgotten(phases: &[Phase]) -> FindingRow {
    let finding = Finding {
        name: "earlier_samples_are_forgotten",
        statement: "While a network learns from other samples of the same problem, it forgets those before.",
        measure: "accuracy on the samples of the phase before, at the start and the end of a phase, mean over phases".to_owned(),
        rule: "it falls by more than two standard errors".to_owned(),
    };
    let decision = |group: &Group<'_>| {
        let lost: Vec<f64> =
            group.chains.iter().filter_map(|chain| lost(chain, phases, None)).collect();
        let starts: Vec<f64> = group
            .chains
            .iter()
            .flatten()
            .filter_map(|phase| phase.on_earlier().map(|[before, _]| before))
            .collect();
        let (margin, before) = (estimate(&lost)?, estimate(&starts)?.value);
        Some(Decision {
            label: group.label.to_owned(),
            before,
            after: before - margin.value,
            margin,
            members: lost.len() as u32,
            also: None,
        })
    };
    let decisions: Vec<Decision> = groups(phases).iter().filter_map(decision).collect();
    finding.of_least_favourable(&decisions, Spread::Needed, silence(phases))
}

fn easy_samples_stay(phases: &[Phase], parameters: &Parameters) -> FindingRow {
    let finding = Finding {
        name: "easy_samples_stay",
        statement: "Samples that are seldom forgotten stay known while a network learns from those that are often forgotten.",
        measure: "accuracy that is lost of the hard samples while the easy ones are learned, and of the easy while the hard are".to_owned(),
        rule: "less is lost of the easy by more than two standard errors over seeds".to_owned(),
    };
    let (Some(easy), Some(hard)) = (parameters.easy.as_deref(), parameters.hard.as_deref()) else {
        return finding
            .not_applicable("`easy` and `hard` do not say which stages learn from which samples.");
    };
    let of = |group: &Group<'_>| -> Vec<[f64; 2]> {
        let pair = |chain: &Vec<&Phase>| {
            Some([lost(chain, phases, Some(hard))?, lost(chain, phases, Some(easy))?])
        };
        group.chains.iter().filter_map(pair).collect()
    };
    let side =
        |pairs: &[[f64; 2]], i: usize| -> Vec<f64> { pairs.iter().map(|pair| pair[i]).collect() };
    let all = groups(phases);
    let controls: Vec<[f64; 2]> =
        all.iter().filter(|group| group.is_control).flat_map(of).collect();
    let control = estimate(&side(&controls, 0)).zip(estimate(&side(&controls, 1)));
    let also = control
        .map(|(hard, easy)| format!("of random parts {:.4} to {:.4}", hard.value, easy.value));
    let decision = |group: &Group<'_>| {
        let pairs = of(group);
        let saved: Vec<f64> = pairs.iter().map(|[hard, easy]| hard - easy).collect();
        Some(Decision {
            label: group.label.to_owned(),
            before: estimate(&side(&pairs, 0))?.value,
            after: estimate(&side(&pairs, 1))?.value,
            margin: estimate(&saved)?,
            members: pairs.len() as u32,
            also: also.clone(),
        })
    };
    let decisions: Vec<Decision> =
        all.iter().filter(|group| !group.is_control).filter_map(decision).collect();
    let has_losses = phases.iter().any(|phase| phase.on_earlier().is_some());
    let none = if has_losses {
        "In no chain of phases are the samples of both `easy` and `hard` followed by others."
    } else {
        silence(phases)
    };
    finding.of_least_favourable(&decisions, Spread::Needed, none)
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{self, DoesNotHold, Holds, NotApplicable};

    use super::*;

    /// Chains of three phases, hard, easy, hard: the second loses `hard` of the first, the third `easy`.
    fn phases(losses: &[(&str, f64, f64)]) -> Vec<Phase> {
        let mut phases = Vec::new();
        for &(order, hard, easy) in losses {
            for run in 0..3_u8 {
                let start = phases.len();
                let spread = f64::from(run) * 1e-3;
                let own = [("hard", "hard", 0.0), ("easy", "easy", hard), ("again", "hard", easy)];
                for (number, (stage, samples_of, lost)) in (0_u32..).zip(own) {
                    let before = (number > 0).then(|| start + number as usize - 1);
                    phases.push(Phase {
                        group: format!("order={order}"),
                        is_control: order == "random",
                        stage: stage.to_owned(),
                        samples_of: samples_of.to_owned(),
                        before,
                        number,
                        updates_before: 100 * u64::from(number),
                        accuracies: vec![
                            (0, Some(0.1), Some(0.9)),
                            (100, Some(0.95), Some(0.9 - lost - spread)),
                        ],
                    });
                }
            }
        }
        phases
    }

    fn verdicts(phases: &[Phase]) -> Vec<Verdict> {
        let (easy, hard) = (Some("easy".to_owned()), Some("hard".to_owned()));
        all(phases, &Parameters { easy, hard }).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_and_fail_and_a_control_decides_nothing() {
        let control = ("random", 0.1, 0.1);
        assert_eq!(verdicts(&phases(&[("least", 0.2, 0.02), control])), [Holds, Holds]);
        assert_eq!(verdicts(&phases(&[("least", 0.02, 0.2), control])), [Holds, DoesNotHold]);
        assert_eq!(verdicts(&phases(&[control])), [Holds, NotApplicable]);
        assert_eq!(verdicts(&phases(&[("least", -0.2, -0.1)]))[0], DoesNotHold);
        assert_eq!(verdicts(&[]), [NotApplicable; 2]);
    }

    #[test]
    fn losses_are_those_of_the_samples_before() {
        let phases = phases(&[("least", 0.2, 0.02)]);
        let rows = super::super::rows::retention(&phases);
        let found: Vec<(u32, &str, &str)> = rows
            .iter()
            .map(|row| (row.phase, row.stage.as_str(), row.samples_of.as_str()))
            .collect();
        assert_eq!(found, [(1, "easy", "hard"), (2, "again", "easy")]);
        assert!((rows[0].lost - 0.201).abs() < 1e-12 && (rows[1].lost - 0.021).abs() < 1e-12);
        let curve = super::super::rows::curve(&phases);
        // Two parts, three phases, two rows of the history each.
        assert_eq!(curve.len(), 12);
        let first = curve.iter().find(|row| row.samples_of == "easy").expect("a row");
        assert_eq!((first.phase, first.updates, first.runs), (0, 0, 3));
    }
}
