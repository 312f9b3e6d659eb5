//! Findings across variants.
//!
//! Those that compare runs look for an axis by what it sets, pair runs with the same seed, and decide
//! by two standard errors. The others say how far the findings of single variants range. Variants
//! whose targets are shuffled are the control of the rest.

mod decay_grows;
mod decision;
mod depth_aligns;
mod dimension_spreads;
mod noise_spreads;
mod quantities;
mod range;
mod trend;
mod width_freezes;

use artifact::tables::findings::{FindingRow, Verdict};

use crate::variant::{Variant, groups};

/// The findings across `variants`; `rows` are those of each variant, in their order.
#[must_use]
pub fn measure(variants: &[Variant], rows: &[Vec<FindingRow>]) -> Vec<FindingRow> {
    let all_are_controls = variants.iter().all(|variant| variant.about.is_control());
    let is_control = |variant: &Variant| variant.about.is_control() && !all_are_controls;
    let groups = groups(variants.iter().filter(|variant| !is_control(variant)));
    let mut found = vec![
        depth_aligns::measure(&groups),
        width_freezes::measure(&groups),
        decay_grows::measure(&groups),
        noise_spreads::measure(&groups),
        dimension_spreads::measure(&groups),
    ];
    // What the sweep is about comes first, what it has no axis for last.
    let (applicable, others) =
        found.drain(..).partition::<Vec<_>, _>(|row| row.verdict != Verdict::NotApplicable);
    found.extend(applicable);
    found.extend(range::measure(variants, rows, &is_control));
    found.extend(others);
    found
}

#[cfg(test)]
mod made_up;
