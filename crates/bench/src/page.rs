//! The page `bench.html`: targets, all cases, and cost growing with N, width and depth; offline.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::case::{Case, Growth};
use crate::error::BenchError;
use crate::matmul::MATMUL;
use crate::measurement::Measured;
use crate::plot::{self, Curve};
use crate::print::{
    NOT_JUDGED, error, gflops, peak_memory, percent, reason, seconds, share, target_cells, versions,
};
use crate::target::Row;

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse}td,th{padding:.15rem .8rem;text-align:right;border-bottom:1px solid #ddd}\
td:first-child,th:first-child,td.text,th.text{text-align:left}figure{display:inline-block;margin:1rem 0}";

/// The whole page.
///
/// # Errors
/// Where a plot cannot be drawn.
pub fn document(all: &[Measured], rows: &[Row], threads: usize) -> Result<String, BenchError> {
    let curves = curves(all)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Bench" } style { (PreEscaped(STYLE)) } }
            body {
                h1 { "How fast the numbers are" }
                p {
                    (threads) " threads each; medians with quartiles over rounds in which all took turns. "
                    "Error: the distance of a result from the same work in f64; a result that is wrong is not timed. "
                    @for version in versions(all) { (version) "; " }
                    "every reading is in bench.parquet."
                }
                @if !rows.is_empty() { (targets(rows)) }
                (cases(all))
                @for (title, svg) in &curves {
                    figure { figcaption { (title) } (PreEscaped(svg)) }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn targets(rows: &[Row]) -> Markup {
    html! {
        h2 { "Ratios" }
        table {
            tr {
                th { "case" } th.text { "sizes" } th.text { "ratio" } th { "median" } th { "quartiles" }
                th { "target" } th { "aim" } th.text {}
            }
            @for row in rows {
                @let [measure, median, quartiles, required, aim, verdict] = target_cells(row);
                tr {
                    td { (row.case) } td.text { (row.sizes) } td.text { (measure) }
                    td { (median) } td { (quartiles) } td { (required) } td { (aim) }
                    td.text { (verdict) }
                }
            }
        }
        @if rows.iter().all(|row| row.judged.is_none()) { p { (NOT_JUDGED) } }
    }
}

fn cases(all: &[Measured]) -> Markup {
    html! {
        h2 { "Every case" }
        table {
            tr {
                th { "case" } th.text { "sizes" } th.text { "by" } th { "median" } th { "quartiles" }
                th { "GFLOP/s" } th { "of faer's matmul" } th { "error" } th { "memory" }
            }
            @for measured in all {
                @for series in &measured.series {
                    tr {
                        td { (measured.case.name) } td.text { (measured.case.sizes()) } td.text { (series.name) }
                        @if let Some(times) = series.quartiles() {
                            td { (seconds(times.median)) }
                            td { (seconds(times.lower)) " to " (seconds(times.upper)) }
                            td { @if let Some(rate) = gflops(series) { (format!("{rate:.0}")) } }
                            td { @if let Some(share) = share(measured, series) { (percent(share)) } }
                            td { @if let Some(error) = error(series) { (error) } }
                            td { @if let Some(peak) = peak_memory(series) { (peak) } }
                        } @else {
                            td.text colspan="6" { b { (series.status.name()) } ": " (reason(series)) }
                        }
                    }
                }
            }
        }
    }
}

/// Title and SVG of every curve.
fn curves(all: &[Measured]) -> Result<Vec<(String, String)>, BenchError> {
    let of = |case: &Case| case.growth.map(|growth| (case.name.clone(), growth));
    let mut names: Vec<(String, Growth)> = all.iter().filter_map(|m| of(&m.case)).collect();
    names.dedup();
    let drawn = names.into_iter().map(|(name, growth)| {
        let points: Vec<&Measured> = all.iter().filter(|m| m.case.name == name).collect();
        let along = match growth {
            Growth::Samples => "N",
            Growth::Width => "width of the hidden layers",
            Growth::Depth => "hidden layers",
        };
        let mut implementations: Vec<&str> = Vec::new();
        for series in points.iter().flat_map(|point| &point.series) {
            // The reference does not grow.
            if series.name != MATMUL && !implementations.contains(&series.name.as_str()) {
                implementations.push(&series.name);
            }
        }
        let line = |implementation: &str| -> Curve {
            let at = |m: &&Measured| {
                let times = m.of(implementation)?.quartiles()?;
                Some((m.case.along(growth) as f64, times.median))
            };
            (implementation.to_owned(), points.iter().filter_map(at).collect())
        };
        let mut lines: Vec<Curve> = implementations.into_iter().map(line).collect();
        // One that failed at every size has no line.
        lines.retain(|(_, points)| !points.is_empty());
        (!lines.is_empty()).then(|| Ok((name, plot::document(along, &lines)?)))
    });
    drawn.flatten().collect()
}
