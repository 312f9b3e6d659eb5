//! The learning rate δ_t as a function of the step.

use artifact::RateFrom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::{Length, Resolver, Steps};

/// Learning rate: `initial`, and at most one way to change it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(rename = "LearningRate")]
pub struct LearningRate<S: Length = u64> {
    /// δ₀.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub initial: f64,
    /// Multiplied by a factor every so many steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<StepDecay<S>>,
    /// Multiplied by a factor at every step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponential: Option<Exponential>,
    /// Half a cosine from `initial` to a last rate (Loshchilov & Hutter 2017, without restarts).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<Cosine>,
    /// Rates from given steps on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Vec<Listed<S>>>,
}

/// δ_t = initial · factor^⌊t / every⌋.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(rename = "StepDecay")]
pub struct StepDecay<S: Length = u64> {
    /// What δ is multiplied by.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub factor: f64,
    /// Steps between two changes.
    #[schemars(extend("minimum" = 1))]
    pub every: S,
}

/// δ_t = initial · 2^(−t / `half_life`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exponential {
    /// Steps in which δ halves.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_life: f64,
}

/// δ_t = last + ½ (initial − last)(1 + cos(π t / steps)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// δ at the last step.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub last: f64,
}

/// A rate from a step on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(rename = "Listed")]
pub struct Listed<S: Length = u64> {
    /// First step of the rate.
    pub from: S,
    /// δ from there on.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub rate: f64,
}

/// The largest learning rate: updates are made in f32.
const LARGEST: f64 = f32::MAX as f64;

fn too_large(what: &str) -> String {
    format!("{what}; updates are made in f32, whose largest number is {LARGEST:.1e}")
}

impl LearningRate<Steps> {
    /// The same in updates.
    pub(crate) fn resolved(&self, resolver: &mut Resolver) -> LearningRate {
        let decay = self.decay.map(|StepDecay { factor, every }| StepDecay {
            factor,
            every: resolver.updates("/learning_rate/decay/every", every),
        });
        let listed = self.listed.as_ref().map(|listed| {
            let from = listed.iter().enumerate().map(|(i, &Listed { from, rate })| Listed {
                from: resolver.updates(&format!("/learning_rate/listed/{i}/from"), from),
                rate,
            });
            from.collect()
        });
        let Self { initial, exponential, cosine, .. } = *self;
        LearningRate { initial, decay, exponential, cosine, listed }
    }
}

impl LearningRate {
    /// δ of the update that leaves `step`, in a run of `steps` updates.
    #[must_use]
    pub fn at(&self, step: u64, steps: u64) -> f64 {
        if let Some(StepDecay { factor, every }) = self.decay {
            let times = i32::try_from(step / every.max(1)).unwrap_or(i32::MAX);
            self.initial * factor.powi(times)
        } else if let Some(Exponential { half_life }) = self.exponential {
            self.initial * (-(step as f64) / half_life).exp2()
        } else if let Some(Cosine { last }) = self.cosine {
            let turn = std::f64::consts::PI * step as f64 / steps.max(1) as f64;
            last + 0.5 * (self.initial - last) * (1.0 + turn.cos())
        } else if let Some(listed) = &self.listed {
            let current = listed.iter().rev().find(|entry| entry.from <= step);
            current.map_or(self.initial, |entry| entry.rate)
        } else {
            self.initial
        }
    }

    /// The rates of all `steps` updates as pieces of constant rate, or `None` where there are more
    /// than `most` of them.
    #[must_use]
    pub fn pieces(&self, steps: u64, most: usize) -> Option<Vec<RateFrom>> {
        // Never walked step by step: a run may have any number of them.
        let changes: Vec<u64> = if let Some(decay) = self.decay {
            let every = usize::try_from(decay.every.max(1)).unwrap_or(usize::MAX);
            (0..steps).step_by(every).take(most + 1).collect()
        } else if let Some(listed) = &self.listed {
            let from = listed.iter().map(|entry| entry.from).filter(|&from| from > 0);
            std::iter::once(0).chain(from).collect()
        } else if self.exponential.is_some() || self.cosine.is_some() {
            (0..steps).take(most + 1).collect()
        } else {
            vec![0]
        };
        let piece = |&step: &u64| RateFrom { step, learning_rate: self.at(step, steps) };
        (changes.len() <= most).then(|| changes.iter().map(piece).collect())
    }

