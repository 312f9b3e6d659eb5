//! One line a group of variants, in one panel or in several.

use crate::figure::{Axis, Colour, Panel, Series, Stroke, Weight};
use crate::measures::Measures;
use crate::statistics::mean_line;
use crate::variant::{Group, joined};

/// Lines of one panel at most; more are told apart in panels, one for each value of an axis.
const MOST_LINES: usize = 6;
/// Lines whose colours have an order from this many on.
const ORDERED: usize = 3;

type Measure<'a> = &'a dyn Fn(&Measures) -> Vec<(f64, f64)>;

/// What lines show.
pub(super) struct Lines<'a> {
    /// A few words above the panel.
    pub title: &'a str,
    /// The line of one run.
    pub value: Measure<'a>,
    /// A bound on the line, drawn dashed.
    pub bound: Option<Measure<'a>>,
}

/// Panels with one line a group: one panel, or one for each value of the first axis where there
/// are too many lines.
pub(super) fn panels(groups: &[Group], lines: &Lines, x: &Axis, y: &Axis) -> Vec<Option<Panel>> {
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
        let facet = joined(&group.axes[..1], "");
        match facets.iter_mut().find(|(name, _)| *name == facet) {
            Some((_, members)) => members.push(group),
            None => facets.push((facet, vec![group])),
        }
    }
    facets
}

/// Name and colour of each group's line; within a facet the first axis stands in its title.
pub(super) fn named(groups: &[&Group], faceted: bool) -> Vec<(String, Colour)> {
    let is_ordered = groups.len() >= ORDERED
        && groups.iter().all(|group| {
            let axis = group.axes.get(usize::from(faceted));
            axis.is_some_and(|axis| group.number(&axis.name).is_some())
        });
    groups
        .iter()
        .enumerate()
        .map(|(position, group)| {
            let name = if faceted { joined(&group.axes[1..], ", ") } else { group.label() };
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
        group.members.iter().map(|variant| measure(&variant.measures)).collect()
    };
    let values = each(lines.value);
    let mut series = Vec::new();
    if let Some(bound) = lines.bound.and_then(|bound| each(bound).into_iter().next()) {
        let bound = Series::new(name, colour, bound).stroke(Stroke::DashedSteps);
        series.push(bound.weight(Weight::Thin));
    }
    if let [only] = &values[..] {
        series.push(Series::new(name, colour, only.clone()));
        return series;
    }
    let mean = mean_line(&values);
    for line in values {
        series.push(Series::new(name, colour, line).weight(Weight::Thin));
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

    fn value(run: &Measures) -> Vec<(f64, f64)> {
        vec![(0.0, run.last_step as f64)]
    }

    #[test]
    fn seeds_are_thin_and_their_mean_is_thick() {
        let of = |seed: u64| {
            let measures = Measures { last_step: 10 * seed, ..Measures::default() };
            variant(&[("width", json!(8)), ("seed", json!(seed))], measures, About::default())
        };
        let variants = [of(1), of(2)];
        let lines = Lines { title: "", value: &value, bound: None };
        let found = panels(&groups(&variants), &lines, &Axis::steps(), &Axis::linear("y"));
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
                variants.push(variant(&axes, Measures::default(), About::default()));
            }
        }
        let lines = Lines { title: "", value: &value, bound: None };
        let found = panels(&groups(&variants), &lines, &Axis::steps(), &Axis::linear("y"));
        let titles: Vec<&str> =
            found.iter().map(|panel| panel.as_ref().unwrap().title.as_str()).collect();
        assert_eq!(titles, ["act=relu", "act=tanh"]);
        assert_eq!(found[0].as_ref().unwrap().series[1].name, "depth=3");
    }
}
