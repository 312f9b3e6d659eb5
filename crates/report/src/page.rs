//! The page that a person reads: one HTML file that needs no network.

use artifact::tables::report::{FindingRow, Verdict};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::about::About;
use crate::figure::{Content, Figure, PictureRow};
use crate::number::measured;
use crate::plotly;

const STYLE: &str = include_str!("page.css");

/// What stands on the page.
pub struct Page<'a> {
    /// Headline.
    pub title: &'a str,
    /// What run it is about.
    pub about: &'a About,
    /// Findings in order.
    pub findings: &'a [FindingRow],
    /// Figures in order; they are numbered from 1.
    pub figures: &'a [Figure],
    /// Sentences on what a reader might miss.
    pub remarks: &'a [String],
}

impl Page<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                    (PreEscaped(plotly::script()))
                }
                body {
                    h1 { (self.title) }
                    dl .facts {
                        @for (name, value) in self.about.facts() {
                            dt { (name) }
                            dd { (value) }
                        }
                    }
                    h2 { "Findings" }
                    (findings(self.findings))
                    h2 { "Figures" }
                    @for remark in self.remarks {
                        p { (remark) }
                    }
                    @for (number, shown) in (1..).zip(self.figures) {
                        (figure(number, shown))
                    }
                    h2 { "Parameters" }
                    @for (stage, parameters) in &self.about.parameters {
                        details {
                            summary { (stage) }
                            pre { (serde_json::to_string_pretty(parameters).unwrap_or_default()) }
                        }
                    }
                }
            }
        };
        markup.into_string()
    }
}

fn findings(rows: &[FindingRow]) -> Markup {
    html! {
        div .wide {
            table {
                thead {
                    tr {
                        th { "finding" }
                        th .number { "before" }
                        th .number { "after" }
                        th { "verdict" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr id=(row.finding) {
                            td {
                                (row.statement)
                                p .small { "Measured: " (row.measure) "." }
                                p .small { "Rule: " (row.rule) "." }
                                @if let Some(note) = &row.note {
                                    p .small { (note) }
                                }
                            }
                            td .number { (number(row.before)) }
                            td .number { (number(row.after)) }
                            (verdict(row.verdict))
                        }
                    }
                }
            }
        }
        p .small {
            "The paper: Kopitkov & Indelman, Neural Spectrum Alignment: Empirical Study (arXiv 1910.08720). Data: "
            code { "findings.parquet" } "."
        }
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), measured)
}

/// A verdict told by a mark and words, not by colour alone.
fn verdict(verdict: Verdict) -> Markup {
    let (class, words) = match verdict {
        Verdict::Holds => ("holds", "✓ holds"),
        Verdict::DoesNotHold => ("does-not-hold", "✗ does not hold"),
        Verdict::NotApplicable => ("not-applicable", "– not applicable"),
    };
    html! { td class=(format!("verdict {class}")) { (words) } }
}

fn figure(number: usize, figure: &Figure) -> Markup {
    html! {
        figure id=(figure.name) {
            h3 { "Figure " (number) ". " (figure.title) }
            @match &figure.content {
                Content::Plot(plot) => {
                    div .plot { (PreEscaped(plotly::html(&format!("plot-{}", figure.name), plot))) }
                }
                Content::Pictures(rows) => (pictures(rows)),
            }
            figcaption {
                (figure.caption)
                p .small {
                    "Data: "
                    @for (position, source) in figure.sources.iter().enumerate() {
                        @if position > 0 { "; " }
                        code { (source.file) } " (" (source.columns) ")"
                    }
                    ". For print: " code { "figures/" (figure.name) ".svg" } "."
                }
            }
        }
    }
}

fn pictures(rows: &[PictureRow]) -> Markup {
    html! {
        @for row in rows {
            @if !row.title.is_empty() {
                p .row-title { (row.title) }
            }
            div class=(if row.pictures.len() <= 3 { "pictures few" } else { "pictures" }) {
                @for picture in &row.pictures {
                    div {
                        img src=(data_uri(&picture.png)) alt=(format!("{} {}", row.title, picture.label))
                            width=(picture.size.0) height=(picture.size.1);
                        span { (picture.label) }
                    }
                }
            }
        }
    }
}

/// A PNG as an address that holds the picture itself.
#[must_use]
pub fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(png))
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            if position <= group.len() {
                let digit = bits >> (18 - 6 * position) & 63;
                text.push(char::from(DIGITS[digit as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_gives_the_test_vectors_of_its_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn what_a_user_wrote_is_escaped() {
        let page = Page {
            title: "a <b> & c",
            about: &About::default(),
            findings: &[],
            figures: &[],
            remarks: &[],
        };
        assert!(page.html().contains("<h1>a &lt;b&gt; &amp; c</h1>"));
    }
}
