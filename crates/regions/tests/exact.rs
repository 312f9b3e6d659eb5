//! Regions against closed forms, against other ways of counting, and on networks that degenerate.

mod patterns;

use std::collections::BTreeSet;

use network::{Architecture, Network, Shape};
use patterns::{bisected, patterns};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use regions::cell::{Affine, Cell, Polygon, Segment};
use regions::subdivision::{Region, Subdivision, TooMany};

const MOST: usize = 1_000_000;

/// A network with biases, of `seed`.
fn network(architecture: &str, shape: Shape, outputs: usize, seed: u64) -> Network<f64> {
    let architecture: Architecture = serde_json::from_str(architecture).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut network =
        Network::<f64>::initialize(&architecture, shape, outputs, &mut random).unwrap();
    let mut number = 0.0;
    for layer in &mut network.layers {
        for bias in &mut layer.bias {
            number += 1.0;
            *bias += 0.4 * (2.3 * number + seed as f64).sin();
        }
        for statistics in &mut layer.statistics {
            for of in statistics {
                *of += 0.2;
            }
        }
    }
    network
}

fn dense(hidden: &[usize], seed: u64) -> Network<f64> {
    let architecture = format!(r#"{{ "hidden": {hidden:?}, "activation": "relu", "init": "he" }}"#);
    network(&architecture, Shape::Vector(2), 2, seed)
}

/// The plane of all inputs of two dimensions.
fn whole() -> Vec<f64> {
    vec![0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
}

fn on_plane(network: &Network<f64>, rows: Vec<f64>) -> Vec<Region<Polygon>> {
    Subdivision::new(network, MOST).regions(Polygon::window(), rows).unwrap()
}

/// The rows of the line from `a` to `b`.
fn line(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().copied().chain(a.iter().zip(b).map(|(a, b)| b - a)).collect()
}

fn on_line(network: &Network<f64>, a: &[f64], b: &[f64]) -> Vec<Region<Segment>> {
    let mut found = Subdivision::new(network, MOST).regions(Segment::UNIT, line(a, b)).unwrap();
    found.sort_by(|a, b| a.cell.ends[0].total_cmp(&b.cell.ends[0]));
    found
}

/// The input at a point of the cell with these rows.
fn input(rows: &[f64], d: usize, point: [f64; 2]) -> Vec<f64> {
    let of = |row: usize, i: usize| rows.get(row * d + i).copied().unwrap_or(0.0);
    (0..d).map(|i| of(0, i) + of(1, i) * point[0] + of(2, i) * point[1]).collect()
}

/// Regions are right where each has a pattern of its own at its centre, together they fill the window, and the
/// network has the outputs there that they say.
fn check<C: Cell>(network: &Network<f64>, rows: &[f64], regions: &[Region<C>]) {
    let d = network.input_dim();
    let centres: Vec<f64> =
        regions.iter().flat_map(|of| input(rows, d, of.cell.centre())).collect();
    let found = patterns(network, &centres);
    let distinct: BTreeSet<&Vec<u32>> = found.iter().collect();
    assert_eq!(distinct.len(), regions.len(), "each region has its own pattern");
    let outputs = patterns::outputs(network, &centres);
    for (region, expected) in regions.iter().zip(outputs.chunks(network.output_dim())) {
        for (f, expected) in region.outputs.iter().zip(expected) {
            let found = f.at(region.cell.centre());
            assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()));
        }
    }
}

fn total_area(regions: &[Region<Polygon>]) -> f64 {
    regions.iter().map(|of| of.cell.area()).sum()
}

#[test]
fn lines_in_general_position_cut_the_plane_into_a_number_that_is_known() {
    for n in 1..=12_usize {
        let mut network = dense(&[n], 0);
        // Tangents of a circle of radius 0.02 at angles that are nowhere alike nor opposite: all of them meet within
        // the window, since no two are nearly parallel.
        for unit in 0..n {
            let angle = std::f64::consts::PI * (unit as f64 + 0.3) / n as f64;
            network.layers[0].weight[unit] = angle.cos();
            network.layers[0].weight[n + unit] = angle.sin();
            network.layers[0].bias[unit] = -0.02;
        }
        let found = on_plane(&network, whole());
        assert_eq!(found.len(), 1 + n + n * (n - 1) / 2, "{n} lines");
        assert!((total_area(&found) - 4.0).abs() <= 1e-12);
        check(&network, &whole(), &found);
    }
}

