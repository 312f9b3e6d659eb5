//! Layers whose outputs share one gradient, each channel times a factor of the output.
//!
//! ```text
//! G^{ab}_ij += Σ_c' vₐ(c') v_b(c') ⟨M_i(·, c'), M_j(·, c')⟩
//! ```

use network::{Gemm, LayerFactors, Scalar, gemm};

use super::factors::Factors;
use super::tile::{Place, Tile, part};

/// Products of channels that are held at once: they stay in the L2 cache.
const PRODUCTS: usize = 64 * 1024;

impl<T: Scalar> Tile<T> {
    /// Adds such a layer to all matrices.
    pub(super) fn channels(
        &mut self,
        a: &LayerFactors<T>,
        b: &LayerFactors<T>,
        place: Place,
        factors: &Factors<T>,
    ) {
        let cell = factors.blocks().1;
        let (n, m, channels) = (place.rows.1, place.columns.1, a.signals.len());
        let pairs = a.channel_factors.len() / channels.max(1);
        let lines = (PRODUCTS / (m * channels).max(1)).clamp(1, n);
        for first in (0..n).step_by(lines) {
            let rows = (place.rows.0 + first, lines.min(n - first));
            let entries = rows.1 * m;
            self.inputs.resize(channels * entries, T::zero());
            let products = self.inputs.chunks_exact_mut(entries);
            for ((left, right), products) in a.signals.iter().zip(&b.signals).zip(products) {
                let shape = [rows.1, a.fan_out, m];
                let left = part(left, rows, a.fan_out);
                let right = part(right, place.columns, b.fan_out);
                gemm(Gemm::RightTransposed, shape, T::one(), left, right, false, products);
            }
            self.signals.resize(entries * pairs, T::zero());
            let shape = [entries, channels, pairs];
            let (left, right) = (&self.inputs, &a.channel_factors);
            gemm(Gemm::LeftTransposed, shape, T::one(), left, right, false, &mut self.signals);
            // Of an entry one matrix after the other, or the rows of the outputs of one sample.
            let blocks = self.sums.len();
            for (e, pairs) in self.signals.chunks_exact(pairs).enumerate() {
                let (i, j) = (first + e / m, e % m);
                for (row, pairs) in
                    pairs.chunks_exact(if blocks > 1 { 1 } else { cell }).enumerate()
                {
                    let (block, row) = if blocks > 1 { (row, i) } else { (0, i * cell + row) };
                    let to = &mut self.sums[block][row * m * cell + j * cell..][..pairs.len()];
                    for (to, &value) in to.iter_mut().zip(pairs) {
                        *to += value;
                    }
                }
            }
        }
    }
}
