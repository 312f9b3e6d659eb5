//! Whether a measure rises or falls with what an axis varies, by more than its uncertainty.

use artifact::tables::findings::{FindingRow, Verdict};
use serde_json::Value;
use study::number::{measured, tick};
use study::{Direction, Side, Trend};

use super::decision::{Decision, Row};
use super::quantities::Quantity;
use crate::axis::Axis;
use crate::statistics::Mean;
use crate::variant::{Group, Variant, joined};

/// Decides `trend` over `groups`. For each combination of what else differs it must be there; the numbers
/// are those of the combination that decides.
pub(super) fn measure(trend: &Trend, groups: &[Group]) -> FindingRow {
    let along = Along { quantity: Quantity::of(&trend.over), trend };
    along.decide(Row::of(trend, along.rule()), groups)
}

/// What the finding behind `trend` came to in a run.
pub(super) fn end(trend: &Trend, run: &Variant) -> Option<f64> {
    let row = run.finding(&trend.of)?;
    match trend.side {
        Side::Before => row.before,
        Side::After => row.after,
        Side::Gain => Some(row.after? - row.before?),
    }
}

/// A trend along a quantity.
struct Along<'t> {
    quantity: Quantity,
    trend: &'t Trend,
}

impl Along<'_> {
    /// The rule in words.
    fn rule(&self) -> String {
        let (way, back) = match self.trend.direction {
            Direction::Rises => ("rises", "falls"),
            Direction::Falls => ("falls", "rises"),
        };
        format!(
            "from the least to the greatest value of {} the mean over seeds {way} by more than two standard errors of the difference, and between neighbours it nowhere {back} by more than two; runs with the same seed are paired",
            self.quantity.name
        )
    }

    fn decide(&self, finding: Row, groups: &[Group]) -> FindingRow {
        let quantity = &self.quantity;
        let varies = |group: &Group| group.axes.iter().any(|axis| (quantity.is_varied_by)(axis));
        if !groups.iter().any(varies) {
            return finding.not_applicable(quantity.no_axis.as_str());
        }
        let mut lines: Vec<Line> = Vec::new();
        for group in groups {
            let Some(&first) = group.members.first() else { continue };
            let Some(value) = (quantity.of)(first) else {
                if quantity.leaves_out {
                    continue;
                }
                return finding.not_applicable(format!(
                    "The value of {} is not known for the variant {}.",
                    quantity.name,
                    group.label()
                ));
            };
            let (others, held) = (group.others(&*quantity.is_varied_by), (quantity.held)(first));
            match lines.iter_mut().find(|line| line.others == others && line.held == held) {
                Some(line) => line.points.push((value, group)),
                None => lines.push(Line { others, held, points: vec![(value, group)] }),
            }
        }
        let mut decisions = Vec::new();
        for Line { others, points: mut line, .. } in lines {
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            line.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
            if line.len() < 2 {
                continue;
            }
            match self.along(&others, &line) {
                Some(decision) => decisions.push(decision),
                None => {
                    return finding.not_applicable("The measure is not known for every variant.");
                }
            }
        }
        Decision::of_all(finding, decisions, || {
            format!("No two runs differ in {} alone.", quantity.name)
        })
    }

    /// The trend over two groups or more, by rising quantity.
    fn along(&self, others: &[Axis], line: &[(f64, &Group)]) -> Option<Decision> {
        let ((least, first), (greatest, last)) = (line.first()?, line.last()?);
        let signed = |mean: Mean| match self.trend.direction {
            Direction::Rises => mean,
            Direction::Falls => mean.negated(),
        };
        let ends = first.difference(last, |run| end(self.trend, run))?;
        let steps: Option<Vec<Mean>> = line
            .windows(2)
            .map(|pair| pair[0].1.difference(pair[1].1, |run| end(self.trend, run)))
            .collect();
        let steps = steps?;
        let goes_back =
            steps.iter().any(|&step| signed(step).verdict(Verdict::Holds) == Verdict::DoesNotHold);
        let verdict = match signed(ends).verdict(Verdict::DoesNotHold) {
            Verdict::Holds if goes_back => Verdict::DoesNotHold,
            verdict => verdict,
        };
        let mut means = Vec::new();
        for (value, group) in line {
            let mean = Mean::of(&group.measured(|run| end(self.trend, run))?)?;
            means.push((*value, mean.value));
        }
        let told: Vec<String> =
            means.iter().map(|(at, mean)| format!("{}: {}", tick(*at), measured(*mean))).collect();
        let step = |(step, pair): (&Mean, &[(f64, &Group)])| {
            format!("{} → {}: {}", tick(pair[0].0), tick(pair[1].0), with_uncertainty(*step))
        };
        let mut differences: Vec<String> = Vec::new();
        if line.len() > 2 {
            differences.extend(steps.iter().zip(line.windows(2)).map(step));
        }
        differences.push(format!(
            "{} → {}: {}",
            tick(*least),
            tick(*greatest),
            with_uncertainty(ends)
        ));
        let combination = match joined(others, ", ").as_str() {
            "" => String::new(),
            others => format!(" Shown for {others}."),
        };
        Some(Decision {
            before: means.first()?.1,
            after: means.last()?.1,
            margin: signed(ends),
            verdict,
            note: format!(
                "Means by {}: {}. Differences: {}.{combination}",
                self.quantity.name,
                told.join("; "),
                differences.join("; ")
            ),
        })
    }
}

