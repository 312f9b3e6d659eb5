//! From YAML to what a pipeline says: its stages, their parameters at every point of its sweep, and their
//! wiring, each with its place in the file. What is wrong is noted, and the rest is read all the same.

mod blocks;
mod cluster;
pub(crate) mod file;
mod marks;
mod overrides;
mod pipeline_schema;
mod problems;
mod reader;
mod source;
pub(crate) mod sweep;
mod value;
mod wiring;

pub(crate) use blocks::{Block, Blocks, Places, seed_at, unusable};
pub use cluster::{Cluster, Resources};
pub(crate) use overrides::Override;
pub use pipeline_schema::pipeline_schema;
pub(crate) use problems::Problems;
pub(crate) use source::{Part, Source};
pub use sweep::{Axis, Labels, Point, Sweep};
pub(crate) use wiring::{Wiring, wire};
