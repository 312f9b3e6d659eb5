//! Figures over a sweep: one line for each group of variants, in one panel or in several.

use study::Figure;

use super::panels::OverSweep;
use crate::drawing::{Arrangement, Axis, Colour, Content, Panel, Series, Stroke, Weight};
use crate::statistics::{Mean, mean_line};
use crate::variant::{Group, Variant, joined};

/// Lines of one panel at most; more are told apart in panels, one for each value of an axis.
const MOST_LINES: usize = 6;
/// Lines whose colours have an order from this many on.
const ORDERED: usize = 3;
/// Range of an axis, as a ratio, from which on it is logarithmic.
const WIDE: f64 = 8.0;

type Points = Vec<(f64, f64)>;
type Measure<'a> = &'a dyn Fn(&Variant) -> Points;

/// What lines show.
struct Lines<'a> {
    /// A few words above the panel.
    title: &'a str,
    /// The line of one run.
    value: Measure<'a>,
    /// How it is drawn.
    stroke: Stroke,
    /// A bound on the line, drawn dashed.
    bound: Option<Measure<'a>>,
}

/// What `figure` shows over the groups of a sweep; `drawn` has what it shows of each variant, by its index.
/// `None` where there is nothing to draw.
#[must_use]
pub fn content(figure: &Figure, groups: &[Group], drawn: &[Vec<OverSweep>]) -> Option<Content> {
    let mut titles: Vec<&OverSweep> = Vec::new();
    for panel in drawn.iter().flatten() {
        if !titles.iter().any(|known| is_same(known, panel)) {
            titles.push(panel);
        }
    }
    let mut panels = Vec::new();
    for first in titles {
        let of = |run: &Variant| drawn.get(run.index)?.iter().find(|panel| is_same(panel, first));
        let line = |run: &Variant| of(run).map(|panel| panel.line.clone()).unwrap_or_default();
        let bound =
            |run: &Variant| of(run).and_then(|panel| panel.bound.clone()).unwrap_or_default();
        let has_bound = drawn.iter().flatten().any(|it| is_same(it, first) && it.bound.is_some());
        match &first.axes {
            (Some(x), y) => {
                let bound: Option<Measure> = if has_bound { Some(&bound) } else { None };
                let lines =
                    Lines { title: &first.title, value: &line, stroke: first.stroke, bound };
                panels.extend(of_lines(groups, &lines, x, y));
            }
            (None, y) => {
                let end = |run: &Variant| {
                    let points = line(run);
                    points.iter().rev().map(|point| point.1).find(|value| !value.is_nan())
                };
                panels.push(against_axis(groups, &first.title, y, &end));
            }
        }
    }
    let arrangement = if figure.stacked { Arrangement::Rows } else { Arrangement::Columns };
    Content::plot(arrangement, panels)
}

/// Whether two panels of variants are the same one.
fn is_same(one: &OverSweep, other: &OverSweep) -> bool {
    one.key == other.key
}

/// How lines of repetitions are told apart from their mean, in a sentence.
#[must_use]
pub fn repetitions(figure: &Figure, groups: &[Group]) -> &'static str {
    // Dots against an axis are told apart by the caption.
    let has_lines =
        figure.panels.iter().flat_map(|panel| &panel.layers).any(|layer| layer.x.is_some());
    if has_lines && groups.iter().any(|group| group.members.len() > 1) {
        " Thin lines are single seeds, thick ones their mean."
    } else {
        ""
    }
}

/// What variants came to against the first axis whose values are numbers.
fn against_axis(
    groups: &[Group],
    title: &str,
    y: &Axis,
    end: &dyn Fn(&Variant) -> Option<f64>,
) -> Option<Panel> {
    let axis = numeric_axis(groups)?;
    let values = || groups.iter().filter_map(|group| group.number(&axis));
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let is_wide = low > 0.0 && high / low >= WIDE;
    let x = if is_wide { Axis::log(axis.as_str()) } else { Axis::linear(axis.as_str()) };
    Panel::new(title, x, y.clone(), ends(groups, &axis, end))
}

/// The first axis of which two values or more are numbers, and all are.
fn numeric_axis(groups: &[Group]) -> Option<String> {
    let axes = &groups.first()?.axes;
    let found = axes.iter().find(|axis| {
        let values: Option<Vec<f64>> =
            groups.iter().map(|group| group.number(&axis.name)).collect();
        values.is_some_and(|mut values| {
            values.sort_by(f64::total_cmp);
            values.dedup();
            values.len() > 1
        })
    });
    found.map(|axis| axis.name.clone())
}

