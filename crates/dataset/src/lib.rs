//! Stage `dataset`: the samples of the function that a network is to learn.
//!
//! First of the chain. It draws training and test samples of a picture, a formula, a table or digits and
//! writes the one table `samples`; every draw comes from the seed, by named streams.

mod plan;
mod run;

mod parameters;

mod digits;
mod drawn;
mod function;
mod glyphs;
mod images;
mod picture;
mod portrait;
mod scenes;
mod strokes;
mod table;

mod augment;
mod preprocess;
mod samples;
mod sampling;

mod cell;
mod file;
mod text;

mod error;

use std::path::Path;

use artifact::{Kind, Outline};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

pub use augment::Augment;
pub use digits::{DigitsSource, LabelColumn};
pub use function::{Formula, FunctionSource, Monomial, Sinusoid};
pub use glyphs::GlyphsSource;
pub use images::{Colour, ImagesSource};
pub use parameters::{ImageSource, InputRange, Parameters, Source, TargetCoding};
pub use preprocess::{Preprocess, Scaling};
pub use sampling::Sampling;
pub use scenes::ScenesSource;
pub use table::TableSource;

/// The stage `dataset`.
pub struct Dataset;

impl Stage for Dataset {
    type Parameters = Parameters;

    const NAME: &'static str = "dataset";
    const VERSION: &'static str = "3";
    const SUMMARY: &'static str =
        "Training and test samples of a picture, a formula, a table, images or drawn glyphs.";
    const INPUTS: &'static [Port] = &[];
    const OUTPUT: Kind = Kind::DATASET;
    const USES_SEED: bool = true;

    fn plan(parameters: &Parameters, _: &Outlines, limits: &Limits) -> Plan {
        plan::plan(parameters, limits)
    }

    fn run(
        parameters: &Parameters,
        _: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        run::run(parameters, output, context)
    }
}
