//! The steps at which parameters and outputs are kept.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::{Length, Resolver, Steps};

/// Checkpoints: the union of all that is given, and always step 0 and the last step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(rename = "Checkpoints")]
pub struct Checkpoints<S: Length = u64> {
    /// At these steps.
    #[serde(default)]
    pub at: Vec<S>,
    /// At every multiple of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub every: Option<S>,
    /// At steps evenly spaced in log(step).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logarithmic: Option<Logarithmic>,
    /// Whether the outputs one step after each checkpoint are kept too: the first-order error
    /// ‖f̄_{t+1} − f̄_t + (δ/N) G m̄‖ needs them.
    #[serde(default = "yes")]
    pub step_after: bool,
}

/// Checkpoints evenly spaced in log(step).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logarithmic {
    /// Checkpoints for each factor of ten.
    #[schemars(range(min = 1, max = 1000))]
    pub per_decade: u32,
}

/// Checkpoints of one kind that a run may have: each is a file.
const MOST_CHECKPOINTS: u64 = 100_000;

fn yes() -> bool {
    true
}

impl<S: Length> Default for Checkpoints<S> {
    fn default() -> Self {
        Self { at: Vec::new(), every: None, logarithmic: None, step_after: true }
    }
}

impl Checkpoints<Steps> {
    /// The same in updates.
    pub(crate) fn resolved(&self, resolver: &mut Resolver) -> Checkpoints {
        let at = self.at.iter().enumerate();
        Checkpoints {
            at: at.map(|(i, &at)| resolver.updates(&format!("/checkpoints/at/{i}"), at)).collect(),
            every: self.every.map(|every| resolver.updates("/checkpoints/every", every)),
            logarithmic: self.logarithmic,
            step_after: self.step_after,
        }
    }
}

impl Checkpoints {
    /// All checkpoints of a run of `steps` updates, in order; steps beyond the last are left out.
    ///
    /// For a schedule without [`Self::problems`]: the number of checkpoints is bounded there.
    #[must_use]
    pub fn steps(&self, steps: u64) -> Vec<u64> {
        let mut all: BTreeSet<u64> =
            self.at.iter().copied().filter(|&step| step <= steps).collect();
        all.insert(0);
        all.insert(steps);
        if let Some(every) = self.every.filter(|&every| every > 0) {
            all.extend((0..=steps / every).map(|i| i * every));
        }
        if let Some(Logarithmic { per_decade }) = self.logarithmic.filter(|l| l.per_decade > 0) {
            let mut i = 0_u32;
            loop {
                let step = 10_f64.powf(f64::from(i) / f64::from(per_decade)).round();
                if step > steps as f64 {
                    break;
                }
                // Below 2⁵³ by the line before, and positive.
                all.insert(step as u64);
                i += 1;
            }
        }
        all.into_iter().collect()
    }

    /// What is wrong with the schedule for a run of `steps` updates, each with a JSON Pointer.
    #[must_use]
    pub fn problems(&self, steps: u64) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (i, &step) in self.at.iter().enumerate().filter(|&(_, &step)| step > steps) {
            let message = format!("checkpoint {step} lies beyond the last step, {steps}");
            problems.push((format!("/at/{i}"), message));
        }
        if let Some(every) = self.every.filter(|&every| every > 0)
            && steps / every > MOST_CHECKPOINTS
        {
            let message = format!(
                "every {every} steps are {} checkpoints; more than {MOST_CHECKPOINTS} are no use",
                steps / every
            );
            problems.push(("/every".to_owned(), message));
        }
        if self.every == Some(0) {
            problems.push((
                "/every".to_owned(),
                "every 0 steps is no schedule; give 1 or more".to_owned(),
            ));
        }
        if self.logarithmic.is_some_and(|l| !(1..=1000).contains(&l.per_decade)) {
            let message = "the checkpoints a decade must be 1 to 1000";
            problems.push(("/logarithmic/per_decade".to_owned(), message.to_owned()));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_step_are_always_there() {
        assert_eq!(Checkpoints::default().steps(7), [0, 7]);
    }

    #[test]
    fn schedules_are_united_and_sorted() {
        let checkpoints = Checkpoints {
            at: vec![33, 5],
            every: Some(25),
            logarithmic: Some(Logarithmic { per_decade: 2 }),
            step_after: false,
        };
        assert_eq!(checkpoints.steps(100), [0, 1, 3, 5, 10, 25, 32, 33, 50, 75, 100]);
    }

    #[test]
    fn a_schedule_without_end_is_refused_before_it_is_made() {
        let endless = Checkpoints { every: Some(1), ..Checkpoints::default() };
        assert_eq!(endless.problems(20_000_000_000)[0].0, "/every");
        let logarithmic = Some(Logarithmic { per_decade: 4_000_000_000 });
        let dense = Checkpoints { logarithmic, ..Checkpoints::default() };
        assert_eq!(dense.problems(10)[0].0, "/logarithmic/per_decade");
    }

    #[test]
    fn a_checkpoint_beyond_the_last_step_is_refused() {
        let checkpoints = Checkpoints { at: vec![3, 11], ..Checkpoints::default() };
        let problems = checkpoints.problems(10);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].0, "/at/1");
    }
}
