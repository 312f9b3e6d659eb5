//! What the runs of a sweep may differ in, taken from what they were, not from labels.

use serde_json::{Value, json};
use study::{Choice, Varied};

use crate::axis::{Axis, Varies};
use crate::variant::Variant;

const NO_LAYERS: &str = "No axis of the sweep sets the network's hidden layers alone.";

/// A number of a run, where it is known.
type NumberOf = Box<dyn Fn(&Variant) -> Option<f64>>;

/// What runs differ in, as a number of each.
pub(super) struct Quantity {
    /// A few words: `hidden layers`.
    pub name: String,
    /// Whether an axis varies it.
    pub is_varied_by: Box<dyn Fn(&Axis) -> bool>,
    /// Why the finding does not apply where no axis does.
    pub no_axis: String,
    /// The quantity of a run, as it was measured or recorded, whatever the axis calls it.
    pub of: NumberOf,
    /// Whether runs without the quantity are none that are compared.
    pub leaves_out: bool,
    /// What must be the same in runs that are compared, beyond the other axes.
    pub held: fn(&Variant) -> Value,
}

impl Quantity {
    /// The quantity that a trend is over.
    pub(super) fn of(over: &Varied) -> Self {
        match over {
            Varied::HiddenLayers => {
                Self::known("hidden layers", Varies::Layers, NO_LAYERS, depth, |run| {
                    let mut widths = widths(run).unwrap_or_default();
                    widths.sort_unstable();
                    widths.dedup();
                    json!([rest(run), widths])
                })
            }
            Varied::HiddenWidth => {
                Self::known("units in a hidden layer", Varies::Layers, NO_LAYERS, width, |run| {
                    json!([rest(run), widths(run).map(|widths| widths.len())])
                })
            }
            Varied::LabelNoise => Self::known(
                "noise on the targets",
                Varies::Noise,
                "No axis of the sweep sets the noise on the targets alone.",
                noise,
                |_| Value::Null,
            ),
            Varied::InputDim => Self::known(
                "inputs",
                Varies::InputDimension,
                "No axis of the sweep sets the number of inputs alone.",
                |run| run.about.outline.input_dim.map(|inputs| inputs as f64),
                |_| Value::Null,
            ),
            Varied::RateDecay => Self::known(
                "decay of the learning rate",
                Varies::Decay,
                "No axis of the sweep sets the decay of the learning rate alone.",
                |_| None,
                |_| Value::Null,
            ),
            Varied::Choice(choice) => Self::choice(choice.clone()),
            Varied::Path(path) => {
                let (own, sets) = (path.clone(), path.clone());
                let is_varied_by = move |axis: &Axis| axis.sets == [own.as_str()];
                let of = move |run: &Variant| {
                    let axis = run.axes.iter().find(|axis| axis.sets == [sets.as_str()])?;
                    axis.value.as_f64()
                };
                Self {
                    name: format!("`{path}`"),
                    no_axis: format!("No axis of the sweep sets `{path}` alone."),
                    is_varied_by: Box::new(is_varied_by),
                    of: Box::new(of),
                    held: |_| Value::Null,
                    leaves_out: false,
                }
            }
        }
    }

    /// 0 of runs with one value of an axis, 1 of those with the other.
    fn choice(choice: Choice) -> Self {
        let Choice { axis, from, to } = choice;
        let name = axis.clone();
        Self {
            name: format!("`{axis}` ({from} = 0, {to} = 1)"),
            no_axis: format!("No axis of the sweep is called `{axis}`."),
            is_varied_by: Box::new(move |found| found.name == axis),
            of: Box::new(move |run| {
                let shown = run.axes.iter().find(|found| found.name == name)?.shown();
                [&from, &to]
                    .into_iter()
                    .zip([0.0, 1.0])
                    .find(|(value, _)| **value == shown)
                    .map(|it| it.1)
            }),
            held: |_| Value::Null,
            leaves_out: true,
        }
    }

    fn known(
        name: &str,
        varies: Varies,
        no_axis: &str,
        of: fn(&Variant) -> Option<f64>,
        held: fn(&Variant) -> Value,
    ) -> Self {
        Self {
            name: name.to_owned(),
            is_varied_by: Box::new(move |axis| axis.varies == varies),
            no_axis: no_axis.to_owned(),
            of: Box::new(of),
            held,
            leaves_out: false,
        }
    }
}

/// Number of hidden layers.
fn depth(run: &Variant) -> Option<f64> {
    Some(widths(run)?.len() as f64)
}

/// Width of the hidden layers, where all have the same.
fn width(run: &Variant) -> Option<f64> {
    let widths = widths(run)?;
    let &first = widths.first()?;
    widths.iter().all(|&width| width == first).then_some(first as f64)
}

/// Standard deviation of the noise on targets, or the share of flipped classes.
fn noise(run: &Variant) -> Option<f64> {
    let of = |name: &str| run.about.dataset_parameter(name).and_then(Value::as_f64);
    // A dataset has numbers with noise or classes with flips.
    match (of("label_noise"), of("label_flips")) {
        (None, None) => None,
        (noise, flips) => Some(noise.unwrap_or(0.0) + flips.unwrap_or(0.0)),
    }
}

/// The widths of the hidden layers.
fn widths(run: &Variant) -> Option<Vec<u64>> {
    let network = run.about.outline.network.as_ref()?;
    network.get("hidden")?.as_array()?.iter().map(Value::as_u64).collect()
}

/// What the network is beside its hidden layers.
fn rest(run: &Variant) -> Value {
    let mut network = run.about.outline.network.clone().unwrap_or_default();
    if let Some(fields) = network.as_object_mut() {
        fields.remove("hidden");
    }
    network
}
