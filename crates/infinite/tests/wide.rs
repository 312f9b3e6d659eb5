//! Kernels of the limit against those of wide finite networks, drawn many times.

use infinite::gram::Kernel;
use infinite::limit::Limit;
use infinite::samples::Samples;
use network::{Architecture, Network, Program, Shape, Workspace};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};

/// Networks that are drawn of each kind.
const DRAWS: u64 = 12;

/// The three entries Θ(x, x), Θ(x, x'), Θ(x', x') of a network's own kernel.
fn finite(network: &Network<f32>, x: &[f32]) -> [f64; 3] {
    let layers = network.views();
    let gradient = |signals: [f32; 2]| -> Vec<f32> {
        let mut workspace = Workspace::new(network, 2);
        workspace.forward(&layers, x);
        workspace.backward(&layers, x, &signals);
        workspace.gradient(&layers, x)
    };
    let (left, right) = (gradient([1.0, 0.0]), gradient([0.0, 1.0]));
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    [product(&left, &left), product(&left, &right), product(&right, &right)]
}

/// Holds the mean kernel of networks within four standard errors of the limit's.
fn check(network: Value, shape: Shape) {
    let architecture: Architecture = serde_json::from_value(network).expect("parses");
    let x: Vec<f32> = (0..2 * shape.len()).map(|i| (1.3 * i as f32).sin() + 0.2).collect();
    let program = Program::new(&architecture, shape, 1).expect("a network");
    infinite::exists::check(&architecture).expect("has a limit");
    let limit = Limit::<f64>::new(&architecture, &program);
    let double: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    let kernel = Kernel::ntk(&limit).symmetric(&Samples::new(&limit, &double)).to_dense();
    let expected = [kernel[0], kernel[1], kernel[3]];

    let mut draws = Vec::new();
    for seed in 0..DRAWS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let network = Network::initialize(&architecture, shape, 1, &mut random).expect("a network");
        draws.push(finite(&network, &x));
    }
    for (entry, expected) in expected.into_iter().enumerate() {
        let values: Vec<f64> = draws.iter().map(|draw| draw[entry]).collect();
        let mean = values.iter().sum::<f64>() / DRAWS as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (squares / (DRAWS * (DRAWS - 1)) as f64).sqrt();
        let apart = (mean - expected) / error;
        assert!(apart.abs() < 4.0, "{architecture:?} {entry}: {mean} ± {error}, limit {expected}");
        assert!(error < 0.1 * expected.abs(), "{entry}: the networks are wide enough to tell");
    }
}

#[test]
fn dense_networks_of_2048_units_have_the_kernel_of_their_limit() {
    for init in
        [json!({ "ntk": { "weight_std": 1.3, "bias_std": 0.4 } }), json!("he"), json!("glorot")]
    {
        check(json!({ "hidden": [2048, 2048], "activation": "relu", "init": init }), 5.into());
    }
}

#[test]
fn convolutional_networks_of_many_channels_have_the_kernel_of_their_limit() {
    let conv = |channels: usize| json!({ "conv": { "channels": channels, "kernel": 3 } });
    let init = json!({ "ntk": { "weight_std": 1.3, "bias_std": 0.4 } });
    let image = Shape::Image([4, 5, 2]);
    let lists = [
        json!([conv(256), "relu", { "average_pool": 2 }, conv(256), "tanh", "global_average_pool", { "dense": 1 }]),
        json!([conv(256), { "layer_norm": {} }, "relu", conv(256), { "group_norm": { "groups": 2 } }, "relu", "flatten", { "dense": 1 }]),
        json!([conv(256), { "residual": ["relu", conv(256)] }, "gelu", "global_average_pool", { "dense": 1 }]),
        json!([{ "locally_connected": { "channels": 256, "kernel": 3 } }, "relu", conv(128), "relu", "global_average_pool", { "dense": 1 }]),
    ];
    for layers in lists {
        check(json!({ "layers": layers, "init": init }), image);
    }
}
