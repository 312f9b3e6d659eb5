//! Made-up sweeps for the tests of findings across them.

use artifact::tables::Signal;
use artifact::tables::spectrum::AlignmentMetric;
use serde_json::{Value, json};

use super::super::made_up::{about, alignment, dynamics, energy, history, measures};
use crate::measures::Measures;
use crate::variant::Variant;
use crate::variant::made_up::variant;

/// A run that came to `end`: E(ȳ, 50), S(0, T) and λ₁ at once, at a constant rate.
pub fn run(end: f64) -> Measures {
    Measures {
        energy: vec![energy(100, Signal::Target, end)],
        alignment: vec![alignment(100, AlignmentMetric::KernelDistance, Some(0), end)],
        dynamics: vec![dynamics(100, 0.1, end)],
        history: vec![history(0, 0.1, 1.0), history(50, 0.1, 1.0), history(100, 0.1, 1.0)],
        ..measures(100)
    }
}

/// The same with a rate that is halved.
pub fn decayed(end: f64) -> Measures {
    Measures {
        history: vec![history(0, 0.1, 1.0), history(50, 0.05, 1.0), history(100, 0.05, 1.0)],
        ..run(end)
    }
}

/// A variant at `axes` with these measures.
pub fn at(axes: &[(&str, Value)], measures: Measures) -> Variant {
    variant(axes, measures, about())
}

/// A variant whose network has these hidden layers.
pub fn network(axes: &[(&str, Value)], hidden: &[u64], measures: Measures) -> Variant {
    let mut variant = at(axes, measures);
    let network = json!({ "hidden": hidden, "activation": "relu" });
    variant.about.outline.network = Some(network);
    variant
}
