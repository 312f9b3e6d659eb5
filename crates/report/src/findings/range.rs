//! How far the findings of single variants range.

use artifact::tables::findings::{FindingRow, Verdict};

use super::decision::rank;
use super::trend::with_uncertainty;
use crate::statistics::Mean;
use crate::variant::{Variant, groups};
use study::number::measured;

/// Variants that are named at most where a finding does not hold.
const NAMED: usize = 4;

/// For each finding of the variants one row: the lowest and the highest measure, and whether it
/// holds in every variant to which it applies, beside the same of those that `is_control` picks.
///
/// Variants that only repeat each other are decided
/// together: by the mean of what the rule compares and its uncertainty.
pub(super) fn measure(
    variants: &[Variant],
    is_control: &dyn Fn(&Variant) -> bool,
) -> Vec<FindingRow> {
    let found = |name: &str, control: bool| -> Vec<Vec<FindingRow>> {
        let chosen = variants.iter().filter(|variant| is_control(variant) == control);
        let of_variant =
            |variant: &Variant| Some((variant.label(), variant.finding(name)?.clone()));
        let named = |(label, row)| FindingRow { variant: Some(label), ..row };
        let members = groups(chosen).into_iter().map(|group| group.each_once(name).members);
        let found = |member: &Variant| of_variant(member).map(named);
        members.map(|members| members.into_iter().filter_map(found).collect()).collect()
    };
    let mut names: Vec<&str> = Vec::new();
    for row in variants.iter().flat_map(|variant| &variant.findings) {
        if !names.contains(&row.finding.as_str()) {
            names.push(&row.finding);
        }
    }
    names
        .into_iter()
        .filter_map(|name| {
            if let Some(row) = shared(variants, name) {
                return Some(row);
            }
            let row = across(&found(name, false))?;
            // What is measured on shuffled targets says more than what is known in general.
            let control = across(&found(name, true)).map(|control| told(&control));
            Some(FindingRow { control: control.or(row.control.clone()), ..row })
        })
        .collect()
}

/// The finding `name`, where all variants have it from one artifact, which has gathered repetitions itself:
/// its own verdict and uncertainty stand.
fn shared(variants: &[Variant], name: &str) -> Option<FindingRow> {
    let rows: Option<Vec<&FindingRow>> =
        variants.iter().map(|variant| variant.finding(name)).collect();
    let rows = rows?;
    let is_one = rows.windows(2).all(|pair| pair[0] == pair[1]);
    let first = *rows.first()?;
    (is_one && first.n.is_some_and(|n| n > 1)).then(|| first.clone())
}

/// What the control came to, in words.
fn told(control: &FindingRow) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), measured);
    let verdict = control.verdict.in_words();
    match (control.verdict, control.before, control.after) {
        (Verdict::NotApplicable, _, _) => format!("with shuffled targets: {verdict}"),
        (_, before, after) if before == after => {
            format!("with shuffled targets: {verdict}, {}", number(after))
        }
        (_, before, after) => {
            format!("with shuffled targets: {verdict}, {} → {}", number(before), number(after))
        }
    }
}

/// What one group of repetitions came to.
struct Decided {
    verdict: Verdict,
    /// The mean margin of the rule, where it has one.
    margin: Option<Mean>,
    /// The axes that its members share, for a note.
    first: Option<String>,
}

