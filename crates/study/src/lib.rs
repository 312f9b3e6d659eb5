//! What a study brings beside its tables: figures as data, findings, and rules for trends.
//!
//! A stage writes its tables, and beside them one file, [`STUDY_FILE`]: which [`Figure`]s show these
//! tables, and which [`Trend`]s to look for over a sweep. What it measured of its own run it writes
//! into the table `findings`, a [`Finding`] each. The stage `report` draws and gathers all of it and
//! knows no study; `plot` draws a figure by itself.

mod check;
mod file;
mod finding;
mod grouped;
pub mod number;

mod condition;
mod figure;
mod gallery;
mod written;

mod trend;

pub use check::{Problem, placeholders};
pub use condition::{Condition, End, Range};
pub use figure::{
    Across, Channel, Colour, Colours, Dash, Figure, Function, Join, Layer, Mark, Panel, Scale,
    Series,
};
pub use file::{STUDY_FILE, Select, Study, StudyError};
pub use finding::Finding;
pub use gallery::{Each, First, Gallery, Strip};
pub use grouped::{Decision, Spread};
pub use trend::{Choice, Direction, Side, Trend, Varied};
