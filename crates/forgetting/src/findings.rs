//! What is found of the runs. Each finding is decided for every group by itself; its row is that of the group
//! least in its favour.

use artifact::tables::findings::FindingRow;
use statistics::correlation::{pearson, spearman, spearman_of_known};
use statistics::detection::auc;
use statistics::jackknife::Estimate;
use study::{Decision, Finding, Spread};

use crate::curve::Point;
use crate::gathered::{Gathered, Measure};
use crate::kernels::GAUSSIAN;
use crate::runs::Run;

/// All findings of `groups`, on samples of which some are `flipped`.
pub fn all(groups: &[Gathered], flipped: Option<&[bool]>) -> Vec<FindingRow> {
    vec![
        some_never_forgotten(groups),
        forgetting_repeats(groups),
        forgetting_transfers(groups),
        margin_follows(groups),
        learned_late_is_forgotten(groups),
        ordering_settles_early(groups),
        presentations_see_a_part(groups),
        noise_is_forgotten(groups, flipped),
        tail_foretells_forgetting(groups),
        kernel_foretells_more_than_inputs(groups),
        gradients_at_start_do_not_foretell(groups),
    ]
}

/// A decision of `group` by a number `after` that must reach `bound`.
fn reaches(group: &Gathered, bound: f64, after: Estimate, also: Option<String>) -> Decision {
    Decision {
        label: group.label.clone(),
        before: bound,
        after: after.value,
        margin: Estimate { value: after.value - bound, error: after.error },
        members: group.runs.len() as u32,
        also,
    }
}

fn decided(finding: Finding, decisions: &[Decision], none: &str) -> FindingRow {
    finding.of_least_favourable(decisions, Spread::Optional, none)
}

