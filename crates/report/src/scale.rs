//! Scales of the axes of a static figure: the range that holds the data, and where ticks stand.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use study::number;

/// A linear or logarithmic scale over the range of some data.
#[derive(Clone, Debug)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// The scale that holds all finite `values` with a little room; on a logarithmic one only positive
    /// ones count.
    #[must_use]
    pub fn holding(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let along = |value: f64| if log { value.log10() } else { value };
        let (low, high) = values
            .map(along)
            .filter(|value| value.is_finite())
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return Self { low: 0.0, high: 1.0, log };
        }
        // A line without extent lies in the middle of something; so does one whose extent is rounding
        // noise, of which no axis can show two ticks. Halves, since a range may be beyond all numbers.
        let extent = 0.5 * high - 0.5 * low;
        let scale = low.abs().max(high.abs());
        let flat = extent <= 1e-9 * scale || extent < f64::MIN_POSITIVE * 1e9;
        let room = match (flat, log) {
            (false, _) => 0.08 * extent,
            (true, true) => 0.1,
            (true, false) => 0.1 * if scale > 1e-290 { scale } else { 1.0 },
        };
        let (low, high) = (low - room, high + room);
        Self { low: low.max(f64::MIN / 4.0), high: high.min(f64::MAX / 4.0), log }
    }

    fn along(&self, value: f64) -> f64 {
        if self.log { value.log10() } else { value }
    }

    /// About `most` ticks or fewer: whole decades where they suffice, else 1, 2, 5 times a power
    /// of ten.
    #[must_use]
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2) as f64;
        if self.log && self.high - self.low >= 1.5 {
            return self.powers(most);
        }
        let (low, high) = self.range_of_values();
        let rough = (high - low) / most;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|&step| step >= rough)
            .unwrap_or(10.0 * power);
        let (first, last) = ((low / step).ceil(), (high / step).floor());
        // At most `most` of them by the choice of the step, whatever the range.
        let count = (last - first).clamp(0.0, most) as u32;
        (0..=count)
            .map(|i| (first + f64::from(i)) * step)
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    }

    /// Powers of ten, and 2 and 5 times these where the decades are few.
    fn powers(&self, most: f64) -> Vec<f64> {
        let every = ((self.high - self.low) / most).ceil().max(1.0) as i32;
        let factors: &[f64] =
            if 3.0 * (self.high - self.low) <= most + 1.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let first = self.low.floor() as i32;
        let last = self.high.ceil() as i32;
        (first..=last)
            .filter(|power| power % every == 0)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)))
            .filter(|value| (self.low..=self.high).contains(&value.log10()))
            .collect()
    }

    fn range_of_values(&self) -> (f64, f64) {
        if self.log {
            (10_f64.powf(self.low), 10_f64.powf(self.high))
        } else {
            (self.low, self.high)
        }
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (self.along(*value) - self.low) / (self.high - self.low);
        start + (share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.ticks(hint.bold_points())
    }

    fn range(&self) -> Range<f64> {
        let (low, high) = self.range_of_values();
        low..high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        number::tick(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_linear_scale_are_round_and_inside() {
        let scale = Scale::holding([0.0, 30_000.0].into_iter(), false);
        assert_eq!(scale.ticks(6), [0.0, 10_000.0, 20_000.0, 30_000.0]);
    }

    #[test]
    fn ticks_of_many_decades_are_powers_of_ten() {
        let scale = Scale::holding([0.02, 2e3].into_iter(), true);
        assert_eq!(scale.ticks(8), [0.1, 1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn less_than_two_decades_still_have_ticks() {
        let scale = Scale::holding([2.0, 9.0].into_iter(), true);
        assert!(scale.ticks(5).len() >= 3);
    }

    #[test]
    fn a_scale_of_equal_values_or_of_none_has_an_extent() {
        for values in [vec![], vec![3.0], vec![0.0, 0.0]] {
            let scale = Scale::holding(values.into_iter(), false);
            assert!(scale.high > scale.low && scale.ticks(5).len() >= 2);
        }
    }

    #[test]
    fn extremes_of_numbers_have_few_ticks_within_the_scale() {
        let (tiny, huge) = (f64::from_bits(1), f64::MAX);
        for values in [
            vec![tiny, tiny],
            vec![0.0, tiny],
            vec![0.0, 1e-310],
            vec![1.0, 1.0 + f64::EPSILON],
            vec![-huge, huge],
            vec![1.0, f64::INFINITY, f64::NAN],
            vec![tiny, huge],
        ] {
            for log in [false, true] {
                let scale = Scale::holding(values.iter().copied(), log);
                assert!(scale.low.is_finite() && scale.low < scale.high, "{values:?} {scale:?}");
                assert!((scale.high - scale.low).is_finite(), "{values:?} {scale:?}");
                let ticks = scale.ticks(7);
                assert!(ticks.len() <= 24 && ticks.iter().all(|tick| tick.is_finite()));
            }
        }
    }

    #[test]
    fn values_map_to_pixels_in_order() {
        let scale = Scale::holding([1.0, 100.0].into_iter(), true);
        let pixels = [1.0, 10.0, 100.0].map(|value| scale.map(&value, (0, 1000)));
        assert_eq!(pixels[1], 500);
        assert!(pixels[0] < pixels[1] && pixels[1] < pixels[2]);
    }
}
