//! Derivatives along a direction, and the largest eigenvalue of the kernel without the kernel.

use crate::dual::Dual;
use crate::model::Network;
use crate::scalar::Scalar;
use crate::workspace::{Mode, Workspace};

/// J v: how the outputs (n × o) at `x` (n × d) change as the parameters move along `v`.
///
/// `v` has P entries in the order of [`Network::tensors`]. One forward pass in numbers with a
/// derivative.
///
/// # Panics
/// Where `v` has not P entries.
#[must_use]
pub fn directional_derivative<T: Scalar>(network: &Network<T>, x: &[T], v: &[T]) -> Vec<T> {
    let mut moving = network.cast::<Dual<T>>();
    set_direction(&mut moving, v);
    let x: Vec<Dual<T>> = x.iter().map(|&value| Dual { value, tangent: T::zero() }).collect();
    moving.forward(&x).iter().map(|output| output.tangent).collect()
}

/// Lets the parameters of `network` move along `v`.
///
/// # Panics
/// Where `v` has not P entries.
pub(crate) fn set_direction<T: Scalar>(network: &mut Network<Dual<T>>, v: &[T]) {
    assert_eq!(v.len(), network.parameter_count(), "v has P entries");
    let mut v = v.iter();
    for (_, tensor) in network.tensors_mut() {
        tensor.iter_mut().zip(&mut v).for_each(|(number, &along)| number.tangent = along);
    }
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
    let mut workspace = Workspace::in_mode(network, rows, Mode::Inference);
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