    /// The first of `steps` updates whose rate a decay by a factor above 1 has carried beyond all numbers,
    /// and after how many changes.
    fn overflow(&self, steps: u64) -> Option<(u64, u64)> {
        let StepDecay { factor, every } = self.decay.filter(|decay| decay.every > 0)?;
        let rate =
            |times: u64| self.initial * factor.powi(i32::try_from(times).unwrap_or(i32::MAX));
        let is_beyond = |times: u64| rate(times).is_nan() || rate(times) > LARGEST;
        let (mut low, mut high) = (0, steps.saturating_sub(1) / every);
        if !is_beyond(high) {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if is_beyond(middle) { high = middle } else { low = middle + 1 }
        }
        Some((low * every, low))
    }

    /// What is wrong with the schedule for a run of `steps` updates, each with a JSON Pointer.
    #[must_use]
    pub fn problems(&self, steps: u64) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut positive = |at: &str, name: &str, value: f64| {
            if !(value.is_finite() && value > 0.0) {
                problems.push((at.to_owned(), format!("{name} is {value}; it must be above 0")));
            } else if value > LARGEST {
                problems.push((at.to_owned(), too_large(&format!("{name} is {value:e}"))));
            }
        };
        positive("/initial", "the learning rate", self.initial);
        if let Some(decay) = self.decay {
            positive("/decay/factor", "the decay factor", decay.factor);
        }
        if let Some(exponential) = self.exponential {
            positive("/exponential/half_life", "the half-life", exponential.half_life);
        }
        for (i, entry) in self.listed.iter().flatten().enumerate() {
            positive(&format!("/listed/{i}/rate"), "the learning rate", entry.rate);
        }
        if let Some(StepDecay { every: 0, .. }) = self.decay {
            let message = "the decay happens every 0 steps; it must be at least 1";
            problems.push(("/decay/every".to_owned(), message.to_owned()));
        }
        if let Some(Cosine { last }) = self.cosine
            && !(last.is_finite() && (0.0..=LARGEST).contains(&last))
        {
            let message = if last > LARGEST {
                too_large(&format!("the last learning rate is {last:e}"))
            } else {
                format!("the last learning rate is {last}; it must be 0 or above")
            };
            problems.push(("/cosine/last".to_owned(), message));
        }
        if let Some((step, times)) = self.overflow(steps).filter(|_| problems.is_empty()) {
            let factor = self.decay.map_or(1.0, |decay| decay.factor);
            let what =
                format!("the learning rate is {} · {factor}^{times} at step {step}", self.initial);
            problems.push(("/decay/factor".to_owned(), too_large(&what)));
        }
        let from: Vec<u64> = self.listed.iter().flatten().map(|entry| entry.from).collect();
        if let Some(i) = from.iter().position(|&from| from >= steps) {
            let message = format!(
                "the rate from step {} on is never used: the last update leaves step {}",
                from[i],
                steps.saturating_sub(1)
            );
            problems.push((format!("/listed/{i}/from"), message));
        }
        if let Some(i) = from.windows(2).position(|pair| pair[0] >= pair[1]) {
            let message = format!("step {} does not come after step {}", from[i + 1], from[i]);
            problems.push((format!("/listed/{}/from", i + 1), message));
        }
        let kinds = [
            ("decay", self.decay.is_some()),
            ("exponential", self.exponential.is_some()),
            ("cosine", self.cosine.is_some()),
            ("listed", self.listed.is_some()),
        ];
        let given: Vec<&str> = kinds.iter().filter(|kind| kind.1).map(|kind| kind.0).collect();
        if given.len() > 1 {
            let message = format!("{} are given together; choose one", given.join(" and "));
            problems.push((format!("/{}", given[1]), message));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(initial: f64) -> LearningRate {
        LearningRate { initial, decay: None, exponential: None, cosine: None, listed: None }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "powers of two are exact")]
    fn a_step_decay_halves_at_its_steps_and_not_before() {
        let rate =
            LearningRate { decay: Some(StepDecay { factor: 0.5, every: 100 }), ..constant(0.25) };
        let at = |step| rate.at(step, 1000);
        assert_eq!([at(0), at(99), at(100), at(250)], [0.25, 0.25, 0.125, 0.0625]);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "listed rates are taken as they are")]
    fn the_other_schedules_follow_their_formulas() {
        let exponential =
            LearningRate { exponential: Some(Exponential { half_life: 10.0 }), ..constant(1.0) };
        assert!((exponential.at(20, 100) - 0.25).abs() < 1e-15);
        let cosine = LearningRate { cosine: Some(Cosine { last: 0.2 }), ..constant(1.0) };
        assert!((cosine.at(0, 100) - 1.0).abs() < 1e-15);
        assert!((cosine.at(50, 100) - 0.6).abs() < 1e-15);
        assert!((cosine.at(100, 100) - 0.2).abs() < 1e-15);
        let entries = vec![Listed { from: 5, rate: 0.5 }, Listed { from: 7, rate: 0.1 }];
        let listed = LearningRate { listed: Some(entries), ..constant(1.0) };
        assert_eq!([listed.at(4, 9), listed.at(5, 9), listed.at(9, 9)], [1.0, 0.5, 0.1]);
    }

    #[test]
    fn pieces_are_listed_where_the_rate_changes_and_not_without_end() {
        let decay = StepDecay { factor: 0.5, every: 100 };
        let rate = LearningRate { decay: Some(decay), ..constant(0.25) };
        let piece = |step, learning_rate| RateFrom { step, learning_rate };
        let expected = vec![piece(0, 0.25), piece(100, 0.125), piece(200, 0.0625)];
        assert_eq!(rate.pieces(201, 3), Some(expected));
        assert_eq!(rate.pieces(201, 2), None);
        let cosine = LearningRate { cosine: Some(Cosine { last: 0.5 }), ..constant(1.0) };
        assert_eq!(cosine.pieces(1000, 100), None);
        let exponential =
            LearningRate { exponential: Some(Exponential { half_life: 1.0 }), ..constant(1.0) };
        assert_eq!(exponential.pieces(2, 2), Some(vec![piece(0, 1.0), piece(1, 0.5)]));
        let entries = vec![Listed { from: 5, rate: 0.5 }];
        let listed = LearningRate { listed: Some(entries), ..constant(1.0) };
        assert_eq!(listed.pieces(9, 9), Some(vec![piece(0, 1.0), piece(5, 0.5)]));
        assert_eq!(constant(1.0).pieces(u64::MAX, 1), Some(vec![piece(0, 1.0)]));
    }

    #[test]
    fn a_rate_that_overflows_is_named_with_its_step() {
        let of = |initial, factor, every, steps| {
            let decay = Some(StepDecay { factor, every });
            LearningRate { decay, ..constant(initial) }.problems(steps)
        };
        let found = of(0.1, 1000.0, 1, 200);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "/decay/factor");
        let expected = "the learning rate is 0.1 · 1000^14 at step 14; updates are made in f32, whose largest number is 3.4e38";
        assert_eq!(found[0].1, expected);
        assert_eq!(of(0.1, 1000.0, 100, 1301), []);
        assert_eq!(of(0.1, 1000.0, 100, 1401)[0].0, "/decay/factor");
        // Towards 0 a rate may fall as long as it likes.
        assert_eq!(of(0.1, 0.001, 1, u64::MAX), []);
        assert_eq!(constant(1e39).problems(1)[0].0, "/initial");
        let cosine = LearningRate { cosine: Some(Cosine { last: 1e40 }), ..constant(1.0) };
        assert_eq!(cosine.problems(1)[0].0, "/cosine/last");
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let rate = LearningRate {
            decay: Some(StepDecay { factor: 0.0, every: 0 }),
            cosine: Some(Cosine { last: f64::NAN }),
            listed: Some(vec![Listed { from: 3, rate: 1.0 }, Listed { from: 3, rate: -1.0 }]),
            ..constant(0.0)
        };
        let at: Vec<String> = rate.problems(10).into_iter().map(|problem| problem.0).collect();
        assert_eq!(
            at,
            [
                "/initial",
                "/decay/factor",
                "/listed/1/rate",
                "/decay/every",
                "/cosine/last",
                "/listed/1/from",
                "/cosine"
            ]
        );
    }
}
