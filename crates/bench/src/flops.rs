//! Floating point operations of each kernel: those of its matrix products, a multiplication and an
//! addition each, none that could be left out.
//!
//! A convolution is a product of the windows of an image with its weights. Its part of a Gramian is
//! counted as the gradients of single samples and their products.

use network::{LayerSpec, Padding, Residual};

use crate::case::Case;
use crate::model::Model;

/// A layer with weights, which meet each of so many windows of a sample: one of a dense layer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Product {
    windows: f64,
    fan_in: f64,
    fan_out: f64,
    /// Whether weights are before it, so that a signal goes back through it.
    after_weights: bool,
}

impl Product {
    fn new([windows, fan_in, fan_out]: [usize; 3], after_weights: bool) -> Self {
        let [windows, fan_in, fan_out] = [windows, fan_in, fan_out].map(|size| size as f64);
        Self { windows, fan_in, fan_out, after_weights }
    }

    /// Of one sample, forward; as many give the gradient by the weights, or the signal before it.
    fn flops(&self) -> f64 {
        2.0 * self.windows * self.fan_in * self.fan_out
    }
}

/// What flows between two layers: its shape, and whether weights are before it.
#[derive(Clone)]
struct Value {
    shape: Vec<usize>,
    after_weights: bool,
}

/// All layers of `case` that have weights, the last one last.
fn products(case: &Case) -> Vec<Product> {
    let mut value = Value { shape: case.model.input().sizes(), after_weights: false };
    let mut products = Vec::new();
    if let Model::Dense { depth, width } = case.model {
        for l in 0..=depth {
            dense(&mut value, if l < depth { width } else { case.outputs }, &mut products);
        }
    } else {
        through(&case.architecture().layers, value, &mut products);
    }
    products
}

fn dense(value: &mut Value, width: usize, products: &mut Vec<Product>) {
    products.push(Product::new([1, value.shape[0], width], value.after_weights));
    *value = Value { shape: vec![width], after_weights: true };
}

/// Adds the products of `layers` on `value`; what comes out.
fn through(layers: &[LayerSpec], mut value: Value, products: &mut Vec<Product>) -> Value {
    for layer in layers {
        let Value { shape, after_weights } = &mut value;
        match layer {
            LayerSpec::Conv(conv) => {
                let patch = conv.kernel * conv.kernel * shape[2];
                let beyond = if conv.padding == Padding::Valid { conv.kernel } else { 1 };
                shape[..2].iter_mut().for_each(|size| *size = (*size - beyond) / conv.stride + 1);
                let sizes = [shape[0] * shape[1], patch, conv.channels];
                products.push(Product::new(sizes, *after_weights));
                (shape[2], *after_weights) = (conv.channels, true);
            }
            LayerSpec::AveragePool(pool) | LayerSpec::MaxPool(pool) => {
                let (side, stride) = pool.side_and_stride();
                shape[..2].iter_mut().for_each(|size| *size = (*size - side) / stride + 1);
            }
            LayerSpec::Residual(Residual::Layers(inner)) => {
                value = through(inner, value, products);
            }
            LayerSpec::Residual(Residual::Projected(sum)) => {
                through(&sum.shortcut, value.clone(), products);
                value = through(&sum.layers, value, products);
            }
            LayerSpec::Dense(width) => dense(&mut value, *width, products),
            LayerSpec::GlobalAveragePool => *shape = vec![shape[2]],
            LayerSpec::Flatten => *shape = vec![shape.iter().product()],
            _ => {}
        }
    }
    value
}

/// Outputs of all samples.
#[must_use]
pub fn forward(case: &Case) -> f64 {
    case.samples as f64 * products(case).iter().map(Product::flops).sum::<f64>()
}

/// Weight gradients of all layers, and signals of all but the first: no weights are before it.
#[must_use]
pub fn backward(case: &Case) -> f64 {
    forward(case) + signals(case)
}

/// B_l from B_{l+1}, for one output.
fn signals(case: &Case) -> f64 {
    let products = products(case);
    let with = products.iter().filter(|product| product.after_weights);
    case.samples as f64 * with.map(Product::flops).sum::<f64>()
}

