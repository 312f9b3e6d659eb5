//! What a running stage is given beside its inputs.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::inputs::FailedInput;
use crate::plan::Limits;
use crate::resume::Pace;
use crate::seed::Seed;

/// What a running stage is given beside its parameters and inputs.
pub struct Context {
    /// Source of all randomness.
    pub seed: Seed,
    /// Threads and memory that it may use.
    pub limits: Limits,
    /// How often it saves what a later run would go on from.
    pub pace: Pace,
    /// Inputs that are missing because the stage that makes them failed.
    pub failed: Vec<FailedInput>,
    listener: Mutex<Box<dyn FnMut(ProgressEvent) + Send>>,
}

/// How far a stage is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressEvent {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// What a unit is: `step`, `checkpoint`.
    pub unit: String,
    /// A few words, as `loss 0.0123, rate 0.25`.
    pub note: String,
}

impl Context {
    /// A context whose progress goes to `listener`.
    pub fn new(
        seed: Seed,
        limits: Limits,
        listener: impl FnMut(ProgressEvent) + Send + 'static,
    ) -> Self {
        let listener: Mutex<Box<dyn FnMut(ProgressEvent) + Send>> = Mutex::new(Box::new(listener));
        Self { seed, limits, pace: Pace::default(), failed: Vec::new(), listener }
    }

    /// A context that tells nobody of its progress, for tests.
    #[must_use]
    pub fn silent(seed: u64, limits: Limits) -> Self {
        Self::new(Seed(seed), limits, |_| ())
    }

    /// Says how far the stage is. The program thins out what is said too often.
    pub fn progress(&self, done: u64, total: u64, unit: &str, note: impl FnOnce() -> String) {
        if let Ok(mut listener) = self.listener.lock() {
            listener(ProgressEvent { done, total, unit: unit.to_owned(), note: note() });
        }
    }
}
