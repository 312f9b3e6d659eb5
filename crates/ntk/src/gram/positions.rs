//! Convolutions of few positions and many weights, by the products of all positions.
//!
//! ```text
//! G^{ab}_ij += Σ_{p,q} Q_ij(p, q) ⟨Bᵃ_i(p), Bᵇ_j(q)⟩
//! ```
//!
//! Q B_j is formed for each pair of samples, and then its products with Bᵃ_i.

use network::{LayerFactors, Positions, Scalar, Window};

use super::factors::Factors;
use super::tile::{Place, Tile, part};

impl<T: Scalar> Tile<T> {
    /// Adds such a layer to all matrices.
    pub(super) fn positions(
        &mut self,
        window: &Window,
        (a, b): (&LayerFactors<T>, &LayerFactors<T>),
        place: Place,
        factors: &Factors<T>,
    ) {
        let (blocks, cell) = factors.blocks();
        let (m, width) = (place.columns.1, a.fan_out);
        let outputs = a.signals[0].len() / (factors.rows() * width).max(1);
        let mut positions = Positions::new(window, width / window.positions());
        for i in 0..place.rows.1 {
            let sample = (place.rows.0 + i, 1);
            let left = part(&a.signals[0], sample, outputs * width);
            for first in (0..m).step_by(positions.at_once()) {
                let columns = (place.columns.0 + first, positions.at_once().min(m - first));
                let images = part(&b.inputs, columns, b.fan_in);
                positions.set_images(part(&a.inputs, sample, a.fan_in), images, a.weight_factor);
                for j in first..first + columns.1 {
                    let right = part(&b.signals[0], (place.columns.0 + j, 1), outputs * width);
                    let right = positions.product(j - first, a.bias_factor, right);
                    for (x, left) in left.chunks_exact(width).enumerate() {
                        for (y, right) in right.chunks_exact(width).enumerate() {
                            if cell > 1 {
                                self.sums[0][(i * cell + x) * m * cell + j * cell + y] +=
                                    dot(left, right);
                            } else if x == y {
                                let block = if blocks > 1 { x } else { 0 };
                                self.sums[block][i * m + j] += dot(left, right);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// ⟨a, b⟩, in sixteen sums: one would wait for itself.
fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::zero(); 16];
    let (of_a, of_b) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest = of_a.remainder().iter().zip(of_b.remainder());
    for (sum, (&a, &b)) in sums.iter_mut().zip(rest) {
        *sum = a * b;
    }
    for (a, b) in of_a.zip(of_b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().copied().sum()
}
