//! Stage `report`: what a person reads at the end of the chain.
//!
//! Takes spectra, the training runs and the datasets behind them, one of each or all variants of a
//! sweep, and writes the paper's findings as measured numbers (`findings.parquet`), one page that
//! works offline (`report.html`) and each figure by itself (`figures/`). Polars reads the tables;
//! everything after that is pure.

mod parameters;
mod stage_report;

mod about;
mod axis;
mod columns;
mod eigenvectors;
mod failed;
mod functions;
mod measures;
mod samples;
mod variant;

mod findings;
mod statistics;

mod colour;
mod figure;
mod figures;
mod picture;
mod thinning;

mod number;
mod page;
mod plotly;
mod scale;
mod svg;

mod error;

pub use error::ReportError;
pub use parameters::Parameters;
pub use stage_report::Report;
