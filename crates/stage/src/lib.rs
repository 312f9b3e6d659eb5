//! What every stage program is made of.
//!
//! A stage crate implements [`Stage`]: its parameters, its ports and one `run`. This crate turns
//! that into a program ([`main`]) that answers the three calls of the contract:
//!
//! * `stage-NAME describe` prints a [`Description`];
//! * `stage-NAME plan REQUEST.json` reads a [`PlanRequest`] and prints a [`Plan`]: what the
//!   output will be and what is wrong with the parameters, before anything runs;
//! * `stage-NAME run REQUEST.json` reads a [`RunRequest`] and writes the output's tables.

mod context;
mod describe;
mod error;
mod groups;
mod inputs;
mod part;
mod pieces;
mod plan;
mod process;
mod request;
mod resume;
mod seed;

use std::path::{Path, PathBuf};

use artifact::{Kind, Outline};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use context::{Context, ProgressEvent};
pub use describe::{Description, Port};
pub use error::StageError;
pub use groups::{Group, Repeating, check_axes, groups};
pub use inputs::{AxisValue, FailedInput, Input, Inputs, Outlines};
pub use part::Part;
pub use plan::{Limits, Plan, Problem};
pub use process::{Message, main};
pub use request::{PlanRequest, RunRequest};
pub use resume::{Pace, Resume};
pub use seed::Seed;

/// One stage of a pipeline.
pub trait Stage {
    /// What a user may set under `with:`; the JSON Schema comes from the same type.
    ///
    /// Every field needs a default or stands in the schema as required; unknown fields are
    /// denied (`#[serde(deny_unknown_fields)]`).
    type Parameters: Serialize + DeserializeOwned + JsonSchema + Sync;

    /// Name, as in `uses: NAME` and `stage-NAME`.
    const NAME: &'static str;
    /// Version of the stage: raised when the same request gives other bytes.
    const VERSION: &'static str;
    /// One sentence for `cargo xtask stages`.
    const SUMMARY: &'static str;
    /// Input ports.
    const INPUTS: &'static [Port];
    /// For a port, the other ports from whose artifacts its own must be made: a kernel goes with the
    /// training run that it follows. A driver refuses any other wiring before anything runs, and at a
    /// port for many says which artifacts belong together ([`Inputs::matching`]).
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] = &[];
    /// Kind of the output.
    const OUTPUT: Kind;
    /// Whether the seed of the request changes the output.
    const USES_SEED: bool;
    /// Files beside the tables, for people (`report.html`).
    const FILES: &'static [&'static str] = &[];
    /// Whether a run goes on from what a killed run of the same request has left in the output, to
    /// the same bytes ([`Resume`]); the output of any other stage is emptied before.
    const RESUMES: bool = false;
    /// Whether the output can be made in pieces ([`Self::run_piece`]), each an artifact of its own of
    /// kind [`Self::OUTPUT`], and joined ([`Self::join`]) to the bytes that [`Self::run`] writes.
    const SPLITS: bool = false;

    /// Says what the output will be, and what is wrong with the parameters, without the inputs'
    /// tables: only their outlines are known, each field of them perhaps not.
    ///
    /// May look at files that the parameters name; must not write anything.
    fn plan(parameters: &Self::Parameters, inputs: &Outlines, limits: &Limits) -> Plan;

    /// Reads the inputs, computes, and writes the output's tables into `output`.
    ///
    /// # Errors
    /// Whatever a user must know; the driver prints it with the pipeline's location.
    fn run(
        parameters: &Self::Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError>;

    /// [`Self::plan`] of a part: memory and problems are those of the part, the outline is that of
    /// the whole.
    fn plan_part(
        parameters: &Self::Parameters,
        inputs: &Outlines,
        _part: Part,
        limits: &Limits,
    ) -> Plan {
        Self::plan(parameters, inputs, limits)
    }

    /// [`Self::run`] of the piece `index` < `of`.
    ///
    /// # Errors
    /// As [`Self::run`], and always where the stage does not split.
    fn run_piece(
        _parameters: &Self::Parameters,
        _inputs: &Inputs,
        _index: usize,
        _of: usize,
        _output: &Path,
        _context: &Context,
    ) -> Result<Outline, StageError> {
        Err(part::unsplit::<Self>())
    }

    /// [`Self::run`] from all finished `pieces`, in order; their manifests are those of pieces of
    /// this output, as far as they tell.
    ///
    /// # Errors
    /// As [`Self::run`], where the pieces do not fit together, and always where the stage does not
    /// split.
    fn join(
        _parameters: &Self::Parameters,
        _inputs: &Inputs,
        _pieces: &[PathBuf],
        _output: &Path,
        _context: &Context,
    ) -> Result<Outline, StageError> {
        Err(part::unsplit::<Self>())
    }
}
