//! The codes of samples: which units they activate.

use std::ops::Range;

use network::{Mode, Network, Workspace};
use stage::StageError;
use statistics::Bits;

use crate::gated::Gated;

/// Numbers of all values of the samples that are in the network at once, at most: 64 MiB.
const NUMBERS: f64 = (16 << 20) as f64;
/// Most samples that are.
const MOST_ROWS: usize = 1024;

/// What a network makes of samples.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The codes, n × w: the chosen layers side by side.
    pub codes: Bits,
    /// The largest output of each sample, of equal ones the first.
    pub answers: Vec<u32>,
}

/// Samples that are in a network of so many values a sample at once.
#[must_use]
pub fn rows_at_once(value_count: f64) -> usize {
    ((NUMBERS / value_count.max(1.0)) as usize).clamp(1, MOST_ROWS)
}

/// The bits of each of `layers` within a code.
#[must_use]
pub fn places(layers: &[Gated]) -> Vec<Range<usize>> {
    let mut end = 0;
    let place = |layer: &Gated| {
        let start = end;
        end += layer.units;
        start..end
    };
    layers.iter().map(place).collect()
}

/// Codes and answers of the samples `inputs`, n × d: bit j of a code is `1[h_j > 0]`, h the values of `layers` after
/// their activations; batch norms use their fixed statistics.
///
/// Source: He et al. 2021, the activation code.
///
/// # Errors
/// Where an output is not finite, as after a training that diverged.
pub fn encode(
    network: &Network<f32>,
    layers: &[Gated],
    inputs: &[f32],
) -> Result<Encoded, StageError> {
    let (d, outputs) = (network.input_dim().max(1), network.output_dim().max(1));
    let places = places(layers);
    let bits = places.last().map_or(0, |place| place.end);
    let mut codes = Bits::zeros(inputs.len() / d, bits);
    let mut answers = Vec::with_capacity(codes.rows());
    let at_once = rows_at_once(network.program().value_count());
    let views = network.views();
    let mut workspace: Option<Workspace<f32>> = None;
    for (block, inputs) in inputs.chunks(at_once * d).enumerate() {
        let rows = inputs.len() / d;
        let kept = workspace.take().filter(|kept| kept.rows() == rows);
        let mut own = kept.unwrap_or_else(|| Workspace::in_mode(network, rows, Mode::Inference));
        for output in own.forward(&views, inputs).chunks_exact(outputs) {
            if output.iter().any(|value| !value.is_finite()) {
                return Err(StageError::new(format!(
                    "the network's output for sample {} is not finite; its units have no meaning",
                    answers.len()
                ))
                .hint("train with a lower learning rate"));
            }
            let larger = |best, a| if output[a] > output[best] { a } else { best };
            answers.push((1..output.len()).fold(0, larger) as u32);
        }
        for (layer, place) in layers.iter().zip(&places) {
            for (range, values) in own.values(layer.step) {
                for (row, values) in range.zip(values.chunks_exact(layer.units.max(1))) {
                    codes.set_positive(block * at_once + row, place.start, values);
                }
            }
        }
        workspace = Some(own);
    }
    Ok(Encoded { codes, answers })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use network::Architecture;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use serde_json::json;
    use statistics::Points;

    use super::*;
    use crate::gated::{Layers, chosen};

    fn network(architecture: serde_json::Value, d: usize) -> Network<f32> {
        let architecture: Architecture = serde_json::from_value(architecture).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(3);
        Network::initialize(&architecture, d, 2, &mut random).unwrap()
    }

    fn inputs(n: usize, d: usize) -> Vec<f32> {
        (0..n * d).map(|i| ((i * 37 % 101) as f32 / 50.0 - 1.0) + 1e-3).collect()
    }

    #[test]
    fn a_code_is_the_signs_of_all_layers_side_by_side() {
        let network = network(json!({ "hidden": [70, 5], "activation": { "leaky_relu": 0.1 } }), 3);
        // More samples than are in the network at once.
        let x = inputs(1500, 3);
        let layers = chosen(network.program(), &Layers::default()).unwrap();
        let found = encode(&network, &layers, &x).unwrap();
        assert_eq!((found.codes.rows(), found.codes.bits()), (1500, 75));
        for row in [0, 1, 700, 1023, 1024, 1499] {
            let mut h: Vec<f64> = x[row * 3..row * 3 + 3].iter().map(|&x| f64::from(x)).collect();
            let mut code = Vec::new();
            for layer in &network.layers {
                let z = (0..layer.fan_out).map(|j| {
                    let product: f64 = (0..layer.fan_in)
                        .map(|i| h[i] * f64::from(layer.weight[i * layer.fan_out + j]))
                        .sum();
                    product + f64::from(layer.bias[j])
                });
                h = z.map(|z| if z > 0.0 { z } else { 0.1 * z }).collect();
                code.extend(h.iter().map(|&h| f64::from(u8::from(h > 0.0))));
            }
            assert_eq!(found.codes.point(row), code[..75], "sample {row}");
            assert_eq!(found.answers[row], u32::from(h[1] > h[0]));
        }
    }

    #[test]
    fn half_the_codes_of_random_units_differ_as_the_angle_of_their_inputs_says() {
        // P(1[w·x > 0] ≠ 1[w·x' > 0]) = θ/π for Gaussian w (Goemans & Williamson 1995); 5 standard errors of a mean
        // of 4,096 bits, each of variance at most ¼.
        let width = 4096;
        let he = json!({ "hidden": [width], "activation": "relu", "init": "he", "bias": false });
        let network = network(he, 6);
        let x = inputs(40, 6);
        let layers = chosen(network.program(), &Layers::default()).unwrap();
        let codes = encode(&network, &layers, &x).unwrap().codes;
        let row = |i: usize| x[i * 6..(i + 1) * 6].iter().map(|&x| f64::from(x));
        let product = |i, j| row(i).zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
        let bound = 5.0 * (0.25 / f64::from(width)).sqrt();
        for i in 0..40 {
            for j in 0..i {
                let cosine = product(i, j) / (product(i, i) * product(j, j)).sqrt();
                let expected = cosine.clamp(-1.0, 1.0).acos() / PI;
                let found = f64::from(codes.distance(i, &codes, j)) / f64::from(width);
                assert!((found - expected).abs() <= bound, "{i} {j}: {found} {expected}");
            }
        }
    }

    #[test]
    fn outputs_that_are_not_finite_are_refused() {
        let mut network = network(json!({ "hidden": [4], "activation": "relu" }), 3);
        network.layers[1].bias[0] = f32::NAN;
        let layers = chosen(network.program(), &Layers::default()).unwrap();
        let error = encode(&network, &layers, &inputs(2, 3)).unwrap_err();
        assert!(error.message.contains("sample 0 is not finite"), "{}", error.message);
    }
}
