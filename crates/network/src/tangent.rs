//! Derivatives along a direction, and the largest eigenvalue of the kernel without the kernel.

use crate::model::Network;
use crate::scalar::Scalar;
use crate::workspace::Workspace;

/// J v: how the outputs (n × o) at `x` (n × d) change as the parameters move along `v`.
///
/// `v` has P entries in the order of [`Network::tensors`]. One forward pass of values and
/// tangents: t_{l+1} = φ'(z) ∘ (s_w (t_l W + h_l V_W) + s_b v_c).
///
/// # Panics
/// Where `v` has not P entries.
#[must_use]
pub fn directional_derivative<T: Scalar>(network: &Network<T>, x: &[T], v: &[T]) -> Vec<T> {
    assert_eq!(v.len(), network.parameter_count(), "v has P entries");
    let activation = network.architecture.activation;
    let rows = x.len() / network.input_dim().max(1);
    let mut h = x.to_vec();
    let mut t = vec![T::zero(); x.len()];
    let mut at = 0;
    for (l, layer) in network.layers.iter().enumerate() {
        let shape = [rows, layer.fan_in, layer.fan_out];
        let plain = crate::gemm::Gemm::Plain;
        let direction = &v[at..at + layer.weight.len()];
        at += layer.weight.len();
        let bias_direction = &v[at..at + layer.bias.len()];
        at += layer.bias.len();
        let mut z = vec![T::zero(); rows * layer.fan_out];
        let mut dz = z.clone();
        crate::gemm::gemm(plain, shape, layer.weight_scale, &h, &layer.weight, false, &mut z);
        crate::gemm::gemm(plain, shape, layer.weight_scale, &t, &layer.weight, false, &mut dz);
        crate::gemm::gemm(plain, shape, layer.weight_scale, &h, direction, true, &mut dz);
        for (e, (z, dz)) in z.iter_mut().zip(&mut dz).enumerate() {
            if !layer.bias.is_empty() {
                *z += layer.bias_scale * layer.bias[e % layer.fan_out];
                *dz += layer.bias_scale * bias_direction[e % layer.fan_out];
            }
            if l + 1 < network.layers.len() {
                *dz *= activation.slope(*z);
                *z = activation.value(*z);
            }
        }
        (h, t) = (z, dz);
    }
    t
}

/// λ₁ of G = JJᵀ over the rows of `x`, by power iteration to a relative change of `tolerance`.
///
/// A lower bound that rises towards λ₁; `None` where the iteration meets a number that is not
/// finite.
#[must_use]
pub fn largest_ntk_eigenvalue<T: Scalar>(
    network: &Network<T>,
    x: &[T],
    tolerance: f64,
) -> Option<f64> {
    const MOST_ITERATIONS: usize = 200;
    let rows = x.len() / network.input_dim().max(1);
    let mut workspace = Workspace::new(network, rows);
    let views = network.views();
    workspace.forward(&views, x);
    // Not constant, so that it is orthogonal to no eigenvector that matters.
    let mut v: Vec<T> =
        (0..rows * network.output_dim()).map(|i| T::of(1.0 + 0.5 * (i as f64).sin())).collect();
    let mut largest = 0.0;
    for _ in 0..MOST_ITERATIONS {
        let norm = v.iter().map(|v| v.wide() * v.wide()).sum::<f64>().sqrt();
        if !norm.is_finite() || norm == 0.0 {
            return (norm == 0.0).then_some(0.0);
        }
        for v in &mut v {
            *v = T::of(v.wide() / norm);
        }
        workspace.backward(&views, x, &v);
        let image = directional_derivative(network, x, &workspace.gradient(&views, x));
        let rayleigh: f64 = v.iter().zip(&image).map(|(v, g)| v.wide() * g.wide()).sum();
        if !rayleigh.is_finite() {
            return None;
        }
        if (rayleigh - largest).abs() <= tolerance * rayleigh {
            return Some(rayleigh);
        }
        largest = rayleigh;
        v = image;
    }
    Some(largest)
}
