//! The structured Gramian against explicit Jacobians and closed forms.

use artifact::tables::kernel::Reduction;
use network::{
    Activation, Architecture, Form, Initialization, Mode, Workspace, directional_derivative,
};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::json;

use super::*;

const ACTIVATIONS: [Activation; 9] = [
    Activation::Relu,
    Activation::LeakyRelu(0.01),
    Activation::Tanh,
    Activation::Erf,
    Activation::Sigmoid,
    Activation::Softplus,
    Activation::Gelu,
    Activation::Sine,
    Activation::Linear,
];

fn network(
    hidden: &[usize],
    activation: Activation,
    bias: bool,
    ntk: bool,
    d: usize,
    o: usize,
) -> Network<f64> {
    let init = if ntk {
        Initialization::Ntk { weight_std: 1.4, bias_std: 0.3 }
    } else {
        Initialization::Lecun
    };
    let hidden = hidden.to_vec();
    let architecture = Architecture { hidden, activation, init, bias, ..Architecture::default() };
    Network::initialize(&architecture, d, o, &mut ChaCha8Rng::seed_from_u64(9)).unwrap()
}

fn inputs(n: usize, d: usize, shift: usize) -> Vec<f64> {
    (0..n * d).map(|i| (((i + shift) * 37 % 101) as f64 / 50.0 - 1.0) + 1e-3).collect()
}

/// J of all outputs, (n·o) × P, one backward pass an entry.
fn jacobian(network: &Network<f64>, x: &[f64]) -> Vec<Vec<f64>> {
    let (d, o) = (network.input_dim(), network.output_dim());
    let mut rows = Vec::new();
    for sample in x.chunks(d) {
        for a in 0..o {
            let mut workspace = Workspace::in_mode(network, 1, Mode::Inference);
            workspace.forward(&network.views(), sample);
            let seed: Vec<f64> = (0..o).map(|b| f64::from(u8::from(a == b))).collect();
            workspace.backward(&network.views(), sample, &seed);
            rows.push(workspace.gradient(&network.views(), sample));
        }
    }
    rows
}

/// The reduced Gramian from explicit Jacobians, straight from the definitions.
fn explicit(
    left: &[Vec<f64>],
    right: &[Vec<f64>],
    o: usize,
    reduction: Reduction,
) -> Vec<Vec<f64>> {
    let dot = |u: &Vec<f64>, v: &Vec<f64>| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    let (n, m) = (left.len() / o, right.len() / o);
    let entry = |i: usize, a: usize, j: usize, b: usize| dot(&left[i * o + a], &right[j * o + b]);
    let each = |f: &dyn Fn(usize, usize) -> f64| (0..n * m).map(|e| f(e / m, e % m)).collect();
    match reduction {
        Reduction::Full => {
            vec![left.iter().flat_map(|u| right.iter().map(move |v| dot(u, v))).collect()]
        }
        Reduction::Trace => vec![each(&|i, j| (0..o).map(|a| entry(i, a, j, a)).sum())],
        Reduction::PerOutput => (0..o).map(|a| each(&|i, j| entry(i, a, j, a))).collect(),
        Reduction::SummedLogit => {
            vec![each(&|i, j| (0..o * o).map(|e| entry(i, e / o, j, e % o)).sum())]
        }
    }
}

