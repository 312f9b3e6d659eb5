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
    pub(crate) fn of(self, init: Initialization, layer: &Layer<f32>) -> [f64; 2] {
        match self.per_layer {
            PerLayer::Plain => [self.l2; 2],
            PerLayer::Ntk if layer.is_norm => [0.0; 2],
            PerLayer::Ntk => [self.l2 / init.weight_variance(layer.fans), self.l2],
        }
    }
}

/// What becomes of a gradient g of parameters θ: s g + λ θ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shaping {
    /// s, below 1 where the gradient is clipped.
    pub scale: f32,
    /// λ.
    pub decay: f32,
}

impl Shaping {
    /// Shapes `gradient`, the gradient by `parameters`.
    pub fn apply(self, gradient: &mut [f32], parameters: &[f32]) {
        if self.scale != 1.0 {
            gradient.iter_mut().for_each(|g| *g *= self.scale);
        }
        if self.decay != 0.0 {
            for (g, &p) in gradient.iter_mut().zip(parameters) {
                *g = self.decay.mul_add(p, *g);
            }
        }
    }
}