/// Groups that differ in the quantity alone.
struct Line<'g> {
    /// What they share of the other axes.
    others: Vec<Axis>,
    /// What else they share.
    held: Value,
    /// The groups, each at its quantity.
    points: Vec<(f64, &'g Group<'g>)>,
}

/// `0.0123 ± 0.0045`, as far as the uncertainty is known.
pub(super) fn with_uncertainty(mean: Mean) -> String {
    match mean.uncertainty {
        Some(uncertainty) => format!("{} ± {}", measured(mean.value), measured(uncertainty)),
        None => measured(mean.value),
    }
}

#[cfg(test)]
mod tests {
    //! One module for each quantity.

    mod depth {
        use serde_json::{Value, json};
        use study::Varied;

        use super::super::super::made_up::{network, trend};
        use super::super::*;
        use crate::variant::{Variant, groups};

        fn deeper() -> Trend {
            trend(Varied::HiddenLayers, Direction::Rises)
        }

        /// A run of a network of these hidden layers that came to `end`; the axis has another name and
        /// label than what it varies.
        fn at(hidden: &[u64], seed: u64, end: f64) -> Variant {
            let label = format!("net {}", hidden.len());
            network(&[("layers", json!(label)), ("seed", json!(seed))], hidden, end)
        }

        /// 2, 3 and 4 hidden layers with these seeds each.
        fn sweep<const SEEDS: usize>(ends: [[f64; SEEDS]; 3]) -> Vec<Variant> {
            let mut variants = Vec::new();
            // Not by rising depth: the order of the file decides nothing.
            for (depth, ends) in [4, 2, 3].into_iter().zip([ends[2], ends[0], ends[1]]) {
                for (seed, end) in (0..).zip(ends) {
                    variants.push(at(&vec![256; depth], seed, end));
                }
            }
            variants
        }

        fn verdict<const SEEDS: usize>(ends: [[f64; SEEDS]; 3]) -> Verdict {
            measure(&deeper(), &groups(&sweep(ends))).verdict
        }

        #[test]
        fn it_holds_when_energy_rises_by_more_than_two_standard_errors() {
            let variants = sweep([[0.80, 0.82], [0.85, 0.86], [0.90, 0.91]]);
            let row = measure(&deeper(), &groups(&variants));
            assert_eq!((row.verdict, row.n), (Verdict::Holds, Some(2)), "{row:?}");
            assert!((row.before.unwrap() - 0.81).abs() < 1e-12);
            assert!((row.after.unwrap() - 0.905).abs() < 1e-12);
            // Differences of the pairs: 0.10 and 0.09.
            assert!((row.margin.unwrap() - 0.095).abs() < 1e-12);
            assert!((row.uncertainty.unwrap() - 0.01).abs() < 1e-12);
        }

