//! How counts grow over the presentations of one run.

use statistics::correlation::spearman;

use crate::counting::Look;

/// What is known after some presentations of every sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Share of samples that are right at this presentation.
    pub correct: f64,
    /// Share that has been right.
    pub learned: f64,
    /// Share that has been right and was not forgotten since.
    pub never_forgotten: f64,
    /// Events so far, a sample.
    pub events: f64,
    /// Rank correlation of the scores so far with those after all presentations; none where either is constant.
    pub rank_correlation: Option<f64>,
}

/// Where one sample stands.
#[derive(Clone, Copy, Default)]
struct Standing {
    was_correct: bool,
    is_learned: bool,
    events: u32,
    seen: u32,
}

impl Standing {
    fn score(self) -> f64 {
        f64::from(if self.is_learned { self.events } else { self.seen })
    }
}

/// The curve of the samples whose looks are `looks`. A sample with fewer presentations than others stands at its
/// last one from there on.
#[must_use]
pub fn curve(looks: &[Vec<Look>]) -> Vec<Point> {
    let count = looks.len().max(1) as f64;
    let longest = looks.iter().map(Vec::len).max().unwrap_or(0);
    let mut standings = vec![Standing::default(); looks.len()];
    let mut points = Vec::with_capacity(longest);
    let mut scores = Vec::with_capacity(longest);
    for number in 0..longest {
        for (standing, looks) in standings.iter_mut().zip(looks) {
            let Some(look) = looks.get(number) else { continue };
            standing.events += u32::from(standing.was_correct && !look.correct);
            standing.was_correct = look.correct;
            standing.is_learned |= look.correct;
            standing.seen += 1;
        }
        let share = |of: fn(&Standing) -> bool| {
            standings.iter().filter(|standing| of(standing)).count() as f64 / count
        };
        points.push(Point {
            correct: share(|it| it.was_correct),
            learned: share(|it| it.is_learned),
            never_forgotten: share(|it| it.is_learned && it.events == 0),
            events: standings.iter().map(|it| f64::from(it.events)).sum::<f64>() / count,
            rank_correlation: None,
        });
        scores.push(standings.iter().map(|it| it.score()).collect::<Vec<f64>>());
    }
    if let Some(last) = scores.last() {
        for (point, scores) in points.iter_mut().zip(&scores) {
            point.rank_correlation = spearman(scores, last);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(pattern: &str) -> Vec<Look> {
        let look = |c| Look { correct: c == '1', margin: 0.0, loss: 0.0 };
        pattern.chars().map(look).collect()
    }

    #[test]
    fn shares_and_events_grow_as_counted_by_hand() {
        let found = curve(&[looks("0110"), looks("1010"), looks("000"), looks("0111")]);
        let of = |value: fn(&Point) -> f64| found.iter().map(value).collect::<Vec<_>>();
        assert_eq!(of(|p| p.correct), [0.25, 0.5, 0.75, 0.25]);
        assert_eq!(of(|p| p.learned), [0.25, 0.75, 0.75, 0.75]);
        assert_eq!(of(|p| p.never_forgotten), [0.25, 0.5, 0.5, 0.25]);
        assert_eq!(of(|p| p.events), [0.0, 0.25, 0.25, 0.75]);
        // Scores 1, 2, 3, 0 at the end; 1, 0, 1, 1 after one look.
        assert!((found[3].rank_correlation.unwrap() - 1.0).abs() <= 1e-12);
        let first = spearman(&[1.0, 0.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 0.0]);
        assert_eq!(found[0].rank_correlation, first);
        assert!(curve(&[]).is_empty());
    }
}
