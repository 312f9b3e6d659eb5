//! The findings of all variants, and what they come to over a sweep.
//!
//! Each study measures its own findings, in the table `findings` of its artifacts. Here they are put
//! beside each other: over seeds by mean and uncertainty, over variants by how far they range, along an
//! axis by the trends that a study declares. Variants whose targets are shuffled are the control of the
//! rest.

mod decision;
mod quantities;
mod range;
mod rate_decay;
mod trend;

#[cfg(test)]
mod made_up;

use artifact::tables::findings::{FindingRow, Verdict};
use study::{Trend, Varied};

use crate::variant::{Group, Variant, groups};

/// What stands in the column `variant` of a row across a sweep.
pub const ACROSS: &str = "all";

/// The findings of every variant and, where there are several, those across them: trends that their studies
/// declare, and `own` ones.
#[must_use]
pub fn of_all(variants: &[Variant], own: &[Trend]) -> Vec<FindingRow> {
    let mut rows = Vec::new();
    for variant in variants {
        let label = (!variant.axes.is_empty()).then(|| variant.label());
        let own = variant.findings.iter().cloned();
        rows.extend(own.map(|row| FindingRow { variant: label.clone(), ..row }));
    }
    if variants.len() > 1 {
        let across = across(variants, own).into_iter();
        rows.extend(across.map(|row| FindingRow { variant: Some(ACROSS.to_owned()), ..row }));
    }
    rows
}

fn across(variants: &[Variant], own: &[Trend]) -> Vec<FindingRow> {
    let all_are_controls = variants.iter().all(|variant| variant.about.is_control());
    let is_control = |variant: &Variant| variant.about.is_control() && !all_are_controls;
    let groups = groups(variants.iter().filter(|variant| !is_control(variant)));
    let found = trends(variants, own).into_iter().map(|trend| {
        let groups = among(&trend, &groups);
        match trend.over {
            Varied::RateDecay => rate_decay::measure(&trend, &groups),
            _ => trend::measure(&trend, &groups),
        }
    });
    // What the sweep is about comes first, what it has no axis for last.
    let (mut rows, others) =
        found.partition::<Vec<_>, _>(|row| row.verdict != Verdict::NotApplicable);
    rows.extend(range::measure(variants, &is_control));
    rows.extend(others);
    rows
}

/// The groups at which `trend` looks, each artifact behind them once.
fn among<'a>(trend: &Trend, groups: &[Group<'a>]) -> Vec<Group<'a>> {
    let is_at = |group: &Group, (name, value): (&String, &String)| {
        group.axes.iter().any(|axis| axis.name == *name && axis.shown() == *value)
    };
    let looked_at = |group: &&Group| trend.among.iter().all(|at| is_at(group, at));
    groups.iter().filter(looked_at).map(|group| group.each_once(&trend.of)).collect()
}

/// The trends of `own`, and those that the studies of the variants declare, each once.
fn trends(variants: &[Variant], own: &[Trend]) -> Vec<Trend> {
    let mut trends = own.to_vec();
    for artifact in variants.iter().flat_map(|variant| &variant.artifacts) {
        for trend in &artifact.study.trends {
            if !trends.iter().any(|known| known.finding == trend.finding) {
                trends.push(trend.clone());
            }
        }
    }
    trends
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use study::Direction;

    use super::made_up::{network, trend};
    use super::*;

    #[test]
    fn a_trend_looks_among_the_variants_that_it_names() {
        let at = |width: u64, act: &str, end: f64| {
            let axes = [("width", json!(width)), ("act", json!(act))];
            network(&axes, &[width], end)
        };
        let variants =
            [at(8, "relu", 0.1), at(64, "relu", 0.3), at(8, "tanh", 0.2), at(64, "tanh", 0.0)];
        let ends = |act: Option<&str>| {
            let among = act.map(|act| ("act".to_owned(), act.to_owned())).into_iter().collect();
            let trend = Trend { among, ..trend(Varied::HiddenWidth, Direction::Rises) };
            let rows = of_all(&variants, &[trend]);
            let row = rows.into_iter().find(|row| row.finding == "x").unwrap();
            (row.before, row.after, row.verdict)
        };
        assert_eq!(ends(Some("relu")), (Some(0.1), Some(0.3), Verdict::NotDecided));
        assert_eq!(ends(Some("tanh")), (Some(0.2), Some(0.0), Verdict::NotDecided));
        assert_eq!(ends(Some("gelu")).2, Verdict::NotApplicable);
    }
}