const REDUCTIONS: [Reduction; 4] =
    [Reduction::Full, Reduction::Trace, Reduction::PerOutput, Reduction::SummedLogit];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_structured_gramian_is_the_explicit_one(
        hidden in prop::collection::vec(1_usize..6, 1..5),
        activation in 0_usize..9, bias: bool, ntk: bool,
        d in 1_usize..4, o in 1_usize..4,
        n in prop::sample::select(vec![1_usize, 2, 127, 128, 130]), m in 1_usize..5,
    ) {
        let network = network(&hidden, ACTIVATIONS[activation], bias, ntk, d, o);
        let (x, z) = (inputs(n, d, 0), inputs(m, d, 17));
        let (left, right) = (jacobian(&network, &x), jacobian(&network, &z));
        for reduction in REDUCTIONS {
            let (fx, fz) = (factors(&network, &x, reduction), factors(&network, &z, reduction));
            let expected = explicit(&left, &left, o, reduction);
            let found = square(&fx, reduction);
            let size = expected.iter().flatten().fold(0.0_f64, |s, v| s.max(v.abs()));
            prop_assert_eq!(found.len(), expected.len());
            for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((f - e).abs() <= 1e-10 * size, "{reduction:?}: {f} is not {e}");
            }
            let expected = explicit(&right, &left, o, reduction);
            let found = cross(&fz, &fx, reduction);
            for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((f - e).abs() <= 1e-10 * size, "{reduction:?}: {f} is not {e}");
            }
            // In single precision, against the same in double.
            let single: Network<f32> = network.cast();
            let x32: Vec<f32> = x.iter().map(|&v| v as f32).collect();
            let found = square(&factors(&single, &x32, reduction), reduction);
            let expected = explicit(&left, &left, o, reduction);
            for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((f64::from(*f) - e).abs() <= 1e-5 * size, "{reduction:?}: {f} is not {e}");
            }
        }
    }
}

/// Networks of layers on images of 5 × 4 × 2, with three outputs.
fn networks_of_layers() -> Vec<Network<f64>> {
    let conv = |channels: usize, kernel: usize, stride: usize, padding: &str| {
        json!({ "conv": {
        "channels": channels, "kernel": kernel, "stride": stride, "padding": padding } })
    };
    let lists = [
        json!([conv(3, 3, 1, "same"), "relu", { "average_pool": { "window": 2, "stride": 1 } }, conv(4, 3, 1, "circular"),
            "tanh", "global_average_pool", { "dense": 3 }]),
        json!([conv(3, 2, 2, "valid"), { "batch_norm": {} }, "gelu",
            { "residual": [{ "layer_norm": {} }, conv(3, 3, 1, "same"), "relu"] },
            "flatten", { "dense": 5 }, "erf", { "dense": 3 }]),
        json!([{ "locally_connected": { "channels": 3, "kernel": 3 } }, "relu",
            { "group_norm": { "groups": 3 } }, { "max_pool": 2 },
            { "residual": { "layers": [conv(2, 3, 1, "same")], "shortcut": [conv(2, 1, 1, "same")] } },
            "flatten", { "dense": 3 }]),
        // Channels meet only in the last layer, behind pools, norms and sums.
        json!([conv(4, 3, 1, "same"), "relu",
            { "residual": [conv(4, 3, 1, "circular"), { "batch_norm": {} }, "tanh"] },
            { "max_pool": { "window": 2, "stride": 1 } }, "global_average_pool", { "dense": 3 }]),
        json!([conv(2, 2, 2, "circular"), "gelu", conv(3, 3, 2, "same"), { "layer_norm": {} }, "relu",
            "global_average_pool", { "dense": 3 }]),
        // Ends without a dense layer.
        json!([conv(3, 3, 1, "same"), "relu", conv(3, 1, 1, "same"), "global_average_pool"]),
    ];
    let network = |(seed, layers): (usize, &serde_json::Value)| {
        let init = json!({ "ntk": { "weight_std": 1.4, "bias_std": 0.3 } });
        let architecture: Architecture =
            serde_json::from_value(json!({ "layers": layers, "init": init })).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut network = Network::initialize(&architecture, [5, 4, 2], 3, &mut random).unwrap();
        network.measure_statistics(&inputs(30, 40, 3));
        network
    };
    lists.iter().enumerate().map(network).collect()
}

/// Rates at which gradients, one gradient for all outputs, and positions win where they can.
const FORMS: [Rates; 3] = [
    Rates { gradient: 1e-9, channels: 1e9, positions: 1e9 },
    Rates { gradient: 1e3, channels: 1e-9, positions: 1e9 },
    Rates { gradient: 1e9, channels: 1e9, positions: 1e-9 },
];

