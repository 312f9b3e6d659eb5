//! Which artifacts at a port for many are repetitions of each other.

use crate::error::StageError;
use crate::inputs::{AxisValue, Input, Inputs};

/// Artifacts that differ in repeating axes only.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// The port.
    pub port: &'static str,
    /// Stage that made them.
    pub stage: Option<String>,
    /// What they have in common: `width=64,decay=0.5`, after `stage=NAME,` where several stages made what is at
    /// the port; empty where there are neither.
    pub label: String,
    /// The same without the axes that are kept apart: groups of one pool repeat each other.
    pub pool: String,
    /// The members, in the order of the sweep; at least one.
    pub members: Vec<&'a Input>,
    /// The axes in common.
    common: Input,
}

impl Group<'_> {
    /// Whether no axis that each has in common has two values.
    #[must_use]
    pub fn goes_with(&self, other: &Group<'_>) -> bool {
        self.common.goes_with(&other.common)
    }

    /// The axes whose values its members have in common, in the order of the sweep.
    pub fn axes(&self) -> impl Iterator<Item = &AxisValue> {
        self.common.axes.values()
    }

    /// Its name in messages.
    #[must_use]
    pub fn shown(&self) -> String {
        let port = self.port;
        if self.label.is_empty() { port.to_owned() } else { format!("{port} {}", self.label) }
    }
}

/// Which axes of a sweep repeat what they vary: those that set nothing but seeds, but for those `apart`, and those
/// that `over` names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repeating<'a> {
    /// Axes that repeat although they set more than seeds.
    pub over: &'a [String],
    /// Axes that set seeds and whose values are groups of their own.
    pub apart: &'a [String],
}

/// The groups at `port`, in the order of the sweep.
#[must_use]
pub fn groups<'a>(
    inputs: &'a Inputs,
    port: &'static str,
    repeating: Repeating<'_>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for input in inputs.many(port) {
        let mut common = Input { directory: std::path::PathBuf::new(), ..input.clone() };
        common.axes.retain(|_, axis| !repeats(axis, repeating));
        let is_own = |group: &&mut Group<'_>| {
            group.stage == input.stage && group.common.axes().eq(common.axes())
        };
        if let Some(group) = groups.iter_mut().find(is_own) {
            group.members.push(input);
            continue;
        }
        let mut pool = common.clone();
        pool.axes.retain(|_, axis| !repeating.apart.contains(&axis.name));
        let (stage, label, pool) = (input.stage.clone(), label(&common), label(&pool));
        groups.push(Group { port, stage, label, pool, members: vec![input], common });
    }
    let stages: Vec<Option<String>> = groups.iter().map(|group| group.stage.clone()).collect();
    if stages.iter().any(|stage| *stage != stages[0]) {
        for group in &mut groups {
            let stage = group.stage.as_ref().map(|stage| format!("stage={stage}"));
            for label in [&mut group.label, &mut group.pool] {
                let of_axes = Some(std::mem::take(label)).filter(|label| !label.is_empty());
                *label = stage.clone().into_iter().chain(of_axes).collect::<Vec<_>>().join(",");
            }
        }
    }
    groups
}

/// Checks that every axis that is named is one of the sweep.
///
/// # Errors
/// Where no input has an axis of that name.
pub fn check_axes(inputs: &Inputs, repeating: Repeating<'_>) -> Result<(), StageError> {
    let mut known: Vec<&str> =
        inputs.0.values().flatten().flat_map(Input::axes).map(|(name, _)| name).collect();
    known.sort_unstable();
    known.dedup();
    let Repeating { over, apart } = repeating;
    let all =
        over.iter().map(|name| ("over", name)).chain(apart.iter().map(|name| ("apart", name)));
    match all.into_iter().find(|(_, name)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some((key, name)) => {
            let error =
                StageError::new(format!("`{key}` names `{name}`, which no input varies by"));
            Err(error.hint(match known.as_slice() {
                [] => format!("without a sweep, leave out `{key}`"),
                known => format!("axes of the inputs are {}", known.join(", ")),
            }))
        }
    }
}

fn repeats(axis: &AxisValue, Repeating { over, apart }: Repeating<'_>) -> bool {
    let is_seed = |path: &String| path.rsplit('.').next() == Some("seed");
    let of_seeds = !axis.sets.is_empty() && axis.sets.iter().all(is_seed);
    over.contains(&axis.name) || (of_seeds && !apart.contains(&axis.name))
}

