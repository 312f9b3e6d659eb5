//! Which samples each update sees.

use rand::seq::SliceRandom;
use stage::Seed;

use crate::data::Samples;
use crate::optimizer::{LastBatch, Optimizer};

/// Mini-batches: every epoch a new order of all samples, cut into batches; the rest of an epoch
/// that does not fill a batch is left out or a batch of its own.
pub(crate) struct Batches {
    seed: Seed,
    size: usize,
    last_batch: LastBatch,
    order: Vec<u32>,
    epoch: Option<u64>,
}

impl Batches {
    /// Batches of `size` of `rows` samples.
    pub fn new(seed: Seed, size: usize, rows: usize, last_batch: LastBatch) -> Self {
        let size = size.min(rows);
        Self { seed, size, last_batch, order: (0..rows as u32).collect(), epoch: None }
    }

    /// Samples of the batch at the end of an epoch that is smaller than the others, where there is one.
    pub fn rest(&self) -> Option<usize> {
        let rest = self.order.len() % self.size;
        (self.last_batch == LastBatch::Keep && rest > 0).then_some(rest)
    }

    /// The samples of the update that leaves `step`; a function of seed and step alone.
    pub fn at(&mut self, step: u64) -> &[u32] {
        let whole = self.order.len() / self.size;
        let batches_an_epoch = (whole + usize::from(self.rest().is_some())) as u64;
        let epoch = step / batches_an_epoch;
        if self.epoch != Some(epoch) {
            self.order.sort_unstable();
            self.order.shuffle(&mut self.seed.stream(&format!("order/{epoch}")));
            self.epoch = Some(epoch);
        }
        let start = (step % batches_an_epoch) as usize * self.size;
        &self.order[start..self.order.len().min(start + self.size)]
    }
}

/// What updates see of the training split: all of it, or mini-batches.
pub(crate) struct Shown<'a> {
    train: &'a Samples,
    batches: Option<Batches>,
    /// Rows of an update, but for the rest of an epoch.
    pub rows: usize,
    everyone: Vec<u32>,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl<'a> Shown<'a> {
    /// What the updates of `optimizer` see of `train`.
    pub fn new(train: &'a Samples, optimizer: Optimizer, seed: Seed) -> Self {
        let size = optimizer.batch().filter(|&size| size < train.rows);
        Self {
            train,
            batches: size.map(|size| Batches::new(seed, size, train.rows, optimizer.last_batch())),
            rows: size.unwrap_or(train.rows),
            everyone: (0..train.rows as u32).collect(),
            x: train.x.clone(),
            y: train.y.clone(),
        }
    }

    /// Rows of the smaller batch at the end of an epoch, where there is one.
    pub fn rest(&self) -> Option<usize> {
        self.batches.as_ref().and_then(Batches::rest)
    }

    /// Whether an update sees less than all.
    pub fn is_part(&self) -> bool {
        self.batches.is_some()
    }

    /// Samples, inputs and targets of the update that leaves `step`.
    pub fn at(&mut self, step: u64) -> (&[u32], &[f32], &[f32]) {
        let samples = match &mut self.batches {
            Some(batches) => {
                let samples = batches.at(step);
                gather(self.train, samples, &mut self.x, &mut self.y);
                samples
            }
            None => &self.everyone,
        };
        (samples, &self.x, &self.y)
    }
}

/// Copies the chosen samples into `x` and `y`.
fn gather(samples: &Samples, chosen: &[u32], x: &mut Vec<f32>, y: &mut Vec<f32>) {
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
        let mut batches = Batches::new(Seed(3), 4, 12, LastBatch::Drop);
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

    #[test]
    fn the_rest_of_an_epoch_is_dropped_or_a_batch_of_its_own() {
        let batches = |last_batch| Batches::new(Seed(3), 4, 14, last_batch);
        let (mut drop, mut keep) = (batches(LastBatch::Drop), batches(LastBatch::Keep));
        assert_eq!((drop.rest(), keep.rest()), (None, Some(2)));
        for epoch in 0..3 {
            let mut seen = Vec::new();
            for i in 0..4 {
                let batch = keep.at(4 * epoch + i).to_vec();
                assert_eq!(batch.len(), if i < 3 { 4 } else { 2 });
                if i < 3 {
                    assert_eq!(batch, drop.at(3 * epoch + i));
                }
                seen.extend(batch);
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..14).collect::<Vec<u32>>());
        }
        let even = Batches::new(Seed(3), 7, 14, LastBatch::Keep);
        assert_eq!(even.rest(), None);
    }
}
