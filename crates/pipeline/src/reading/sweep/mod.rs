//! A sweep: axes, each a list of values for one or several places of the pipeline, and the
//! variants that their product is.

mod labels;
mod point;
mod read;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stage::AxisValue;

pub use labels::Labels;
pub use point::Point;
pub(crate) use read::{read, second_column};

use crate::text::pointer;

/// Most variants that a sweep may have: more is a slip, and would fill any disk.
pub(crate) const MOST_VARIANTS: usize = 100_000;

/// Columns of the table of variants that belong to no axis and no stage: no axis may have their names.
pub(crate) const OWN_COLUMNS: [&str; 5] =
    ["variant", "state", "error", "wall_time_s", "peak_memory_bytes"];

/// Characters of a label in the name of a folder.
const LABEL_CHARACTERS: usize = 40;
/// Bytes of a folder's name; file systems take 255.
const FOLDER_BYTES: usize = 200;

/// The axes of a sweep, in the order of the file; none where the pipeline does not sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The last one changes fastest.
    pub axes: Vec<Axis>,
}

/// One axis: a column of the gathered tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Name of the axis and of its column.
    pub name: String,
    /// What the column holds, a value for each step along the axis.
    pub labels: Labels,
    /// What it sets.
    pub(crate) targets: Vec<Target>,
    /// For each label the values that are set, one for each target.
    pub(crate) settings: Vec<Vec<Setting>>,
}

/// A place in the pipeline that an axis sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Segments of the path, as in `--set`.
    pub path: Vec<String>,
    /// JSON Pointer of the place in the pipeline.
    pub pointer: String,
    /// JSON Pointer of the path in the file.
    pub written_at: String,
}

/// A value that an axis gives to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub value: Value,
    /// JSON Pointer of the value in the file.
    pub written_at: String,
}

impl Target {
    /// Name of the stage, where this is a stage's.
    pub(crate) fn stage(&self) -> Option<&str> {
        self.path.first().filter(|_| self.path.len() > 1).map(String::as_str)
    }

    /// Whether it decides which program runs or what is wired into it.
    pub(crate) fn is_structural(&self) -> bool {
        self.path.get(1).is_some_and(|key| key != "with")
    }

    /// Path below a stage's `with`, where it is a parameter.
    pub(crate) fn parameter(&self) -> Option<&[String]> {
        (self.path.get(1)? == "with").then(|| &self.path[2..])
    }
}

impl Axis {
    /// Whether it sets the pipeline's seed.
    pub(crate) fn sets_seed(&self) -> bool {
        self.targets.iter().any(|target| target.pointer == pointer::of(&["seed"]))
    }

    /// Each target with the setting at `label`.
    pub(crate) fn settings_at(&self, label: usize) -> impl Iterator<Item = (&Target, &Setting)> {
        self.targets.iter().zip(&self.settings[label])
    }

    /// `label` as a part of a folder's name, unlike that of every other label.
    fn folder(&self, label: usize) -> String {
        let name = |label| safe(&self.labels.shown(label));
        let mine = name(label);
        let twins = (0..self.labels.len()).filter(|&other| same_file(&name(other), &mine)).count();
        // Two texts that differ in what no file name keeps are told apart by their place.
        if twins > 1 { format!("{mine}~{label}") } else { mine }
    }
}

