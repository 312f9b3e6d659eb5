//! Made-up sweeps for the tests of findings across them.

use std::collections::BTreeMap;

use artifact::Outline;
use artifact::tables::findings::{FindingRow, Verdict};
use serde_json::{Value, json};
use study::{Direction, Side, Trend, Varied};

use crate::about::About;
use crate::variant::Variant;
use crate::variant::made_up::variant;

/// A trend of what the finding `end` comes to.
pub fn trend(over: Varied, direction: Direction) -> Trend {
    Trend {
        finding: "x".to_owned(),
        statement: "It moves.".to_owned(),
        measure: "the end".to_owned(),
        of: "end".to_owned(),
        side: Side::After,
        over,
        direction,
        among: BTreeMap::new(),
    }
}

/// A variant at `axes` whose finding `end` came to `end`, at a constant rate.
pub fn at(axes: &[(&str, Value)], end: f64) -> Variant {
    let row = FindingRow {
        finding: "end".to_owned(),
        variant: None,
        statement: String::new(),
        measure: String::new(),
        before: Some(0.0),
        after: Some(end),
        margin: Some(end),
        uncertainty: None,
        n: Some(1),
        rule: String::new(),
        verdict: Verdict::Holds,
        control: None,
        note: None,
    };
    let about = About {
        outline: Outline { output_dim: Some(1), ..Outline::default() },
        ..About::default()
    };
    Variant { findings: vec![row], rates: vec![0.1, 0.1], ..variant(axes, about) }
}

/// The same with a rate that is halved.
pub fn decayed(axes: &[(&str, Value)], end: f64) -> Variant {
    Variant { rates: vec![0.1, 0.05], ..at(axes, end) }
}

/// A variant whose network has these hidden layers.
pub fn network(axes: &[(&str, Value)], hidden: &[u64], end: f64) -> Variant {
    let mut variant = at(axes, end);
    let network = json!({ "hidden": hidden, "activation": "relu" });
    variant.about.outline.network = Some(network);
    variant
}

/// Gives the dataset behind a variant these parameters.
pub fn with_dataset(mut variant: Variant, values: Value) -> Variant {
    let dataset = crate::about::Parameters { kind: "dataset", stage: "dataset".to_owned(), values };
    variant.about.parameters = vec![dataset];
    variant
}
