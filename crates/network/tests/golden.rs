//! Tiny networks of every layer against PyTorch in f64: outputs, gradients, kernels; see
//! `golden/make.py` for how they were made and what each tensor is.

use network::{
    Architecture, Factors, LossHessian, Mode, Network, OutputSignal, Shape, Workspace,
    directional_derivative,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    name: String,
    architecture: Architecture,
    shape: Vec<u64>,
    x: Vec<f64>,
    y: Vec<f64>,
    tensors: Vec<Tensor>,
    outputs: Vec<f64>,
    ntk: Vec<f64>,
    #[serde(default)]
    statistics: Vec<Statistics>,
}

#[derive(Deserialize)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
    values: Vec<f64>,
    gradient: Vec<f64>,
}

#[derive(Deserialize)]
struct Statistics {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Golden {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("golden/networks.json")).expect("golden networks")
    }

    fn network(&self) -> Network<f64> {
        let dim = self.shape.iter().product::<u64>() as usize;
        let shape = Shape::of_inputs(dim, Some(&self.shape));
        let outputs = self.tensors_outputs();
        let mut network = Network::zeros(&self.architecture, shape, outputs)
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let found: Vec<_> = network.tensors().map(|(name, shape, _)| (name, shape)).collect();
        let given: Vec<_> =
            self.tensors.iter().map(|t| (t.name.clone(), t.shape.clone())).collect();
        assert_eq!(found, given, "{}", self.name);
        for ((_, to), tensor) in network.tensors_mut().zip(&self.tensors) {
            to.copy_from_slice(&tensor.values);
        }
        let given = self.statistics.iter().flat_map(|of| [&of.mean, &of.variance]);
        for ((_, to), from) in network.statistics_mut().zip(given) {
            to.copy_from_slice(from);
        }
        network
    }

    fn rows(&self) -> usize {
        self.x.len() / self.shape.iter().product::<u64>() as usize
    }

    fn tensors_outputs(&self) -> usize {
        self.outputs.len() / self.rows()
    }

    fn close(&self, what: &str, found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{}: {what}", self.name);
        let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for (i, (f, e)) in found.iter().zip(expected).enumerate() {
            // The file has 12 digits; sums here have a few hundred terms.
            let close = f.is_finite() && (f - e).abs() <= 1e-11 * largest.max(0.1);
            assert!(close, "{}: {what} {i} is {f}, not {e}", self.name);
        }
    }
}

#[test]
fn outputs_and_gradients_are_those_of_pytorch() {
    for golden in Golden::all() {
        let network = golden.network();
        let views = network.views();
        let mut workspace = Workspace::new(&network, golden.rows());
        // The second pass finds the buffers of the first.
        for _ in 0..2 {
            let outputs = workspace.forward(&views, &golden.x).to_vec();
            golden.close("output", &outputs, &golden.outputs);
            let m: Vec<f64> = outputs.iter().zip(&golden.y).map(|(f, y)| f - y).collect();
            workspace.backward(&views, &golden.x, &m);
            for (l, layer) in network.layers.iter().enumerate() {
                let mut weight = vec![f64::NAN; layer.weight.len()];
                let mut bias = vec![f64::NAN; layer.bias.len()];
                workspace.write_weight_gradient(l, &views[l], &golden.x, &mut weight);
                workspace.write_bias_gradient(l, &views[l], &mut bias);
                for (part, found) in [("weight", weight), ("bias", bias)] {
                    let name = format!("{}.{part}", layer.name);
                    if let Some(tensor) = golden.tensors.iter().find(|t| t.name == name) {
                        golden.close(&name, &found, &tensor.gradient);
                    }
                }
            }
            for (statistics, given) in workspace.batch_statistics().zip(&golden.statistics) {
                golden.close("mean", &statistics.1[0], &given.mean);
                golden.close("variance", &statistics.1[1], &given.variance);
            }
        }
        golden.close("inference", &network.forward(&golden.x), &golden.outputs);
        let mut measured = network.clone();
        measured.statistics_mut().for_each(|(_, values)| values.fill(0.3));
        measured.measure_statistics(&golden.x);
        for ((name, found), (_, given)) in measured.statistics().zip(network.statistics()) {
            golden.close(&name, found, given);
        }
    }
}

/// (n·o) × (n·o), sample-major, from factors.
fn kernel(factors: &Factors<f64>, outputs: usize) -> Vec<f64> {
    let n = factors.rows;
    let mut kernel = vec![0.0; n * outputs * n * outputs];
    for layer in &factors.layers {
        let input = |i: usize| &layer.inputs[i * layer.fan_in..(i + 1) * layer.fan_in];
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let dot: f64 = input(i).iter().zip(input(j)).map(|(a, b)| a * b).sum();
            let inputs = layer.weight_factor * dot + layer.bias_factor;
            for (a, b) in (0..outputs).flat_map(|a| (0..outputs).map(move |b| (a, b))) {
                let signal = |a: usize, i: usize| {
                    &layer.signals[a][i * layer.fan_out..(i + 1) * layer.fan_out]
                };
                let product: f64 = signal(a, i).iter().zip(signal(b, j)).map(|(a, b)| a * b).sum();
                kernel[(i * outputs + a) * n * outputs + j * outputs + b] += inputs * product;
            }
        }
    }
    kernel
}

