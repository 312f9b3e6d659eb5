//! Text and places in it: what is wrong and where, names that are alike, quantities with their units,
//! tables of text. It knows nothing of pipelines.

mod diagnostic;
mod grid;
mod nearest;
pub(crate) mod pointer;
pub mod quantity;

pub use diagnostic::{Diagnostic, Diagnostics, Location};
pub(crate) use grid::grid;
pub(crate) use nearest::{listed, listed_plain, nearest, suggestion};
