//! Findings: of one run, or across a sweep with a mark for each variant.

use artifact::tables::findings::{FindingRow, Verdict};
use maud::{Markup, html};

use crate::findings::ACROSS;
use study::number::measured;

/// The findings, one line each that opens; with `variants` those across the sweep, and after them those of
/// each variant as a mark.
pub(super) fn lines(rows: &[FindingRow], variants: &[String]) -> Markup {
    let across = |row: &&FindingRow| variants.is_empty() || row.variant.as_deref() == Some(ACROSS);
    let shown: Vec<&FindingRow> = rows.iter().filter(across).collect();
    let (open, none): (Vec<&FindingRow>, Vec<&FindingRow>) =
        shown.into_iter().partition(|row| row.verdict != Verdict::NotApplicable);
    html! {
        div .findings {
            @for row in &open { (line(row)) }
            @if !none.is_empty() {
                details {
                    summary { (none.len()) " more do not apply to " @if variants.is_empty() { "this run" } @else { "this sweep" } }
                    @for row in &none { (line(row)) }
                }
            }
        }
        @if !variants.is_empty() {
            (of_variants(rows, variants))
        }
        @if !rows.is_empty() {
            p .small { "Data: " a .data href="findings.parquet" { "findings.parquet" } "." }
        }
    }
}

/// Mark, statement and numbers; opened, what was measured and by which rule.
fn line(row: &FindingRow) -> Markup {
    let (class, mark, words) = told(row.verdict);
    html! {
        details .finding id=(format!("finding-{}", row.finding)) {
            summary {
                span class=(format!("verdict {class}")) { (mark) " " (words) }
                span .statement { (row.statement) }
                @if row.before.is_some() || row.after.is_some() {
                    span .number { (number(row.before)) " → " (number(row.after)) }
                }
            }
            @if row.verdict != Verdict::NotApplicable {
                p .small { "Measured: " (row.measure) "." }
                p .small { "Rule: " (row.rule) "." }
                p .small {
                    "Margin: " (margin(row)) ". By how much the rule is met, with two standard errors over repetitions where there are any."
                }
            }
            @if let Some(note) = &row.note {
                p .small { (note) }
            }
            @if let Some(control) = &row.control {
                p .small { "Without structure in the target: " (control) "." }
            }
        }
    }
}

/// One column a variant: the mark, and before → after.
fn of_variants(rows: &[FindingRow], variants: &[String]) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    let of = |name: &str, variant: &str| {
        rows.iter().find(|row| row.finding == name && row.variant.as_deref() == Some(variant))
    };
    for row in rows {
        let own = row.variant.as_deref().is_some_and(|variant| variant != ACROSS);
        if own && !names.contains(&row.finding.as_str()) {
            names.push(&row.finding);
        }
    }
    html! {
        h3 { "Each variant by itself" }
        div .wide {
            table .variants {
                thead {
                    tr {
                        th { "variant" }
                        @for name in &names {
                            th { a href=(format!("#finding-{name}")) { (name.replace('_', " ")) } }
                        }
                    }
                }
                tbody {
                    @for variant in variants {
                        tr {
                            th { (variant) }
                            @for name in &names {
                                @match of(name, variant) {
                                    Some(row) => (cell(row)),
                                    None => td { "" },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(row: &FindingRow) -> Markup {
    let (class, mark, words) = told(row.verdict);
    let note = row.note.as_deref().unwrap_or_default();
    html! {
        td title=(format!("{words}. {note}")) {
            span class=(format!("verdict {class}")) { (mark) }
            @if row.after.is_some() {
                span .small { " " (number(row.before)) " → " (number(row.after)) }
            }
        }
    }
}

/// `0.0857 ± 0.013, n = 2`, as far as it is known.
fn margin(row: &FindingRow) -> Markup {
    html! {
        (number(row.margin))
        @if let (Some(uncertainty), Some(count)) = (row.uncertainty, row.n) {
            " ± " (measured(uncertainty)) ", n = " (count)
        } @else if let (Verdict::NotDecided, Some(count)) = (row.verdict, row.n) {
            ", n = " (count)
        }
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), measured)
}

/// Class, mark and words of a verdict: not told by colour alone.
fn told(verdict: Verdict) -> (&'static str, &'static str, &'static str) {
    let words = verdict.in_words();
    match verdict {
        Verdict::Holds => ("holds", "✓", words),
        Verdict::DoesNotHold => ("does-not-hold", "✗", words),
        Verdict::NotDecided => ("not-decided", "?", words),
        Verdict::NotApplicable => ("not-applicable", "–", words),
    }
}
