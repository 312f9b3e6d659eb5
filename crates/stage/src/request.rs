//! The requests that a driver writes and a stage program reads.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::inputs::{Inputs, Outlines};
use crate::plan::Limits;

/// What `plan` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Contract version of the driver.
    pub contract: String,
    /// Parameters as the user gave them.
    pub parameters: serde_json::Value,
    /// Outlines of the inputs, by port.
    pub inputs: Outlines,
    /// What the machine offers.
    pub limits: Limits,
}

/// What `run` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRequest {
    /// Contract version of the driver.
    pub contract: String,
    /// Name of the stage in the pipeline, for messages.
    pub stage: String,
    /// Parameters, defaults filled in.
    pub parameters: serde_json::Value,
    /// Input artifacts, by port.
    pub inputs: Inputs,
    /// Directory for the output: it exists and is empty, or holds what a killed run of the same
    /// request has left there, where the stage says that it resumes.
    pub output: PathBuf,
    /// Seed of the pipeline.
    pub seed: u64,
    /// Threads to use.
    pub limits: Limits,
}
