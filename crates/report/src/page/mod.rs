//! The page that a person reads: one HTML file that needs no network.

mod encoding;
mod failed;
mod figures;
mod findings;

use artifact::tables::findings::FindingRow;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::about::About;
use crate::failed::Failed;
use crate::figure::Figure;
use crate::number::grouped;
use crate::plotly;

pub use encoding::data_uri;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Sets the reader's choice of light or dark before anything is drawn.
const THEME: &str = include_str!("theme.js");

/// What stands on the page.
pub struct Page<'a> {
    /// Headline.
    pub title: &'a str,
    /// What run it is about: names and values.
    pub facts: &'a [(&'static str, String)],
    /// The run with its parameters; of a sweep, the first variant.
    pub about: &'a About,
    /// The axes of the sweep, each with its values; none without a sweep.
    pub sweep: &'a [(String, Vec<String>)],
    /// Labels of the variants, in order; none without a sweep.
    pub variants: &'a [String],
    /// Variants of the sweep that failed.
    pub failed: &'a [Failed],
    /// Findings in order, those of all variants.
    pub findings: &'a [FindingRow],
    /// Figures in order; they are numbered from 1.
    pub figures: &'a [Section],
    /// Checkpoints that the slider moves over, by rising step.
    pub steps: &'a [u64],
    /// Sentences on what a reader might miss.
    pub remarks: &'a [String],
}

/// Figures under one heading.
pub struct Section {
    /// Heading.
    pub title: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Page<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut number = 0;
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                    script { (PreEscaped(THEME)) }
                }
                body {
                    button #theme type="button" aria-label="light or dark" title="light or dark" { "◐" }
                    h1 { (self.title) }
                    dl .facts {
                        @for (name, value) in self.facts {
                            dt { (name) }
                            dd { (value) }
                        }
                        @for (name, values) in self.sweep {
                            dt { "sweep: " (name) }
                            dd { (values.join(", ")) }
                        }
                    }
                    @if !self.failed.is_empty() {
                        (failed::table(self.failed))
                    }
                    h2 { "Findings" }
                    (findings::table(self.findings, self.variants))
                    @for remark in self.remarks {
                        p { (remark) }
                    }
                    @for section in self.figures {
                        h2 { (section.title) }
                        @for shown in &section.figures {
                            ({
                                number += 1;
                                figures::figure(number, shown, !self.variants.is_empty())
                            })
                        }
                    }
                    h2 { "Parameters" @if !self.variants.is_empty() { " of the first variant" } }
                    @for (stage, parameters) in &self.about.parameters {
                        details {
                            summary { (stage) }
                            pre { (serde_json::to_string_pretty(parameters).unwrap_or_default()) }
                        }
                    }
                    (slider(self.steps))
                    (PreEscaped(plotly::script()))
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        markup.into_string()
    }
}

/// The one slider that moves every picture and every marked step.
fn slider(steps: &[u64]) -> Markup {
    let Some((&last, _)) = steps.split_last().filter(|(_, before)| !before.is_empty()) else {
        return html! {};
    };
    let list = serde_json::to_string(steps).unwrap_or_default();
    html! {
        form #slider data-steps=(list) {
            button #play type="button" aria-label="play" title="play" { "▶" }
            label for="step" { "step" }
            input #step type="range" min="0" max=(steps.len() - 1) value=(steps.len() - 1)
                aria-valuetext=(format!("step {}", grouped(last)));
            output #at for="step" { (grouped(last)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_wrote_is_escaped() {
        let page = Page {
            title: "a <b> & c",
            facts: &[],
            about: &About::default(),
            sweep: &[],
            variants: &[],
            failed: &[],
            findings: &[],
            figures: &[],
            steps: &[],
            remarks: &[],
        };
        assert!(page.html().contains("<h1>a &lt;b&gt; &amp; c</h1>"));
    }
}
