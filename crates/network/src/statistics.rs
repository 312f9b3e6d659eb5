//! Mean and variance of whole splits for batch norms.

use rayon::prelude::*;

use crate::factors::fixed_moments;
use crate::lane::Lane;
use crate::model::Network;
use crate::normalization::Norm;
use crate::program::Op;
use crate::scalar::Scalar;
use crate::workspace::setting;

/// Rows that pass together.
const BLOCK: usize = 16;

/// Mean and Σ (x − mean)² of a channel over `count` numbers.
#[derive(Clone, Copy, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    /// That of both (Chan, Golub & LeVeque 1983).
    fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let apart = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + apart * other.count / count,
            squares: self.squares
                + other.squares
                + apart * apart * self.count * other.count / count,
        }
    }
}

impl<T: Scalar> Network<T> {
    /// Sets the statistics of all batch norms to those of the rows of `x` (n × d): what each would
    /// normalize with if these were one batch.
    ///
    /// A running mean over mini-batches is of parameters that are gone; these belong to the parameters
    /// at hand. Each batch norm costs a forward pass up to it.
    ///
    /// Source: Wu & Johnson 2021, *Rethinking “Batch” in BatchNorm*, precise statistics.
    pub fn measure_statistics(&mut self, x: &[T]) {
        let program = std::sync::Arc::clone(self.program());
        let d = self.input_dim().max(1);
        for (s, step) in program.steps.iter().enumerate() {
            let (Op::Norm(norm), Some(layer), true) = (step.op, step.layer, step.is_batch_norm())
            else {
                continue;
            };
            let views = self.views();
            let moments = fixed_moments(&program, &views);
            let parts: Vec<Vec<Spread>> = x
                .par_chunks(BLOCK * d)
                .map(|x| {
                    let setting =
                        crate::lane::Setting { batch: &moments, ..setting(&program, &views, x) };
                    let mut lane = Lane::new(&program, 0..x.len() / d, false);
                    for phase in program.phases.iter().filter(|phase| phase.steps.end <= s) {
                        lane.forward(&setting, phase);
                    }
                    spreads(&norm, lane.value(&setting, step.inputs[0], &(0..lane.rows.len())))
                })
                .collect();
            let channel = |j: usize| {
                parts.iter().fold(Spread::default(), |all, part: &Vec<Spread>| all.with(part[j]))
            };
            let all: Vec<Spread> = (0..norm.channels).map(channel).collect();
            let [mean, variance] = &mut self.layers[layer].statistics;
            *mean = all.iter().map(|of| T::of(of.mean)).collect();
            *variance = all.iter().map(|of| T::of(of.squares / of.count)).collect();
        }
    }
}

/// The spread of each channel of `x`.
fn spreads<T: Scalar>(norm: &Norm, x: &[T]) -> Vec<Spread> {
    let c = norm.channels;
    let count = (x.len() / c) as f64;
    let mut spreads = vec![Spread { count, ..Spread::default() }; c];
    for pixel in x.chunks_exact(c) {
        for (spread, x) in spreads.iter_mut().zip(pixel) {
            spread.mean += x.wide() / count;
        }
    }
    for pixel in x.chunks_exact(c) {
        for (spread, x) in spreads.iter_mut().zip(pixel) {
            spread.squares += (x.wide() - spread.mean).powi(2);
        }
    }
    spreads
}
