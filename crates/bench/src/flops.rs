//! Floating point operations of each kernel: those of its matrix products, a multiplication and an
//! addition each, none that could be left out.

use crate::case::Case;

/// Widths of a layer's input and output, layer by layer.
fn layers(case: &Case, inputs: usize) -> impl Iterator<Item = (f64, f64)> {
    let widths = case.architecture().widths(inputs, case.outputs);
    (0..=case.depth).map(move |l| (widths[l] as f64, widths[l + 1] as f64))
}

/// Σ_l 2 n fan_in fan_out.
#[must_use]
pub fn forward(case: &Case, inputs: usize) -> f64 {
    layers(case, inputs).map(|(i, o)| 2.0 * case.samples as f64 * i * o).sum()
}

/// Weight gradients of all layers, and signals of all but the first: nothing is before it.
#[must_use]
pub fn backward(case: &Case, inputs: usize) -> f64 {
    forward(case, inputs) + signals(case, inputs)
}

/// B_l from B_{l+1}, for one output.
fn signals(case: &Case, inputs: usize) -> f64 {
    layers(case, inputs).skip(1).map(|(i, o)| 2.0 * case.samples as f64 * i * o).sum()
}

/// One triangle of Σ_l H_lH_lᵀ ∘ B_l^a B_l^bᵀ over all a, b, and the factors.
///
/// The signals of the last layer are 0 or 1 and need no product.
#[must_use]
pub fn gramian(case: &Case, inputs: usize) -> f64 {
    let o = case.outputs as f64;
    forward(case, inputs) + o * signals(case, inputs) + 0.5 * products(case, inputs)
}

/// A whole rectangle of N × N, and the factors of 2 N samples.
#[must_use]
pub fn cross_gramian(case: &Case, inputs: usize) -> f64 {
    let o = case.outputs as f64;
    2.0 * (forward(case, inputs) + o * signals(case, inputs)) + products(case, inputs)
}

fn products(case: &Case, inputs: usize) -> f64 {
    let (n, o) = (case.samples as f64, case.outputs as f64);
    let each = layers(case, inputs).enumerate().map(|(l, (fan_in, fan_out))| {
        let signals = if l == case.depth { 0.0 } else { 2.0 * (n * o).powi(2) * fan_out };
        2.0 * n * n * fan_in + signals
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cases;

    #[test]
    fn a_network_of_one_hidden_layer_counts_as_on_paper() {
        let mut case = cases(false).swap_remove(0);
        (case.samples, case.depth, case.width, case.outputs) = (10, 1, 4, 1);
        let same = |a: f64, b: f64| assert!((a - b).abs() < 0.5, "{a} is not {b}");
        // 2 → 4 → 1: twelve weights, four of them after the first layer.
        same(forward(&case, 2), 2.0 * 10.0 * 12.0);
        same(backward(&case, 2), 2.0 * 10.0 * (12.0 + 4.0));
        // Products: H₀ (2), B₀ (4), H₁ (4) of 10 × 10 entries, half of them.
        same(gramian(&case, 2), 2.0 * 10.0 * 16.0 + 100.0 * 10.0);
        same(cross_gramian(&case, 2), 4.0 * 10.0 * 16.0 + 200.0 * 10.0);
    }
}
