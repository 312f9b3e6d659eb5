//! What is wrong with a pipeline, each told once with the variants that it concerns.

use std::collections::{BTreeMap, BTreeSet};

use super::sweep::{Point, Sweep};
use crate::text::{Diagnostic, listed_plain};

/// Labels of one axis that are named before a problem tells of its first variant alone.
const NAMED_LABELS: usize = 4;

/// Everything wrong that was found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    plain: Vec<Diagnostic>,
    /// Where a problem was met: at which points over which axes.
    met: BTreeMap<(Diagnostic, BTreeSet<usize>), BTreeSet<Point>>,
}

impl Problems {
    /// Adds what is wrong with the pipeline whatever the variant.
    pub(crate) fn add(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        self.plain.extend(found);
    }

    /// Adds what is wrong at `point`, one of those over `axes`.
    pub(crate) fn add_at(
        &mut self,
        axes: &BTreeSet<usize>,
        point: &Point,
        found: impl IntoIterator<Item = Diagnostic>,
    ) {
        for diagnostic in found {
            let points = self.met.entry((diagnostic, axes.clone())).or_default();
            points.insert(point.clone());
        }
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.met.is_empty()
    }

    /// All of them; those that not every variant of `sweep` has say which have it.
    pub(crate) fn told(self, sweep: &Sweep) -> Vec<Diagnostic> {
        let met = self.met.into_iter().map(|((mut diagnostic, axes), points)| {
            if let Some(which) = which(sweep, &axes, &points) {
                diagnostic.message = format!("{} (with {which})", diagnostic.message);
            }
            diagnostic
        });
        self.plain.into_iter().chain(met).collect()
    }
}

/// `points` in words, as `depth=3`, where they are not all points over `axes`.
fn which(sweep: &Sweep, axes: &BTreeSet<usize>, points: &BTreeSet<Point>) -> Option<String> {
    let first = points.first()?;
    let met: Vec<(usize, BTreeSet<usize>)> = axes
        .iter()
        .map(|&axis| (axis, points.iter().filter_map(|point| point.label(axis)).collect()))
        .collect();
    // Whether they are every combination of the labels met on each axis.
    let are_product = met.iter().map(|(_, labels)| labels.len()).product::<usize>() == points.len();
    let some: Vec<_> =
        met.iter().filter(|(axis, labels)| labels.len() < sweep.axes[*axis].labels.len()).collect();
    if are_product && some.is_empty() {
        return None;
    }
    if are_product && some.iter().all(|(_, labels)| labels.len() <= NAMED_LABELS) {
        let words = some.iter().map(|(axis, labels)| {
            let axis = &sweep.axes[*axis];
            let labels: Vec<String> =
                labels.iter().map(|label| axis.labels.shown(*label)).collect();
            format!("{}={}", axis.name, listed_plain(&labels, "or"))
        });
        return Some(words.collect::<Vec<_>>().join(", "));
    }
    let others = match points.len() - 1 {
        0 => String::new(),
        1 => " and 1 other variant".to_owned(),
        count => format!(" and {count} other variants"),
    };
    Some(format!("{}{others}", sweep.shown(first)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::sweep::{Axis, Labels};
    use crate::text::Location;

    /// The message of a problem that was met at `points` of a sweep over 3 depths and 2 seeds.
    fn told(points: &[(usize, usize)]) -> String {
        let axis = |name: &str, labels: Vec<i64>| Axis {
            name: name.to_owned(),
            labels: Labels::Integer(labels),
            targets: Vec::new(),
            settings: Vec::new(),
        };
        let sweep = Sweep { axes: vec![axis("depth", vec![2, 3, 4]), axis("seed", vec![0, 1])] };
        let location = Location::File { file: "x.yaml".to_owned() };
        let problem = Diagnostic { location, message: "wrong".to_owned(), help: None };
        let mut problems = Problems::default();
        for (depth, seed) in points {
            let point = Point::default().with(0, *depth).with(1, *seed);
            problems.add_at(&sweep.every_axis(), &point, [problem.clone()]);
        }
        let told = problems.told(&sweep);
        assert_eq!(told.len(), 1);
        told[0].message.clone()
    }

    #[test]
    fn a_problem_says_which_variants_have_it() {
        assert_eq!(told(&[(1, 0)]), "wrong (with depth=3, seed=0)");
        assert_eq!(told(&[(1, 0), (1, 1)]), "wrong (with depth=3)");
        assert_eq!(told(&[(0, 1), (1, 1), (2, 1)]), "wrong (with seed=1)");
        assert_eq!(told(&[(0, 0), (2, 0)]), "wrong (with depth=2 or 4, seed=0)");
        assert_eq!(told(&[(0, 0), (2, 1)]), "wrong (with depth=2,seed=0 and 1 other variant)");
        assert_eq!(told(&[(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]), "wrong");
    }
}
