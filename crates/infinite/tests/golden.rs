//! Kernels of infinite networks against neural-tangents and other references in f64 (`golden/make.py`).

use infinite::gram::{Kernel, both};
use infinite::limit::Limit;
use infinite::samples::Samples;
use network::{Architecture, Program, Shape};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    network: Architecture,
    shape: Option<Vec<u64>>,
    dimension: usize,
    left: Vec<f64>,
    right: Vec<f64>,
    nngp: Vec<f64>,
    ntk: Vec<f64>,
    own_nngp: Vec<f64>,
    own_ntk: Vec<f64>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("golden/networks.json")).expect("the cases can be read")
}

impl Case {
    fn program(&self) -> Program {
        let shape = Shape::of_inputs(self.dimension, self.shape.as_deref());
        infinite::exists::check(&self.network)
            .unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
        Program::new(&self.network, shape, 1)
            .unwrap_or_else(|error| panic!("{}: {error:?}", self.name))
    }
}

/// The largest difference of entries, relative to the largest entry; the worst there is where one is no
/// number.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let differences = found.iter().zip(expected).map(|(found, expected)| {
        let difference = (found - expected).abs() / largest;
        if difference.is_finite() { difference } else { f64::INFINITY }
    });
    differences.fold(0.0, f64::max)
}

/// What a dense relu network's diagonal is by its own formula: neural-tangents loses digits there, to √(1 − ρ²).
const DIAGONAL: f64 = 1e-7;

#[test]
fn kernels_are_those_of_neural_tangents() {
    for case in cases() {
        let limit = Limit::<f64>::new(&case.network, &case.program());
        let (left, right) = (Samples::new(&limit, &case.left), Samples::new(&limit, &case.right));
        let whole = (0, left.len());
        for (name, kernel, cross, own) in [
            ("nngp", Kernel::nngp(&limit), &case.nngp, &case.own_nngp),
            ("ntk", Kernel::ntk(&limit), &case.ntk, &case.own_ntk),
        ] {
            let rows = kernel.rows(&left, whole, &right);
            assert!(error(&rows, cross) < 1e-10, "{} {name}: {:e}", case.name, error(&rows, cross));
            let own_rows = kernel.symmetric(&left).to_dense();
            let found = error(&own_rows, own);
            assert!(found < DIAGONAL, "{} {name} of one side: {found:e}", case.name);
            let off_diagonal = |values: &[f64]| -> Vec<f64> {
                let n = left.len();
                let off = values.iter().enumerate().filter(|(i, _)| i % (n + 1) != 0);
                off.map(|(_, &value)| value).collect()
            };
            // Pairs of places of one sample among them are the diagonal of a convolution.
            let bound = if case.shape.is_some() { DIAGONAL } else { 1e-10 };
            let found = error(&off_diagonal(&own_rows), &off_diagonal(own));
            assert!(found < bound, "{} {name} off the diagonal: {found:e}", case.name);
        }
        let nngp = Kernel::nngp(&limit).symmetric(&left).to_dense();
        let diagonal: Vec<f64> = nngp.iter().step_by(left.len() + 1).copied().collect();
        assert!(error(left.variances(), &diagonal) < 1e-12, "{}", case.name);
    }
}

#[test]
fn single_precision_is_close_to_double() {
    for case in cases() {
        let limit = Limit::<f32>::new(&case.network, &case.program());
        let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let (left, right) = (single(&case.left), single(&case.right));
        let (left, right) = (Samples::new(&limit, &left), Samples::new(&limit, &right));
        for (name, kernel, expected) in
            [("nngp", Kernel::nngp(&limit), &case.nngp), ("ntk", Kernel::ntk(&limit), &case.ntk)]
        {
            let rows = kernel.rows(&left, (0, left.len()), &right);
            let rows: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
            let found = error(&rows, expected);
            // A hundred roundings.
            assert!(found < 100.0 * f64::from(f32::EPSILON), "{} {name}: {found:e}", case.name);
        }
    }
}

#[test]
fn both_kernels_of_one_pass_are_those_of_two() {
    for case in cases() {
        let limit = Limit::<f32>::new(&case.network, &case.program());
        let x: Vec<f32> = case.left.iter().map(|&value| value as f32).collect();
        let samples = Samples::new(&limit, &x);
        let [nngp, ntk] = both(&limit, &samples).map(|kernel| kernel.to_dense());
        assert_eq!(nngp, Kernel::nngp(&limit).symmetric(&samples).to_dense(), "{}", case.name);
        assert_eq!(ntk, Kernel::ntk(&limit).symmetric(&samples).to_dense(), "{}", case.name);
    }
}

#[test]
fn samples_of_many_numbers_are_their_own_in_single_precision() {
    // Sums of 3,000 squares in another order differ by more than the rounding of ρ.
    let d = 3000;
    let architecture: Architecture = serde_json::from_str(
        r#"{ "hidden": [1, 1], "activation": "relu", "init": { "ntk": { "weight_std": 1.4 } } }"#,
    )
    .expect("parses");
    let program = Program::new(&architecture, d.into(), 1).expect("a network");
    let x: Vec<f64> = (0..7 * d).map(|i| f64::from((i as f32 * 0.7).sin())).collect();
    let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let double = Limit::<f64>::new(&architecture, &program);
    let limit = Limit::<f32>::new(&architecture, &program);
    let (x, single) = (Samples::new(&double, &x), Samples::new(&limit, &single));
    let exact = Kernel::ntk(&double).symmetric(&x).to_dense();
    let found = Kernel::ntk(&limit).symmetric(&single).to_dense();
    for i in 0..x.len() {
        let (found, exact) = (f64::from(found[i * 8]), exact[i * 8]);
        let error = (found / exact - 1.0).abs();
        assert!(error < 8.0 * f64::from(f32::EPSILON), "{i}: {error:e}");
    }
}