/// For the groups of each combination of the other axes, dots and the line through their means.
fn ends(groups: &[Group], axis: &str, end: &dyn Fn(&Variant) -> Option<f64>) -> Vec<Series> {
    let mut lines: Vec<Vec<&Group>> = Vec::new();
    for group in groups {
        let others = group.without(axis);
        match lines.iter_mut().find(|line| line[0].without(axis) == others) {
            Some(line) => line.push(group),
            None => lines.push(vec![group]),
        }
    }
    let firsts: Vec<&Group> = lines.iter().map(|line| line[0]).collect();
    let mut series = Vec::new();
    for (mut line, (_, colour)) in lines.into_iter().zip(named(&firsts, false)) {
        line.sort_by(|a, b| {
            a.number(axis).partial_cmp(&b.number(axis)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let name = match joined(&line[0].without(axis), ", ").as_str() {
            "" => "mean".to_owned(),
            others => others.to_owned(),
        };
        let (mut dots, mut means) = (Vec::new(), Vec::new());
        for group in line {
            let Some(x) = group.number(axis) else { continue };
            let ends: Vec<f64> = group.members.iter().filter_map(|run| end(run)).collect();
            dots.extend(ends.iter().map(|&y| (x, y)));
            means.extend(Mean::of(&ends).map(|mean| (x, mean.value)));
        }
        let dots = Series::new(name.clone(), colour, dots).stroke(Stroke::Marks);
        series.push(dots.weight(Weight::Thin));
        series.push(Series::new(name, colour, means).weight(Weight::Thick));
    }
    series
}

/// Panels with one line a group: one panel, or one for each value of the first axis where there
/// are too many lines.
fn of_lines(groups: &[Group], lines: &Lines, x: &Axis, y: &Axis) -> Vec<Option<Panel>> {
    facets(groups)
        .into_iter()
        .map(|(facet, members)| {
            let title = match (lines.title, facet.as_str()) {
                ("", facet) => facet.to_owned(),
                (title, "") => title.to_owned(),
                (title, facet) => format!("{facet}, {title}"),
            };
            let mut series = Vec::new();
            for (group, (name, colour)) in members.iter().zip(named(&members, !facet.is_empty())) {
                series.extend(of_group(group, lines, &name, colour));
            }
            Panel::new(title, x.clone(), y.clone(), series)
        })
        .collect()
}

/// Groups by panel, each with what its groups share.
fn facets<'g, 'v>(groups: &'g [Group<'v>]) -> Vec<(String, Vec<&'g Group<'v>>)> {
    let axes = groups.first().map_or(0, |group| group.axes.len());
    if groups.len() <= MOST_LINES || axes < 2 {
        return vec![(String::new(), groups.iter().collect())];
    }
    let mut facets: Vec<(String, Vec<&Group>)> = Vec::new();
    for group in groups {
        let facet = joined(group.axes.get(..1).unwrap_or_default(), "");
        match facets.iter_mut().find(|(name, _)| *name == facet) {
            Some((_, members)) => members.push(group),
            None => facets.push((facet, vec![group])),
        }
    }
    facets
}

/// Name and colour of each group's line; within a facet the first axis stands in its title.
fn named(groups: &[&Group], faceted: bool) -> Vec<(String, Colour)> {
    let is_ordered = groups.len() >= ORDERED
        && groups.iter().all(|group| {
            let axis = group.axes.get(usize::from(faceted));
            axis.is_some_and(|axis| group.number(&axis.name).is_some())
        });
    groups
        .iter()
        .enumerate()
        .map(|(position, group)| {
            let name = if faceted {
                joined(group.axes.get(1..).unwrap_or_default(), ", ")
            } else {
                group.label()
            };
            let colour = if is_ordered || groups.len() > MOST_LINES {
                Colour::ordered(position, groups.len())
            } else {
                Colour::of(position)
            };
            (name, colour)
        })
        .collect()
}

/// The lines of one group: each repetition thin and their mean thick, or the only one.
fn of_group(group: &Group, lines: &Lines, name: &str, colour: Colour) -> Vec<Series> {
    let each = |measure: Measure| -> Vec<Vec<(f64, f64)>> {
        group.members.iter().map(|variant| measure(variant)).collect()
    };
    let values = each(lines.value);
    let mut series = Vec::new();
    if let Some(bound) = lines.bound.and_then(|bound| each(bound).into_iter().next()) {
        let bound = Series::new(name, colour, bound).stroke(Stroke::DashedSteps);
        series.push(bound.weight(Weight::Thin));
    }
    if let [only] = &values[..] {
        series.push(Series::new(name, colour, only.clone()).stroke(lines.stroke));
        return series;
    }
    let mean = mean_line(&values);
    for line in values {
        series.push(Series::new(name, colour, line).stroke(lines.stroke).weight(Weight::Thin));
    }
    series.push(Series::new(name, colour, mean).weight(Weight::Thick));
    series
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::about::About;
    use crate::variant::groups;
    use crate::variant::made_up::variant;

    fn value(run: &Variant) -> Points {
        vec![(0.0, run.rates.first().copied().unwrap_or_default())]
    }

    #[test]
    fn seeds_are_thin_and_their_mean_is_thick() {
        let of = |seed: u64| {
            let axes = [("width", json!(8)), ("seed", json!(seed))];
            Variant { rates: vec![10.0 * seed as f64], ..variant(&axes, About::default()) }
        };
        let variants = [of(1), of(2)];
        let lines = Lines { title: "", value: &value, stroke: Stroke::Solid, bound: None };
        let found = of_lines(&groups(&variants), &lines, &Axis::steps(), &Axis::linear("y"));
        let panel = found[0].as_ref().unwrap();
        let weights: Vec<Weight> = panel.series.iter().map(|line| line.weight).collect();
        assert_eq!(weights, [Weight::Thin, Weight::Thin, Weight::Thick]);
        assert_eq!(panel.series[2].points, [(0.0, 15.0)]);
        assert_eq!(panel.series[2].name, "width=8");
    }

    #[test]
    fn many_groups_have_a_panel_for_each_value_of_the_first_axis() {
        let mut variants = Vec::new();
        for act in ["relu", "tanh"] {
            for depth in 2..6 {
                let axes = [("act", json!(act)), ("depth", json!(depth))];
                variants.push(variant(&axes, About::default()));
            }
        }
        let lines = Lines { title: "", value: &value, stroke: Stroke::Solid, bound: None };
        let found = of_lines(&groups(&variants), &lines, &Axis::steps(), &Axis::linear("y"));
        let titles: Vec<&str> =
            found.iter().map(|panel| panel.as_ref().unwrap().title.as_str()).collect();
        assert_eq!(titles, ["act=relu", "act=tanh"]);
        assert_eq!(found[0].as_ref().unwrap().series[1].name, "depth=3");
    }
}
