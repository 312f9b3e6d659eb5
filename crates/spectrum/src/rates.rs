//! The learning rate of every update.

use std::collections::BTreeMap;

use artifact::RateFrom;
use stage::StageError;

/// How far, relatively, a rate may differ between manifest and history: what decimal digits lose.
const DIGITS: f64 = 1e-12;

/// δ of every update of a run, as pieces of constant rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    pieces: Vec<RateFrom>,
}

/// Updates in a row with the same rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Number of updates.
    pub updates: u64,
    /// δ of each.
    pub learning_rate: f64,
}

impl Rates {
    /// What manifest and history tell of the rates; `None` where some update's rate is not known.
    ///
    /// `listed` are the pieces of the training's manifest, `history` the rates by step. Between two
    /// rows of a history the rate may have changed, so without a list it must have every step.
    ///
    /// # Errors
    /// Where the list is not in order, or contradicts the history.
    pub fn known(
        listed: Option<&[RateFrom]>,
        history: &BTreeMap<u64, f64>,
    ) -> Result<Option<Self>, StageError> {
        // The last row has no update of its own.
        let mut updates: Vec<(u64, f64)> = history.iter().map(|(&s, &rate)| (s, rate)).collect();
        updates.pop();
        let Some(listed) = listed else {
            let every = updates.iter().enumerate().all(|(at, row)| row.0 == at as u64);
            let pieces =
                updates.into_iter().map(|(step, learning_rate)| RateFrom { step, learning_rate });
            return Ok(every.then(|| Self { pieces: pieces.collect() }));
        };
        let rising = listed.windows(2).all(|pair| pair[0].step < pair[1].step);
        if listed.first().is_none_or(|first| first.step != 0) || !rising {
            return Err(StageError::new(
                "the learning rates in the training's manifest do not begin at step 0 and rise from there",
            ));
        }
        let rates = Self { pieces: listed.to_vec() };
        for (step, rate) in updates {
            let listed = rates.at(step);
            let close = (listed - rate).abs() <= DIGITS * rate.abs();
            if !close {
                return Err(StageError::new(format!(
                    "the learning rate of step {step} is {listed} in the training's manifest and {rate} in its history"
                )));
            }
        }
        Ok(Some(rates))
    }

    /// The same, none above `most`.
    #[must_use]
    pub fn at_most(&self, most: f64) -> Self {
        let piece =
            |piece: &RateFrom| RateFrom { learning_rate: piece.learning_rate.min(most), ..*piece };
        Self { pieces: self.pieces.iter().map(piece).collect() }
    }

    /// The same, each times `factor`: descent with a kernel at these rates is descent at the original
    /// rates with the kernel times `factor`.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let piece =
            |piece: &RateFrom| RateFrom { learning_rate: piece.learning_rate * factor, ..*piece };
        Self { pieces: self.pieces.iter().map(piece).collect() }
    }

    /// δ of the update that leaves `step`.
    fn at(&self, step: u64) -> f64 {
        let next = self.pieces.partition_point(|piece| piece.step <= step);
        self.pieces[next - 1].learning_rate
    }

    /// The updates that lead from step `from` to step `to`, in order.
    #[must_use]
    pub fn between(&self, from: u64, to: u64) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut step = from;
        while step < to {
            let next = self.pieces.partition_point(|piece| piece.step <= step);
            let end = self.pieces.get(next).map_or(to, |piece| piece.step.min(to));
            stretches.push(Stretch { updates: end - step, learning_rate: self.at(step) });
            step = end;
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pieces: &[(u64, f64)]) -> Vec<RateFrom> {
        pieces.iter().map(|&(step, learning_rate)| RateFrom { step, learning_rate }).collect()
    }

    #[test]
    fn stretches_are_cut_where_the_rate_changes() {
        let history = BTreeMap::from([(0, 0.5), (10, 0.25), (20, 0.25)]);
        let rates = Rates::known(Some(&list(&[(0, 0.5), (4, 0.25)])), &history).unwrap().unwrap();
        let stretch = |updates, learning_rate| Stretch { updates, learning_rate };
        assert_eq!(rates.between(1, 20), [stretch(3, 0.5), stretch(16, 0.25)]);
        assert_eq!(rates.between(4, 6), [stretch(2, 0.25)]);
        assert_eq!(rates.between(3, 3), []);
        assert_eq!(rates.at_most(0.3).between(1, 6), [stretch(3, 0.3), stretch(2, 0.25)]);
    }

    #[test]
    fn a_history_tells_the_rates_only_where_it_has_every_step() {
        let every = BTreeMap::from([(0, 0.5), (1, 0.4), (2, 0.4)]);
        let rates = Rates::known(None, &every).unwrap().unwrap();
        let stretch = |learning_rate| Stretch { updates: 1, learning_rate };
        assert_eq!(rates.between(0, 2), [stretch(0.5), stretch(0.4)]);
        let gap = BTreeMap::from([(0, 0.5), (2, 0.5), (3, 0.5)]);
        assert_eq!(Rates::known(None, &gap).unwrap(), None);
    }

    #[test]
    fn a_list_that_contradicts_the_history_is_refused() {
        let history = BTreeMap::from([(0, 0.5), (10, 0.25), (20, 0.25)]);
        let refused = |pieces: &[(u64, f64)]| {
            Rates::known(Some(&list(pieces)), &history).unwrap_err().message
        };
        assert!(refused(&[(0, 0.5), (11, 0.25)]).contains("step 10 is 0.5"));
        assert!(refused(&[(0, f64::NAN)]).contains("step 0 is NaN"));
        assert!(refused(&[(1, 0.5)]).contains("do not begin at step 0"));
        assert!(refused(&[(0, 0.5), (0, 0.5)]).contains("do not begin at step 0"));
        assert!(refused(&[]).contains("do not begin at step 0"));
    }
}
