//! What an axis of a sweep varies, told by the paths that it sets.
//!
//! The name of an axis is the user's choice: `depth`, `layers` and `L` may all set the hidden layers
//! of the network, and an axis called `seed` may set anything.

use serde_json::Value;
use stage::AxisValue;

/// Value of one axis of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Name of the axis.
    pub name: String,
    /// A number, a boolean or a text.
    pub value: Value,
    /// What the axis varies.
    pub varies: Varies,
    /// The paths that it sets.
    pub sets: Vec<String>,
}

/// What an axis varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varies {
    /// A seed: its values repeat a run.
    Seed,
    /// Number or widths of the network's hidden layers.
    Layers,
    /// How the learning rate decays.
    Decay,
    /// Noise on the targets.
    Noise,
    /// Number of inputs.
    InputDimension,
    /// Whether the targets are shuffled: the control.
    Shuffle,
    /// Which stage made an artifact; not an axis of the sweep.
    Stage,
    /// Anything else, or several of these at once.
    Other,
}

impl Axis {
    /// The axis of a request with its value.
    #[must_use]
    pub fn of(axis: &AxisValue) -> Self {
        Self {
            name: axis.name.clone(),
            value: axis.value.clone(),
            varies: Varies::of(&axis.sets),
            sets: axis.sets.clone(),
        }
    }

    /// The stage `name` that made an artifact of `kind`, as an axis beside those of the sweep.
    #[must_use]
    pub fn stage(kind: &str, name: &str) -> Self {
        Self { name: kind.to_owned(), value: name.into(), varies: Varies::Stage, sets: Vec::new() }
    }

    /// The value as a person reads it.
    #[must_use]
    pub fn shown(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }

    /// `decay=0.5`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}={}", self.name, self.shown())
    }

    /// Whether its values repeat a run, so that results over them are a mean and its uncertainty.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.varies == Varies::Seed
    }
}

impl Varies {
    /// What an axis that sets these paths varies. One that sets a seed and a width varies neither
    /// by itself.
    fn of(paths: &[String]) -> Self {
        let mut kinds = paths.iter().map(|path| Self::of_path(path));
        let Some(first) = kinds.next() else { return Self::Other };
        if kinds.all(|kind| kind == first) { first } else { Self::Other }
    }

    fn of_path(path: &str) -> Self {
        let segments: Vec<&str> = path.split('.').collect();
        if segments.last() == Some(&"seed") {
            return Self::Seed;
        }
        let [_, "with", parameter @ ..] = segments.as_slice() else { return Self::Other };
        match parameter {
            ["network"] | ["network", "hidden", ..] => Self::Layers,
            ["learning_rate"] | ["learning_rate", "decay", ..] => Self::Decay,
            ["label_noise" | "label_flips"] => Self::Noise,
            ["shuffle_targets"] => Self::Shuffle,
            [.., "input_dim"] => Self::InputDimension,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_axis_varies_follows_from_its_paths() {
        for (paths, varies) in [
            (&["seed"][..], Varies::Seed),
            (&["dataset.with.source.function.seed"], Varies::Seed),
            (&["seed", "train.with.seed"], Varies::Seed),
            (&["train.with.network.hidden"], Varies::Layers),
            (&["learner.with.network"], Varies::Layers),
            (&["train.with.network.hidden.0"], Varies::Layers),
            (&["train.with.network.activation"], Varies::Other),
            (&["train.with.learning_rate.decay.factor"], Varies::Decay),
            (&["train.with.learning_rate.decay"], Varies::Decay),
            (&["train.with.learning_rate.initial"], Varies::Other),
            (&["dataset.with.label_noise"], Varies::Noise),
            (&["dataset.with.label_flips"], Varies::Noise),
            (&["dataset.with.source.function.input_dim"], Varies::InputDimension),
            (&["dataset.with.shuffle_targets"], Varies::Shuffle),
            (&["train.uses"], Varies::Other),
            // Two causes at once are none of them.
            (&["train.with.network.hidden", "train.with.learning_rate.initial"], Varies::Other),
            (&["train.with.network.hidden", "seed"], Varies::Other),
            (&[], Varies::Other),
        ] {
            let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
            assert_eq!(Varies::of(&paths), varies, "{paths:?}");
        }
    }
}
