//! Findings across a sweep.
//!
//! Those that speak of an axis look for it by its name; seeds are repetitions, whose spread a
//! difference has to exceed. The others say how far the findings of single variants range.

mod decay_grows;
mod depth_aligns;
mod dimension_spreads;
mod noise_spreads;
mod range;
mod trend;
mod width_freezes;

use artifact::tables::report::{FindingRow, Verdict};

use crate::variant::{Variant, groups};

/// The findings across `variants`; `rows` are those of each variant.
#[must_use]
pub fn measure(variants: &[Variant], rows: &[FindingRow]) -> Vec<FindingRow> {
    let groups = groups(variants);
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
    found.extend(range::measure(rows));
    found.extend(others);
    found
}

#[cfg(test)]
mod made_up;
