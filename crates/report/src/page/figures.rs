//! Figures on the page: plots as data for `page.js`, pictures as images and canvases.

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::encoding::{base64, data_uri};
use crate::colour::hued_palette;
use crate::drawing::{Content, Drawing, Film, FilmRow, PictureRow, Pictures, Shades, Source};
use crate::plotly;

/// A figure with its number, title, caption and sources; with `swept`, large tables lie in a
/// folder of each variant. Only with `is_anchor` a link leads to it: one of several variants has the name.
pub(super) fn figure(number: usize, figure: &Drawing, swept: bool, is_anchor: bool) -> Markup {
    html! {
        figure id=[is_anchor.then(|| format!("figure-{}", figure.name))] {
            h3 { "Figure " (number) ". " (figure.title) }
            @match &figure.content {
                Content::Plot(plot) => (plotted(&figure.name, plotly::data(plot), is_anchor)),
                Content::Maps(maps) => (plotted(&figure.name, plotly::maps(maps), is_anchor)),
                Content::Pictures(drawn) => (pictures(drawn)),
            }
            figcaption {
                p { (figure.caption) }
                details .sources {
                    summary { "source" }
                    @if !figure.citation.is_empty() {
                        p .small { (figure.citation) }
                    }
                    p .small {
                        "Data: "
                        @for (position, source) in figure.sources.iter().enumerate() {
                            @if position > 0 { "; " }
                            (file(source, swept)) " (" (source.columns) ")"
                        }
                        ". For print: " code { "figures/" (figure.name) ".svg" } "."
                    }
                }
            }
        }
    }
}

/// The file of a source: a link, where it lies beside the page.
fn file(source: &Source, swept: bool) -> Markup {
    let file = format!("{}.parquet", source.table);
    html! {
        @if swept && !source.is_gathered {
            code .data { "variants/*/" (file) }
        } @else {
            a .data href=(file) { (file) }
        }
    }
}

/// An element with room for a plot, and what fills it once it comes into sight.
fn plotted(name: &str, (data, height): (Value, usize), is_anchor: bool) -> Markup {
    html! {
        div .plot style=(format!("min-height:{height}px")) {}
        (embedded(&data))
        @if is_anchor { noscript { img .standing src=(format!("figures/{name}.svg")) alt=(name); } }
    }
}

/// JSON as a script that nothing runs. A `<` would let a text end the script.
fn embedded(data: &Value) -> Markup {
    let text = data.to_string().replace('<', "\\u003c");
    html! { script type="application/json" { (PreEscaped(text)) } }
}

fn pictures(drawn: &Pictures) -> Markup {
    let columns = format!("--columns:{}", drawn.columns);
    html! {
        div .large[drawn.large] {
            @for row in &drawn.films {
                (film_row(row, &columns))
            }
            @for row in &drawn.rows {
                (picture_row(row, &columns))
            }
        }
    }
}

fn picture_row(row: &PictureRow, columns: &str) -> Markup {
    let moves = row.pictures.iter().all(|picture| picture.moves);
    html! {
        @if !row.title.is_empty() {
            p .row-title .still[moves] { (row.title) }
        }
        div .pictures .still[moves] style=(columns) {
            @for picture in &row.pictures {
                div .still[picture.moves] {
                    img src=(data_uri(&picture.png)) alt=(format!("{} {}", row.title, picture.label))
                        width=(picture.size.0) height=(picture.size.1);
                    span { (picture.label) }
                }
            }
        }
    }
}

/// Canvases that `page.js` draws on; each holds its pictures one after the other.
fn film_row(row: &FilmRow, columns: &str) -> Markup {
    html! {
        div .films {
            p .row-title {
                (row.title) @if !row.title.is_empty() { ", " }
                "step " output .now {} " (the slider moves it)"
            }
            div .pictures style=(columns) {
                @for film in &row.films {
                    div {
                        canvas width=(film.size.0) height=(film.size.1) role="img" {}
                        span {}
                    }
                }
            }
            (embedded(&json!({
                "at": row.steps,
                "films": row.films.iter().map(film_data).collect::<Vec<_>>(),
            })))
        }
    }
}

/// A film as `page.js` reads it.
fn film_data(film: &Film) -> Value {
    let mut data = json!({
        "labels": film.labels,
        "shades": match film.shades {
            Shades::Grey => "grey",
            Shades::Diverging => "diverging",
            Shades::Hues => "hues",
        },
        "bytes": base64(&film.frames.concat()),
    });
    if film.shades == Shades::Hues {
        data["palette"] = base64(&hued_palette()).into();
    }
    data
}