#[test]
fn breakpoints_of_one_layer_are_the_zeros_of_its_units() {
    let network = dense(&[40], 3);
    let (a, b) = ([-1.0, 0.7], [0.9, -0.4]);
    let layer = &network.layers[0];
    let z = |x: [f64; 2], unit: usize| {
        x[0] * layer.weight[unit] + x[1] * layer.weight[40 + unit] + layer.bias[unit]
    };
    let mut expected: Vec<f64> = (0..40)
        .map(|unit| z(a, unit) / (z(a, unit) - z(b, unit)))
        .filter(|t| (0.0..1.0).contains(t))
        .collect();
    expected.sort_by(f64::total_cmp);
    let found = on_line(&network, &a, &b);
    assert_eq!(found.len(), expected.len() + 1);
    for (region, t) in found[1..].iter().zip(expected) {
        assert!((region.cell.ends[0] - t).abs() <= 1e-14);
        assert_eq!(region.cell.makers[0], Some(0));
    }
}

/// Networks with every step that may stand in one, each with the shape of its inputs.
fn deep() -> Vec<(Network<f64>, usize)> {
    let leaky = r#"{ "hidden": [20, 20, 20], "activation": { "leaky_relu": 0.1 }, "init": "he" }"#;
    let norms = r#"{ "layers": [{ "dense": 24 }, { "batch_norm": {} }, "relu",
        { "residual": [{ "dense": 24 }, "relu", { "dense": 24 }] }, "relu", { "dense": 2 }] }"#;
    let images = r#"{ "layers": [{ "conv": { "channels": 3, "kernel": 3 } }, "relu", { "max_pool": 2 },
        { "conv": { "channels": 4, "kernel": 2 } }, "relu", { "average_pool": 3 }, "flatten", { "dense": 5 }, "relu", { "dense": 2 }] }"#;
    let image = Shape::Image([6, 6, 1]);
    let of = |architecture: &str, shape: Shape, seed| {
        (network(architecture, shape, 2, seed), shape.len())
    };
    vec![
        of(leaky, Shape::Vector(2), 1),
        of(norms, Shape::Vector(2), 2),
        of(images, image, 3),
        of(images, image, 4),
    ]
}

#[test]
fn stepping_from_cut_to_cut_and_bisection_by_patterns_agree_on_every_line() {
    for (network, d) in deep() {
        for number in 0..6 {
            let point = |phase: f64| -> Vec<f64> {
                (0..d).map(|i| (1.9 * i as f64 + f64::from(number) + phase).sin()).collect()
            };
            let (a, b) = (point(0.0), point(2.0));
            let found = on_line(&network, &a, &b);
            check(&network, &line(&a, &b), &found);
            let expected = bisected(&network, &a, &b, 1e-10);
            assert_eq!(found.len(), expected.len() + 1, "line {number} of {d} inputs");
            for (region, t) in found[1..].iter().zip(&expected) {
                assert!((region.cell.ends[0] - t).abs() <= 2e-10);
            }
            // Sampling finds no more, and with a fine grid nearly all.
            let grid: Vec<f64> = (0..=4000)
                .flat_map(|i| input(&line(&a, &b), d, [f64::from(i) / 4000.0, 0.0]))
                .collect();
            let sampled: BTreeSet<Vec<u32>> = patterns(&network, &grid).into_iter().collect();
            assert!(sampled.len() <= found.len() && 10 * sampled.len() >= 8 * found.len());
        }
    }
}

#[test]
fn regions_of_a_plane_fill_it_and_each_has_a_pattern_of_its_own() {
    for (network, d) in deep() {
        let rows: Vec<f64> =
            if d == 2 { whole() } else { (0..3 * d).map(|i| (0.7 * i as f64).sin()).collect() };
        let found = on_plane(&network, rows.clone());
        assert!((total_area(&found) - 4.0).abs() <= 1e-11);
        check(&network, &rows, &found);
        let side = 400;
        let at = |i: usize| -1.0 + (2.0 * i as f64 + 1.0) / side as f64;
        let grid: Vec<f64> =
            (0..side * side).flat_map(|i| input(&rows, d, [at(i % side), at(i / side)])).collect();
        let sampled: BTreeSet<Vec<u32>> = patterns(&network, &grid).into_iter().collect();
        assert!(sampled.len() <= found.len() && 10 * sampled.len() >= 7 * found.len());
    }
}

/// The solution of three linear equations m · x = −c, each as `[c, m]`; `None` where they have not exactly one.
fn solved(equations: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    let determinant = |columns: [usize; 3]| {
        let of = |row: usize, column: usize| equations[row][columns[column]];
        of(0, 0) * (of(1, 1) * of(2, 2) - of(1, 2) * of(2, 1))
            - of(0, 1) * (of(1, 0) * of(2, 2) - of(1, 2) * of(2, 0))
            + of(0, 2) * (of(1, 0) * of(2, 1) - of(1, 1) * of(2, 0))
    };
    let whole = determinant([1, 2, 3]);
    let with = |columns| -determinant(columns) / whole;
    (whole.abs() > 1e-12).then(|| [with([0, 2, 3]), with([1, 0, 3]), with([1, 2, 0])])
}