        #[test]
        fn a_gain_is_what_comes_after_less_what_was_before() {
            let mut variants = sweep([[0.80, 0.82], [0.85, 0.86], [0.90, 0.91]]);
            for variant in &mut variants {
                variant.findings[0].before = variant.findings[0].after.map(|after| 2.0 * after);
            }
            let gains = Trend { side: Side::Gain, ..deeper() };
            let row = measure(&gains, &groups(&variants));
            assert_eq!(row.verdict, Verdict::DoesNotHold);
            assert!((row.before.unwrap() + 0.81).abs() < 1e-12);
        }

        #[test]
        fn a_spread_that_the_seeds_share_does_not_count() {
            assert_eq!(verdict([[0.70, 0.90], [0.72, 0.921], [0.75, 0.949]]), Verdict::Holds);
        }

        #[test]
        fn it_does_not_hold_when_energy_falls() {
            assert_eq!(verdict([[0.9, 0.91], [0.85, 0.86], [0.8, 0.82]]), Verdict::DoesNotHold);
            assert_eq!(verdict([[0.9, 0.9], [0.9, 0.9], [0.9, 0.9]]), Verdict::DoesNotHold);
        }

        #[test]
        fn it_does_not_hold_when_the_middle_depth_stands_out() {
            assert_eq!(verdict([[0.80, 0.81], [0.60, 0.61], [0.90, 0.91]]), Verdict::DoesNotHold);
        }

        #[test]
        fn it_is_not_decided_within_two_standard_errors_or_with_one_seed() {
            let row =
                measure(&deeper(), &groups(&sweep([[0.80, 0.90], [0.85, 0.88], [0.95, 0.91]])));
            assert_eq!(row.verdict, Verdict::NotDecided, "{row:?}");
            assert!(row.note.unwrap().contains("Not decided with 2 seeds"));
            let row = measure(&deeper(), &groups(&sweep([[0.80], [0.85], [0.90]])));
            assert_eq!((row.verdict, row.uncertainty, row.n), (Verdict::NotDecided, None, Some(1)));
            assert!(row.note.unwrap().contains("Not decided with 1 seed"));
        }

        #[test]
        fn it_does_not_hold_when_one_activation_goes_the_other_way() {
            let of = |act: &str, depth: usize, seed: u64, end| {
                let axes = [("act", json!(act)), ("depth", json!(depth)), ("seed", json!(seed))];
                network(&axes, &vec![8; depth], end)
            };
            let mut variants = Vec::new();
            for seed in 0..2 {
                variants.extend([of("relu", 2, seed, 0.8), of("relu", 3, seed, 0.9)]);
                variants.extend([of("tanh", 2, seed, 0.8), of("tanh", 3, seed, 0.7)]);
            }
            let row = measure(&deeper(), &groups(&variants));
            assert_eq!(row.verdict, Verdict::DoesNotHold);
            assert!(row.note.unwrap().contains("act=tanh"));
        }

        #[test]
        fn it_is_not_applicable_where_depth_does_not_vary_alone() {
            let verdict = |variants: &[Variant]| measure(&deeper(), &groups(variants)).verdict;
            // Width varies, or depth with the width.
            let widths = [at(&[8, 8], 0, 0.8), at(&[16, 16], 0, 0.9)];
            assert_eq!(verdict(&widths), Verdict::NotApplicable);
            let both = [at(&[8, 8], 0, 0.8), at(&[16, 16, 16], 0, 0.9)];
            assert_eq!(verdict(&both), Verdict::NotApplicable);
            // An axis that is called depth and sets something else.
            let named = |value: Value, end| network(&[("train.with.steps", value)], &[8], end);
            assert_eq!(
                verdict(&[named(json!(2), 0.8), named(json!(3), 0.9)]),
                Verdict::NotApplicable
            );
            let seeds = [at(&[8, 8], 0, 0.8), at(&[8, 8], 1, 0.9)];
            assert_eq!(verdict(&seeds), Verdict::NotApplicable);
            let mut unknown = sweep([[0.8, 0.8], [0.85, 0.85], [0.9, 0.9]]);
            unknown[0].findings.clear();
            assert_eq!(verdict(&unknown), Verdict::NotApplicable);
            let mut unknown = sweep([[0.8, 0.8], [0.85, 0.85], [0.9, 0.9]]);
            for variant in &mut unknown {
                variant.about.outline.network = None;
            }
            assert_eq!(verdict(&unknown), Verdict::NotApplicable);
        }
    }

