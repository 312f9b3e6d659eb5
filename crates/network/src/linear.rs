//! A step as an affine map: what it makes of a point and of directions from it.

use crate::convolution;
use crate::gemm::{Gemm, gemm};
use crate::local;
use crate::model::{LayerView, Network};
use crate::normalization::{Moments, scale_and_shift};
use crate::pooling;
use crate::program::{Op, Step};
use crate::scalar::Scalar;
use crate::shape::Shape;

/// The linear part of a step: what it makes of rows of its inputs without biases; of a step that is not
/// linear, a norm or a maximum, the rows themselves.
///
/// `first` and `second` are n rows of its inputs, `second` only read by a sum; `result` is n rows of its value.
pub(crate) fn product<T: Scalar>(
    step: &Step,
    layer: Option<&LayerView<'_, T>>,
    (first, second): (&[T], &[T]),
    padded: &mut Vec<T>,
    result: &mut [T],
) {
    let channels = step.shapes[1].channels();
    match (step.op, layer) {
        (Op::Dense, Some(layer)) => {
            let shape = [result.len() / layer.fan_out.max(1), layer.fan_in, layer.fan_out];
            gemm(Gemm::Plain, shape, layer.weight_scale, first, layer.weight, false, result);
        }
        (Op::Convolution(window), Some(layer)) => {
            let (scale, weight) = (layer.weight_scale, layer.weight);
            convolution::forward(&window, channels, scale, weight, first, padded, result);
        }
        (Op::Local(window), Some(layer)) => {
            let (scale, weight) = (layer.weight_scale, layer.weight);
            local::forward(&window, channels, scale, weight, first, padded, result);
        }
        (Op::AveragePool(window), _) => pooling::average(&window, first, result),
        (Op::GlobalAverage, _) => pooling::global_average(channels, first, result),
        (Op::Sum, _) => {
            for ((to, &a), &b) in result.iter_mut().zip(first).zip(second) {
                *to = a + b;
            }
        }
        _ => result.copy_from_slice(first),
    }
}

