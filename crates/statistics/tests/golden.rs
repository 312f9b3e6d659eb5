//! Clusters, neighbours, regressions and assignments against scikit-learn and SciPy (golden/make.py).

use serde_json::Value;
use statistics::assignment::Contingency;
use statistics::k_means::lloyd;
use statistics::nearest::{Neighbour, euclidean, hamming, majority};
use statistics::{Bits, Dense, Points, logistic};

const TRAIN: usize = 150;
const TEST: usize = 60;
const BITS: usize = 203;
const INPUTS: usize = 7;
const CLASSES: usize = 4;
const NEIGHBOURS: usize = 9;

fn mixed(i: usize, j: usize) -> usize {
    (i * 7919 + j * 104_729 + i * i * j) % 1009
}

fn code(i: usize) -> Vec<f32> {
    let bit = |j: usize| {
        let prototype = ((i % CLASSES * 7 + 3) * (j * j + 11 * j + 5)) % 13 < 6;
        if prototype == (mixed(i, j) < 330) { -1.0 } else { 1.0 }
    };
    (0..BITS).map(bit).collect()
}

fn codes(of: impl Iterator<Item = usize>) -> Bits {
    let rows: Vec<Vec<f32>> = of.map(code).collect();
    let mut codes = Bits::zeros(rows.len(), BITS);
    for (row, values) in rows.iter().enumerate() {
        codes.set_positive(row, 0, values);
    }
    codes
}

/// The training codes, some of them twice.
fn training_codes() -> Bits {
    codes((0..140).chain(20..30))
}

fn inputs(of: std::ops::Range<usize>) -> Vec<f32> {
    let input = |i: usize, j: usize| {
        (mixed(i, j) as f64 / 1009.0 + 0.25 * (i % CLASSES) as f64 * (j % 3) as f64) as f32
    };
    of.flat_map(|i| (0..INPUTS).map(move |j| input(i, j))).collect()
}

fn labels() -> Vec<u32> {
    (0..TRAIN).map(|i| (i % CLASSES) as u32).collect()
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn close(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_close = (found - expected).abs() <= tolerance * (1.0 + expected.abs());
        assert!(is_close, "{name}, entry {at}: {found} {expected}");
    }
}

fn regression_and_clusters(points: &impl Points, golden: &Value) {
    let labels = labels();
    let fitted = logistic::fit(points, &labels, CLASSES, 0.7, 1e-8).unwrap();
    // scikit-learn's own gradient is the coarser one.
    let of = &golden["regression"];
    close("weights", &fitted.weights, &numbers(&of["weights"]), 1e-6);
    let mean = fitted.intercepts.iter().sum::<f64>() / CLASSES as f64;
    let centred: Vec<f64> = fitted.intercepts.iter().map(|b| b - mean).collect();
    close("intercepts", &centred, &numbers(&of["intercepts"]), 1e-6);

    let of = &golden["clusters"];
    let start = (0..CLASSES).flat_map(|i| points.point(i)).collect();
    let found = lloyd(points, start, 300);
    close("inertia", &[found.inertia], &[of["inertia"].as_f64().unwrap()], 1e-9);
    let assigned: Vec<f64> = found.assigned.iter().map(|&k| f64::from(k)).collect();
    close("clusters", &assigned, &numbers(&of["assigned"]), 0.0);
    let table = Contingency::new(&found.assigned, &labels, CLASSES, CLASSES);
    close("purity", &[table.purity().unwrap()], &[of["purity"].as_f64().unwrap()], 1e-12);
    let best = of["best_assignment"].as_f64().unwrap();
    close("assignment", &[table.assigned().unwrap()], &[best], 1e-12);
}

fn neighbours<D: Copy>(near: &[Vec<Neighbour<D>>], distance: impl Fn(D) -> f64, golden: &Value) {
    let found: Vec<f64> = near.iter().flatten().map(|near| distance(near.distance)).collect();
    close("distances", &found, &numbers(&golden["distances"]), 1e-9);
    let votes = numbers(&golden["votes"]);
    let certain = golden["certain"].as_array().unwrap();
    for ((near, vote), certain) in near.iter().zip(votes).zip(certain) {
        if certain.as_bool().unwrap() {
            let found = f64::from(majority(near, &labels(), CLASSES));
            close("vote", &[found], &[vote], 0.0);
        }
    }
}

#[test]
fn on_codes_all_is_as_scikit_learn_has_it() {
    let golden = golden();
    let (train, test) = (training_codes(), codes(TRAIN..TRAIN + TEST));
    assert_eq!(train.distinct() as u64, golden["distinct"].as_u64().unwrap());
    regression_and_clusters(&train, &golden["codes"]);
    let near = hamming(&train, &test, NEIGHBOURS);
    neighbours(&near, |bits| f64::from(bits) / BITS as f64, &golden["codes"]["neighbours"]);
}

#[test]
fn on_inputs_all_is_as_scikit_learn_has_it() {
    let golden = golden();
    let (train, test) = (inputs(0..TRAIN), inputs(TRAIN..TRAIN + TEST));
    let (train, test) = (Dense::new(&train, INPUTS), Dense::new(&test, INPUTS));
    regression_and_clusters(&train, &golden["dense"]);
    let near = euclidean(&train, &test, NEIGHBOURS);
    neighbours(&near, f64::sqrt, &golden["dense"]["neighbours"]);
}
