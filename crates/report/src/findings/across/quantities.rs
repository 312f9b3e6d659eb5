//! What the runs of a sweep may differ in, taken from what they were, not from labels.

use serde_json::{Value, json};

use super::trend::Quantity;
use crate::axis::Varies;
use crate::variant::Variant;

const NO_LAYERS: &str = "No axis of the sweep sets the network's hidden layers alone.";

/// Number of hidden layers.
pub(super) const DEPTH: Quantity = Quantity {
    name: "hidden layers",
    varies: Varies::Layers,
    no_axis: NO_LAYERS,
    of: |run| Some(widths(run)?.len() as f64),
    held: |run| {
        let mut widths = widths(run).unwrap_or_default();
        widths.sort_unstable();
        widths.dedup();
        json!([rest(run), widths])
    },
};

/// Width of the hidden layers, where all have the same.
pub(super) const WIDTH: Quantity = Quantity {
    name: "units in a hidden layer",
    varies: Varies::Layers,
    no_axis: NO_LAYERS,
    of: |run| {
        let widths = widths(run)?;
        let &first = widths.first()?;
        widths.iter().all(|&width| width == first).then_some(first as f64)
    },
    held: |run| json!([rest(run), widths(run).map(|widths| widths.len())]),
};

/// Standard deviation of the noise on targets, or the share of flipped classes.
pub(super) const NOISE: Quantity = Quantity {
    name: "noise on the targets",
    varies: Varies::Noise,
    no_axis: "No axis of the sweep sets the noise on the targets alone.",
    of: |run| {
        let of = |name: &str| run.about.dataset_parameter(name).and_then(Value::as_f64);
        // A dataset has numbers with noise or classes with flips.
        match (of("label_noise"), of("label_flips")) {
            (None, None) => None,
            (noise, flips) => Some(noise.unwrap_or(0.0) + flips.unwrap_or(0.0)),
        }
    },
    held: |_| Value::Null,
};

/// Number of inputs.
pub(super) const INPUT_DIMENSION: Quantity = Quantity {
    name: "inputs",
    varies: Varies::InputDimension,
    no_axis: "No axis of the sweep sets the number of inputs alone.",
    of: |run| run.about.outline.input_dim.map(|inputs| inputs as f64),
    held: |_| Value::Null,
};

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
