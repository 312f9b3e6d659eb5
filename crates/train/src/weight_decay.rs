//! Weight decay and clipping: what becomes of a gradient before the optimizer sees it.

use network::{Initialization, Layer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A penalty ½ Σ_l λ_l ‖θ_l‖² of large parameters, of which ∇ gets λ_l θ_l more.
///
/// Recorded losses and gradient norms are without it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightDecay {
    /// λ.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub l2: f64,
    /// How λ becomes the λ_l of each layer's weights and biases.
    #[serde(default)]
    pub per_layer: PerLayer,
}

/// How one λ becomes that of each layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PerLayer {
    /// λ for all parameters.
    #[default]
    Plain,
    /// λ over the variance with which the parameters were drawn, λ n_l / σ_w² of n_l inputs a unit: what
    /// λ is in the NTK parameterization, whose parameters have variance 1. λ for biases, which start at
    /// 0, and none for norms. (Lee et al. 2020, *Finite Versus Infinite Neural Networks*.)
    Ntk,
}

impl WeightDecay {
    /// What is wrong with it, with a JSON Pointer.
    pub(crate) fn problems(self) -> Vec<(String, String)> {
        if self.l2.is_finite() && self.l2 > 0.0 {
            return Vec::new();
        }
        let message = format!("l2 is {}; it must be a finite number above 0", self.l2);
        vec![("/l2".to_owned(), message)]
    }

    /// λ_l of the weights and of the biases of `layer`.
    pub(crate) fn of(self, init: Initialization, layer: &Layer<f32>) -> [Option<f64>; 2] {
        match self.per_layer {
            PerLayer::Plain => [Some(self.l2); 2],
            PerLayer::Ntk if layer.is_norm => [None; 2],
            PerLayer::Ntk => [Some(self.l2 / init.weight_variance(layer.fans)), Some(self.l2)],
        }
    }
}

/// What becomes of a gradient g of parameters θ: s g + λ θ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shaping {
    /// s, where the gradient is clipped.
    pub scale: Option<f32>,
    /// λ, where parameters decay.
    pub decay: Option<f32>,
}

impl Shaping {
    /// Shapes `gradient`, the gradient by `parameters`.
    pub fn apply(self, gradient: &mut [f32], parameters: &[f32]) {
        if let Some(scale) = self.scale {
            for g in gradient.iter_mut() {
                *g *= scale;
            }
        }
        if let Some(decay) = self.decay {
            for (g, &p) in gradient.iter_mut().zip(parameters) {
                *g = decay.mul_add(p, *g);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use network::{Architecture, Network};
    use stage::Seed;

    use super::*;

    #[test]
    fn decay_adds_its_share_of_the_parameters_to_a_gradient_that_is_clipped_first() {
        let mut gradient = [1.0_f32, -2.0];
        Shaping { scale: Some(0.5), decay: Some(0.1) }.apply(&mut gradient, &[10.0, 20.0]);
        assert_eq!(gradient.map(f32::to_bits), [1.5_f32, 1.0].map(f32::to_bits));
        Shaping { scale: None, decay: None }.apply(&mut gradient, &[10.0, 20.0]);
        assert_eq!(gradient.map(f32::to_bits), [1.5_f32, 1.0].map(f32::to_bits));
    }

    #[test]
    fn per_layer_it_is_over_the_variance_with_which_a_layer_was_drawn() {
        let architecture: Architecture = serde_json::from_str(
            r#"{ "layers": [{ "conv": { "channels": 5, "kernel": 3 } }, { "layer_norm": {} }, "flatten", { "dense": 2 }],
                 "init": "he" }"#,
        )
        .expect("parses");
        let mut random = Seed(0).stream("init");
        let network: Network<f32> =
            Network::initialize(&architecture, [4, 4, 2], 2, &mut random).expect("a network");
        let decay = |per_layer| {
            let decay = WeightDecay { l2: 0.1, per_layer };
            network
                .layers
                .iter()
                .map(move |layer| decay.of(architecture.init, layer))
                .collect::<Vec<_>>()
        };
        assert_eq!(decay(PerLayer::Plain), [[Some(0.1); 2]; 3]);
        let of = |inputs: f64| [Some(0.1 / (2.0 / inputs)), Some(0.1)];
        assert_eq!(decay(PerLayer::Ntk), [of(18.0), [None; 2], of(80.0)]);
    }
}
