//! The table of findings: of one run, or across a sweep with a mark for each variant.

use artifact::tables::findings::{FindingRow, Verdict};
use maud::{Markup, html};

use crate::findings::ACROSS;
use crate::number::measured;

/// The findings; with `variants`, those across the sweep in full and those of each variant as a
/// mark, its measure in words.
pub(super) fn table(rows: &[FindingRow], variants: &[String]) -> Markup {
    let across = |row: &&FindingRow| variants.is_empty() || row.variant.as_deref() == Some(ACROSS);
    html! {
        div .wide {
            table .findings {
                thead {
                    tr {
                        th { "finding" }
                        th .number { @if variants.is_empty() { "before" } @else { "from" } }
                        th .number { @if variants.is_empty() { "after" } @else { "to" } }
                        th .number { "margin" }
                        th { "verdict" }
                    }
                }
                tbody {
                    @for row in rows.iter().filter(across) {
                        (in_full(row))
                    }
                }
            }
        }
        @if !variants.is_empty() {
            (of_variants(rows, variants))
        }
        p .small {
            "Margin: by how much the rule is met, with two standard errors over repetitions where there are any. "
            "Not decided: the margin lies within them, or there is one seed only."
        }
        p .small {
            "The paper: Kopitkov & Indelman, Neural Spectrum Alignment: Empirical Study (arXiv 1910.08720). Data: "
            a .data href="findings.parquet" { "findings.parquet" } "."
        }
    }
}

fn in_full(row: &FindingRow) -> Markup {
    html! {
        tr id=(row.finding) {
            td {
                (row.statement)
                // What does not apply is told by why not.
                @if row.verdict != Verdict::NotApplicable {
                    p .small { "Measured: " (row.measure) "." }
                    p .small { "Rule: " (row.rule) "." }
                }
                @if let Some(note) = &row.note {
                    p .small { (note) }
                }
                @if let Some(control) = &row.control {
                    p .small { "Without structure in the target: " (control) "." }
                }
            }
            td .number { (number(row.before)) }
            td .number { (number(row.after)) }
            td .number .margin { (margin(row)) }
            (verdict(row.verdict))
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
                            th { a href=(format!("#{name}")) { (name.replace('_', " ")) } }
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
            " ± " (measured(uncertainty)) br; span .small { "n = " (count) }
        } @else if let (Verdict::NotDecided, Some(count)) = (row.verdict, row.n) {
            br; span .small { "n = " (count) }
        }
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), measured)
}

/// A verdict told by a mark and words, not by colour alone.
fn verdict(verdict: Verdict) -> Markup {
    let (class, mark, words) = told(verdict);
    html! { td class=(format!("verdict {class}")) { (mark) " " (words) } }
}

fn told(verdict: Verdict) -> (&'static str, &'static str, &'static str) {
    let words = verdict.in_words();
    match verdict {
        Verdict::Holds => ("holds", "✓", words),
        Verdict::DoesNotHold => ("does-not-hold", "✗", words),
        Verdict::NotDecided => ("not-decided", "?", words),
        Verdict::NotApplicable => ("not-applicable", "–", words),
    }
}