#[test]
fn the_form_of_a_convolution_follows_its_size() {
    let network = |layers: serde_json::Value, side: usize, outputs: usize| {
        let architecture: Architecture =
            serde_json::from_value(json!({ "layers": layers })).unwrap();
        network::Program::new(&architecture, [side, side, 3].into(), outputs).unwrap()
    };
    let forms = |program: &network::Program, reduction: Reduction| -> Vec<Form> {
        let parts = passes(program, 100, reduction).concat();
        parts.iter().map(Part::form).collect()
    };
    let conv = |channels: usize| json!({ "conv": { "channels": channels, "kernel": 3 } });
    let small = |outputs: usize| {
        network(
            json!([conv(32), "relu", conv(64), "relu", "global_average_pool", { "dense": outputs }]),
            16,
            outputs,
        )
    };
    let (gradient, product) = (Form::Gradient, Form::Product);
    assert_eq!(forms(&small(1), Reduction::Full), [gradient, gradient, product]);
    assert_eq!(forms(&small(10), Reduction::SummedLogit), [gradient, gradient, product]);
    assert_eq!(forms(&small(10), Reduction::Full), [gradient, Form::Channels, product]);
    let wide =
        network(json!([conv(256), "relu", conv(256), "relu", "flatten", { "dense": 1 }]), 4, 1);
    let of_wide = forms(&wide, Reduction::Full);
    assert!(matches!(of_wide[1], Form::Positions(_)), "{of_wide:?}");
}

fn assert_near(what: &str, found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64) {
    let size = expected.iter().flatten().fold(0.0_f64, |s, v| s.max(v.abs()));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((f - e).abs() <= tolerance * size, "{what}: {f} is not {e}");
    }
}

#[test]
fn gramians_of_networks_of_layers_are_the_explicit_ones_however_many_passes_they_take() {
    for (number, network) in networks_of_layers().iter().enumerate() {
        // More samples than go through the network at once, and than one tile has.
        let (x, z) = (inputs(150, 40, 0), inputs(3, 40, 17));
        let (left, right) = (jacobian(network, &x), jacobian(network, &z));
        for reduction in REDUCTIONS {
            let what = format!("network {number}, {reduction:?}");
            let (fx, fz) = (factors(network, &x, reduction), factors(network, &z, reduction));
            let expected = explicit(&left, &left, 3, reduction);
            assert_near(&what, &square(&fx, reduction), &expected, 1e-12);
            let across = explicit(&right, &left, 3, reduction);
            assert_near(&what, &cross(&fz, &fx, reduction), &across, 1e-12);
            // Every form that a layer can take, in one pass, in single layers and single rows of their
            // windows.
            let forms = [Rates::MEASURED].into_iter().chain(FORMS);
            for (rates, most) in
                forms.flat_map(|rates| [f64::INFINITY, 60.0, 0.0].map(move |most| (rates, most)))
            {
                let passes = network.program().factor_groups(signal(reduction), most, &rates);
                assert!(passes.len() > 1 || most > 0.0);
                let mut matrices = Vec::new();
                for pass in &passes {
                    let of_pass = factors_of(network, &x, reduction, pass);
                    if matrices.is_empty() {
                        let side = of_pass.side();
                        matrices = strips::<f64, f64>(&of_pass, 0..150_usize.div_ceil(side));
                    } else {
                        add_to_strips(&mut matrices, &of_pass);
                    }
                }
                let sums: Vec<Vec<f64>> = matrices.iter().map(Symmetric::to_dense).collect();
                let what = format!("{what}, {rates:?}, {} passes", passes.len());
                assert_near(&what, &sums, &expected, 1e-12);
            }
            let single: Network<f32> = network.cast();
            let x32: Vec<f32> = x.iter().map(|&v| v as f32).collect();
            let found = square(&factors(&single, &x32, reduction), reduction);
            let wide: Vec<Vec<f64>> =
                found.iter().map(|m| m.iter().map(|&v| f64::from(v)).collect()).collect();
            assert_near(&what, &wide, &expected, 1e-5);
        }
    }
}

