//! The page that a person reads: one HTML file that needs no network.

mod encoding;
mod failed;
mod figures;
mod findings;

use artifact::tables::findings::FindingRow;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use study::number::grouped;

use crate::about::Parameters;
use crate::draw::{Detail, Drawn};
use crate::drawing::Drawing;
use crate::failed::Failed;
use crate::network::{self, Network, Networks};
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
    /// A word above the headline.
    pub name: Option<&'a str>,
    /// What run it is about: names and values.
    pub facts: &'a [(String, String)],
    /// The networks that were trained.
    pub networks: &'a Networks,
    /// Parameters of each stage; of a sweep, those of the first variant.
    pub parameters: &'a [Parameters],
    /// The axes of the sweep, each with its values; none without a sweep.
    pub sweep: &'a [(String, Vec<String>)],
    /// Labels of the variants, in order; none without a sweep.
    pub variants: &'a [String],
    /// Variants of the sweep that failed.
    pub failed: &'a [Failed],
    /// Their losses.
    pub failed_figure: Option<&'a Drawing>,
    /// Findings in order, those of all variants.
    pub findings: &'a [FindingRow],
    /// Where the studies behind the findings were published.
    pub citations: &'a [&'a str],
    /// All figures.
    pub drawn: &'a Drawn,
    /// Checkpoints that the slider moves over, by rising step.
    pub steps: &'a [u64],
    /// Sentences on what a reader might miss.
    pub remarks: &'a [String],
}

/// Figures that stand before everything else, at most.
const HEADLINES: usize = 4;

impl Page<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let swept = !self.variants.is_empty();
        let mut number = Number::default();
        let headlines = self.headlines();
        let is_headline =
            |drawing: &&Drawing| headlines.iter().any(|other| std::ptr::eq(*other, *drawing));
        let across: Vec<&Drawing> =
            self.drawn.across.iter().filter(|drawing| !is_headline(drawing)).collect();
        let details = &self.drawn.details;
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                    noscript { style { ".films { display: none; } .still { display: revert; } .pictures.still { display: grid; }" } }
                    script { (PreEscaped(THEME)) }
                }
                body {
                    button #theme type="button" aria-label="light or dark" title="light or dark" { "◐" }
                    @if let Some(name) = self.name { p .name { (name) } }
                    h1 { (self.title) }
                    div .about {
                        dl .facts {
                            @for (name, values) in self.sweep {
                                dt { "sweep: " (name) }
                                dd { (values.join(", ")) }
                            }
                            @for (name, value) in self.facts {
                                dt { (name) }
                                dd { (value) }
                            }
                        }
                        @if let [network] = &self.networks.shown[..] {
                            (network::figure(&network.layers))
                        }
                    }
                    (several(self.networks))
                    @if !self.failed.is_empty() {
                        (failed::table(self.failed))
                        @if let Some(drawing) = self.failed_figure {
                            (figures::figure(number.next(), drawing, swept, true))
                        }
                    }
                    @for drawing in &headlines {
                        (figures::figure(number.next(), drawing, swept, true))
                    }
                    h2 #findings { "Findings" }
                    (findings::lines(self.findings, self.variants))
                    @for remark in self.remarks {
                        p { (remark) }
                    }
                    @for citation in self.citations {
                        p .small { (citation) }
                    }
                    (contents(&across, details, &is_headline))
                    @if !across.is_empty() {
                        h2 #across { "Across the sweep" }
                        @for drawing in &across {
                            (figures::figure(number.next(), drawing, swept, true))
                        }
                    }
                    @if !details.is_empty() {
                        h2 #detail { @if swept { "One variant in detail" } @else { "More figures" } }
                        (selector(details))
                        @for (place, detail) in details.iter().enumerate() {
                            section .detail hidden[place > 0] {
                                ({
                                    let numbers = number.of_details();
                                    figures_of(detail, &is_headline, numbers, swept, place == 0)
                                })
                            }
                        }
                    }
                    h2 #parameters { "Parameters" @if swept { " of the first variant" } }
                    @for of in self.parameters {
                        details {
                            summary { (of.stage) }
                            pre { (serde_json::to_string_pretty(&of.values).unwrap_or_default()) }
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

    /// The few figures that one would show in a talk: over a sweep those over all variants.
    fn headlines(&self) -> Vec<&Drawing> {
        let of_first = self.drawn.details.first().map(|detail| &detail.drawings);
        let chosen = if self.variants.is_empty() { of_first } else { Some(&self.drawn.across) };
        let chosen = chosen.into_iter().flatten().filter(|drawing| drawing.headline);
        chosen.take(HEADLINES).collect()
    }
}

/// Numbers of figures, from 1.
#[derive(Default)]
struct Number {
    last: usize,
    /// Before the figures of a detail: those of every detail have the same numbers.
    before_details: Option<usize>,
}

impl Number {
    fn next(&mut self) -> usize {
        self.last += 1;
        self.last
    }

    fn of_details(&mut self) -> usize {
        *self.before_details.get_or_insert(self.last)
    }
}

/// The figures of a detail but those that stand first on the page.
fn figures_of(
    detail: &Detail,
    is_headline: &dyn Fn(&&Drawing) -> bool,
    before: usize,
    swept: bool,
    is_first: bool,
) -> Markup {
    let rest = detail.drawings.iter().filter(|drawing| !is_headline(drawing));
    html! {
        @for (place, drawing) in rest.enumerate() {
            (figures::figure(before + place + 1, drawing, swept, is_first))
        }
    }
}

/// The networks of a sweep, each behind its name: together they would hide what follows.
fn several(networks: &Networks) -> Markup {
    html! {
        @if networks.shown.len() > 1 {
            div .networks {
                @for Network { label, layers } in &networks.shown {
                    details {
                        summary { "network of " (label) }
                        (network::figure(layers))
                    }
                }
            }
        }
        @if networks.left_out > 0 {
            p .small { (grouped(networks.left_out as u64)) " more networks are not drawn." }
        }
    }
}

/// A selector of variant and output, where there are several.
fn selector(details: &[Detail]) -> Markup {
    html! {
        @if details.len() > 1 {
            p .selector {
                label for="variant" { "Show " }
                select #variant {
                    @for (place, detail) in details.iter().enumerate() {
                        option value=(place) { (detail.label) }
                    }
                }
            }
        }
    }
}

/// Where to find what follows.
fn contents(
    across: &[&Drawing],
    details: &[Detail],
    is_headline: &dyn Fn(&&Drawing) -> bool,
) -> Markup {
    let first = details.first().map(|detail| &detail.drawings).into_iter().flatten();
    let first: Vec<&Drawing> = first.filter(|drawing| !is_headline(drawing)).collect();
    html! {
        nav .contents {
            h2 { "Contents" }
            ul {
                @for drawing in across.iter().chain(&first) {
                    li { a href=(format!("#figure-{}", drawing.name)) { (drawing.title) } }
                }
                li { a href="#parameters" { "Parameters" } }
            }
        }
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
        let drawn =
            Drawn { across: Vec::new(), details: Vec::new(), left_out: 0, remarks: Vec::new() };
        let page = Page {
            title: "a <b> & c",
            name: None,
            facts: &[],
            networks: &Networks::default(),
            parameters: &[],
            sweep: &[],
            variants: &[],
            failed: &[],
            failed_figure: None,
            findings: &[],
            citations: &[],
            drawn: &drawn,
            steps: &[],
            remarks: &[],
        };
        assert!(page.html().contains("<h1>a &lt;b&gt; &amp; c</h1>"));
    }
}
