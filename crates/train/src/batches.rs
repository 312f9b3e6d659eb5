//! Which samples each update sees.

use rand::seq::SliceRandom;
use stage::Seed;

use crate::data::Samples;

/// Mini-batches: every epoch a new order of all samples, cut into batches; the rest of an epoch
/// that does not fill a batch is left out.
pub(crate) struct Batches {
    seed: Seed,
    size: usize,
    order: Vec<u32>,
    epoch: Option<u64>,
}

impl Batches {
    /// Batches of `size` of `rows` samples.
    pub fn new(seed: Seed, size: usize, rows: usize) -> Self {
        let size = size.min(rows);
        Self { seed, size, order: (0..rows as u32).collect(), epoch: None }
    }

    /// The samples of the update that leaves `step`; a function of seed and step alone.
    pub fn at(&mut self, step: u64) -> &[u32] {
        let batches_an_epoch = (self.order.len() / self.size) as u64;
        let epoch = step / batches_an_epoch;
        if self.epoch != Some(epoch) {
            self.order.sort_unstable();
            self.order.shuffle(&mut self.seed.stream(&format!("order/{epoch}")));
            self.epoch = Some(epoch);
        }
        let start = (step % batches_an_epoch) as usize * self.size;
        &self.order[start..start + self.size]
    }
}

/// Copies the chosen samples into `x` and `y`.
pub(crate) fn gather(samples: &Samples, chosen: &[u32], x: &mut Vec<f32>, y: &mut Vec<f32>) {
    let (d, o) = (samples.x.len() / samples.rows, samples.y.len() / samples.rows);
    x.clear();
    y.clear();
    for &i in chosen {
        let i = i as usize;
        x.extend_from_slice(&samples.x[i * d..(i + 1) * d]);
        y.extend_from_slice(&samples.y[i * o..(i + 1) * o]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_shows_every_sample_once_and_epochs_differ() {
        let mut batches = Batches::new(Seed(3), 4, 12);
        let mut epoch =
            |e: u64| -> Vec<u32> { (0..3).flat_map(|i| batches.at(3 * e + i).to_vec()).collect() };
        let (first, second) = (epoch(0), epoch(1));
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..12).collect::<Vec<u32>>());
        assert_ne!(first, second);
        // Asked for out of order, a step has the same batch.
        assert_eq!(epoch(0), first);
    }
}
