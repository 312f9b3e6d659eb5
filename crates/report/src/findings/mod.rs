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

use crate::variant::{Variant, groups};

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
    let found = trends(variants, own).into_iter().map(|trend| match trend.over {
        Varied::RateDecay => rate_decay::measure(&trend, &groups),
        _ => trend::measure(&trend, &groups),
    });
    // What the sweep is about comes first, what it has no axis for last.
    let (mut rows, others) =
        found.partition::<Vec<_>, _>(|row| row.verdict != Verdict::NotApplicable);
    rows.extend(range::measure(variants, &is_control));
    rows.extend(others);
    rows
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
