//! Stage `report`: what a person reads at the end of the chain.
//!
//! Takes artifacts of any kind, one of each or all variants of a sweep, and knows no study: it draws the
//! figures that the stages declare beside their tables, and the user's own, and puts the findings of all of
//! them beside each other (`findings.parquet`), on one page that works offline (`report.html`) and each
//! figure by itself (`figures/`). Polars reads the tables; everything after that is pure.

mod parameters;
mod stage_report;

mod about;
mod axis;
mod failed;
mod inputs;
mod table;
mod variant;

mod findings;
mod statistics;

mod network;

mod colour;
mod draw;
mod drawing;
mod plot;
mod thinning;

mod page;
mod plotly;
mod scale;
mod svg;

mod error;

pub use error::ReportError;
pub use parameters::Parameters;
pub use plot::plot;
pub use stage_report::Report;
