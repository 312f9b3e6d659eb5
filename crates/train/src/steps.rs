//! Lengths of time: as a user writes them, and as updates.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How lengths of time are stated: as [`Steps`] by a user, as a number of updates once resolved.
pub trait Length: Copy + From<u64> + Serialize + DeserializeOwned + JsonSchema {}

impl Length for u64 {}

impl Length for Steps {}

/// A number of updates, or of epochs: `960` or `{ epochs: 15 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Steps {
    /// Updates.
    Updates(u64),
    /// Epochs.
    Epochs(Epochs),
}

/// A length in epochs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Epochs {
    /// Epochs; a fraction must come to a whole number of updates. An epoch has N div batch updates, with
    /// `last_batch: keep` N / batch rounded up, and without mini-batches 1.
    #[schemars(range(min = 0))]
    pub epochs: f64,
}

impl From<u64> for Steps {
    fn from(updates: u64) -> Self {
        Self::Updates(updates)
    }
}

/// Why parameters in epochs have no number of updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// The number of training samples is not known yet.
    SamplesUnknown,
    /// These lengths, each with a JSON Pointer, are no number of updates.
    NotWhole(Vec<(String, String)>),
}

impl std::error::Error for Unresolved {}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SamplesUnknown => {
                f.write_str("lengths in epochs need the number of training samples")
            }
            Self::NotWhole(problems) => {
                let lines =
                    problems.iter().map(|(at, message)| format!("parameter {at}: {message}"));
                f.write_str(&lines.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// Turns lengths into updates, and collects those that are none.
pub(crate) struct Resolver {
    /// Updates an epoch, where they are known.
    epoch: Option<u64>,
    is_missed: bool,
    problems: Vec<(String, String)>,
}

impl Resolver {
    /// A resolver for epochs of that many updates.
    pub fn new(epoch: Option<u64>) -> Self {
        Self { epoch, is_missed: false, problems: Vec::new() }
    }

    /// `steps` in updates; where there is no such number, any, and [`Self::finish`] says why.
    pub fn updates(&mut self, at: &str, steps: Steps) -> u64 {
        let epochs = match steps {
            Steps::Updates(updates) => return updates,
            Steps::Epochs(Epochs { epochs }) => epochs,
        };
        let Some(epoch) = self.epoch else {
            self.is_missed = true;
            return 0;
        };
        whole(epochs, epoch).unwrap_or_else(|| {
            let noun = if epoch == 1 { "update" } else { "updates" };
            let message = format!(
                "{epochs} epochs are no whole number of updates: an epoch has {epoch} {noun}"
            );
            self.problems.push((at.to_owned(), message));
            0
        })
    }

    /// `resolved`, where all of it could be.
    ///
    /// # Errors
    /// Where a length has no number of updates.
    pub fn finish<T>(self, resolved: T) -> Result<T, Unresolved> {
        if !self.problems.is_empty() {
            Err(Unresolved::NotWhole(self.problems))
        } else if self.is_missed {
            Err(Unresolved::SamplesUnknown)
        } else {
            Ok(resolved)
        }
    }
}

/// epochs · epoch, where that is a whole number to within the rounding of its decimals.
fn whole(epochs: f64, epoch: u64) -> Option<u64> {
    /// Beyond it, not every whole number is an f64.
    const LARGEST: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    let product = epochs * epoch as f64;
    let nearest = product.round();
    let is_whole = (0.0..LARGEST).contains(&nearest)
        && epochs >= 0.0
        && (product - nearest).abs() <= 2.0 * f64::EPSILON * product;
    // Not negative and below 2⁵³ by the line before.
    is_whole.then_some(nearest as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_length_is_a_number_or_a_map_with_epochs_and_is_written_as_it_was() {
        let read = |value| serde_json::from_value::<Steps>(value);
        let value = serde_json::to_value(read(json!(960)).expect("updates")).expect("writes");
        assert_eq!(value, json!(960));
        let epochs = read(json!({ "epochs": 1.5 })).expect("epochs");
        assert_eq!(epochs, Steps::Epochs(Epochs { epochs: 1.5 }));
        assert_eq!(serde_json::to_value(epochs).expect("writes"), json!({ "epochs": 1.5 }));
        for wrong in [json!(-1), json!(1.5), json!("9"), json!({ "epoch": 1 }), json!({})] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn fractions_of_an_epoch_are_whole_updates_or_nothing() {
        for (epochs, epoch, expected) in [
            (15.0, 64, Some(960)),
            (0.5, 64, Some(32)),
            // 28.999999999999996 in f64.
            (0.29, 100, Some(29)),
            (0.1, 30, Some(3)),
            (0.0, 7, Some(0)),
            (0.5, 7, None),
            (1e-9, 100, None),
            (1.000_000_001, 100, None),
            (-1.0, 7, None),
            (1e300, 7, None),
            (f64::NAN, 7, None),
            (f64::INFINITY, 7, None),
        ] {
            assert_eq!(whole(epochs, epoch), expected, "{epochs} of {epoch}");
        }
    }
}
