//! The layers of a trained network: those that its run states, or those of a stack of dense layers.

use artifact::{LayerOutline, Outline};
use serde_json::Value;

use crate::about::in_words;

/// The layers of the network of a run, in order; `None` where they are not known.
#[must_use]
pub fn layers(outline: &Outline) -> Option<Vec<LayerOutline>> {
    let stated = outline.layers.clone().or_else(|| dense(outline));
    stated.filter(|layers| !layers.is_empty())
}

/// The layers of a network that is given by the widths of its hidden layers.
fn dense(outline: &Outline) -> Option<Vec<LayerOutline>> {
    let network = outline.network.as_ref()?;
    let hidden: Option<Vec<u64>> =
        network.get("hidden")?.as_array()?.iter().map(Value::as_u64).collect();
    let has_biases = network.get("bias") != Some(&Value::Bool(false));
    let activation = network.get("activation").map_or_else(|| "activation".to_owned(), in_words);
    let mut input = outline.input_dim?;
    let mut layers = Vec::new();
    for width in hidden? {
        layers.push(dense_layer(input, width, has_biases));
        layers.push(LayerOutline {
            layer: activation.clone(),
            input: vec![width],
            output: vec![width],
            parameters: 0,
            flops: width,
            branches: Vec::new(),
        });
        input = width;
    }
    layers.push(dense_layer(input, outline.output_dim?, has_biases));
    Some(layers)
}

fn dense_layer(input: u64, output: u64, has_bias: bool) -> LayerOutline {
    let (weights, biases) = (input.saturating_mul(output), if has_bias { output } else { 0 });
    LayerOutline {
        layer: format!("dense {output}"),
        input: vec![input],
        output: vec![output],
        parameters: weights.saturating_add(biases),
        flops: weights.saturating_mul(2).saturating_add(biases),
        branches: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(network: Value) -> Outline {
        Outline {
            input_dim: Some(2),
            output_dim: Some(1),
            network: Some(network),
            ..Outline::default()
        }
    }

    #[test]
    fn widths_of_hidden_layers_are_dense_layers_with_an_activation_each() {
        let outline = of(json!({ "hidden": [8, 4], "activation": { "leaky_relu": 0.01 } }));
        let layers = layers(&outline).unwrap();
        let told: Vec<(&str, &[u64], u64, u64)> = layers
            .iter()
            .map(|layer| (layer.layer.as_str(), &layer.output[..], layer.parameters, layer.flops))
            .collect();
        assert_eq!(
            told,
            [
                ("dense 8", &[8][..], 24, 40),
                ("leaky relu 0.01", &[8], 0, 8),
                ("dense 4", &[4], 36, 68),
                ("leaky relu 0.01", &[4], 0, 4),
                ("dense 1", &[1], 5, 9),
            ]
        );
    }

    #[test]
    fn without_biases_there_are_fewer_parameters() {
        let outline = of(json!({ "hidden": [], "activation": "tanh", "bias": false }));
        assert_eq!(layers(&outline).unwrap()[0].parameters, 2);
    }

    #[test]
    fn what_a_run_states_comes_first() {
        let stated =
            Outline { layers: Some(vec![dense_layer(3, 7, true)]), ..of(json!({ "hidden": [8] })) };
        assert_eq!(layers(&stated), stated.layers);
    }

    #[test]
    fn a_network_of_another_form_has_no_layers() {
        for network in [json!("lstm"), json!({ "hidden": 3 }), json!({ "hidden": [-1] }), json!({})]
        {
            assert_eq!(layers(&of(network)), None);
        }
        assert_eq!(layers(&Outline { layers: Some(Vec::new()), ..Outline::default() }), None);
    }
}