#[test]
fn factors_give_the_kernel_of_pytorchs_jacobian() {
    for golden in Golden::all() {
        let network = golden.network();
        let o = network.output_dim();
        let each = Factors::new(&network, &golden.x, OutputSignal::Each);
        golden.close("kernel", &kernel(&each, o), &golden.ntk);
        // Of the sum of all outputs: the sum over both.
        let sum = Factors::new(&network, &golden.x, OutputSignal::Sum);
        let n = golden.rows();
        let expected: Vec<f64> = (0..n * n)
            .map(|e| {
                let entry =
                    |a: usize, b: usize| golden.ntk[(e / n * o + a) * n * o + e % n * o + b];
                (0..o * o).map(|ab| entry(ab / o, ab % o)).sum()
            })
            .collect();
        golden.close("kernel of the sum", &kernel(&sum, 1), &expected);
    }
}

#[test]
fn derivatives_along_a_direction_are_differences() {
    for golden in Golden::all() {
        // Numbers of two decimals make ties between maxima: a little beside them there are none.
        let mut network = golden.network();
        for (_, tensor) in network.tensors_mut() {
            tensor.iter_mut().enumerate().for_each(|(i, p)| *p += 1e-2 * (i as f64 * 2.3).cos());
        }
        let v: Vec<f64> = (0..network.parameter_count()).map(|i| (i as f64 * 0.9).sin()).collect();
        let moved = |step: f64| {
            let mut network = network.clone();
            let mut v = v.iter();
            for (_, tensor) in network.tensors_mut() {
                tensor.iter_mut().zip(&mut v).for_each(|(p, v)| *p += step * v);
            }
            network
        };
        let gradient = |network: &Network<f64>| {
            let mut workspace = Workspace::in_mode(network, golden.rows(), Mode::Training);
            let m: Vec<f64> = workspace
                .forward(&network.views(), &golden.x)
                .iter()
                .zip(&golden.y)
                .map(|(f, y)| f - y)
                .collect();
            workspace.backward(&network.views(), &golden.x, &m);
            (m, workspace.gradient(&network.views(), &golden.x))
        };
        // Error h² of the difference and ε/h of rounding are equal near h = ε^⅓; kinks of relus and
        // maxima are further than that in these networks.
        let h = f64::EPSILON.cbrt();
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let close = |what: &str, found: &[f64], up: &[f64], down: &[f64]| {
            let error: Vec<f64> =
                (0..found.len()).map(|i| found[i] - (up[i] - down[i]) / (2.0 * h)).collect();
            // Third derivatives along v, ‖v‖² ≈ P/2, are a few thousand here.
            let bound = 1e5 * h * h * (1.0 + norm(found));
            assert!(norm(&error) <= bound, "{}: {what} is off by {}", golden.name, norm(&error));
        };
        let along = directional_derivative(&network, &golden.x, &v);
        let (up, down) = (moved(h).forward(&golden.x), moved(-h).forward(&golden.x));
        close("J v", &along, &up, &down);

        let (m, _) = gradient(&network);
        let identity = |_: usize, t: &[f64], image: &mut [f64]| image.copy_from_slice(t);
        let mut image = vec![f64::NAN; v.len()];
        LossHessian::new(&network, &golden.x, &m, identity).product(&v, &mut image);
        close("H v", &image, &gradient(&moved(h)).1, &gradient(&moved(-h)).1);
    }
}

#[test]
fn many_rows_on_any_number_of_threads_give_the_bits_of_few() {
    for golden in Golden::all() {
        let network: Network<f32> = golden.network().cast();
        let x: Vec<f32> = golden.x.iter().map(|&x| x as f32).collect();
        // Enough rows for several lanes of several blocks each.
        let repeats = 400 / golden.rows();
        let many: Vec<f32> = x.iter().copied().cycle().take(repeats * x.len()).collect();
        let rows = repeats * golden.rows();
        let bits = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| {
                let mut workspace = Workspace::new(&network, rows);
                let outputs = workspace.forward(&network.views(), &many).to_vec();
                workspace.backward(&network.views(), &many, &outputs);
                let gradient = workspace.gradient(&network.views(), &many);
                let factors = Factors::new(&network, &many, OutputSignal::Sum);
                let signals = factors.layers.into_iter().flat_map(|layer| layer.signals.concat());
                let all = outputs.into_iter().chain(gradient).chain(signals);
                all.map(f32::to_bits).collect::<Vec<u32>>()
            })
        };
        assert!(bits(1) == bits(2) && bits(1) == bits(5), "{}", golden.name);
        // The same rows again and again have the gradient of few, as often.
        let gradient = |rows: usize, x: &[f64]| {
            let network = golden.network();
            let mut workspace = Workspace::new(&network, rows);
            let m = workspace.forward(&network.views(), x).to_vec();
            workspace.backward(&network.views(), x, &m);
            workspace.gradient(&network.views(), x)
        };
        let once = gradient(golden.rows(), &golden.x);
        let many: Vec<f64> =
            golden.x.iter().copied().cycle().take(repeats * golden.x.len()).collect();
        let often: Vec<f64> = gradient(rows, &many).iter().map(|g| g / repeats as f64).collect();
        golden.close("gradient of many rows", &often, &once);
    }
}