impl<T: Scalar> Network<T> {
    /// What step `s` makes of a point and of directions from it, before its activation: the first of the rows
    /// of `inputs`, one slice of n × width for each of the step's inputs, is the point, the others are directions.
    ///
    /// With z(x) the step as a function of its input, the result has the rows z(x), z'(x) v₁, z'(x) v₂, …: so an
    /// affine function of a few coordinates, given by its coefficients, goes through the step exactly. A batch
    /// norm uses its fixed statistics. `None` for a step that is not affine: a maximum, a norm of single samples.
    ///
    /// # Panics
    /// Where the network has no step `s`, or `inputs` have other shapes than it.
    #[must_use]
    pub fn affine_step(&self, s: usize, inputs: &[&[T]]) -> Option<Vec<T>> {
        let step = &self.program().steps[s];
        let [from, width] = step.shapes.map(Shape::len);
        let (first, second) = (inputs[0], inputs[step.inputs.len() - 1]);
        let rows = first.len() / from;
        assert!(first.len() == rows * from && second.len() == first.len(), "inputs are n × width");
        let layer = step.layer.map(|layer| self.layers[layer].view());
        let mut result = vec![T::zero(); rows * width];
        match (step.op, &layer) {
            (Op::Norm(norm), Some(layer)) => {
                if !step.is_batch_norm() {
                    return None;
                }
                let [means, variances] = layer.statistics;
                // A direction has nothing to be centred on.
                let still = vec![T::zero(); norm.channels];
                for (row, (x, to)) in
                    first.chunks_exact(from).zip(result.chunks_exact_mut(width)).enumerate()
                {
                    let is_point = row == 0;
                    let centre: &[T] = if is_point { means } else { &still };
                    let moments: Vec<Moments<T>> = centre
                        .iter()
                        .zip(variances)
                        .map(|(&mean, &variance)| Moments::new(mean, variance, norm.epsilon))
                        .collect();
                    norm.normalized(&moments, x, to);
                    let beta: &[T] = if is_point { layer.bias } else { &still };
                    scale_and_shift(layer.weight, beta, to);
                }
            }
            (Op::MaxPool(_), _) => return None,
            _ => {
                product(step, layer.as_ref(), (first, second), &mut Vec::new(), &mut result);
                if let Some(layer) = layer.filter(|layer| !layer.bias.is_empty()) {
                    for (to, &c) in result[..width].iter_mut().zip(layer.bias.iter().cycle()) {
                        *to += c * layer.bias_scale;
                    }
                }
            }
        }
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use crate::{Architecture, Mode, Network, Shape, Workspace};

    /// Every kind of step that is affine, one after the other.
    const LAYERS: &str = r#"{ "layers": [
        { "conv": { "channels": 3, "kernel": 3 } }, { "batch_norm": {} },
        { "residual": [{ "conv": { "channels": 3, "kernel": 3 } }] },
        { "average_pool": 2 }, { "locally_connected": { "channels": 4, "kernel": 2 } }, "global_average_pool", { "dense": 2 }] }"#;

    #[test]
    fn a_network_of_affine_steps_is_what_they_make_one_after_the_other() {
        let architecture: Architecture = serde_json::from_str(LAYERS).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let shape = Shape::of_inputs(6 * 6 * 2, Some(&[6, 6, 2]));
        let mut network = Network::<f64>::initialize(&architecture, shape, 2, &mut random).unwrap();
        for (_, tensor) in network.tensors_mut() {
            (0..).zip(tensor).for_each(|(i, p)| *p += 0.1 * f64::from(i).sin());
        }
        for (_, statistics) in network.statistics_mut() {
            (0..).zip(statistics).for_each(|(i, s)| *s += 0.3 + 0.1 * f64::from(i).cos());
        }
        let number = |i: usize, phase: f64| (1.7 * i as f64 + phase).sin();
        let d = network.input_dim();
        let (x, v): (Vec<f64>, Vec<f64>) = (0..d).map(|i| (number(i, 0.0), number(i, 1.0))).unzip();
        let mut values = vec![[x.clone(), v.clone()].concat()];
        for (s, step) in network.program().steps.iter().enumerate() {
            let inputs: Vec<&[f64]> =
                step.inputs.iter().map(|&value| values[value].as_slice()).collect();
            values.push(network.affine_step(s, &inputs).expect("an affine step"));
        }
        let moved: Vec<f64> = x.iter().zip(&v).map(|(x, v)| x + v).collect();
        let mut workspace = Workspace::in_mode(&network, 2, Mode::Inference);
        let expected = workspace.forward(&network.views(), &[x, moved].concat()).to_vec();
        let found = values.last().unwrap();
        for a in 0..2 {
            assert!((found[a] - expected[a]).abs() <= 1e-12 * expected[a].abs());
            let along = expected[2 + a] - expected[a];
            assert!((found[2 + a] - along).abs() <= 1e-11 * expected[a].abs().max(1.0));
        }
    }

    #[test]
    fn what_is_not_affine_has_no_such_rows() {
        let network = |layers: &str| {
            let architecture: Architecture = serde_json::from_str(layers).unwrap();
            let shape = Shape::of_inputs(16, Some(&[4, 4, 1]));
            Network::<f64>::initialize(&architecture, shape, 4, &mut ChaCha8Rng::seed_from_u64(0))
                .unwrap()
        };
        let pool = network(r#"{ "layers": [{ "max_pool": 2 }, "flatten"] }"#);
        assert_eq!(pool.affine_step(0, &[&[0.0; 32]]), None);
        let norm = network(r#"{ "layers": [{ "layer_norm": {} }, "flatten", { "dense": 4 }] }"#);
        assert_eq!(norm.affine_step(0, &[&[0.0; 32]]), None);
    }
}