#[test]
fn the_gramian_times_a_vector_is_a_finite_difference_along_its_gradient() {
    let network = network(&[8, 7], Activation::Tanh, true, false, 3, 1);
    let x = inputs(20, 3, 0);
    let v: Vec<f64> = (0..20).map(|i| f64::from(i).cos()).collect();
    let mut workspace = Workspace::new(&network, 20);
    workspace.forward(&network.views(), &x);
    workspace.backward(&network.views(), &x, &v);
    let gradient = workspace.gradient(&network.views(), &x);
    let moved = |step: f64| {
        let mut moved = network.clone();
        let mut direction = gradient.iter();
        for (_, tensor) in moved.tensors_mut() {
            for (p, g) in tensor.iter_mut().zip(&mut direction) {
                *p += step * g;
            }
        }
        moved.forward(&x)
    };
    let step = 1e-6;
    let (up, down) = (moved(step), moved(-step));
    let gram = &square(&factors(&network, &x, Reduction::Full), Reduction::Full)[0];
    let tangent = directional_derivative(&network, &x, &gradient);
    for i in 0..20 {
        let product: f64 = (0..20).map(|j| gram[i * 20 + j] * v[j]).sum();
        let difference = (up[i] - down[i]) / (2.0 * step);
        // Truncation h² f‴ and rounding ε/h.
        assert!((product - difference).abs() <= 1e-8 * product.abs().max(1.0));
        assert!((product - tangent[i]).abs() <= 1e-12 * product.abs().max(1.0));
    }
}

#[test]
fn a_linear_network_has_its_closed_form() {
    // f = h V with h = x W: G = (x xᵀ) (V Vᵀ) + h hᵀ, and + 2 with biases.
    let network = network(&[5], Activation::Linear, true, false, 3, 1);
    let x = inputs(6, 3, 0);
    let (w, v) = (&network.layers[0].weight, &network.layers[1].weight);
    let hidden: Vec<Vec<f64>> = x
        .chunks(3)
        .map(|x| (0..5).map(|j| (0..3).map(|i| x[i] * w[i * 5 + j]).sum()).collect())
        .collect();
    let gram = &square(&factors(&network, &x, Reduction::Full), Reduction::Full)[0];
    let norm: f64 = v.iter().map(|v| v * v).sum();
    for i in 0..6 {
        for j in 0..6 {
            let xx: f64 = (0..3).map(|k| x[i * 3 + k] * x[j * 3 + k]).sum();
            let hh: f64 = (0..5).map(|k| hidden[i][k] * hidden[j][k]).sum();
            let expected = (xx + 1.0) * norm + hh + 1.0;
            assert!((gram[i * 6 + j] - expected).abs() <= 1e-12 * expected.abs().max(1.0));
        }
    }
}

#[test]
fn a_wide_relu_layer_has_the_arc_cosine_kernel() {
    // Jacot et al. 2018 with the arc-cosine kernels of Cho & Saul 2009:
    // Θ(x, x') = |x||x'| s² (sin a + (π − a) cos a) / 2π + s² (x·x') s² (π − a) / 2π / d.
    let (width, seeds, s) = (512_usize, 48_u64, 1.4_f64);
    let architecture = Architecture {
        hidden: vec![width],
        activation: Activation::Relu,
        init: Initialization::Ntk { weight_std: s, bias_std: 0.0 },
        bias: false,
        ..Architecture::default()
    };
    let x = [1.0, 0.0, 0.6, 0.8];
    let mut mean = [0.0; 4];
    let mut square_sum = [0.0; 4];
    for seed in 0..seeds {
        let network: Network<f64> =
            Network::initialize(&architecture, 2, 1, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
        let gram = &square(&factors(&network, &x, Reduction::Full), Reduction::Full)[0];
        for e in 0..4 {
            mean[e] += gram[e] / seeds as f64;
            square_sum[e] += gram[e] * gram[e] / seeds as f64;
        }
    }
    for e in 0..4 {
        let (i, j) = (e / 2, e % 2);
        let cosine: f64 = (x[2 * i] * x[2 * j] + x[2 * i + 1] * x[2 * j + 1]).clamp(-1.0, 1.0);
        let angle = cosine.acos();
        let pi = std::f64::consts::PI;
        // z = (s/√d) W x, so h·h'/w → (s²/d) (sin a + (π − a) cos a) / 2π, times s².
        let last = s * s * (s * s / 2.0) * (angle.sin() + (pi - angle) * cosine) / (2.0 * pi);
        let first = (s * s / 2.0) * cosine * s * s * (pi - angle) / (2.0 * pi);
        let expected = last + first;
        let deviation = (square_sum[e] - mean[e] * mean[e]).sqrt() / (seeds as f64).sqrt();
        // Four standard errors of the mean over seeds.
        assert!((mean[e] - expected).abs() <= 4.0 * deviation, "{} is not {expected}", mean[e]);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let network: Network<f32> = network(&[19, 23], Activation::Tanh, true, false, 2, 2).cast();
    let x: Vec<f32> = inputs(300, 2, 0).iter().map(|&v| v as f32).collect();
    let gram = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| square(&factors(&network, &x, Reduction::Full), Reduction::Full))
    };
    let bits = |gram: Vec<Vec<f32>>| -> Vec<u32> { gram[0].iter().map(|v| v.to_bits()).collect() };
    assert_eq!(bits(gram(1)), bits(gram(3)));
}

