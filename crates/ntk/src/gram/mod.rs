//! The Gramian G = J Jᵀ of a network, layer by layer.
//!
//! With H_l the inputs of dense layer l and B_l^a the signals ∂f_a/∂z_l, one row a sample,
//!
//! ```text
//! G^{ab} = Σ_l (s_w² H_l H_lᵀ + s_b² 1 1ᵀ) ∘ (B_l^a B_l^bᵀ)
//! ```
//!
//! which costs N² Σ(widths) multiplications where the explicit Jacobian needs N² P. A layer that
//! shares its weights between places, a convolution or a norm, enters with its Jacobian J_l^a itself,
//! G^{ab} += J_l^a J_l^bᵀ: it is short where many places share few weights. Where few places share many,
//! it enters by the products of all positions (`positions`), and where its signals differ between outputs
//! by a factor of each channel, all outputs share one gradient (`channels`). Where the factors of all
//! samples would not fit, parts of the network follow one after the other in `passes`.
//!
//! Source: Novak, Sohl-Dickstein & Schoenholz 2022, *Fast Finite Width Neural Tangent Kernel*
//! (2206.08720), structured derivatives.
//!
//! `factors` are H and B, a `tile` is what one thread computes at a time, `symmetric` is the
//! lower triangle of tiles, or those of some rows, `rectangle` the rows of other samples.

mod channels;
mod factors;
mod positions;
mod rectangle;
mod symmetric;
#[cfg(test)]
mod tests;
mod tile;

use std::ops::Range;

use artifact::tables::kernel::Reduction;
use kernel::Shape;
pub use kernel::Symmetric;
use network::{Network, Part, Rates, Scalar};

pub use factors::{Factors, passes};
pub(crate) use factors::{NUMBERS, SIDE, parts_with, side, signal};

/// The Gramians of a step, in strips as they are computed.
pub(crate) fn shape(train: usize, test: usize, outputs: usize, reduction: Reduction) -> Shape {
    let side = side(train, reduction.blocks(outputs).1);
    Shape { train, test, outputs, reduction, side, test_side: SIDE }
}

/// The factors of `network` at `x` (n × d) of which Gramians under `reduction` are made.
#[must_use]
pub fn factors<T: Scalar>(network: &Network<T>, x: &[T], reduction: Reduction) -> Factors<T> {
    let whole = network
        .program()
        .factor_groups(signal(reduction), f64::INFINITY, &Rates::MEASURED)
        .concat();
    Factors::new(network, x, reduction, &whole)
}

/// Those of `factors` of one of the [`passes`].
#[must_use]
pub fn factors_of<T: Scalar>(
    network: &Network<T>,
    x: &[T],
    reduction: Reduction,
    pass: &[Part],
) -> Factors<T> {
    Factors::new(network, x, reduction, pass)
}

/// G over the samples of `factors`, one triangle, rounded to `S`: one matrix, or one for each output
/// under `PerOutput`.
///
/// Each is (n·r) × (n·r), exactly symmetric, r = o under `Full` and 1 otherwise, rows and columns
/// sample-major. The bits do not depend on the number of threads.
#[must_use]
pub fn symmetric<T: Scalar, S: Scalar>(factors: &Factors<T>) -> Vec<Symmetric<S>> {
    strips(factors, 0..factors.rows().div_ceil(factors.side()))
}

/// The rows of `symmetric` in its strips `range`, the same to the last bit, in the memory of these
/// rows.
#[must_use]
pub fn strips<T: Scalar, S: Scalar>(
    factors: &Factors<T>,
    range: Range<usize>,
) -> Vec<Symmetric<S>> {
    symmetric::of_strips(factors, factors.side(), range)
}

/// Adds the share of further `factors` to the `matrices` that `strips` has made of those before.
pub fn add_to_strips<T: Scalar, S: Scalar>(matrices: &mut [Symmetric<S>], factors: &Factors<T>) {
    symmetric::add(matrices, factors, true);
}

/// G between the samples `from..to` of `rows` and all of `columns`, rounded to `S`: whole rows as
/// those of `symmetric`, row-major.
#[must_use]
pub fn rows<T: Scalar, S: Scalar>(
    rows: &Factors<T>,
    range: Range<usize>,
    columns: &Factors<T>,
) -> Vec<Vec<S>> {
    rectangle::rows(rows, range, columns, columns.side())
}

/// `symmetric` as dense row-major matrices, under the `reduction` of `factors`.
///
/// # Panics
/// Where `factors` are for another reduction.
#[must_use]
pub fn square<T: Scalar>(factors: &Factors<T>, reduction: Reduction) -> Vec<Vec<T>> {
    assert_eq!(factors.reduction(), reduction, "factors are for one reduction");
    symmetric(factors).iter().map(Symmetric::to_dense).collect()
}

/// G between all samples of `left` and those of `right`, under their `reduction`: (n·r) × (m·r),
/// row-major.
///
/// # Panics
/// Where the factors are for another reduction.
#[must_use]
pub fn cross<T: Scalar>(
    left: &Factors<T>,
    right: &Factors<T>,
    reduction: Reduction,
) -> Vec<Vec<T>> {
    for factors in [left, right] {
        assert_eq!(factors.reduction(), reduction, "factors are for one reduction");
    }
    rows(left, 0..left.rows(), right)
}
