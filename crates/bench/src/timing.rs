//! Implementations in turn: A B A B …, so that drift of the machine meets all of them alike.

use std::thread;
use std::time::{Duration, Instant};

use crate::contender::Contender;
use crate::error::BenchError;

/// Shortest time that one reading spans: below it clock and wake-up would show.
const READING_SECONDS: f64 = 0.02;
/// Runs that one reading holds at most.
const MOST_RUNS: f64 = 500.0;
/// Time for the threads of the one before to go to sleep: OpenMP's spin for milliseconds.
const REST: Duration = Duration::from_millis(10);

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Readings of each implementation at least.
    pub least: usize,
    /// Readings at most.
    pub most: usize,
    /// Seconds after which no new round begins.
    pub seconds: f64,
}

impl Effort {
    /// Whether no further round begins after `rounds` that took so long.
    #[must_use]
    pub fn is_spent(&self, rounds: usize, elapsed: Duration) -> bool {
        rounds >= self.most || (rounds >= self.least && elapsed.as_secs_f64() > self.seconds)
    }
}

/// Seconds of a single run in each reading, for each of `contenders`.
///
/// Reading i of all of them belongs together: they were taken in one round.
///
/// # Errors
/// Where one fails.
pub fn in_turn(
    contenders: &mut [Box<dyn Contender + '_>],
    effort: Effort,
) -> Result<Vec<Vec<f64>>, BenchError> {
    let mut runs = Vec::new();
    for contender in contenders.iter_mut() {
        // Twice: the first run meets cold caches, unmapped memory and compilers.
        contender.time(1)?;
        let once = contender.time(1)?;
        runs.push((READING_SECONDS / once.max(1e-9)).ceil().clamp(1.0, MOST_RUNS) as u32);
    }
    let mut readings = vec![Vec::new(); contenders.len()];
    let start = Instant::now();
    let mut rounds = 0;
    while !effort.is_spent(rounds, start.elapsed()) {
        rounds += 1;
        for ((contender, &runs), readings) in contenders.iter_mut().zip(&runs).zip(&mut readings) {
            thread::sleep(REST);
            readings.push(contender.time(runs)? / f64::from(runs));
        }
    }
    Ok(readings)
}

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the values lies below.
    pub lower: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of `values`, at least one, linear between neighbours.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let (below, rest) = (place.floor() as usize, place.fract());
            let above = (below + 1).min(sorted.len() - 1);
            sorted[below] + rest * (sorted[above] - sorted[below])
        };
        Self { lower: at(0.25), median: at(0.5), upper: at(0.75) }
    }

    /// The quartiles of `numerators[i] / denominators[i]`.
    #[must_use]
    pub fn of_ratios(numerators: &[f64], denominators: &[f64]) -> Self {
        let ratios: Vec<f64> = numerators.iter().zip(denominators).map(|(n, d)| n / d).collect();
        Self::of(&ratios)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_rounds_are_taken_however_long_they_last_and_the_most_are_the_end() {
        let effort = Effort { least: 2, most: 4, seconds: 1.0 };
        let spent = |rounds, seconds| effort.is_spent(rounds, Duration::from_secs(seconds));
        assert!(!spent(1, 9) && spent(2, 9));
        assert!(!spent(3, 0) && spent(4, 0));
    }

    #[test]
    fn quartiles_lie_between_neighbours() {
        let found = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(found, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
        assert_eq!(Quartiles::of(&[7.0]), Quartiles { lower: 7.0, median: 7.0, upper: 7.0 });
        // Pairs, not medians: the slow round was slow for both.
        let ratios = Quartiles::of_ratios(&[2.0, 20.0, 2.0], &[1.0, 10.0, 1.0]);
        assert_eq!(ratios, Quartiles { lower: 2.0, median: 2.0, upper: 2.0 });
    }
}