/// One triangle of Σ_l H_lH_lᵀ ∘ B_l^a B_l^bᵀ over all a, b, and the factors.
///
/// The signals of the last layer are 0 or 1 and need no product.
#[must_use]
pub fn gramian(case: &Case) -> f64 {
    factors(case) + 0.5 * pairs(case)
}

/// A whole rectangle of N × N, and the factors of 2 N samples.
#[must_use]
pub fn cross_gramian(case: &Case) -> f64 {
    2.0 * factors(case) + pairs(case)
}

/// Inputs and signals of all layers; of a convolution the gradients of single samples.
fn factors(case: &Case) -> f64 {
    let products = products(case);
    let shared = products.iter().filter(|product| product.windows > 1.0);
    let gradients = case.samples as f64 * shared.map(Product::flops).sum::<f64>();
    forward(case) + case.outputs as f64 * (signals(case) + gradients)
}

/// The factors of all samples by those of all samples.
fn pairs(case: &Case) -> f64 {
    let (n, rows) = (case.samples as f64, (case.samples * case.outputs) as f64);
    let products = products(case);
    let last = products.len() - 1;
    let each = products.iter().enumerate().map(|(l, product)| {
        let Product { windows, fan_in, fan_out, .. } = product;
        if *windows > 1.0 {
            return 2.0 * rows * rows * fan_in * fan_out;
        }
        let signals = if l == last { 0.0 } else { 2.0 * rows * rows * fan_out };
        2.0 * n * n * fan_in + signals
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cases;

    fn same(a: f64, b: f64) {
        assert!((a - b).abs() < 0.5, "{a} is not {b}");
    }

    fn case(model: Model) -> Case {
        let mut case = cases(false).swap_remove(0);
        (case.samples, case.outputs, case.model) = (10, 1, model);
        case
    }

    #[test]
    fn a_network_of_one_hidden_layer_counts_as_on_paper() {
        let case = case(Model::Dense { depth: 1, width: 4 });
        // 2 → 4 → 1: twelve weights, four of them after the first layer.
        same(forward(&case), 2.0 * 10.0 * 12.0);
        same(backward(&case), 2.0 * 10.0 * (12.0 + 4.0));
        // Products: H₀ (2), B₀ (4), H₁ (4) of 10 × 10 entries, half of them.
        same(gramian(&case), 2.0 * 10.0 * 16.0 + 100.0 * 10.0);
        same(cross_gramian(&case), 4.0 * 10.0 * 16.0 + 200.0 * 10.0);
    }

    #[test]
    fn convolutions_count_their_windows() {
        let case = case(Model::Convolutional { side: 4, width: 2 });
        // 16 windows of 27 → 2 and 18 → 2, then 4 windows of 18 → 4 and 36 → 4, then 4 → 1.
        let (first, rest) = (16.0 * 54.0, 16.0 * 36.0 + 4.0 * (72.0 + 144.0));
        same(forward(&case), 20.0 * (first + rest + 4.0));
        same(backward(&case), 20.0 * (first + 2.0 * (rest + 4.0)));
        let gradients = 54.0 + 36.0 + 72.0 + 144.0;
        let factors = 20.0 * (2.0 * first + 3.0 * rest + 2.0 * 4.0);
        same(gramian(&case), factors + 100.0 * (gradients + 4.0));
    }

    #[test]
    fn a_shortcut_counts_and_an_image_is_cut_down_by_its_stride() {
        let case = case(Model::Residual { side: 4, width: 1, norm: true });
        let (first, same_size) = (16.0 * 27.0, 16.0 * 9.0);
        let down = |c: f64, windows: f64| windows * (c * 2.0 * c * (9.0 + 1.0) + 4.0 * c * c * 9.0);
        let all = first + 2.0 * same_size + down(1.0, 4.0) + down(2.0, 1.0) + 4.0;
        same(forward(&case), 20.0 * all);
        same(backward(&case), 20.0 * (2.0 * all - first));
    }
}
