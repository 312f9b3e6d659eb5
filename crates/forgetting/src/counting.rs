//! What happens to one sample in one run.
//!
//! A sample is *learned* where it is wrong at one look and right at the next, *forgotten* where it is right at
//! one and wrong at the next. Before the first look it counts as wrong, so that the first look can learn but not
//! forget (Toneva et al. 2019, *An Empirical Study of Example Forgetting*, Algorithm 1).

/// What a network answers to a sample at one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Whether the largest output is the label.
    pub correct: bool,
    /// Output of the label less the largest other output.
    pub margin: f64,
    /// ℓ of the sample.
    pub loss: f64,
}

/// What there is to say of all looks at one sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many looks.
    pub presentations: u32,
    /// Times that it was forgotten, F.
    pub events: u32,
    /// Times that it was learned.
    pub learning_events: u32,
    /// First look at which it was right, from 0.
    pub first_learned: Option<u32>,
    /// Looks up to the last one at which it was wrong; 0 where it never was.
    pub needed: u32,
    /// Looks at which it was right.
    pub correct: u32,
    /// Σ of margins.
    pub margins: f64,
    /// Σ of margins over the looks at which it had been forgotten.
    pub forgotten_margins: f64,
    /// Mean and standard deviation over looks of the probability of the label e^{−ℓ}, where the loss is a
    /// cross-entropy.
    pub confidence: Option<[f64; 2]>,
}

impl Tally {
    /// That of `looks`, in their order; `of_probabilities` where losses are cross-entropies.
    #[must_use]
    pub fn of(looks: &[Look], of_probabilities: bool) -> Self {
        let mut tally = Self { presentations: looks.len() as u32, ..Self::default() };
        let mut was_correct = false;
        for (number, look) in (0..).zip(looks) {
            tally.margins += look.margin;
            if look.correct {
                tally.correct += 1;
                tally.learning_events += u32::from(!was_correct);
                tally.first_learned.get_or_insert(number);
            } else {
                tally.needed = number + 1;
                if was_correct {
                    tally.events += 1;
                    tally.forgotten_margins += look.margin;
                }
            }
            was_correct = look.correct;
        }
        if of_probabilities && !looks.is_empty() {
            let count = looks.len() as f64;
            let mean = looks.iter().map(|look| (-look.loss).exp()).sum::<f64>() / count;
            let squares = looks.iter().map(|look| ((-look.loss).exp() - mean).powi(2)).sum::<f64>();
            tally.confidence = Some([mean, (squares / count).sqrt()]);
        }
        tally
    }

    /// F, or the number of looks where the sample was never learned: it counts as forgotten more often than any
    /// that was, as in the authors' ordering.
    #[must_use]
    pub fn score(&self) -> u32 {
        if self.first_learned.is_some() { self.events } else { self.presentations }
    }

    /// Whether it was learned and never forgotten.
    #[must_use]
    pub fn is_unforgettable(&self) -> bool {
        self.first_learned.is_some() && self.events == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks that are right at `1` and wrong at `0`; the margin is ±(number + 1).
    fn looks(pattern: &str) -> Vec<Look> {
        let look = |(number, c): (usize, char)| {
            let (correct, size) = (c == '1', number as f64 + 1.0);
            let margin = if correct { size } else { -size };
            Look { correct, margin, loss: if correct { 0.0 } else { 2.0_f64.ln() } }
        };
        pattern.chars().enumerate().map(look).collect()
    }

    #[test]
    fn the_edges_are_counted_as_defined() {
        // Pattern, events, learned, first, needed, score, unforgettable.
        for (pattern, events, learned, first, needed, score, unforgettable) in [
            ("0000", 0, 0, None, 4, 4, false),
            ("1111", 0, 1, Some(0), 0, 0, true),
            ("0001", 0, 1, Some(3), 3, 0, true),
            ("1", 0, 1, Some(0), 0, 0, true),
            ("0", 0, 0, None, 1, 1, false),
            ("1010", 2, 2, Some(0), 4, 2, false),
            ("0110", 1, 1, Some(1), 4, 1, false),
            ("0101", 1, 2, Some(1), 3, 1, false),
        ] {
            let tally = Tally::of(&looks(pattern), false);
            let found = (tally.events, tally.learning_events, tally.first_learned, tally.needed);
            assert_eq!(found, (events, learned, first, needed), "{pattern}");
            assert_eq!((tally.score(), tally.is_unforgettable()), (score, unforgettable));
            assert_eq!(tally.confidence, None);
        }
        assert_eq!(Tally::of(&[], true), Tally::default());
    }

    #[test]
    fn margins_and_confidence_are_sums_over_looks() {
        let tally = Tally::of(&looks("0110"), true);
        assert!((tally.margins - (-1.0 + 2.0 + 3.0 - 4.0)).abs() <= 0.0);
        assert!((tally.forgotten_margins + 4.0).abs() <= 0.0);
        let [mean, deviation] = tally.confidence.unwrap();
        assert!((mean - 0.75).abs() <= 1e-15 && (deviation - 0.25).abs() <= 1e-15);
    }

    proptest! {
        /// Events straight from F = Σ_{p ≥ 2} acc_{p−1} (1 − acc_p).
        #[test]
        fn events_are_the_sum_over_pairs(pattern in "[01]{1,40}") {
            let bits: Vec<u32> = pattern.chars().map(|c| u32::from(c == '1')).collect();
            let tally = Tally::of(&looks(&pattern), false);
            let events: u32 = bits.windows(2).map(|pair| pair[0] * (1 - pair[1])).sum();
            prop_assert_eq!(tally.events, events);
            let ends_right = *bits.last().unwrap();
            prop_assert_eq!(tally.learning_events, events + ends_right);
            prop_assert_eq!(tally.correct, bits.iter().sum::<u32>());
        }
    }
}
