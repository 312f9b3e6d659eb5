//! The networks that were trained, as drawings: from the layers that a run states to SVG.

mod layers;
mod layout;
#[cfg(test)]
mod made_up;
mod shown;
mod svg;
mod table;

pub use shown::{Network, Networks, distinct};
pub use svg::figure;