/// Whether the open half-planes f > 0 and the open window have a common point, by brute force: the largest t with f ≥ t for
/// all of them lies where three of these constraints on (u, v, t) are equalities.
fn have_a_common_point(halves: &[Affine]) -> bool {
    let window = [[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.0, -1.0]];
    let all: Vec<[f64; 3]> = halves.iter().map(|half| half.0).chain(window).collect();
    let equation = |f: [f64; 3]| [f[0], f[1], f[2], -1.0];
    let mut best = f64::NEG_INFINITY;
    for i in 0..all.len() {
        for j in 0..i {
            for k in 0..j {
                let Some([u, v, t]) = solved([all[i], all[j], all[k]].map(equation)) else {
                    continue;
                };
                if all.iter().all(|&f| Affine(f).at([u, v]) >= t - 1e-9) {
                    best = best.max(t);
                }
            }
        }
    }
    best > 1e-9
}

#[test]
fn as_many_regions_as_sign_patterns_that_some_input_has() {
    for seed in 0..6 {
        let network = dense(&[4, 4], seed);
        let unit = |layer: usize, inputs: &[Affine], unit: usize| {
            let layer = &network.layers[layer];
            let mut sum = [layer.bias[unit], 0.0, 0.0];
            for (input, f) in inputs.iter().enumerate() {
                let weight = layer.weight[input * layer.fan_out + unit];
                (0..3).for_each(|i| sum[i] += weight * f.0[i]);
            }
            Affine(sum)
        };
        let inputs = [Affine([0.0, 1.0, 0.0]), Affine([0.0, 0.0, 1.0])];
        let first: Vec<Affine> = (0..4).map(|i| unit(0, &inputs, i)).collect();
        let half = |f: Affine, pattern: u32, i: usize| {
            if pattern >> i & 1 == 1 { f } else { f.negated() }
        };
        let mut count = 0;
        for pattern in 0..1_u32 << 8 {
            let hidden: Vec<Affine> = (0..4)
                .map(|i| if pattern >> i & 1 == 1 { first[i] } else { Affine([0.0; 3]) })
                .collect();
            let halves: Vec<Affine> = (0..8)
                .map(|i| half(if i < 4 { first[i] } else { unit(1, &hidden, i - 4) }, pattern, i))
                .collect();
            count += usize::from(have_a_common_point(&halves));
        }
        assert_eq!(on_plane(&network, whole()).len(), count, "seed {seed}");
    }
}

#[test]
fn more_regions_than_allowed_are_said_and_not_counted() {
    let network = dense(&[20, 20], 0);
    let count = on_plane(&network, whole()).len();
    let of = |most| Subdivision::new(&network, most).regions(Polygon::window(), whole());
    assert_eq!(of(count).unwrap().len(), count);
    assert_eq!(of(count - 1).err(), Some(TooMany));
    assert_eq!(of(1).err(), Some(TooMany));
}

#[test]
fn any_number_of_threads_gives_the_same_regions_in_the_same_order() {
    let network = dense(&[20, 20], 5);
    let corners = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| on_plane(&network, whole()));
        found
            .iter()
            .flat_map(|of| of.cell.corners())
            .map(|corner| corner.map(f64::to_bits))
            .collect::<Vec<_>>()
    };
    assert_eq!(corners(1), corners(4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Small whole numbers as parameters: dead and equal units, weights of 0, lines that coincide or meet in one
    /// point, pre-activations that cancel.
    #[test]
    fn networks_that_degenerate_are_cut_into_regions_as_any_other(
        hidden in prop::collection::vec(1_usize..6, 1..4),
        numbers in prop::collection::vec(-2_i8..3, 120),
        leaky: bool,
    ) {
        let activation = if leaky { r#"{ "leaky_relu": 0.5 }"# } else { r#""relu""# };
        let architecture = format!(r#"{{ "hidden": {hidden:?}, "activation": {activation} }}"#);
        let mut network = network(&architecture, Shape::Vector(2), 1, 0);
        let mut numbers = numbers.into_iter().cycle();
        for (_, tensor) in network.tensors_mut() {
            for p in tensor {
                *p = f64::from(numbers.next().unwrap_or(0)) / 2.0;
            }
        }
        let found = on_plane(&network, whole());
        prop_assert!((total_area(&found) - 4.0).abs() <= 1e-10);
        for region in &found {
            prop_assert!(region.cell.area() > 1e-12);
        }
        check(&network, &whole(), &found);
        let (a, b) = ([-0.93, 0.41], [0.77, -0.58]);
        let found = on_line(&network, &a, &b);
        check(&network, &line(&a, &b), &found);
        let ends: Vec<f64> = found.iter().flat_map(|of| of.cell.ends).collect();
        prop_assert!(ends[0] <= 0.0 && ends[ends.len() - 1] >= 1.0);
        prop_assert!(ends[1..ends.len() - 1].chunks(2).all(|pair| pair[0].to_bits() == pair[1].to_bits()));
    }
}
