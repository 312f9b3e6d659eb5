//! A point of a sweep: one label for each of some axes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// One label for each of some axes, by their numbers: what tells an instance of a stage from its
/// others. A point over all axes is a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Point(Vec<(u32, u32)>);

impl Point {
    /// Axis and label, by rising axis.
    pub fn labels(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().map(|&(axis, label)| (axis as usize, label as usize))
    }

    /// The label of `axis`, where the point has one.
    #[must_use]
    pub fn label(&self, axis: usize) -> Option<usize> {
        self.labels().find(|(found, _)| *found == axis).map(|(_, label)| label)
    }

    /// Whether it is over no axis.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same labels of `axes` alone.
    #[must_use]
    pub fn over(&self, axes: &BTreeSet<usize>) -> Self {
        let kept = self.0.iter().filter(|(axis, _)| axes.contains(&(*axis as usize)));
        Self(kept.copied().collect())
    }

    /// The same point with `label` on `axis`, which must lie after its last axis.
    ///
    /// Numbers of axes and labels fit 32 bits: a sweep has at most 100,000 variants.
    pub(crate) fn with(&self, axis: usize, label: usize) -> Self {
        debug_assert!(self.0.last().is_none_or(|last| (last.0 as usize) < axis));
        let mut labels = self.0.clone();
        labels.push((axis as u32, label as u32));
        Self(labels)
    }
}
