//! Stage `regions`: into how many linear regions a network cuts lines and planes through its samples.
//!
//! A network of relus is linear on each of many convex regions of its inputs. Of each checkpoint the stage counts, exactly,
//! those that lines between training samples meet ([`lines`]) and those on planes through them ([`planes`]), and draws
//! these ([`tiles`]). Both are cut in the same way ([`subdivision`]), in one or two coordinates ([`cell`]).

mod parameters;
mod plan;
mod table;

pub mod bends;
pub mod cell;
pub mod subdivision;

pub mod lines;
pub mod planes;
pub mod samples;
pub mod tiles;

mod counts;
mod figures;
mod findings;
mod picture;
mod run;

pub use parameters::Parameters;
pub use run::Regions;
pub use table::{
    KIND, LayerRow, LineRow, PLANE_SAMPLES, PLANE_TILES, PlaneRow, REGIONS_BY_STEP,
    REGIONS_ON_LINES, REGIONS_ON_PLANES, SampleRow, StepRow, TRANSITIONS_BY_LAYER, TileRow,
};