fn some_never_forgotten(groups: &[Gathered]) -> FindingRow {
    const SHARE: f64 = 0.1;
    const EVENTS: f64 = 0.3;
    let finding = Finding {
        name: "some_never_forgotten",
        statement: "Some samples are never forgotten, and a few are forgotten most.",
        measure: "share of samples that are learned and never forgotten, in all runs; the note says which share of all events the most forgotten tenth has".to_owned(),
        rule: format!("at least {SHARE}, and the most forgotten tenth has at least {EVENTS} of all events"),
    };
    let never = |group: &Gathered, left_out: Option<usize>| {
        let scores = group.scores(left_out);
        let never = scores.iter().filter(|score| **score < 0.5).count();
        (!scores.is_empty()).then(|| never as f64 / scores.len() as f64)
    };
    let of_most = |group: &Gathered, left_out: Option<usize>| {
        let mut events = group.sums(left_out, |run, i| f64::from(run.tallies[i].events));
        events.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = events.iter().sum();
        let most: f64 = events.iter().take(events.len().div_ceil(10)).sum();
        (total > 0.0).then(|| most / total)
    };
    let decision = |group: &Gathered| {
        // Where nothing is forgotten at all, no sample is forgotten most.
        let margin = group.estimate(|left_out| {
            let most = of_most(group, left_out).unwrap_or(0.0);
            Some((never(group, left_out)? - SHARE).min(most - EVENTS))
        })?;
        let most = of_most(group, None);
        Some(Decision {
            label: group.label.clone(),
            before: SHARE,
            after: never(group, None)?,
            margin,
            members: group.runs.len() as u32,
            also: most.map(|most| format!("{most:.2} of all events in the most forgotten tenth")),
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "There are no samples.")
}

fn forgetting_repeats(groups: &[Gathered]) -> FindingRow {
    const LEAST: f64 = 0.5;
    let finding = Finding {
        name: "forgetting_repeats",
        statement: "Runs that differ in their seed forget the same samples.",
        measure: "mean over pairs of runs of Pearson's correlation of their events".to_owned(),
        rule: format!("at least {LEAST}"),
    };
    let decision = |group: &Gathered| {
        let repeats = group.estimate(|left_out| {
            let kept: Vec<usize> =
                (0..group.runs.len()).filter(|at| Some(*at) != left_out).collect();
            let events = |at: usize| -> Vec<f64> {
                group.runs[at].tallies.iter().map(|tally| f64::from(tally.events)).collect()
            };
            let pairs = kept.iter().flat_map(|&a| kept.iter().map(move |&b| (a, b)));
            let found: Option<Vec<f64>> = pairs
                .filter(|(a, b)| a < b)
                .map(|(a, b)| pearson(&events(a), &events(b)))
                .collect();
            let found = found.filter(|found| !found.is_empty())?;
            Some(found.iter().sum::<f64>() / found.len() as f64)
        });
        // Without each of two runs there is no pair: the mean has no error then.
        let repeats = repeats.or_else(|| {
            let [a, b] = group.runs.as_slice() else { return None };
            let events = |run: &Run| -> Vec<f64> {
                run.tallies.iter().map(|tally| f64::from(tally.events)).collect()
            };
            Some(Estimate { value: pearson(&events(a), &events(b))?, error: None })
        })?;
        Some(reaches(group, LEAST, repeats, None))
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "There are no two runs of a group that forget anything.")
}

fn forgetting_transfers(groups: &[Gathered]) -> FindingRow {
    const LEAST: f64 = 0.4;
    let finding = Finding {
        name: "forgetting_transfers",
        statement: "Networks of different architectures forget the same samples.",
        measure: "rank correlation of the scores of two groups of runs".to_owned(),
        rule: format!(
            "at least {LEAST} for every pair; the note has the overlap J of their unforgettable samples and what chance gives"
        ),
    };
    let mut decisions = Vec::new();
    for (number, one) in groups.iter().enumerate() {
        for other in &groups[number + 1..] {
            // Runs are left out of one of both at a time.
            let runs = one.runs.len();
            let correlation = |left_out: Option<usize>| {
                let of_other = left_out.filter(|&at| at >= runs).map(|at| at - runs);
                let of_one = left_out.filter(|&at| at < runs);
                spearman(&one.scores(of_one), &other.scores(of_other))
            };
            let Some(value) = correlation(None) else { continue };
            let count = runs + other.runs.len();
            let has_several = runs > 1 && other.runs.len() > 1;
            let without: Option<Vec<f64>> = if has_several {
                (0..count).map(|at| correlation(Some(at))).collect()
            } else {
                None
            };
            let error = without.and_then(|it| statistics::jackknife::standard_error(&it));
            let (overlap, chance) = overlap(one, other);
            let label = format!("{} and {}", one.label, other.label);
            let also = format!("J {overlap:.2}, by chance {chance:.2}");
            decisions.push(Decision {
                label,
                members: count as u32,
                ..reaches(one, LEAST, Estimate { value, error }, Some(also))
            });
        }
    }
    decided(
        finding,
        &decisions,
        "There are no two groups of runs: add an axis that varies the network.",
    )
}

/// |U ∩ V| / |U ∪ V| of the unforgettable samples of two groups, and what independent ones of their sizes would
/// give; 0 where neither has any.
fn overlap(one: &Gathered, other: &Gathered) -> (f64, f64) {
    let never = |group: &Gathered| -> Vec<bool> {
        group.scores(None).into_iter().map(|score| score < 0.5).collect()
    };
    let (u, v) = (never(one), never(other));
    let count = u.len().max(1) as f64;
    let of = |is: &dyn Fn(bool, bool) -> bool| {
        u.iter().zip(&v).filter(|(u, v)| is(**u, **v)).count() as f64 / count
    };
    let ratio = |both: f64, either: f64| if either > 0.0 { both / either } else { 0.0 };
    let (a, b) = (of(&|u, _| u), of(&|_, v| v));
    (ratio(of(&|u, v| u && v), of(&|u, v| u || v)), ratio(a * b, a + b - a * b))
}

fn margin_follows(groups: &[Gathered]) -> FindingRow {
    const MOST: f64 = -0.3;
    let finding = Finding {
        name: "margin_follows",
        statement: "The more often a sample is forgotten, the more wrong it is then.",
        measure:
            "rank correlation of events and the margin at them, of samples forgotten at least once"
                .to_owned(),
        rule: format!("at most {MOST}"),
    };
    let decision = |group: &Gathered| {
        let correlation = group.estimate(|left_out| {
            let events = group.sums(left_out, |run, i| f64::from(run.tallies[i].events));
            let margins = group.sums(left_out, |run, i| run.tallies[i].forgotten_margins);
            let known = events.iter().zip(&margins).filter(|(events, _)| **events > 0.0);
            let (events, margins): (Vec<f64>, Vec<f64>) =
                known.map(|(events, margin)| (*events, margin / events)).unzip();
            spearman(&events, &margins)
        })?;
        Some(Decision {
            margin: Estimate { value: MOST - correlation.value, error: correlation.error },
            ..reaches(group, MOST, correlation, None)
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "Too few samples are forgotten.")
}

fn learned_late_is_forgotten(groups: &[Gathered]) -> FindingRow {
    const LEAST: f64 = 0.3;
    let finding = Finding {
        name: "learned_late_is_forgotten",
        statement: "What is learned late is forgotten more often.",
        measure: "rank correlation of the first look at which a sample is right, mean over runs, and its score".to_owned(),
        rule: format!("at least {LEAST}"),
    };
    let decision = |group: &Gathered| {
        let correlation = group.estimate(|left_out| {
            let looks = group.sums(left_out, |run, i| {
                let tally = &run.tallies[i];
                f64::from(tally.first_learned.unwrap_or(tally.presentations))
            });
            spearman(&looks, &group.scores(left_out))
        })?;
        Some(reaches(group, LEAST, correlation, None))
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "All samples are learned or forgotten alike.")
}

fn ordering_settles_early(groups: &[Gathered]) -> FindingRow {
    const CORRELATION: f64 = 0.9;
    // 75 of 200 presentations in the paper.
    const MOST: f64 = 0.375;
    let finding = Finding {
        name: "ordering_settles_early",
        statement: "Which samples are forgotten is known long before the end of training.",
        measure: format!(
            "share of the presentations after which the rank correlation of the counts so far with those at the end stays at {CORRELATION} or above, mean over runs"
        ),
        rule: format!("at most {MOST}"),
    };
    let settled = |run: &Run| {
        let is_far = |point: &Point| point.rank_correlation.is_none_or(|it| it < CORRELATION);
        // Counts that never differ have no order.
        run.curve.last()?.rank_correlation?;
        let before = run.curve.iter().rposition(is_far).map_or(0, |place| place + 1);
        Some((before + 1) as f64 / run.curve.len() as f64)
    };
    let decision = |group: &Gathered| {
        let shares: Vec<f64> = group.runs.iter().map(settled).collect::<Option<_>>()?;
        let estimate = group.estimate(|left_out| {
            let kept = shares.iter().enumerate().filter(|(run, _)| Some(*run) != left_out);
            let (sum, count) =
                kept.fold((0.0, 0.0), |(sum, count), (_, it)| (sum + it, count + 1.0));
            Some(sum / count)
        })?;
        Some(Decision {
            margin: Estimate { value: MOST - estimate.value, error: estimate.error },
            ..reaches(group, MOST, estimate, None)
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "In some run all samples are forgotten equally often.")
}

fn presentations_see_a_part(groups: &[Gathered]) -> FindingRow {
    const MOST: f64 = 0.2;
    let finding = Finding {
        name: "presentations_see_a_part",
        statement: "Looking at samples in their own mini-batches sees a small part of all forgetting.",
        measure:
            "events at presentations over events where all samples are looked at after every update"
                .to_owned(),
        rule: format!("at most {MOST}"),
    };
    let decision = |group: &Gathered| {
        let exact: Option<Vec<f64>> = group
            .runs
            .iter()
            .map(|run| Some(run.exact_events.as_ref()?.iter().sum::<u64>() as f64))
            .collect();
        let exact = exact?;
        let seen = |at: usize| -> f64 {
            group.runs[at].tallies.iter().map(|tally| f64::from(tally.events)).sum()
        };
        let part = group.estimate(|left_out| {
            let kept = || (0..exact.len()).filter(|at| Some(*at) != left_out);
            let all: f64 = kept().map(|at| exact[at]).sum();
            (all > 0.0).then(|| kept().map(seen).sum::<f64>() / all)
        })?;
        let unforgettable = |is: &dyn Fn(&Run, usize) -> bool| {
            let is_so = |i: &usize| group.runs.iter().all(|run| is(run, *i));
            (0..group.samples()).filter(is_so).count() as f64 / group.samples().max(1) as f64
        };
        let also = format!(
            "unforgettable {:.2} at presentations, {:.2} after every update",
            unforgettable(&|run, i| run.tallies[i].is_unforgettable()),
            unforgettable(&|run, i| run.exact_events.as_ref().is_some_and(|all| all[i] == 0)
                && run.tallies[i].first_learned.is_some())
        );
        Some(Decision {
            margin: Estimate { value: MOST - part.value, error: part.error },
            ..reaches(group, MOST, part, Some(also))
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(
        finding,
        &decisions,
        "Exact events were not recorded: train with `presentations: { exact: true }`.",
    )
}

fn noise_is_forgotten(groups: &[Gathered], flipped: Option<&[bool]>) -> FindingRow {
    const LEAST: f64 = 0.8;
    const MOST: f64 = 0.05;
    let finding = Finding {
        name: "noise_is_forgotten",
        statement: "Samples with a wrong label are the most forgotten.",
        measure: "area under the ROC of finding flipped labels by the score".to_owned(),
        rule: format!("at least {LEAST}, and at most {MOST} of the flipped are never forgotten"),
    };
    let Some(flipped) = flipped else {
        return finding.not_applicable("No label was flipped: set `label_flips` of the dataset.");
    };
    let decision = |group: &Gathered| {
        let area = group.estimate(|left_out| auc(&group.scores(left_out), flipped))?;
        let scores = group.scores(None);
        let marked = flipped.iter().filter(|&&flipped| flipped).count().max(1) as f64;
        let never = scores.iter().zip(flipped).filter(|(score, it)| **it && **score < 0.5).count();
        let never = never as f64 / marked;
        let margin = (area.value - LEAST).min(MOST - never);
        Some(Decision {
            margin: Estimate { value: margin, error: area.error },
            ..reaches(
                group,
                LEAST,
                area,
                Some(format!("{never:.3} of the flipped never forgotten")),
            )
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "All samples were flipped, or none.")
}

/// The first measure `name` of a kernel of the group, or of the control.
fn of_kernel<'a>(group: &'a Gathered, name: &str, of_control: bool) -> Option<&'a Measure> {
    group.measures.iter().find(|it| {
        let fits = if of_control {
            it.source == GAUSSIAN
        } else {
            it.source != GAUSSIAN && it.source != "training"
        };
        fits && it.name == name
    })
}

/// The rank correlation of a measure with the scores.
fn foretold(group: &Gathered, measure: &Measure) -> Option<Estimate> {
    group.estimate(|left_out| {
        let scores: Vec<Option<f64>> = group.scores(left_out).into_iter().map(Some).collect();
        spearman_of_known(&measure.values, &scores)
    })
}

fn tail_foretells_forgetting(groups: &[Gathered]) -> FindingRow {
    const LEAST: f64 = 0.4;
    let finding = Finding {
        name: "tail_foretells_forgetting",
        statement: "What lies in the tail of the kernel's spectrum before training will be forgotten.",
        measure:
            "rank correlation of the tail energy τ(k) at the first step of the kernel and the score"
                .to_owned(),
        rule: format!("at least {LEAST}; the note has the same of a Gaussian kernel of inputs"),
    };
    let decision = |group: &Gathered| {
        let own = foretold(group, of_kernel(group, "tail_energy", false)?)?;
        let control = of_kernel(group, "tail_energy", true).and_then(|it| foretold(group, it));
        let also = control.map(|control| format!("a Gaussian kernel {:.4}", control.value));
        Some(reaches(group, LEAST, own, also))
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "No kernel is wired.")
}

fn kernel_foretells_more_than_inputs(groups: &[Gathered]) -> FindingRow {
    let finding = Finding {
        name: "kernel_foretells_more_than_inputs",
        statement: "The network's kernel foretells forgetting better than a Gaussian kernel of the inputs.",
        measure: "rank correlation of τ(k) and the score, of the Gaussian kernel and of the first kernel at its first step".to_owned(),
        rule: "that of the kernel is greater".to_owned(),
    };
    let decision = |group: &Gathered| {
        let own = of_kernel(group, "tail_energy", false)?;
        let control = of_kernel(group, "tail_energy", true)?;
        let correlation = |measure: &Measure, left_out| {
            let scores: Vec<Option<f64>> = group.scores(left_out).into_iter().map(Some).collect();
            spearman_of_known(&measure.values, &scores)
        };
        let margin = group.estimate(|left_out| {
            Some(correlation(own, left_out)? - correlation(control, left_out)?)
        })?;
        Some(Decision {
            label: group.label.clone(),
            before: correlation(control, None)?,
            after: correlation(own, None)?,
            margin,
            members: group.runs.len() as u32,
            also: None,
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(finding, &decisions, "No kernel is wired, or `gaussian` is false.")
}

fn gradients_at_start_do_not_foretell(groups: &[Gathered]) -> FindingRow {
    const MOST: f64 = 0.15;
    let finding = Finding {
        name: "gradients_at_start_do_not_foretell",
        statement: "The size of a sample's gradient before training says nothing of its forgetting.",
        measure: "size of the rank correlation of GraNd at step 0 and the score".to_owned(),
        rule: format!("at most {MOST}"),
    };
    let decision = |group: &Gathered| {
        let grand = group.measure("grand", Some(0), Some("training"))?;
        let own = foretold(group, grand)?;
        let after = own.value.abs();
        Some(Decision {
            margin: Estimate { value: MOST - after, error: own.error },
            ..reaches(group, MOST, Estimate { value: after, error: own.error }, None)
        })
    };
    let decisions: Vec<Decision> = groups.iter().filter_map(decision).collect();
    decided(
        finding,
        &decisions,
        "The networks have no checkpoint at step 0, or an architecture that is not known here.",
    )
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{self, DoesNotHold, Holds, NotApplicable};

    use super::*;
    use crate::counting::{Look, Tally};

    const N: usize = 40;

    /// A run in which sample i is forgotten about i mod 8 times, with `noise` of the run's own, the more wrong the
    /// more often.
    fn run(noise: u32) -> Run {
        let tally = |i: usize| {
            let events = (i as u32 % 8).saturating_sub(3) + noise * u32::from(i == 7);
            let looks = (0..20_u32).map(|p| {
                let correct = p >= events && (p - events).is_multiple_of(2) || p >= 3 * events;
                Look { correct, margin: if correct { 1.0 } else { -f64::from(events) }, loss: 0.1 }
            });
            Tally::of(&looks.collect::<Vec<_>>(), true)
        };
        let tallies: Vec<Tally> = (0..N).map(tally).collect();
        let point = |p: u32| Point {
            rank_correlation: Some(if p < 5 { 0.5 } else { 0.95 }),
            ..Point::default()
        };
        let curve = (0..20).map(point).collect();
        let exact = tallies.iter().map(|tally| 20 * u64::from(tally.events) + 1).collect();
        Run { tallies, curve, exact_events: Some(exact), ..Run::default() }
    }

    fn measure(source: &str, name: &'static str, of: fn(usize) -> f64) -> Measure {
        let values = (0..N).map(|i| Some(of(i))).collect();
        Measure { source: source.to_owned(), step: Some(0), name, k: None, values }
    }

    fn group(label: &str, measures: Vec<Measure>) -> Gathered {
        Gathered { label: label.to_owned(), runs: vec![run(0), run(1), run(0)], measures }
    }

    fn verdicts(groups: &[Gathered], flipped: Option<&[bool]>) -> Vec<Verdict> {
        all(groups, flipped).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_where_they_should() {
        let hard = |i: usize| (i % 8) as f64;
        let measures = vec![
            measure("ntk", "tail_energy", hard),
            measure(GAUSSIAN, "tail_energy", |i| (i % 3) as f64),
            measure("training", "grand", |i| (i / 8) as f64),
        ];
        let groups = [group("width=8", measures.clone()), group("width=64", measures)];
        let flipped: Vec<bool> = (0..N).map(|i| i % 8 == 7).collect();
        assert_eq!(verdicts(&groups, Some(&flipped)), [Holds; 11]);
    }

    #[test]
    fn findings_fail_where_they_should() {
        let easy = |i: usize| -((i % 8) as f64);
        let measures = vec![
            measure("ntk", "tail_energy", easy),
            measure(GAUSSIAN, "tail_energy", |i| (i % 8) as f64),
            measure("training", "grand", |i| (i % 8) as f64),
        ];
        let flipped: Vec<bool> = (0..N).map(|i| i % 8 == 0).collect();
        let rows = all(&[group("", measures)], Some(&flipped));
        let failed = [
            "noise_is_forgotten",
            "tail_foretells_forgetting",
            "kernel_foretells_more_than_inputs",
            "gradients_at_start_do_not_foretell",
        ];
        for row in rows.iter().filter(|row| failed.contains(&row.finding.as_str())) {
            assert_eq!(row.verdict, DoesNotHold, "{}", row.finding);
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        let mut alone = group("", Vec::new());
        for run in &mut alone.runs {
            run.exact_events = None;
        }
        let rows = all(&[alone], None);
        let silent: Vec<&str> = rows
            .iter()
            .filter(|row| row.verdict == NotApplicable)
            .map(|row| row.finding.as_str())
            .collect();
        assert_eq!(
            silent,
            [
                "forgetting_transfers",
                "presentations_see_a_part",
                "noise_is_forgotten",
                "tail_foretells_forgetting",
                "kernel_foretells_more_than_inputs",
                "gradients_at_start_do_not_foretell"
            ]
        );
        assert_eq!(verdicts(&[], None), [NotApplicable; 11]);
    }

    #[test]
    fn the_overlap_is_that_of_sets() {
        let (one, other) = (group("", Vec::new()), group("", Vec::new()));
        let (found, chance) = overlap(&one, &other);
        assert!((found - 1.0).abs() <= 1e-12 && chance < 0.4);
    }
}