/// The row across `groups` of repetitions, each the rows of its members.
fn across(groups: &[Vec<FindingRow>]) -> Option<FindingRow> {
    let first = groups.iter().flatten().next()?;
    let applies = |row: &&FindingRow| row.verdict != Verdict::NotApplicable;
    let applicable: Vec<&FindingRow> = groups.iter().flatten().filter(applies).collect();
    let decided: Vec<Decided> = groups.iter().filter_map(|rows| decided(rows)).collect();
    let weakest = decided.iter().min_by(|a, b| {
        let value = |one: &Decided| one.margin.map_or(0.0, |margin| margin.value);
        let place = |one: &Decided| (rank(one.verdict), value(one));
        let (a, b) = (place(a), place(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let verdict = weakest.map_or(Verdict::NotApplicable, |weakest| weakest.verdict);
    let margin = weakest.and_then(|weakest| weakest.margin);
    let one_group = groups.len() == 1 && applicable.len() > 1;
    let (before, after) = if one_group { means(&applicable) } else { ends(&applicable) };
    let statement = if one_group {
        format!("Over {} seeds: {}", applicable.len(), lowercased(&first.statement))
    } else {
        format!("In every variant: {}", lowercased(&first.statement))
    };
    let measure = if one_group {
        format!("mean over seeds of: {}", first.measure)
    } else {
        format!("lowest and highest, over the variants, of the last value of: {}", first.measure)
    };
    let repeated = decided.iter().any(|one| one.margin.is_some_and(|margin| margin.count > 1));
    let rule = match (one_group, repeated) {
        (true, _) => format!("{}, by more than two standard errors over the seeds", first.rule),
        (false, true) => format!(
            "in every variant to which it applies, seeds taken together and by more than two standard errors over them: {}",
            first.rule
        ),
        (false, false) => format!("in every variant to which it applies: {}", first.rule),
    };
    Some(FindingRow {
        statement,
        measure,
        before,
        after,
        margin: margin.map(|margin| margin.value),
        uncertainty: margin.and_then(|margin| margin.uncertainty),
        n: margin.and_then(|margin| u32::try_from(margin.count).ok()),
        rule,
        verdict,
        control: groups.iter().flatten().find_map(|row| row.control.clone()),
        note: Some(note(&applicable, weakest)),
        ..first.clone()
    })
}

/// The verdict on rows that repeat each other; `None` where the finding applies to none of them.
fn decided(rows: &[FindingRow]) -> Option<Decided> {
    let known: Vec<&FindingRow> = rows.iter().filter(|row| row.margin.is_some()).collect();
    let margins: Vec<f64> = known.iter().filter_map(|row| row.margin).collect();
    let Some(margin) = Mean::of(&margins) else {
        // A study may judge without a margin: then the least favourable run speaks for all.
        let applies = rows.iter().filter(|row| row.verdict != Verdict::NotApplicable);
        let worst = applies.min_by_key(|row| rank(row.verdict))?;
        let first = worst.variant.clone();
        return Some(Decided { verdict: worst.verdict, margin: None, first });
    };
    let verdict = match known.as_slice() {
        [one] => one.verdict,
        _ => margin.verdict(Verdict::Holds),
    };
    let first = known.first().and_then(|row| row.variant.clone());
    Some(Decided { verdict, margin: Some(margin), first })
}

/// Mean first and last value over repetitions.
fn means(rows: &[&FindingRow]) -> (Option<f64>, Option<f64>) {
    let mean = |of: fn(&FindingRow) -> Option<f64>| {
        let values: Vec<f64> = rows.iter().filter_map(|row| of(row)).collect();
        Mean::of(&values).map(|mean| mean.value)
    };
    (mean(|row| row.before), mean(|row| row.after))
}

/// The lowest and the highest last value.
fn ends(rows: &[&FindingRow]) -> (Option<f64>, Option<f64>) {
    let ends = || rows.iter().filter_map(|row| row.after);
    (ends().min_by(f64::total_cmp), ends().max_by(f64::total_cmp))
}

fn note(applicable: &[&FindingRow], weakest: Option<&Decided>) -> String {
    if applicable.is_empty() {
        return "Applies to no variant.".to_owned();
    }
    let failing: Vec<&str> = applicable
        .iter()
        .filter(|row| row.verdict == Verdict::DoesNotHold)
        .filter_map(|row| row.variant.as_deref())
        .collect();
    let holding = applicable.iter().filter(|row| row.verdict == Verdict::Holds).count();
    let mut note = match applicable.len() {
        1 if holding == 1 => "Holds in the variant to which it applies.".to_owned(),
        1 => "Does not hold in the variant to which it applies.".to_owned(),
        count => format!("Holds in {holding} of the {count} variants to which it applies."),
    };
    if !failing.is_empty() {
        let more = if failing.len() > NAMED { ", …" } else { "" };
        let named: Vec<&str> = failing.iter().copied().take(NAMED).collect();
        note = format!("{note} Fails in {}{more}.", named.join("; "));
    }
    let repeated = weakest.and_then(|weakest| Some((weakest, weakest.margin?)));
    if let Some((weakest, margin)) = repeated.filter(|(_, margin)| margin.count > 1) {
        let place = match &weakest.first {
            Some(variant) => format!(" and its repetitions ({variant} is the first)"),
            None => String::new(),
        };
        let decided = match weakest.verdict {
            Verdict::NotDecided => format!("Not decided with {} seeds", margin.count),
            _ => "It is decided".to_owned(),
        };
        note = format!(
            "{note} {decided} by the margin of the rule, {} over {} seeds of the least favourable variant{place}.",
            with_uncertainty(margin),
            margin.count
        );
    }
    note
}

fn lowercased(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::made_up::{at, with_dataset};
    use super::*;

    const HOLDS: Verdict = Verdict::Holds;
    const FAILS: Verdict = Verdict::DoesNotHold;

    /// The variant with one finding.
    fn found_in(variant: Variant, after: f64, verdict: Verdict) -> Variant {
        let applies = verdict != Verdict::NotApplicable;
        let row = FindingRow {
            finding: "x".to_owned(),
            variant: None,
            statement: "The kernel changes.".to_owned(),
            measure: String::new(),
            before: applies.then_some(0.0),
            after: applies.then_some(after),
            margin: applies.then_some(after - 2.0),
            uncertainty: None,
            n: applies.then_some(1),
            rule: String::new(),
            verdict,
            control: None,
            note: None,
        };
        Variant { findings: vec![row], ..variant }
    }

    /// The row across variants at these axes that came to these ends; the rule asks for 2.
    fn found(of: &[(&[(&str, serde_json::Value)], f64)]) -> FindingRow {
        let variants: Vec<Variant> = of
            .iter()
            .map(|(axes, end)| {
                let verdict = if *end >= 2.0 { HOLDS } else { FAILS };
                let verdict = if *end > 8.0 { Verdict::NotApplicable } else { verdict };
                found_in(at(axes, *end), *end, verdict)
            })
            .collect();
        measure(&variants, &|variant| variant.about.is_control()).remove(0)
    }

    #[test]
    fn it_holds_when_it_holds_wherever_it_applies() {
        let found = found(&[
            (&[("act", json!(1))], 3.0),
            (&[("act", json!(2))], 2.5),
            (&[("act", json!(3))], 9.0),
        ]);
        assert_eq!((found.verdict, found.before, found.after), (HOLDS, Some(2.5), Some(3.0)));
        assert_eq!(found.statement, "In every variant: the kernel changes.");
        assert_eq!((found.margin, found.uncertainty, found.n), (Some(0.5), None, Some(1)));
        assert!(found.note.unwrap().starts_with("Holds in 2 of the 2 variants"));
    }

    #[test]
    fn one_variant_in_which_it_fails_is_named() {
        let found = found(&[(&[("act", json!(1))], 3.0), (&[("act", json!(2))], 1.0)]);
        assert_eq!(found.verdict, FAILS);
        assert_eq!(
            found.note.as_deref(),
            Some("Holds in 1 of the 2 variants to which it applies. Fails in act=2.")
        );
    }

    #[test]
    fn seeds_are_decided_together_by_their_uncertainty() {
        let seeds = |ends: [f64; 3]| {
            let [a, b, c] = ends;
            found(&[
                (&[("seed", json!(0))], a),
                (&[("seed", json!(1))], b),
                (&[("seed", json!(2))], c),
            ])
        };
        let clear = seeds([3.0, 3.1, 3.2]);
        assert_eq!((clear.verdict, clear.n, clear.before), (HOLDS, Some(3), Some(0.0)));
        assert!((clear.after.unwrap() - 3.1).abs() < 1e-12);
        assert!(clear.uncertainty.unwrap() < 0.2);
        assert_eq!(clear.statement, "Over 3 seeds: the kernel changes.");
        // All three hold, and nobody would bet on the fourth.
        let close = seeds([2.01, 2.8, 2.05]);
        assert_eq!(close.verdict, Verdict::NotDecided);
        assert!(close.note.unwrap().contains("Not decided with 3 seeds"));
        assert_eq!(seeds([1.0, 1.1, 1.2]).verdict, FAILS);
        assert_eq!(seeds([1.0, 3.1, 2.5]).verdict, Verdict::NotDecided);
    }

    #[test]
    fn it_is_not_applicable_where_it_applies_to_none() {
        let found = found(&[(&[("act", json!(1))], 9.0), (&[("act", json!(2))], 9.0)]);
        assert_eq!((found.verdict, found.before), (Verdict::NotApplicable, None));
        assert_eq!((found.margin, found.n), (None, None));
    }

    #[test]
    fn variants_with_shuffled_targets_are_the_control_of_the_others() {
        let axes = |shuffled: bool| [("shuffled", json!(shuffled))];
        let variant = |shuffled: bool, after, verdict| {
            let dataset = json!({ "shuffle_targets": shuffled });
            found_in(with_dataset(at(&axes(shuffled), 1.0), dataset), after, verdict)
        };
        let variants = [variant(false, 3.0, HOLDS), variant(true, 0.5, FAILS)];
        let control = |variant: &Variant| variant.about.is_control();
        let found = measure(&variants, &control).remove(0);
        assert_eq!((found.verdict, found.after), (HOLDS, Some(3.0)));
        assert_eq!(found.control.as_deref(), Some("with shuffled targets: does not hold, 0.500"));
        assert_eq!(found.note.as_deref(), Some("Holds in the variant to which it applies."));
    }

    #[test]
    fn a_finding_that_gathers_itself_keeps_its_verdict_and_uncertainty() {
        let of = |seed: u64, n: Option<u32>| {
            let mut variant = found_in(at(&[("seed", json!(seed))], 1.0), 0.5, FAILS);
            for row in &mut variant.findings {
                (row.n, row.uncertainty) = (n, Some(0.7));
            }
            variant
        };
        let gathered = [of(0, Some(5)), of(1, Some(5))];
        let name = gathered[0].findings[0].finding.clone();
        let row = shared(&gathered, &name).expect("one row");
        assert_eq!((row.n, row.uncertainty), (Some(5), Some(0.7)));
        assert!(shared(&[of(0, Some(1)), of(1, Some(1))], &name).is_none(), "repetitions");
        assert!(shared(&[of(0, Some(5)), of(1, Some(4))], &name).is_none(), "different ones");
    }
}
