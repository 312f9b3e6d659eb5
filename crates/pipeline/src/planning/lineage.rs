//! Which artifacts at two ports of a stage belong together: the training run that a spectrum was made
//! from, and not another one.

use std::collections::{BTreeMap, BTreeSet};

use artifact::Kind;
use stage::Description;

use super::task::{Feed, Task};

/// What is wired into each port.
type Feeds = BTreeMap<String, Vec<Feed>>;

/// Artifacts of one port of a stage by their places, each with the place of the one at another port
/// that it was made from.
pub(crate) type Pairs = BTreeMap<usize, BTreeMap<String, usize>>;

/// An artifact at a port that fits none at another port, or more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stray {
    /// The port.
    pub port: String,
    /// Place of the artifact there.
    pub place: usize,
    /// The other port.
    pub source: String,
    /// Stages that made what it was made from; none where nothing says.
    pub made_from: Vec<String>,
}

/// For each artifact at `port` the ones at other ports that it was made from, as far as the stage of
/// `description` asks for that; and those that fit none.
pub(crate) fn pairs(
    tasks: &[Task],
    inputs: &Feeds,
    description: &Description,
    port: &str,
) -> (Pairs, Vec<Stray>) {
    let (mut pairs, mut strays) = (Pairs::new(), Vec::new());
    let of = description.inputs.iter().find(|of| of.name == port);
    for source in of.into_iter().flat_map(|of| &of.made_from) {
        let (Some(own), Some(others)) = (inputs.get(port), inputs.get(source)) else { continue };
        let takes =
            |kind: Kind| description.inputs.iter().any(|of| of.name == *source && of.takes(kind));
        for (place, feed) in own.iter().enumerate() {
            let origins = origins(tasks, feed.task, source, &takes);
            let is_origin =
                |other: &&Feed| origins.contains(&tasks[other.task].key) || origins.is_empty();
            let fitting: Vec<&Feed> = others.iter().filter(is_origin).collect();
            // Several variants may share what it was made from, or nothing says what that is.
            let same_variant: Vec<&&Feed> =
                fitting.iter().filter(|other| agree(feed, other)).collect();
            let keys: BTreeSet<&str> =
                same_variant.iter().map(|other| tasks[other.task].key.as_str()).collect();
            if let (1, Some(found)) = (keys.len(), same_variant.first()) {
                let at = others.iter().position(|other| other == **found).unwrap_or(0);
                pairs.entry(place).or_default().insert(source.clone(), at);
            } else {
                let made_from: BTreeSet<&str> = tasks
                    .iter()
                    .filter(|task| origins.contains(&task.key))
                    .map(|task| task.stage.as_str())
                    .collect();
                strays.push(Stray {
                    port: port.to_owned(),
                    place,
                    source: source.clone(),
                    made_from: made_from.into_iter().map(str::to_owned).collect(),
                });
            }
        }
    }
    (pairs, strays)
}

/// Keys of the artifacts that `task` was made from and that are for a port `source`: those at its own
/// port of that name, else the nearest ones of a kind that the port takes; none where it was made from
/// nothing of the sort.
fn origins(
    tasks: &[Task],
    task: usize,
    source: &str,
    takes: &impl Fn(Kind) -> bool,
) -> BTreeSet<String> {
    let fits = |feed: &Feed| takes(tasks[feed.task].program.description.output);
    let inputs = &tasks[task].inputs;
    if let Some(feeds) = inputs.get(source).filter(|feeds| feeds.iter().all(fits)) {
        return feeds.iter().map(|feed| tasks[feed.task].key.clone()).collect();
    }
    let mut found = BTreeSet::new();
    for feed in inputs.values().flatten() {
        if fits(feed) {
            found.insert(tasks[feed.task].key.clone());
        } else {
            found.extend(origins(tasks, feed.task, source, takes));
        }
    }
    found
}

/// Whether no axis has two labels in `one` and `other`.
fn agree(one: &Feed, other: &Feed) -> bool {
    one.point.labels().all(|(axis, label)| other.point.label(axis).is_none_or(|it| it == label))
}