fn label(common: &Input) -> String {
    common.axes.values().map(AxisValue::label).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn input(stage: &str, axes: &Value) -> Input {
        let sets = json!({
            "width": ["train.with.network.hidden"],
            "run": ["seed", "train.seed"],
            "draw": ["dataset.with.draw"],
            "seed": ["train.with.steps"],
        });
        let request = json!({ "directory": "x", "axes": axes, "sets": sets, "stage": stage });
        serde_json::from_value(request).unwrap()
    }

    fn found(inputs: Vec<Input>, over: &[&str]) -> Vec<(String, usize)> {
        let over: Vec<String> = over.iter().map(|&name| name.to_owned()).collect();
        let inputs = Inputs([("training".to_owned(), inputs)].into());
        let groups = groups(&inputs, "training", Repeating { over: &over, apart: &[] });
        groups.into_iter().map(|group| (group.label, group.members.len())).collect()
    }

    fn expected(groups: &[(&str, usize)]) -> Vec<(String, usize)> {
        groups.iter().map(|&(label, members)| (label.to_owned(), members)).collect()
    }

    #[test]
    fn members_differ_in_seeds_and_in_what_is_named() {
        let of = |width: u64, run: u64, draw: u64| {
            input("train", &json!({ "width": width, "run": run, "draw": draw }))
        };
        let all = || vec![of(8, 0, 0), of(8, 1, 0), of(8, 0, 1), of(64, 1, 0)];
        assert_eq!(
            found(all(), &[]),
            expected(&[("width=8,draw=0", 2), ("width=8,draw=1", 1), ("width=64,draw=0", 1)])
        );
        assert_eq!(found(all(), &["draw"]), expected(&[("width=8", 3), ("width=64", 1)]));
        assert_eq!(found(all(), &["draw", "width"]), expected(&[("", 4)]));
    }

    #[test]
    fn what_an_axis_sets_decides_and_not_its_name() {
        let of = |seed: u64| input("train", &json!({ "seed": seed }));
        assert_eq!(found(vec![of(10), of(20)], &[]), expected(&[("seed=10", 1), ("seed=20", 1)]));
    }

    #[test]
    fn several_stages_are_groups_of_their_own_and_named() {
        let of = |stage: &str, run: u64| input(stage, &json!({ "run": run }));
        let all = vec![of("wide", 0), of("deep", 0), of("wide", 1)];
        assert_eq!(found(all, &[]), expected(&[("stage=wide", 2), ("stage=deep", 1)]));
        assert_eq!(found(vec![of("wide", 0), of("wide", 1)], &[]), expected(&[("", 2)]));
    }

    #[test]
    fn groups_go_with_each_other_where_no_axis_has_two_values() {
        let of = |axes: Value| {
            let input = input("any", &axes);
            Inputs([("training".to_owned(), vec![input])].into())
        };
        let (a, b, c) = (
            of(json!({ "width": 8, "run": 0 })),
            of(json!({ "run": 1 })),
            of(json!({ "width": 16 })),
        );
        let [a, b, c] =
            [&a, &b, &c].map(|it| groups(it, "training", Repeating::default()).remove(0));
        assert!(a.goes_with(&b) && b.goes_with(&c) && !a.goes_with(&c));
    }

    #[test]
    fn seeds_that_are_kept_apart_are_groups_of_one_pool() {
        let of = |run: u64, draw: u64| input("train", &json!({ "run": run, "draw": draw }));
        let inputs = vec![of(0, 0), of(1, 0), of(0, 1), of(1, 1)];
        let inputs = Inputs([("training".to_owned(), inputs)].into());
        let (over, apart) = (["draw".to_owned()], ["run".to_owned()]);
        let groups = groups(&inputs, "training", Repeating { over: &over, apart: &apart });
        let found: Vec<_> = groups
            .iter()
            .map(|it| (it.label.as_str(), it.pool.as_str(), it.members.len()))
            .collect();
        assert_eq!(found, [("run=0", "", 2), ("run=1", "", 2)]);
    }

    #[test]
    fn an_axis_that_there_is_not_is_refused() {
        fn named(over: &[String]) -> Repeating<'_> {
            Repeating { over, apart: &[] }
        }
        let of = |axes: Value| Inputs([("training".to_owned(), vec![input("a", &axes)])].into());
        let error = |inputs: &Inputs| check_axes(inputs, named(&["drow".to_owned()])).unwrap_err();
        let found = error(&of(json!({ "draw": 0, "run": 1 })));
        assert_eq!(found.message, "`over` names `drow`, which no input varies by");
        assert_eq!(found.hint.unwrap(), "axes of the inputs are draw, run");
        assert_eq!(error(&of(json!({}))).hint.unwrap(), "without a sweep, leave out `over`");
        assert!(check_axes(&of(json!({ "draw": 0 })), named(&["draw".to_owned()])).is_ok());
    }
}