    mod width {
        use serde_json::json;
        use study::Varied;

        use super::super::super::made_up::{network, trend};
        use super::super::*;
        use crate::variant::{Variant, groups};

        fn wider() -> Trend {
            trend(Varied::HiddenWidth, Direction::Falls)
        }

        /// Widths 64, 128, … with these distances for each of some seeds.
        fn sweep(ends: &[&[f64]]) -> Vec<Variant> {
            let mut variants = Vec::new();
            for (i, seeds) in (0..).zip(ends) {
                for (seed, &end) in (0..).zip(*seeds) {
                    let axes = [("layers", json!(format!("w{i}"))), ("seed", json!(seed))];
                    variants.push(network(&axes, &[64 << i; 2], end));
                }
            }
            variants
        }

        fn verdict(ends: &[&[f64]]) -> Verdict {
            measure(&wider(), &groups(&sweep(ends))).verdict
        }

        #[test]
        fn it_holds_when_the_distance_falls_with_width() {
            let row =
                measure(&wider(), &groups(&sweep(&[&[0.3, 0.31], &[0.2, 0.22], &[0.05, 0.06]])));
            assert_eq!(row.verdict, Verdict::Holds);
            // The margin is positive where the rule is met, though the distance falls.
            assert!((row.margin.unwrap() - 0.25).abs() < 1e-12);
        }

        #[test]
        fn it_does_not_hold_when_the_distance_stays_or_rises_anywhere() {
            assert_eq!(verdict(&[&[0.3, 0.3], &[0.3, 0.3]]), Verdict::DoesNotHold);
            assert_eq!(verdict(&[&[0.1, 0.11], &[0.2, 0.22]]), Verdict::DoesNotHold);
            assert_eq!(verdict(&[&[0.3, 0.31], &[0.1, 0.11], &[0.2, 0.21]]), Verdict::DoesNotHold);
        }

        #[test]
        fn it_is_not_decided_with_one_seed_or_within_the_uncertainty() {
            assert_eq!(verdict(&[&[0.3], &[0.2]]), Verdict::NotDecided);
            assert_eq!(verdict(&[&[0.3, 0.2], &[0.15, 0.25]]), Verdict::NotDecided);
        }

        #[test]
        fn it_is_not_applicable_with_one_width_or_layers_of_different_widths() {
            assert_eq!(verdict(&[&[0.3, 0.2]]), Verdict::NotApplicable);
            let uneven = |label: &str, hidden: &[u64], end| {
                network(&[("layers", json!(label))], hidden, end)
            };
            let variants = [uneven("a", &[8, 4], 0.3), uneven("b", &[16, 8], 0.2)];
            assert_eq!(measure(&wider(), &groups(&variants)).verdict, Verdict::NotApplicable);
        }
    }

    mod noise {
        use serde_json::json;
        use study::Varied;

        use super::super::super::made_up::{at, trend, with_dataset};
        use super::super::*;
        use crate::variant::{Variant, groups};

        fn noisier() -> Trend {
            trend(Varied::LabelNoise, Direction::Falls)
        }

        /// Noise of 0, 0.1, 0.2, …, with these energies for each of some seeds.
        fn sweep(ends: &[&[f64]]) -> Vec<Variant> {
            let mut variants = Vec::new();
            for (i, seeds) in (0..).zip(ends) {
                for (seed, &end) in (0..).zip(*seeds) {
                    let noise = 0.1 * f64::from(i);
                    let axes = [("noise", json!(format!("level {i}"))), ("seed", json!(seed))];
                    let dataset = json!({ "label_noise": noise, "label_flips": 0.0 });
                    variants.push(with_dataset(at(&axes, end), dataset));
                }
            }
            variants
        }

        fn verdict(ends: &[&[f64]]) -> Verdict {
            measure(&noisier(), &groups(&sweep(ends))).verdict
        }

        #[test]
        fn it_holds_when_energy_falls_with_noise() {
            assert_eq!(verdict(&[&[0.95, 0.96], &[0.9, 0.91], &[0.6, 0.59]]), Verdict::Holds);
        }