/// Whether no two entries differ by more than `bound`.
fn close(a: &[Vec<f64>], b: &[Vec<f64>], bound: f64) -> bool {
    assert_eq!(a.len(), b.len());
    let same_size = a.iter().zip(b).all(|(a, b)| a.len() == b.len());
    let mut entries = a.iter().flatten().zip(b.iter().flatten());
    same_size && entries.all(|(a, b)| (a - b).abs() <= bound)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tiles_of_any_side_are_parts_of_one_matrix(
        side in 1_usize..40, n in 1_usize..90, m in 1_usize..50, o in 1_usize..4, d in 1_usize..8,
        from in 0_usize..50, to in 0_usize..50,
    ) {
        let network = network(&[5, 9], Activation::Tanh, true, true, d, o);
        let (x, z) = (inputs(n, d, 0), inputs(m, d, 17));
        let (from, to) = (from.min(to).min(m), from.max(to).min(m));
        for reduction in REDUCTIONS {
            let (fx, fz) = (factors(&network, &x, reduction), factors(&network, &z, reduction));
            let whole = cross(&fx, &fx, reduction);
            let size = whole.iter().flatten().fold(0.0_f64, |s, v| s.max(v.abs()));
            let strips = n.div_ceil(side);
            let packed: Vec<Symmetric<f64>> = symmetric::of_strips(&fx, side, 0..strips);
            let dense: Vec<Vec<f64>> = packed.iter().map(Symmetric::to_dense).collect();
            prop_assert!(close(&dense, &whole, 1e-12 * size), "{reduction:?}");
            for (packed, dense) in packed.iter().zip(&dense) {
                let width = packed.width();
                for i in 0..width {
                    for j in 0..i {
                        prop_assert_eq!(dense[i * width + j].to_bits(), dense[j * width + i].to_bits());
                    }
                }
            }
            // Some of its strips, to the last bit.
            let held = from.min(strips)..to.min(strips);
            let cell = reduction.blocks(o).1;
            let at = |strip: usize| n.min(strip * side) * cell * n * cell;
            let some: Vec<Symmetric<f64>> = symmetric::of_strips(&fx, side, held.clone());
            for (some, dense) in some.iter().zip(&dense) {
                let same = some.to_dense() == dense[at(held.start)..at(held.end)];
                prop_assert!(same, "{reduction:?}, strips {held:?}");
            }
            // Some rows of the rectangle.
            let rectangle = cross(&fz, &fx, reduction);
            let some: Vec<Vec<f64>> = rectangle::rows(&fz, from..to, &fx, side);
            for (some, all) in some.iter().zip(&rectangle) {
                let all = &all[from * cell * n * cell..to * cell * n * cell];
                prop_assert!(close(std::slice::from_ref(some), &[all.to_vec()], 1e-12 * size));
            }
        }
    }
}

#[test]
fn sums_in_double_precision_are_rounded_once() {
    let network = network(&[7, 6], Activation::Tanh, true, false, 2, 1);
    let factors = factors(&network, &inputs(70, 2, 0), Reduction::Trace);
    let exact = square(&factors, Reduction::Trace).swap_remove(0);
    let rounded = symmetric::<f64, f32>(&factors).swap_remove(0).to_dense();
    let mut entries = exact.iter().zip(&rounded);
    assert!(entries.all(|(&exact, rounded)| (exact as f32).to_bits() == rounded.to_bits()));
}
