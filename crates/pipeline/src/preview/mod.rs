//! What a plan would do and why, without doing it: as a table, for one stage, or as a graph; and which
//! networks it would train.

mod changes;
mod dry_run;
mod earlier;
mod explain;
mod graph;
mod networks;

pub use dry_run::dry_run;
pub use explain::explain;
pub use graph::Graph;
pub use networks::networks;
