//! The network in dfdx's own operations: the judge of the fused operation.

use dfdx::prelude::*;
use network::{Activation, Architecture, Network};
use stage::StageError;

use crate::loss::{Matrix, matrix};
use crate::model::Model;

/// A matrix whose history is on a tape.
type Traced = Matrix<OwnedTape<f32, Cpu>>;

/// Why dfdx's own operations cannot compute `architecture`, where they cannot.
pub(crate) fn missing(architecture: &Architecture) -> Option<&'static str> {
    if !architecture.layers.is_empty() {
        return Some("the engine dfdx knows fully connected networks only, those of `hidden`");
    }
    match architecture.activation {
        Activation::Erf => Some("dfdx has no operation for the activation erf"),
        // Its second term is x φ(x) √2: measured against finite differences, and seen in
        // `accurate_gelu/cpu_kernel.rs`, where the chain rule's 1/√2 is missing.
        Activation::Gelu => Some("dfdx 0.13 has a wrong derivative for the activation gelu"),
        _ => None,
    }
}

/// f_θ(x), n × o, on a tape; `x` is n × d. Of `network` only the shapes are looked at.
pub(crate) fn on_tape(
    model: &Model,
    network: &Network<f32>,
    x: &[f32],
    device: &Cpu,
) -> Result<Traced, StageError> {
    let architecture = &network.architecture;
    if let Some(reason) = missing(architecture) {
        return Err(StageError::new(reason).hint("use `engine: fused`"));
    }
    let inputs = network.input_dim();
    let rows = x.len() / inputs;
    let x: Matrix = matrix(device, x, (rows, inputs))?;
    let mut h = x.put_tape(OwnedTape::default());
    for (l, ((weight, bias), layer)) in model.layers.iter().zip(&network.layers).enumerate() {
        let (fan_in, fan_out) = (layer.fan_in, layer.fan_out);
        let weight = weight.retaped::<OwnedTape<f32, Cpu>>();
        let weight: Traced = weight.try_reshape_like(&(fan_in, fan_out))?;
        let weight_scale = architecture.init.weight_scale(fan_in) as f32;
        let mut z = h.try_matmul(weight)?.try_mul(weight_scale)?;
        if let Some(bias) = bias {
            // With a tape of its own, so that the gradient finds its way through the broadcast.
            let traced = bias.retaped::<OwnedTape<f32, Cpu>>();
            let scaled = traced.try_mul(architecture.init.bias_scale() as f32)?;
            z = z.try_add(scaled.try_broadcast_like::<_, Axis<0>>(&(rows, fan_out))?)?;
        }
        h = if l + 1 == model.layers.len() { z } else { activate(architecture.activation, z)? };
    }
    Ok(h)
}

fn activate(activation: Activation, z: Traced) -> Result<Traced, StageError> {
    Ok(match activation {
        Activation::Relu => z.try_relu()?,
        Activation::LeakyRelu(slope) => z.try_prelu(slope as f32)?,
        Activation::Tanh => z.try_tanh()?,
        Activation::Sigmoid => z.try_sigmoid()?,
        Activation::Softplus => z.try_exp()?.try_add(1.0)?.try_ln()?,
        Activation::Sine => z.try_sin()?,
        Activation::Linear | Activation::Erf | Activation::Gelu => z,
    })
}