/// Whether some file systems take both names for one.
fn same_file(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// `text` with what a file name cannot hold, and what separates axes, replaced.
fn safe(text: &str) -> String {
    let letter = |c: char| if c.is_alphanumeric() || "._+-".contains(c) { c } else { '_' };
    text.chars().take(LABEL_CHARACTERS).map(letter).collect()
}

impl Sweep {
    /// Whether there is none: one variant without axes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.axes.is_empty()
    }

    /// How many variants there are; `None` beyond what can be counted.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.axes.iter().try_fold(1_usize, |count, axis| count.checked_mul(axis.labels.len()))
    }

    /// The numbers of all axes.
    #[must_use]
    pub fn every_axis(&self) -> BTreeSet<usize> {
        (0..self.axes.len()).collect()
    }

    /// Every point over `axes` that agrees with `fixed`: the last axis changes fastest.
    #[must_use]
    pub fn points(&self, axes: &BTreeSet<usize>, fixed: &Point) -> Vec<Point> {
        let mut points = vec![Point::default()];
        for &axis in axes {
            let labels = match fixed.label(axis) {
                Some(label) => label..label + 1,
                None => 0..self.axes[axis].labels.len(),
            };
            points = points
                .iter()
                .flat_map(|point| labels.clone().map(|label| point.with(axis, label)))
                .collect();
        }
        points
    }

    /// `point` with the first label on every axis that it is not over.
    pub(crate) fn completed(&self, point: &Point) -> Point {
        (0..self.axes.len()).fold(Point::default(), |whole, axis| {
            whole.with(axis, point.label(axis).unwrap_or_default())
        })
    }

    /// Name and value of each axis of `point`, in the order of the sweep.
    pub(crate) fn values<'s>(&'s self, point: &'s Point) -> impl Iterator<Item = (&'s str, Value)> {
        let value = |(axis, label): (usize, usize)| {
            let axis = &self.axes[axis];
            (axis.name.as_str(), axis.labels.value(label))
        };
        point.labels().map(value)
    }

    /// The same as a stage is told, with the paths that each axis sets.
    pub(crate) fn axis_values<'s>(
        &'s self,
        point: &'s Point,
    ) -> impl Iterator<Item = AxisValue> + 's {
        point.labels().map(|(axis, label)| {
            let axis = &self.axes[axis];
            let sets = axis.targets.iter().map(|target| target.path.join(".")).collect();
            AxisValue { name: axis.name.clone(), value: axis.labels.value(label), sets }
        })
    }

    /// `point` for people, as `depth=3,seed=0`.
    #[must_use]
    pub fn shown(&self, point: &Point) -> String {
        self.joined(point, |axis, label| axis.labels.shown(label))
    }

    /// `point` as the name of a folder: for people only, the tables have columns.
    #[must_use]
    pub fn folder(&self, point: &Point) -> String {
        let name = self.joined(point, Axis::folder);
        if name.len() <= FOLDER_BYTES {
            return name;
        }
        let labels: Vec<String> = point.labels().map(|(_, label)| label.to_string()).collect();
        format!("variant-{}", labels.join("-"))
    }

    fn joined(&self, point: &Point, word: impl Fn(&Axis, usize) -> String) -> String {
        let words = point.labels().map(|(axis, label)| {
            let axis = &self.axes[axis];
            format!("{}={}", axis.name, word(axis, label))
        });
        words.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str, labels: Labels) -> Axis {
        Axis { name: name.to_owned(), labels, targets: Vec::new(), settings: Vec::new() }
    }

    fn texts(labels: &[&str]) -> Labels {
        Labels::Text(labels.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_last_axis_changes_fastest_and_fixed_ones_do_not() {
        let sweep = Sweep {
            axes: vec![
                axis("decay", Labels::Number(vec![0.5, 1.0])),
                axis("depth", Labels::Integer(vec![2, 3])),
                axis("seed", Labels::Integer(vec![7])),
            ],
        };
        let shown = |axes: &[usize], fixed: &Point| {
            let points = sweep.points(&axes.iter().copied().collect(), fixed);
            points.iter().map(|point| sweep.shown(point)).collect::<Vec<_>>()
        };
        assert_eq!(sweep.count(), Some(4));
        assert_eq!(
            shown(&[0, 1], &Point::default()),
            ["decay=0.5,depth=2", "decay=0.5,depth=3", "decay=1.0,depth=2", "decay=1.0,depth=3"]
        );
        let fixed = Point::default().with(0, 1);
        assert_eq!(shown(&[0, 2], &fixed), ["decay=1.0,seed=7"]);
        assert_eq!(shown(&[], &fixed), [""]);
    }

    #[test]
    fn folders_are_safe_and_differ() {
        let long = "x".repeat(300);
        let sweep = Sweep {
            axes: vec![axis("act", texts(&["../a b", ".._a,b", "Adam", "adam", "ä=1", &long]))],
        };
        let folders: Vec<String> =
            (0..6).map(|label| sweep.folder(&Point::default().with(0, label))).collect();
        assert_eq!(
            folders[..5],
            ["act=.._a_b~0", "act=.._a_b~1", "act=Adam~2", "act=adam~3", "act=ä_1"]
        );
        assert!(folders[5].len() < 60);
        let axes = (0..9).map(|index| axis(&format!("axis{index}"), texts(&[&long]))).collect();
        let sweep = Sweep { axes };
        let point = &sweep.points(&sweep.every_axis(), &Point::default())[0];
        assert_eq!(sweep.folder(point), "variant-0-0-0-0-0-0-0-0-0");
    }
}