        #[test]
        fn it_does_not_hold_when_energy_stays_or_rises_anywhere() {
            assert_eq!(verdict(&[&[0.9, 0.9], &[0.9, 0.9]]), Verdict::DoesNotHold);
            assert_eq!(verdict(&[&[0.9, 0.91], &[0.95, 0.96], &[0.6, 0.6]]), Verdict::DoesNotHold);
        }

        #[test]
        fn it_is_not_decided_with_one_seed_or_within_the_uncertainty() {
            assert_eq!(verdict(&[&[0.95], &[0.6]]), Verdict::NotDecided);
            assert_eq!(verdict(&[&[0.9, 0.95], &[0.93, 0.9]]), Verdict::NotDecided);
        }

        #[test]
        fn it_is_not_applicable_with_one_level_of_noise_or_where_the_level_is_not_known() {
            assert_eq!(verdict(&[&[0.9, 0.9]]), Verdict::NotApplicable);
            let mut unknown = sweep(&[&[0.9], &[0.8]]);
            unknown[1].about.parameters.clear();
            assert_eq!(measure(&noisier(), &groups(&unknown)).verdict, Verdict::NotApplicable);
        }
    }

    mod others {
        use serde_json::json;
        use study::Varied;

        use super::super::super::made_up::{at, trend};
        use super::super::*;
        use crate::variant::groups;

        #[test]
        fn a_trend_may_look_at_the_value_at_the_start() {
            let of = |dimensions: u64, start: f64| {
                let axes = [("dimension", json!(format!("d{dimensions}")))];
                let mut variant = at(&axes, 0.9);
                variant.about.outline.input_dim = Some(dimensions);
                variant.findings[0].before = Some(start);
                variant
            };
            let spreads = Trend { side: Side::Before, ..trend(Varied::InputDim, Direction::Falls) };
            let variants = [of(2, 0.9), of(4, 0.7), of(8, 0.4)];
            let row = measure(&spreads, &groups(&variants));
            assert_eq!((row.before, row.after), (Some(0.9), Some(0.4)));
            assert_eq!(row.verdict, Verdict::NotDecided, "one seed");
        }

        #[test]
        fn a_trend_may_be_between_two_choices() {
            let of = |kernel: &str, seed: u64, end: f64| {
                at(&[("kernel", json!(kernel)), ("seed", json!(seed))], end)
            };
            let variants = [
                of("ntk", 0, 0.7),
                of("nngp", 0, 0.8),
                of("rbf", 0, 0.1),
                of("nngp", 1, 0.82),
                of("ntk", 1, 0.71),
            ];
            let choice = |axis: &str, from: &str, to: &str, direction| {
                let [axis, from, to] = [axis, from, to].map(str::to_owned);
                let over = Varied::Choice(study::Choice { axis, from, to });
                measure(&trend(over, direction), &groups(&variants)).verdict
            };
            assert_eq!(choice("kernel", "ntk", "nngp", Direction::Rises), Verdict::Holds);
            assert_eq!(choice("kernel", "nngp", "ntk", Direction::Rises), Verdict::DoesNotHold);
            assert_eq!(choice("kernel", "ntk", "other", Direction::Rises), Verdict::NotApplicable);
            assert_eq!(choice("network", "ntk", "nngp", Direction::Rises), Verdict::NotApplicable);
        }

        #[test]
        fn a_trend_may_be_over_any_number_that_an_axis_sets() {
            let of = |steps: u64, seed: u64, end: f64| {
                at(&[("train.with.steps", json!(steps)), ("seed", json!(seed))], end)
            };
            let variants = [of(10, 0, 1.0), of(10, 1, 1.1), of(20, 0, 2.0), of(20, 1, 2.2)];
            let longer = trend(Varied::Path("train.with.steps".to_owned()), Direction::Rises);
            assert_eq!(measure(&longer, &groups(&variants)).verdict, Verdict::Holds);
            let other = trend(Varied::Path("ntk.with.x".to_owned()), Direction::Rises);
            assert_eq!(measure(&other, &groups(&variants)).verdict, Verdict::NotApplicable);
        }
    }
}
