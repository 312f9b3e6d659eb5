//! How far the findings of single variants range.

use artifact::tables::report::{FindingRow, Verdict};

/// Variants that are named at most where a finding does not hold.
const NAMED: usize = 4;

/// For each finding of the variants one row: the lowest and the highest measure, and whether it
/// holds in every variant to which it applies.
pub(super) fn measure(rows: &[FindingRow]) -> Vec<FindingRow> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.finding.as_str()) {
            names.push(&row.finding);
        }
    }
    names
        .into_iter()
        .filter_map(|name| {
            let mine: Vec<&FindingRow> = rows.iter().filter(|row| row.finding == name).collect();
            across(&mine)
        })
        .collect()
}

fn across(rows: &[&FindingRow]) -> Option<FindingRow> {
    let first = *rows.first()?;
    let applicable: Vec<&FindingRow> =
        rows.iter().copied().filter(|row| row.verdict != Verdict::NotApplicable).collect();
    let failing: Vec<&str> = applicable
        .iter()
        .filter(|row| row.verdict == Verdict::DoesNotHold)
        .filter_map(|row| row.variant.as_deref())
        .collect();
    let verdict = match (applicable.is_empty(), failing.is_empty()) {
        (true, _) => Verdict::NotApplicable,
        (false, true) => Verdict::Holds,
        (false, false) => Verdict::DoesNotHold,
    };
    let ends = || applicable.iter().filter_map(|row| row.after);
    let (lowest, highest) = (ends().min_by(f64::total_cmp), ends().max_by(f64::total_cmp));
    let mut note = if applicable.is_empty() {
        "Applies to no variant.".to_owned()
    } else {
        format!(
            "Holds in {} of the {} variants to which it applies.",
            applicable.len() - failing.len(),
            applicable.len()
        )
    };
    if !failing.is_empty() {
        let more = if failing.len() > NAMED { ", …" } else { "" };
        let named: Vec<&str> = failing.iter().copied().take(NAMED).collect();
        note = format!("{note} Not in {}{more}.", named.join("; "));
    }
    Some(FindingRow {
        statement: format!("In every variant: {}", lowercased(&first.statement)),
        measure: format!(
            "lowest and highest, over the variants, of the last value of: {}",
            first.measure
        ),
        before: lowest,
        after: highest,
        rule: format!("in every variant to which it applies: {}", first.rule),
        verdict,
        note: Some(note),
        ..first.clone()
    })
}

fn lowercased(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variant: &str, after: f64, verdict: Verdict) -> FindingRow {
        FindingRow {
            finding: "x".to_owned(),
            variant: Some(variant.to_owned()),
            statement: "The kernel changes.".to_owned(),
            measure: String::new(),
            before: None,
            after: (verdict != Verdict::NotApplicable).then_some(after),
            rule: String::new(),
            verdict,
            note: None,
        }
    }

    #[test]
    fn it_holds_when_it_holds_wherever_it_applies() {
        let rows = [
            row("a=1", 3.0, Verdict::Holds),
            row("a=2", 1.0, Verdict::Holds),
            row("a=3", 9.0, Verdict::NotApplicable),
        ];
        let found = &measure(&rows)[0];
        assert_eq!(
            (found.verdict, found.before, found.after),
            (Verdict::Holds, Some(1.0), Some(3.0))
        );
        assert_eq!(found.statement, "In every variant: the kernel changes.");
    }

    #[test]
    fn one_variant_in_which_it_fails_is_named() {
        let rows = [row("a=1", 3.0, Verdict::Holds), row("a=2", 1.0, Verdict::DoesNotHold)];
        let found = &measure(&rows)[0];
        assert_eq!(found.verdict, Verdict::DoesNotHold);
        assert!(found.note.as_ref().unwrap().ends_with("Not in a=2."), "{found:?}");
    }

    #[test]
    fn it_is_not_applicable_where_it_applies_to_none() {
        let found = &measure(&[row("a=1", 3.0, Verdict::NotApplicable)])[0];
        assert_eq!((found.verdict, found.before), (Verdict::NotApplicable, None));
    }
}
