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

/// Seconds of a single run in each reading of each of `contenders`, or why one has none.
///
/// Reading i of all of them belongs together: they were taken in one round. One that fails takes part
/// in no further round, and the others go on.
pub fn in_turn(
    contenders: &mut [&mut dyn Contender],
    effort: Effort,
) -> Vec<Result<Vec<f64>, BenchError>> {
    let mut racers: Vec<Result<Racer, BenchError>> =
        contenders.iter_mut().map(|contender| Racer::warmed(*contender)).collect();
    let start = Instant::now();
    let mut rounds = 0;
    while racers.iter().any(Result::is_ok) && !effort.is_spent(rounds, start.elapsed()) {
        rounds += 1;
        for racer in &mut racers {
            if let Ok(running) = racer {
                thread::sleep(REST);
                if let Err(error) = running.run() {
                    *racer = Err(error);
                }
            }
        }
    }
    racers.into_iter().map(|racer| racer.map(|racer| racer.readings)).collect()
}

/// A contender that has not failed.
struct Racer<'a> {
    contender: &'a mut dyn Contender,
    /// Runs that one reading holds.
    runs: u32,
    readings: Vec<f64>,
}

impl<'a> Racer<'a> {
    fn warmed(contender: &'a mut dyn Contender) -> Result<Self, BenchError> {
        // Twice: the first run meets cold caches, unmapped memory and compilers.
        contender.time(1)?;
        let once = contender.time(1)?;
        let runs = (READING_SECONDS / once.max(1e-9)).ceil().clamp(1.0, MOST_RUNS) as u32;
        Ok(Self { contender, runs, readings: Vec::new() })
    }

    fn run(&mut self) -> Result<(), BenchError> {
        self.readings.push(self.contender.time(self.runs)? / f64::from(self.runs));
        Ok(())
    }
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
    /// The quartiles of `values`, linear between neighbours; none of no values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let (below, rest) = (place.floor() as usize, place.fract());
            let above = (below + 1).min(sorted.len() - 1);
            sorted[below] + rest * (sorted[above] - sorted[below])
        };
        Some(Self { lower: at(0.25), median: at(0.5), upper: at(0.75) })
    }

    /// The quartiles of `numerators[i] / denominators[i]`; none where there are no pairs.
    #[must_use]
    pub fn of_ratios(numerators: &[f64], denominators: &[f64]) -> Option<Self> {
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
        assert_eq!(found, Some(Quartiles { lower: 1.75, median: 2.5, upper: 3.25 }));
        let one = Quartiles { lower: 7.0, median: 7.0, upper: 7.0 };
        assert_eq!((Quartiles::of(&[7.0]), Quartiles::of(&[])), (Some(one), None));
        // Pairs, not medians: the slow round was slow for both.
        let ratios = Quartiles::of_ratios(&[2.0, 20.0, 2.0], &[1.0, 10.0, 1.0]);
        assert_eq!(ratios, Some(Quartiles { lower: 2.0, median: 2.0, upper: 2.0 }));
        assert_eq!(Quartiles::of_ratios(&[1.0], &[]), None);
    }

    /// Takes a second a run until it has run so often.
    struct Fragile(u32);

    impl Contender for Fragile {
        fn name(&self) -> &'static str {
            "fragile"
        }

        fn flops(&self) -> Option<f64> {
            None
        }

        fn result(&mut self) -> Result<Vec<f32>, BenchError> {
            Ok(Vec::new())
        }

        fn time(&mut self, times: u32) -> Result<f64, BenchError> {
            let broken = BenchError::Panic { message: "worn out".to_owned() };
            self.0 = self.0.checked_sub(times).ok_or(broken)?;
            Ok(f64::from(times))
        }
    }

    #[test]
    fn one_that_fails_leaves_the_others_running() {
        let (mut at_once, mut later, mut never) = (Fragile(1), Fragile(3), Fragile(9));
        let effort = Effort { least: 4, most: 4, seconds: 0.0 };
        let found = in_turn(&mut [&mut at_once, &mut later, &mut never], effort);
        assert!(found[0].is_err() && found[1].is_err());
        assert_eq!(found[2].as_ref().ok(), Some(&vec![1.0; 4]));
        // All rounds of the last one, none of a second broken one's.
        assert_eq!((later.0, never.0), (0, 3));
    }
}
